"""Whatever is typed into whatever option: there is one answer, and it is never an inner error."""

import re
from typing import Any

import anyio
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
    VoteKind,
    WentBack,
)
from actors.guild.player.sound import PLAIN, Preset, Sound
from actors.guild.refusal import Code
from actors.guild.settings import GuildSettings
from seraphim.sandbox import Answer, CannotDo, Command, Option, OptionKind, Sandbox
from tests.seraphim.discord.house import House, Script, entry, playing, view
from tests.seraphim.discord.presenters.test_cards import OURS
from tests.seraphim.discord.presenters.test_prose import ANYTHING, MENTION

NESTED = {OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP}
# Like what is meant to be typed, and unlike it.
TYPED = st.one_of(
    ANYTHING,
    st.from_regex(r"[0-9,;: +-]{1,30}", fullmatch=True),
    st.from_regex(r"<@!?[0-9]{1,25}>", fullmatch=True),
    st.sampled_from(["http://[::1", "https://a.example/@everyone", "library:x", "1:23", "2-5,8"]),
)
WHOLE = st.integers(-(2**53), 2**53) | st.integers(-2, 120)
# A few at once are fine for one person; more would be answered with RATE-001, which proves little.
AT_ONCE = 8


def uses(commands: list[Command]) -> list[tuple[str, tuple[Option, ...]]]:
    """What can be typed: the name with its subcommands, and the options."""
    found: list[tuple[str, tuple[Option, ...]]] = []

    def walk(name: str, options: tuple[Option, ...]) -> None:
        inner = [option for option in options if option.kind in NESTED]
        for option in inner:
            walk(f"{name} {option.name}", option.options)
        if not inner:
            found.append((name, options))

    for command in commands:
        walk(command.name, command.options)
    return found


def value(option: Option) -> st.SearchStrategy[Any]:
    if option.choices:
        return st.sampled_from([choice.value for choice in option.choices])
    match option.kind:
        case OptionKind.STRING:
            return TYPED
        case OptionKind.INTEGER:
            return WHOLE
        case OptionKind.NUMBER:
            return st.floats(-1e6, 1e6) | WHOLE
        case OptionKind.BOOLEAN:
            return st.booleans()
        case _:
            return st.nothing()


def fill(script: Script) -> None:
    now = playing()
    script.replies.update(
        {
            Play: Queued((entry(),), 0),
            Pause: Paused(now, changed=True),
            Resume: Resumed(now, changed=True),
            Skip: Skipped(entry(), None),
            Back: WentBack(entry()),
            Stop: Stopped(2),
            Shuffle: Shuffled(2),
            SetVolume: VolumeSet(50, 40),
            Join: Joined(3, already=False),
            Leave: Left(3),
            SkipTo: Skipped(entry(), entry(), 3),
            Replay: Replayed(now),
            Seek: Sought(now, 1_000),
            Remove: Removed((entry(),)),
            Move: Moved(entry(), 2),
            Swap: Swapped(entry(), entry()),
            Clear: NeedsConfirmation(VoteKind.CLEAR, 3),
            Unshuffle: Unshuffled(2),
            Dedupe: Removed(()),
            Clean: Removed(()),
            SetLoop: LoopSet(Loop.TRACK, changed=True),
            SetFilter: SoundSet(Sound(Preset.POP), PLAIN),
            SetSpeed: SoundSet(Sound(speed=120), PLAIN),
            SetPitch: SoundSet(Sound(pitch=80), PLAIN),
            SetAutoplay: AutoplaySet(on=True, changed=True),
            SetStay: StaySet(on=True, changed=True, settings=GuildSettings()),
            Show: view(current=now, queue=(entry(),)),
        }
    )


def check(answer: Answer) -> None:
    said = str(answer.embeds)
    assert Code.INTERNAL not in said
    assert not MENTION.search(OURS.sub("", said))
    assert not re.search(r"@(everyone|here)", said)


@settings(
    max_examples=12,
    # Each try is a Discord of its own: the first that fails says enough.
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_whatever_is_typed_has_one_answer_and_no_inner_error(data: st.DataObject) -> None:
    async def scenario() -> None:
        async with Sandbox() as sandbox:
            guild = sandbox.guild("Choir")
            ada = guild.member("Ada")
            house = House(sandbox)
            async with house.running():
                await ada.join(guild.voice)
                fill(house.script(guild))
                house.board.put(view(guild.id, playing(), queue=(entry("A"), entry("B"))))
                able = uses(sandbox._discord.commands.all(None))
                for _ in range(AT_ONCE):
                    name, options = data.draw(st.sampled_from(able))
                    given_values = {
                        option.name: data.draw(value(option), label=f"{name} {option.name}")
                        for option in options
                        if not value(option).is_empty
                        and (option.required or data.draw(st.booleans()))
                    }
                    try:
                        answer = await ada.command(name, **given_values)
                    except CannotDo:
                        # Discord's app would not send it.
                        continue
                    check(answer)
                    assert not answer.followups

    anyio.run(scenario)
