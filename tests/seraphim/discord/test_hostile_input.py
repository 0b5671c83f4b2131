"""Whatever is typed, chosen or pressed: there is one answer, it is never an inner error, and it
calls nobody.

The commands are those that Discord was told of, with all their options; a new one is tried by
itself. What is sent is not looked at first, as Discord's own app would do.
"""

import json
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from aiohttp import web
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actors.guild.player.messages import (
    AutoplaySet,
    Back,
    Clean,
    Clear,
    Dedupe,
    Join,
    Joined,
    Leave,
    Left,
    Loop,
    LoopSet,
    Move,
    Moved,
    NeedsConfirmation,
    Outdated,
    Pause,
    Paused,
    Play,
    Queued,
    Remove,
    Removed,
    Replay,
    Replayed,
    Resume,
    Resumed,
    Seek,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SettingsChanged,
    SetVolume,
    Show,
    Shuffle,
    Shuffled,
    Skip,
    Skipped,
    SkipTo,
    Sought,
    SoundSet,
    StaySet,
    Stop,
    Stopped,
    Swap,
    Swapped,
    Unshuffle,
    Unshuffled,
    VolumeSet,
    Vote,
    VoteKind,
    WentBack,
)
from actors.guild.player.sound import PLAIN, Preset, Sound
from actors.guild.player.track import Entry
from actors.guild.refusal import Code
from seraphim.discord.controls.button import PREFIX, Verb
from seraphim.sandbox import (
    Answer,
    Command,
    Guild,
    Member,
    Message,
    Option,
    OptionKind,
    Permission,
    Sandbox,
    Timing,
)
from seraphim.sandbox.validation import CUSTOM_ID_LENGTH
from tests.seraphim.discord.house import House, Script, entry, playing, track, view
from tests.seraphim.discord.presenters.test_cards import OURS
from tests.seraphim.discord.presenters.test_prose import ANYTHING, MENTION

NESTED = {OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP}
LONGEST_TEXT = 6000
EXACT = 2**53

Filled = tuple[list[dict[str, Any]], dict[str, Any]]
"""Options as an interaction has them, and what their ids stand for."""

# --- what people type ---

TRICKS = st.sampled_from(
    [
        "",
        " ",
        "@everyone",
        "@here",
        "<@1>",
        "<@!99999999999999999999999>",
        "<@&1>",
        "<#1>",
        "</stop:1>",
        "**bold** __x__ ~~y~~ ||z|| `code` ```block```",
        "[click](https://evil.example)",
        "# heading\n> quote\n- list",
        "a\u200bb\u2060c\ufeffd",
        "gnp.\u202egpj.exe\u202c\u2066x\u2069",
        "\x00\x07\x1b[31m",
        "x" * LONGEST_TEXT,
        "\N{FAMILY}\u200d" * 500,
        "٣",
        "NaN",
        "-0",
        "1e309",
        "9" * 400,
        "1:99:99",
        "+-5",
        "3-1,1-3,,;",
        "http://127.0.0.1:2333/version",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/x.mp3",
        "http://0x7f.1/",
        "http://user:password@music.example/x.mp3",
        "http://[::1",
        "file:///etc/passwd",
        "https://a.example/@everyone",
        "search:x",
        "library:../../etc/passwd",
        "{ $channel } { 1 } %s {0}",
    ]
)
# Half a surrogate pair cannot be said in JSON as Discord writes it.
SENDABLE = ANYTHING.map(lambda text: text.encode(errors="ignore").decode())
TYPED = (
    TRICKS
    | SENDABLE
    | st.from_regex(r"[0-9,;: +-]{1,30}", fullmatch=True)
    | st.from_regex(r"<@!?[0-9]{1,25}>", fullmatch=True)
)
WHOLE = st.integers(-2, 120) | st.integers(-EXACT, EXACT) | st.integers(-(2**70), 2**70)
PARTS = st.floats(allow_nan=False, allow_infinity=False) | st.just(-0.0) | WHOLE
IDS = st.integers(1000, 2**64 - 1)
NAMED = re.compile(r"<@&\d{4,}>")
"""A role that somebody has chosen is named by its id, unlike what is typed: those are smaller."""
NAMES = st.sampled_from(["song.mp3", "../../x.mp3", "a\u202egpm.mp3", "@everyone.mp3", "x" * 300])
ADDRESSES = st.sampled_from(
    [
        "https://cdn.example/x.mp3",
        "http://127.0.0.1:1/x.mp3",
        "http://localhost:99999/x.mp3",
        "http://[::1/x.mp3",
        "file:///etc/passwd",
        "",
        "x" * 600,
    ]
)


