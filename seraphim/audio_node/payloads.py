"""The JSON that Lavalink v4 speaks, for what both REST and the websocket tell."""

import json
from collections.abc import Mapping
from typing import Literal

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.track import UNKNOWN_LENGTH, TrackInfo, encode

JsonObject = Mapping[str, object]

EndReason = Literal["finished", "loadFailed", "stopped", "replaced", "cleanup"]


def dumps(payload: object) -> str:
    """Return `payload` as compact JSON."""
    return json.dumps(payload, separators=(",", ":"))


def track(
    info: TrackInfo, *, encoded: str | None = None, user_data: JsonObject | None = None
) -> JsonObject:
    """Return a track. Raises `UnencodableTrack` when `encoded` is not given and cannot be made."""
    return {
        "encoded": encode(info) if encoded is None else encoded,
        "info": {
            "identifier": info.identifier,
            "isSeekable": info.seekable,
            "author": info.author,
            "length": UNKNOWN_LENGTH if info.length_ms is None else info.length_ms,
            "isStream": info.stream,
            "position": info.position_ms,
            "title": info.title,
            "uri": info.uri,
            "sourceName": info.source,
            "artworkUrl": info.artwork_url,
            "isrc": info.isrc,
        },
        "pluginInfo": {"probeInfo": info.probe},
        "userData": user_data or {},
    }


def exception(error: MediaError) -> JsonObject:
    """Return why a track could not be loaded or played."""
    return {
        "message": error.message,
        "severity": error.severity,
        "cause": error.cause,
        "causeStackTrace": error.cause,
    }


def event(kind: str, guild_id: int, **fields: object) -> JsonObject:
    """Return an event of a guild's player."""
    return {"op": "event", "type": kind, "guildId": str(guild_id), **fields}
