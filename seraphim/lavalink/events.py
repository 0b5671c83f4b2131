"""What a node says on its websocket, as messages for players.

Decoding is tolerant: Lavalink grows, and a frame with an unknown operation, an unknown event or a
missing field must cost nothing but itself. So nothing here raises on what a node sends; what
cannot be understood is None (Lavalink, "Websocket API").
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from actors.guild.player.messages import (
    EndReason,
    PositionReported,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    VoiceClosed,
)

PlayerEvent = PositionReported | TrackStarted | TrackEnded | TrackFailed | TrackStuck | VoiceClosed
# The key in a track's userData under which a play's name travels to the node and back.
PLAY = "play"


@dataclass(frozen=True, slots=True)
class Ready:
    """The first word of a session."""

    session: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class ForPlayer:
    """Something about one guild's player."""

    guild: int
    message: PlayerEvent


@dataclass(frozen=True, slots=True)
class Stats:
    """How a node is; nobody asks for it yet."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this version does not know; `what` is fit for the log."""

    what: str


def decode(frame: str | bytes) -> Ready | ForPlayer | Stats | Unknown:
    """Return what `frame` says. Never raises."""
    try:
        payload = cast("object", json.loads(frame))
    except ValueError:
        return Unknown("a frame that is not JSON")
    if not isinstance(payload, dict):
        return Unknown("a frame that is no object")
    data = cast("dict[str, Any]", payload)
    try:
        return _decode(data)
    except (KeyError, TypeError, ValueError) as error:
        return Unknown(f"{data.get('op')} {data.get('type', '')}: {type(error).__name__} {error}")


def _decode(data: Mapping[str, Any]) -> Ready | ForPlayer | Stats | Unknown:
    match data.get("op"):
        case "ready":
            return Ready(str(data["sessionId"]), bool(data.get("resumed")))
        case "playerUpdate":
            state = data["state"]
            report = PositionReported(int(state.get("position", 0)), int(state["time"]))
            return ForPlayer(int(data["guildId"]), report)
        case "stats":
            return Stats()
        case "event":
            event = _event(data)
            if event is None:
                return Unknown(f"event {data.get('type')}")
            return ForPlayer(int(data["guildId"]), event)
        case other:
            return Unknown(f"operation {other}")


def _event(data: Mapping[str, Any]) -> PlayerEvent | None:
    match data.get("type"):
        case "TrackStartEvent":
            return TrackStarted(_play(data))
        case "TrackEndEvent":
            return TrackEnded(_play(data), _reason(data.get("reason")))
        case "TrackExceptionEvent":
            exception = cast("Mapping[str, Any]", data.get("exception") or {})
            return TrackFailed(_play(data), str(exception.get("message") or "it broke"))
        case "TrackStuckEvent":
            return TrackStuck(_play(data), int(data.get("thresholdMs", 0)))
        case "WebSocketClosedEvent":
            return VoiceClosed(
                int(data["code"]), str(data.get("reason") or ""), bool(data.get("byRemote"))
            )
        case _:
            return None


def _play(data: Mapping[str, Any]) -> str:
    """Return the name of the play; a track that is not ours has none."""
    user_data = cast("Mapping[str, Any]", data["track"].get("userData") or {})
    return str(user_data.get(PLAY, ""))


def _reason(reason: object) -> EndReason:
    try:
        return EndReason(cast("str", reason))
    except ValueError:
        return EndReason.UNKNOWN
