"""What a client asks of a player or a session, read from JSON as Lavalink reads it.

Unknown fields are ignored. A field that is left out is `OMITTED` and changes nothing, which is
something else than null. Mistakes are refused before anything is carried out, each with the field's
name; Lavalink answers some of them with a bare 500.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeVar, cast

from seraphim.audio_node.filters import Filters, WrongFilter
from seraphim.audio_node.payloads import JsonObject
from seraphim.audio_node.voice import VoiceCredentials

ENDPOINT: Final = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")

INT: Final = range(-(2**31), 2**31)
LONG: Final = range(-(2**63), 2**63)
"""The whole numbers that Lavalink has room for."""

T = TypeVar("T")


class Omitted(enum.Enum):
    """A field that was left out."""

    OMITTED = enum.auto()


OMITTED: Final = Omitted.OMITTED
OmittedType = Literal[Omitted.OMITTED]


class BadRequest(ValueError):
    """The request cannot be meant; `args[0]` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class TrackUpdate:
    """Which track: one of `encoded` (None to stop) and `identifier`, or neither."""

    encoded: str | OmittedType | None = OMITTED
    identifier: str | OmittedType = OMITTED
    user_data: JsonObject | OmittedType = OMITTED

    @property
    def replaces(self) -> bool:
        """Whether the current track is to end."""
        return self.encoded is not OMITTED or self.identifier is not OMITTED


@dataclass(frozen=True, slots=True)
class NextUpdate:
    """Which track comes next, and how: an extension of Seraphim's."""

    track: TrackUpdate
    position_ms: int | OmittedType = OMITTED
    end_ms: int | OmittedType | None = OMITTED


@dataclass(frozen=True, slots=True)
class PlayerUpdate:
    """What is to become of a player."""

    track: TrackUpdate = TrackUpdate()
    position_ms: int | OmittedType = OMITTED
    end_ms: int | OmittedType | None = OMITTED
    volume: int | OmittedType = OMITTED
    paused: bool | OmittedType = OMITTED
    filters: Filters | OmittedType = OMITTED
    voice: VoiceCredentials | OmittedType = OMITTED
    next: "NextUpdate | OmittedType | None" = OMITTED

    @classmethod
    def read(cls, body: object) -> Self:
        """Read the body of a PATCH. Raises `BadRequest`."""
        fields = _fields(body, "the body")
        return cls(
            track=_track(fields),
            position_ms=_whole(fields, "position", LONG),
            end_ms=_end(fields),
            volume=_whole(fields, "volume", INT),
            paused=_given(fields, "paused", bool),
            filters=_filters(fields),
            voice=_voice(fields),
            next=_next(fields),
        )


@dataclass(frozen=True, slots=True)
class SessionUpdate:
    """What is to become of a session."""

    resuming: bool | OmittedType = OMITTED
    timeout: int | OmittedType = OMITTED

    @classmethod
    def read(cls, body: object) -> Self:
        """Read the body of a PATCH. Raises `BadRequest`."""
        fields = _fields(body, "the body")
        timeout = _whole(fields, "timeout", LONG)
        if isinstance(timeout, int) and timeout < 0:
            raise BadRequest("timeout must not be negative")
        return cls(_given(fields, "resuming", bool), timeout)


def _track(fields: Mapping[str, object]) -> TrackUpdate:
    # Before v4, encodedTrack and identifier stood beside the other fields; Lavalink still reads it.
    old = TrackUpdate(
        _optional(fields, "encodedTrack", str), _given(fields, "identifier", str), OMITTED
    )
    given = _object(fields, "track")
    if given is OMITTED:
        track = old
    elif old.replaces:
        raise BadRequest("Cannot specify both track and encodedTrack/identifier")
    else:
        track = TrackUpdate(
            _optional(given, "encoded", str),
            _given(given, "identifier", str),
            _object(given, "userData"),
        )
    if track.encoded is not OMITTED and track.identifier is not OMITTED:
        raise BadRequest("Cannot specify both encodedTrack and identifier")
    return track


def _next(fields: Mapping[str, object]) -> NextUpdate | OmittedType | None:
    if fields.get("next", OMITTED) is None:
        return None
    given = _object(fields, "next")
    if given is OMITTED:
        return OMITTED
    track = TrackUpdate(
        _given(given, "encoded", str),
        _given(given, "identifier", str),
        _object(given, "userData"),
    )
    if (track.encoded is OMITTED) is (track.identifier is OMITTED):
        raise BadRequest("next must have either encoded or identifier")
    return NextUpdate(track, _whole(given, "position", LONG), _end(given))


def _end(fields: Mapping[str, object]) -> int | OmittedType | None:
    end = _whole_or_null(fields, "endTime", LONG)
    if isinstance(end, int) and end <= 0:
        raise BadRequest("End time must be greater than 0")
    return end


def _filters(fields: Mapping[str, object]) -> Filters | OmittedType:
    if "filters" not in fields:
        return OMITTED
    try:
        return Filters.read(fields["filters"])
    except WrongFilter as error:
        raise BadRequest(str(error)) from error


def _voice(fields: Mapping[str, object]) -> VoiceCredentials | OmittedType:
    given = _object(fields, "voice")
    if given is OMITTED:
        return OMITTED
    values = {key: given.get(key) for key in ("token", "endpoint", "sessionId", "channelId")}
    texts = {
        key: value for key, value in values.items() if isinstance(value, str) and value.strip()
    }
    if len(texts) != len(values):
        raise BadRequest("token, endpoint, sessionId and channelId must be provided in voice state")
    if not ENDPOINT.fullmatch(texts["endpoint"]):
        raise BadRequest("voice.endpoint must be a host name, with or without a port")
    return VoiceCredentials(
        channel_id=snowflake(texts["channelId"], "voice.channelId"),
        endpoint=texts["endpoint"],
        session_id=texts["sessionId"],
        token=texts["token"],
    )


def snowflake(text: str, name: str) -> int:
    """Read one of Discord's ids. Raises `BadRequest`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(2**64))):
        raise BadRequest(f"{name} must be a number")
    return int(text)


def _fields(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise BadRequest(f"{name} must be an object")
    return cast("Mapping[str, object]", value)


def _object(fields: Mapping[str, object], name: str) -> Mapping[str, object] | OmittedType:
    value = fields.get(name, OMITTED)
    return OMITTED if value is OMITTED else _fields(value, name)


def _given(fields: Mapping[str, object], name: str, kind: type[T]) -> T | OmittedType:
    value = fields.get(name, OMITTED)
    if value is OMITTED:
        return OMITTED
    # JSON's true is no number, though Python's is.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise BadRequest(f"{name} must be {_NAMES[kind]}")
    return value


def _whole(fields: Mapping[str, object], name: str, room: range) -> int | OmittedType:
    value = _given(fields, name, int)
    if isinstance(value, int) and value not in room:
        raise BadRequest(f"{name} is too large a number")
    return value


def _whole_or_null(
    fields: Mapping[str, object], name: str, room: range
) -> int | OmittedType | None:
    return None if name in fields and fields[name] is None else _whole(fields, name, room)


def _optional(fields: Mapping[str, object], name: str, kind: type[T]) -> T | OmittedType | None:
    return None if name in fields and fields[name] is None else _given(fields, name, kind)


_NAMES: Final[Mapping[type, str]] = {bool: "true or false", int: "a whole number", str: "a text"}