def meant(option: Option) -> st.SearchStrategy[Any]:
    """Return what Discord's app would let somebody put into an option that takes no id."""
    if option.choices:
        return st.sampled_from([choice.value for choice in option.choices])
    least = -EXACT if option.least is None else option.least
    most = EXACT if option.most is None else option.most
    match option.kind:
        case OptionKind.STRING:
            return TYPED.filter(bool)
        case OptionKind.INTEGER:
            return st.integers(int(least), int(most))
        case OptionKind.NUMBER:
            return st.floats(least, most)
        case _:
            return st.booleans()


ANY_VALUE = st.none() | st.booleans() | WHOLE | PARTS | TYPED


# --- the room in which it is tried ---


@dataclass(frozen=True, slots=True)
class Use:
    """Something that can be typed: the command, the way to a subcommand, and the options."""

    command: Command
    path: tuple[Option, ...]
    options: tuple[Option, ...]

    def __str__(self) -> str:
        return " ".join([self.command.name, *(step.name for step in self.path)])

    def data(self, given: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """Return the interaction's data with these options."""
        for step in reversed(self.path):
            given = [{"name": step.name, "type": int(step.kind), "options": given}]
        command = self.command
        return {
            "id": str(command.id),
            "name": command.name,
            "type": int(command.kind),
            "options": given,
            **more,
        }


class RecordingSandbox(Sandbox):
    """Keeps all that the bot has sent."""

    def _application(self) -> web.Application:
        self.sent: list[tuple[str, Any]] = []

        @web.middleware
        async def record(request: web.Request, handler: Any) -> web.StreamResponse:
            # What comes with a file can be read but once.
            told = request.content_type == "application/json" and request.can_read_body
            self.sent.append((request.path, await request.json() if told else {}))
            return await handler(request)

        application = super()._application()
        application.middlewares.append(record)
        return application


class Room:
    """A house with a guild; whoever does something in it is somebody new."""

    def __init__(
        self,
        portal: BlockingPortal,
        sandbox: RecordingSandbox,
        house: House,
        guild: Guild,
        panel: Message,
    ) -> None:
        self.portal = portal
        self.sandbox = sandbox
        self.house = house
        self.guild = guild
        self.panel = panel
        self.numbers = count()
        self.uses = {str(use): use for use in self._uses()}

    def _uses(self) -> list[Use]:
        found: list[Use] = []

        def walk(command: Command, path: tuple[Option, ...], options: tuple[Option, ...]) -> None:
            inner = [option for option in options if option.kind in NESTED]
            for option in inner:
                walk(command, (*path, option), option.options)
            if not inner:
                found.append(Use(command, path, options))

        for command in self.sandbox.commands(self.guild):
            walk(command, (), command.options)
        return found

    def command(self, name: str, given: list[dict[str, Any]], resolved: dict[str, Any]) -> None:
        """Use a command, and look at what comes of it."""

        async def scenario() -> None:
            data = self.uses[name].data(given, resolved=resolved)
            async with self._somebody() as who:
                answer = await who.forge_command(data)
            self._check(answer)

        self._try(scenario)

    def autocomplete(self, name: str, given: list[dict[str, Any]]) -> None:
        """Type into an option, and look at what is offered."""

        async def scenario() -> None:
            async with self._somebody() as who:
                choices = await who.forge_autocomplete(self.uses[name].data(given))
            assert len(choices) <= 25
            for choice in choices:
                assert choice.name.strip()
            self._check()

        self._try(scenario)

    def press(self, data: dict[str, Any]) -> None:
        """Press something, and look at what comes of it."""

        async def scenario() -> None:
            async with self._somebody() as who:
                answer = await who.forge_press(self.panel, data)
            self._check(answer)

        self._try(scenario)

    def _try(self, scenario: Any) -> None:
        self.sandbox.sent.clear()
        self.portal.call(scenario)

    @asynccontextmanager
    async def _somebody(self) -> AsyncGenerator[Member]:
        """Somebody new, who listens: each one's haste is their own."""
        number = next(self.numbers)
        managing = Permission.MANAGE_GUILD if number % 4 else Permission.NONE
        member = self.guild.member(f"Ada {number}", permissions=managing)
        await member.join(self.guild.voice)
        yield member
        await member.leave()

    def _check(self, answer: Answer | None = None) -> None:
        assert [path.endswith("/callback") for path, _ in self.sandbox.sent].count(True) == 1
        for path, body in self.sandbox.sent:
            if "/interactions/" in path or "/webhooks/" in path:
                self._check_message(body.get("data", {}) if "/callback" in path else body)
        assert answer is None or len(answer.followups) <= 1

    def _check_message(self, body: dict[str, Any]) -> None:
        said = json.dumps(body, ensure_ascii=False)
        assert Code.INTERNAL not in said
        if not body.keys() & {"embeds", "content"}:
            return
        assert not body.get("content")
        assert body["allowed_mentions"] == {"parse": []}
        foreign = NAMED.sub("", OURS.sub("", json.dumps(body["embeds"], ensure_ascii=False)))
        assert not MENTION.search(foreign)


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal("asyncio"))
        # How long an answer takes is not the question here.
        sandbox = RecordingSandbox(timing=Timing(first_answer=10.0))
        stack.enter_context(portal.wrap_async_context_manager(sandbox))

        async def guild() -> Guild:
            return sandbox.guild("Choir")

        made = portal.call(guild)

        async def house() -> House:
            return House(sandbox)

        built = portal.call(house)
        stack.enter_context(portal.wrap_async_context_manager(built.running()))
        fill(built.script(made), entry("A"))
        shown = view(
            made.id,
            playing(),
            queue=(entry("A"), entry("B")),
            can_go_back=True,
            voice_channel=made.voice.id,
        )
        built.board.put(shown)

        async def panel() -> Message:
            posted = await built.edge.announcer.post(made.text.id, shown)
            return next(one for one in made.text.messages if one.id == posted)

        built.catalogue.tracks = (track("**@everyone**\u202e", author="<@&1>"), track(""))
        yield Room(portal, sandbox, built, made, portal.call(panel))


