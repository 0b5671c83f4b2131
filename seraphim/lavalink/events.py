"""What a node says on its websocket, as messages for players.

Decoding is tolerant: Lavalink grows, and a frame with an unknown operation, an unknown event or a
missing field must cost nothing but itself. So whatever a node sends, `decode` returns a value;
what cannot be understood is `Unknown` (Lavalink, "Websocket API").

ongaku's builders are not used here: they raise on the first value they do not know, and build a
whole track for each event of which only the play's name is wanted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

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
WORDS_LIMIT = 100


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
    """How a node is: its players, and how hard it finds that.

    Loads are shares of all its cores, the machine's and its own. Frames are those of the average
    player's last minute: `nulled` had no sound in them though there should have been, and `deficit`
    were not sent at all. What a node leaves out is 0.
    """

    players: int = 0
    playing: int = 0
    system_load: float = 0.0
    own_load: float = 0.0
    nulled: int = 0
    deficit: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that this version does not know; `what` is fit for the log."""

    what: str


class _Malformed(Exception):
    """A frame of a known kind, without what it needs."""


def decode(frame: str | bytes) -> Ready | ForPlayer | Stats | Unknown:
    """Return what `frame` says. Never raises."""
    try:
        payload: object = json.loads(frame)
    except (ValueError, RecursionError):
        return Unknown("a frame that is not JSON")
    data = _object(payload)
    try:
        return _decode(data)
    except _Malformed as error:
        kind = data["type"] if data.get("op") == "event" else data["op"]
        return Unknown(_words(f"a {kind} whose {error} is missing or wrong"))


def _decode(data: Mapping[str, object]) -> Ready | ForPlayer | Stats | Unknown:
    match data.get("op"):
        case "ready":
            return Ready(_text(data, "sessionId"), data.get("resumed") is True)
        case "playerUpdate":
            state = _object(data.get("state"))
            # A plugin's: what a radio stream says that it plays.
            title = state.get("streamTitle")
            report = PositionReported(
                _integer(state, "position", 0),
                _integer(state, "time"),
                state.get("connected") is not False,
                title if isinstance(title, str) else None,
            )
            return ForPlayer(_guild(data), report)
        case "stats":
            return _stats(data)
        case "event":
            event = _event(data)
            if event is None:
                return Unknown(_words(f"the event {data.get('type')}"))
            return ForPlayer(_guild(data), event)
        case other:
            return Unknown(_words(f"the operation {other}"))


def _event(data: Mapping[str, object]) -> PlayerEvent | None:
    match data.get("type"):
        case "TrackStartEvent":
            return TrackStarted(_play(data))
        case "TrackEndEvent":
            return TrackEnded(_play(data), _reason(data.get("reason")), _following(data))
        case "TrackExceptionEvent":
            return TrackFailed(
                _play(data), _text(_object(data.get("exception")), "message", "it broke")
            )
        case "TrackStuckEvent":
            return TrackStuck(_play(data), _integer(data, "thresholdMs", 0))
        case "WebSocketClosedEvent":
            return VoiceClosed(
                _integer(data, "code"), _text(data, "reason", ""), data.get("byRemote") is True
            )
        case _:
            return None


def _stats(data: Mapping[str, object]) -> Stats:
    cpu, frames = _object(data.get("cpu")), _object(data.get("frameStats"))
    return Stats(
        players=_count(data, "players"),
        playing=_count(data, "playingPlayers"),
        system_load=_share(cpu, "systemLoad"),
        own_load=_share(cpu, "lavalinkLoad"),
        nulled=_count(frames, "nulled"),
        # A node that caught up has sent more than was due.
        deficit=_count(frames, "deficit"),
    )


def _play(data: Mapping[str, object]) -> str:
    """Return the name of the play; a track that is not ours has none."""
    user_data = _object(_object(data.get("track")).get("userData"))
    return _text(user_data, PLAY, "")


def _following(data: Mapping[str, object]) -> str | None:
    """Return the name of the play that the node has gone on to; Seraphim's own node can."""
    return _play({"track": data["next"]}) if _object(data.get("next")) else None


def _reason(reason: object) -> EndReason:
    try:
        return EndReason(cast("str", reason))
    except ValueError:
        return EndReason.UNKNOWN


def _guild(data: Mapping[str, object]) -> int:
    guild = _text(data, "guildId")
    if not (guild.isascii() and guild.isdecimal() and len(guild) <= 20):
        raise _Malformed("guildId")
    return int(guild)


def _object(value: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", value) if isinstance(value, dict) else {}


def _text(data: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = data.get(key)
    if isinstance(value, str):
        return value
    if default is None:
        raise _Malformed(key)
    return default


def _integer(data: Mapping[str, object], key: str, default: int | None = None) -> int:
    value = data.get(key)
    if isinstance(value, int):
        return value
    if default is None:
        raise _Malformed(key)
    return default


def _count(data: Mapping[str, object], key: str) -> int:
    return max(0, _integer(data, key, 0))


def _share(data: Mapping[str, object], key: str) -> float:
    value = data.get(key)
    # Java says -1 where it does not know; and what is no number is not between 0 and 1 either.
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else 0.0


def _words(text: str) -> str:
    return text if len(text) <= WORDS_LIMIT else text[: WORDS_LIMIT - 1] + "…"
