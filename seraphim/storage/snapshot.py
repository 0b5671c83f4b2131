"""A player's state as text, and back.

Written and read field by field: what is stored is a contract with every version to come, and must
not change because a class does. A document names its version, and one of an older version is
upgraded step by step before it is read. Whatever is not exactly as it should be is `Damage`: a
guild that begins anew is better than one that begins with nonsense.

The text is ASCII, whatever tracks are called: no database can misunderstand it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeGuard, cast

from actors.guild.player.ports import VoiceCredentials
from actors.guild.player.state import Current, Following, PlayerState, Voice
from actors.guild.player.track import Entry, Track

Document = dict[str, Any]
Upgrade = Callable[[Document], Document]


def _to_version_2(document: Document) -> Document:
    """It knows what follows the current track."""
    return {**document, "following": None}


UPGRADES: tuple[Upgrade, ...] = (_to_version_2,)
"""The first makes a document of version 1 one of version 2, and so on."""


class Damage(Exception):
    """It cannot be read. What it says is where and why, and nothing of the content."""


def encode(state: PlayerState) -> bytes:
    """Return what of `state` outlives its process. Two of the fields in it are secrets."""
    current, following = state.current, state.following
    document: Document = {
        "version": len(UPGRADES) + 1,
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
    }
    return json.dumps(document, separators=(",", ":")).encode("ascii")


def decode(body: bytes, *, upgrades: Sequence[Upgrade] = UPGRADES) -> PlayerState:
    """Return the state that was encoded as `body`, by this version or an older one.

    Raises
    ------
    Damage
        It is nothing that one of them has written.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Damage("it is no JSON") from None
    return _to_state(_Fields("", _upgraded(_Fields("", document), upgrades)))


def _upgraded(document: "_Fields", upgrades: Sequence[Upgrade]) -> Document:
    version = document.integer("version")
    newest = len(upgrades) + 1
    if not 1 <= version <= newest:
        raise Damage(f"it is of version {version}, and the newest known one is {newest}")
    content = dict(document.content)
    for upgrade in upgrades[version - 1 :]:
        try:
            content = upgrade(content)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Damage(f"it is no document of version {version}") from None
    return content


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
    }


def _from_following(following: Following) -> Document:
    return {"play": following.play, "entry": _from_entry(following.entry)}


def _from_entry(entry: Entry) -> Document:
    track = entry.track
    return {
        "encoded": track.encoded,
        "identifier": track.identifier,
        "title": track.title,
        "author": track.author,
        "length_ms": track.length_ms,
        "seekable": track.seekable,
        "source": track.source,
        "uri": track.uri,
        "artwork": track.artwork,
        "isrc": track.isrc,
        "requester": entry.requester,
    }


# --- what is read ---


def _to_state(fields: "_Fields") -> PlayerState:
    current = fields.optional_object("current")
    following = fields.optional_object("following")
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
        queue=tuple(_to_entry(entry) for entry in fields.objects("queue")),
        history=tuple(_to_entry(entry) for entry in fields.objects("history")),
        node=fields.optional_text("node"),
    )


def _to_voice(fields: "_Fields") -> Voice:
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


def _to_credentials(fields: "_Fields") -> VoiceCredentials:
    return VoiceCredentials(
        channel=fields.integer("channel"),
        session=fields.text("session"),
        token=fields.text("token"),
        endpoint=fields.text("endpoint"),
    )


def _to_current(fields: "_Fields") -> Current:
    return Current(
        play=fields.text("play"),
        entry=_to_entry(fields.object("entry")),
        position_ms=fields.integer("position_ms"),
        at_ms=fields.integer("at_ms"),
        running=fields.flag("running"),
        failure=fields.optional_text("failure"),
        starts=fields.integer("starts"),
    )


def _to_following(fields: "_Fields") -> Following:
    return Following(play=fields.text("play"), entry=_to_entry(fields.object("entry")))


def _to_entry(fields: "_Fields") -> Entry:
    track = Track(
        encoded=fields.text("encoded"),
        identifier=fields.text("identifier"),
        title=fields.text("title"),
        author=fields.text("author"),
        length_ms=fields.optional_integer("length_ms"),
        seekable=fields.flag("seekable"),
        source=fields.text("source"),
        uri=fields.optional_text("uri"),
        artwork=fields.optional_text("artwork"),
        isrc=fields.optional_text("isrc"),
    )
    return Entry(track, requester=fields.integer("requester"))


class _Fields:
    """An object of the document; each field is given as what it must be, or is `Damage`."""

    __slots__ = ("_path", "content")

    def __init__(self, path: str, content: object) -> None:
        if not _is_object(content):
            raise Damage(f"{path or 'it'} is no object")
        self._path = path
        self.content = content

    def integer(self, name: str) -> int:
        value = self._value(name)
        if type(value) is not int:
            raise self._damage(name, "no integer")
        return value

    def optional_integer(self, name: str) -> int | None:
        return None if self._value(name) is None else self.integer(name)

    def text(self, name: str) -> str:
        value = self._value(name)
        if type(value) is not str:
            raise self._damage(name, "no text")
        return value

    def optional_text(self, name: str) -> str | None:
        return None if self._value(name) is None else self.text(name)

    def flag(self, name: str) -> bool:
        value = self._value(name)
        if type(value) is not bool:
            raise self._damage(name, "neither true nor false")
        return value

    def object(self, name: str) -> "_Fields":
        return _Fields(self._path_of(name), self._value(name))

    def optional_object(self, name: str) -> "_Fields | None":
        return None if self._value(name) is None else self.object(name)

    def objects(self, name: str) -> "list[_Fields]":
        values = self._value(name)
        if type(values) is not list:
            raise self._damage(name, "no list")
        path = self._path_of(name)
        items = cast("list[object]", values)
        return [_Fields(f"{path}[{index}]", item) for index, item in enumerate(items)]

    def _value(self, name: str) -> Any:
        try:
            return self.content[name]
        except KeyError:
            raise self._damage(name, "missing") from None

    def _damage(self, name: str, what: str) -> Damage:
        return Damage(f"{self._path_of(name)} is {what}")

    def _path_of(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)