def fill(script: Script, one: Entry) -> None:
    """Let the player answer everything, about a track of somebody's making."""
    now = replace(playing(), entry=one)
    script.replies.update(
        {
            Play: Queued((one,), 0),
            Pause: Paused(now, changed=True),
            Resume: Resumed(now, changed=True),
            Skip: Skipped(one, None),
            Back: WentBack(one),
            Stop: Stopped(2),
            Shuffle: Shuffled(2),
            SetVolume: VolumeSet(50, 40),
            Join: Joined(3, already=False),
            Leave: Left(3),
            SkipTo: Skipped(one, one, 3),
            Replay: Replayed(now),
            Seek: Sought(now, 1_000),
            Remove: Removed((one,)),
            Move: Moved(one, 2),
            Swap: Swapped(one, one),
            Clear: NeedsConfirmation(VoteKind.CLEAR, 3),
            Unshuffle: Unshuffled(2),
            Dedupe: Removed(()),
            Clean: Removed(()),
            SetLoop: LoopSet(Loop.TRACK, changed=True),
            SetFilter: SoundSet(Sound(Preset.POP), PLAIN),
            SetSpeed: SoundSet(Sound(speed=120), PLAIN),
            SetPitch: SoundSet(Sound(pitch=80), PLAIN),
            SetAutoplay: AutoplaySet(on=True, changed=True),
            SetStay: StaySet(on=True, changed=True),
            Vote: Outdated(None),
            Show: view(current=now, queue=(one,)),
            SettingsChanged: None,
        }
    )


