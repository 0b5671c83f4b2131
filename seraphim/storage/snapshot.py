"""A player's state as text, and back.

Written and read field by field: what is stored is a contract with every version to come, and must
not change because a class does. Whatever is not exactly as it should be is `Damage`: a guild that
begins anew is better than one that begins with nonsense.
"""

from collections.abc import Sequence

from actors.guild.player.messages import Loop
from actors.guild.player.ports import VoiceCredentials
from actors.guild.player.sound import UNCHANGED, Preset, Sound
from actors.guild.player.state import Current, Following, PlayerState, Voice
from actors.guild.player.track import Entry
from seraphim.storage.document import Damage, Document, Fields, Upgrade, read, written
from seraphim.storage.track import from_track, to_track


def _to_version_2(document: Document) -> Document:
    """It knows what follows the current track."""
    return {**document, "following": None}


def _to_version_3(document: Document) -> Document:
    """It knows who listens, what is looped, how it sounds, and tracks in place of broken ones."""

    def unbroken(entry: Document) -> Document:
        return {**entry, "asked": None, "broken": [], "start_ms": 0}

    def holding(holder: Document | None) -> Document | None:
        return None if holder is None else {**holder, "entry": unbroken(holder["entry"])}

    def running(current: Document | None) -> Document | None:
        return None if current is None else {**current, "tempo": UNCHANGED}

    return {
        **document,
        "current": running(holding(document["current"])),
        "following": holding(document["following"]),
        "queue": [unbroken(entry) for entry in document["queue"]],
        "history": [unbroken(entry) for entry in document["history"]],
        "autoplay": False,
        "listeners": None,
        "loop": "off",
        "sound": {"preset": "off", "speed": UNCHANGED, "pitch": UNCHANGED},
        "unshuffled": [],
    }


UPGRADES: tuple[Upgrade, ...] = (_to_version_2, _to_version_3)
"""The first makes a document of version 1 one of version 2, and so on."""


def encode(state: PlayerState) -> bytes:
    """Return what of `state` outlives its process. Two of the fields in it are secrets."""
    current, following = state.current, state.following
    document: Document = {
        "guild": state.guild,
        "run": state.run,
        "volume": state.volume,
        "counter": state.counter,
        "text_channel": state.text_channel,
        "home": state.home,
        "voice": _from_voice(state.voice),
        "current": None if current is None else _from_current(current),
        "following": None if following is None else _from_following(following),
        "paused": state.paused,
        "queue": [_from_entry(entry) for entry in state.queue],
        "history": [_from_entry(entry) for entry in state.history],
        "node": state.node,
        "autoplay": state.autoplay,
        "listeners": None if state.listeners is None else sorted(state.listeners),
        "loop": state.loop.value,
        "sound": {
            "preset": state.sound.preset.value,
            "speed": state.sound.speed,
            "pitch": state.sound.pitch,
        },
        "unshuffled": _from_order(state.unshuffled, state.queue),
    }
    return written(document, UPGRADES)


def decode(body: bytes, *, upgrades: Sequence[Upgrade] = UPGRADES) -> PlayerState:
    """Return the state that was encoded as `body`, by this version or an older one.

    Raises
    ------
    Damage
        It is nothing that one of them has written.
    """
    return _to_state(read(body, upgrades))


# --- what is written ---


def _from_voice(voice: Voice) -> Document:
    known = voice.known
    return {
        "channel": voice.channel,
        "session": voice.session,
        "token": voice.token,
        "endpoint": voice.endpoint,
        "known": None if known is None else _from_credentials(known),
        "muted": voice.muted,
        "suppressed": voice.suppressed,
    }


def _from_credentials(credentials: VoiceCredentials) -> Document:
    return {
        "channel": credentials.channel,
        "session": credentials.session,
        "token": credentials.token,
        "endpoint": credentials.endpoint,
    }


def _from_current(current: Current) -> Document:
    return {
        "play": current.play,
        "entry": _from_entry(current.entry),
        "position_ms": current.position_ms,
        "at_ms": current.at_ms,
        "running": current.running,
        "failure": current.failure,
        "starts": current.starts,
        "tempo": current.tempo,
    }