def trial(max_examples: int) -> Any:
    """Return the settings of a property that is tried on one room."""
    explored = settings().max_examples > settings.get_profile("steady").max_examples
    return settings(
        max_examples=10 * max_examples if explored else max_examples,
        deadline=None,
        # To try a smaller one takes as long, and the first that fails says enough.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@st.composite
def users(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """Return somebody's id, and what is told of them: they need not be in the server."""
    user, name = str(draw(IDS)), draw(NAMES)
    account = {"id": user, "username": name, "discriminator": "0", "avatar": None}
    told: dict[str, Any] = {"users": account}
    if draw(st.booleans()):
        joined = {"joined_at": "2020-01-01T00:00:00+00:00", "roles": [], "permissions": "0"}
        told["members"] = {**joined, "nick": draw(NAMES), "flags": 0}
    return user, told


@st.composite
def channels(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    channel, kind = str(draw(IDS)), draw(st.sampled_from([0, 2, 4, 5, 11, 13, 15, 99]))
    told = {"id": channel, "type": kind, "name": draw(NAMES), "permissions": "0"}
    return channel, {"channels": told}


@st.composite
def roles(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    role = str(draw(IDS))
    looks = {"color": 0, "hoist": False, "mentionable": True, "icon": None, "unicode_emoji": None}
    told = {"id": role, "name": draw(NAMES), "permissions": "8", "position": 1, "managed": False}
    return role, {"roles": {**told, **looks}}


@st.composite
def files(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    file, address = str(draw(IDS)), draw(ADDRESSES)
    told = {"id": file, "filename": draw(NAMES), "url": address, "proxy_url": address}
    return file, {"attachments": {**told, "size": 1, "content_type": draw(NAMES)}}


OF_KIND: dict[OptionKind, st.SearchStrategy[tuple[str, dict[str, Any]]]] = {
    OptionKind.USER: users(),
    OptionKind.MENTIONABLE: users() | roles(),
    OptionKind.CHANNEL: channels(),
    OptionKind.ROLE: roles(),
    OptionKind.ATTACHMENT: files(),
}
"""Ids by what they are ids of, with what Discord tells of them along with an interaction."""


@st.composite
def filled(draw: st.DrawFn, use: Use) -> Filled:
    """Return options for a command, mostly all that it needs, and what their ids stand for."""
    given_options: list[dict[str, Any]] = []
    resolved: dict[str, Any] = {}
    hostile = draw(st.booleans())
    for option in use.options:
        wanted = option.required and not (hostile and draw(st.integers(0, 9)) == 0)
        if not wanted and draw(st.booleans()):
            continue
        if option.kind in OF_KIND:
            value, found = draw(OF_KIND[option.kind])
            for where, what in {} if hostile and draw(st.booleans()) else found.items():
                resolved.setdefault(where, {})[value] = what
        else:
            value = draw(meant(option) | ANY_VALUE if hostile else meant(option))
        given_options.append({"name": option.name, "type": int(option.kind), "value": value})
    return given_options, resolved


# --- the properties ---


def test_whatever_is_put_into_a_command_has_one_answer_and_no_inner_error(room: Room) -> None:
    assert len(room.uses) > 30
    for use in room.uses.values():

        @trial(25 if use.options else 1)
        @given(st.just(str(use)), filled(use))
        def attempt(name: str, options: Filled) -> None:
            room.command(name, *options)

        attempt()


def focused(option: Option) -> st.SearchStrategy[dict[str, Any]]:
    """Return the option as it is while somebody types into it; it is text, whatever it takes."""
    typing = {"name": option.name, "type": int(option.kind), "focused": True}
    return (TYPED | st.integers().map(str)).map(lambda text: {**typing, "value": text})


def test_whatever_is_typed_into_an_option_something_is_offered_or_nothing(room: Room) -> None:
    completing = [
        (use, option) for use in room.uses.values() for option in use.options if option.autocomplete
    ]
    assert completing
    for use, option in completing:

        @trial(30)
        @given(st.just(str(use)), focused(option))
        def attempt(name: str, option: dict[str, Any]) -> None:
            room.autocomplete(name, [option])

        attempt()


PRESSED = (
    st.sampled_from([f"{PREFIX}:{play}:{verb}" for play in ("run-1", "run-9", "") for verb in Verb])
    | st.tuples(
        st.sampled_from([PREFIX, "vote", "sure", "pick", ""]),
        st.sampled_from(["", ":"]),
        SENDABLE | TRICKS | st.integers().map(str) | st.sampled_from(VoteKind),
    ).map("".join)
).map(lambda name: name[:CUSTOM_ID_LENGTH])


@trial(250)
@given(PRESSED, st.sampled_from([2, 3, 5, 6, 7, 8]), st.lists(TYPED, max_size=2))
def test_whatever_is_pressed_has_one_answer_and_no_inner_error(
    room: Room, custom_id: str, kind: int, values: list[str]
) -> None:
    data: dict[str, Any] = {"custom_id": custom_id, "component_type": kind}
    room.press(data if kind == 2 else {**data, "values": values, "resolved": {}})


@trial(60)
@given(ANYTHING | TRICKS, ANYTHING | TRICKS, st.none() | ADDRESSES)
def test_whatever_a_track_is_called_nobody_is_called_by_it(
    room: Room, title: str, author: str, uri: str | None
) -> None:
    one = entry(title, author=author, uri=uri, artwork=uri)
    fill(room.house.script(room.guild), one)
    room.command("play", [{"name": "query", "type": 3, "value": "aurora"}], {})
    for name in ("queue", "nowplaying", "skip"):
        room.command(name, [], {})


# --- what has been found so ---


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "http://[::1/x", "https://cdn.discordapp.com:99999/x"]
)
def test_a_file_that_cannot_be_had_is_no_inner_error(room: Room, address: str) -> None:
    file = {"id": "5000", "filename": "x", "url": address, "proxy_url": address, "size": 1}
    option = {"name": "attachment", "type": int(OptionKind.ATTACHMENT), "value": "5000"}
    for name in ("import", "play-file"):
        room.command(name, [option], {"attachments": {"5000": {**file, "content_type": "x"}}})