def _from_following(following: Following) -> Document:
    return {"play": following.play, "entry": _from_entry(following.entry)}


def _from_entry(entry: Entry) -> Document:
    return {
        **from_track(entry.track),
        "requester": entry.requester,
        "asked": None if entry.asked is None else from_track(entry.asked),
        "broken": list(entry.broken),
        "start_ms": entry.start_ms,
    }


def _from_order(order: Sequence[Entry], queue: Sequence[Entry]) -> list[int]:
    """Return `order` as places in the queue, which has the tracks already."""
    if not order:
        return []
    places: dict[Entry, list[int]] = {}
    for place in range(len(queue) - 1, -1, -1):
        places.setdefault(queue[place], []).append(place)
    return [places[entry].pop() for entry in order if places.get(entry)]


# --- what is read ---


def _to_state(fields: Fields) -> PlayerState:
    current = fields.optional_object("current")
    following = fields.optional_object("following")
    queue = tuple(_to_entry(entry) for entry in fields.objects("queue"))
    return PlayerState(
        guild=fields.integer("guild"),
        run=fields.text("run"),
        volume=fields.integer("volume"),
        counter=fields.integer("counter"),
        text_channel=fields.optional_integer("text_channel"),
        home=fields.optional_integer("home"),
        voice=_to_voice(fields.object("voice")),
        current=None if current is None else _to_current(current),
        following=None if following is None else _to_following(following),
        paused=fields.flag("paused"),
        queue=queue,
        history=tuple(_to_entry(entry) for entry in fields.objects("history")),
        node=fields.optional_text("node"),
        autoplay=fields.flag("autoplay"),
        listeners=_to_listeners(fields),
        loop=fields.one_of("loop", Loop),
        sound=_to_sound(fields.object("sound")),
        unshuffled=_to_order(fields, queue),
    )


def _to_listeners(fields: Fields) -> frozenset[int] | None:
    listeners = fields.optional_integers("listeners")
    return None if listeners is None else frozenset(listeners)


def _to_sound(fields: Fields) -> Sound:
    return Sound(
        preset=fields.one_of("preset", Preset),
        speed=fields.integer("speed"),
        pitch=fields.integer("pitch"),
    )


def _to_order(fields: Fields, queue: tuple[Entry, ...]) -> tuple[Entry, ...]:
    places = fields.optional_integers("unshuffled") or ()
    if len(set(places)) < len(places) or not all(0 <= place < len(queue) for place in places):
        raise Damage("unshuffled is no order of the queue")
    return tuple(queue[place] for place in places)


def _to_voice(fields: Fields) -> Voice:
    known = fields.optional_object("known")
    return Voice(
        channel=fields.optional_integer("channel"),
        session=fields.optional_text("session"),
        token=fields.optional_text("token"),
        endpoint=fields.optional_text("endpoint"),
        known=None if known is None else _to_credentials(known),
        muted=fields.flag("muted"),
        suppressed=fields.flag("suppressed"),
    )


def _to_credentials(fields: Fields) -> VoiceCredentials:
    return VoiceCredentials(
        channel=fields.integer("channel"),
        session=fields.text("session"),
        token=fields.text("token"),
        endpoint=fields.text("endpoint"),
    )


def _to_current(fields: Fields) -> Current:
    return Current(
        play=fields.text("play"),
        entry=_to_entry(fields.object("entry")),
        position_ms=fields.integer("position_ms"),
        at_ms=fields.integer("at_ms"),
        running=fields.flag("running"),
        failure=fields.optional_text("failure"),
        starts=fields.integer("starts"),
        tempo=fields.integer("tempo"),
    )


def _to_following(fields: Fields) -> Following:
    return Following(play=fields.text("play"), entry=_to_entry(fields.object("entry")))


def _to_entry(fields: Fields) -> Entry:
    asked = fields.optional_object("asked")
    return Entry(
        to_track(fields),
        requester=fields.integer("requester"),
        asked=None if asked is None else to_track(asked),
        broken=fields.texts("broken"),
        start_ms=fields.integer("start_ms"),
    )
