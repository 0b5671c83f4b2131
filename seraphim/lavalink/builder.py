"""ongaku's builder, made tolerant: what a node leaves out has a default, and so has what is null.

ongaku raises KeyError for a field that is not there, and ValueError for a word that it does not
know; Lavalink's plugins leave out and invent what they like.
"""

import time
from collections.abc import Mapping
from typing import Any, cast

from ongaku.abc.errors import SeverityType
from ongaku.abc.playlist import Playlist
from ongaku.abc.track import TrackInfo
from ongaku.builders import EntityBuilder
from ongaku.errors import RestExceptionError

_TRACK_INFO: Mapping[str, Any] = {
    "identifier": "",
    "isSeekable": False,
    "author": "",
    "length": 0,
    "isStream": False,
    "position": 0,
    "title": "",
    "sourceName": "",
    "uri": None,
    "artworkUrl": None,
    "isrc": None,
}
_VOICE: Mapping[str, Any] = {"token": "", "endpoint": "", "sessionId": "", "channelId": None}
_SEVERITIES = {severity.value for severity in SeverityType}


class TolerantBuilder(EntityBuilder):
    """Builds what ongaku builds, also where a field is missing that nobody here needs."""

    def build_exception_error(self, payload: Any) -> RestExceptionError:
        """Build why something could not be loaded."""
        data: dict[str, Any] = {"cause": "", "severity": "", **_said(self._ensure_mapping(payload))}
        if data["severity"] not in _SEVERITIES:
            data["severity"] = SeverityType.FAULT.value
        return super().build_exception_error(data)

    def build_session(self, payload: Any) -> Any:
        """Build a session's settings."""
        data = {"resuming": False, "timeout": 0, **_said(self._ensure_mapping(payload))}
        return super().build_session(data)

    def build_track(self, payload: Any) -> Any:
        """Build a track."""
        data: dict[str, Any] = {"pluginInfo": {}, **_said(self._ensure_mapping(payload))}
        data["userData"] = {
            key: value
            for key, value in _said(data.get("userData")).items()
            # ongaku's own; it was never ours to set, and must be a number.
            if key != "ongaku_requestor"
        }
        return super().build_track(data)

    def build_track_info(self, payload: Any) -> TrackInfo:
        """Build what is known of a track."""
        return super().build_track_info({**_TRACK_INFO, **_said(self._ensure_mapping(payload))})

    def build_playlist(self, payload: Any) -> Playlist:
        """Build a playlist."""
        said = _said(self._ensure_mapping(payload))
        data: dict[str, Any] = {"pluginInfo": {}, "tracks": [], **said}
        data["info"] = {"name": "", "selectedTrack": -1, **_said(data.get("info"))}
        return super().build_playlist(data)

    def build_player(self, payload: Any) -> Any:
        """Build a player. Its filters are left out: what we set, we know."""
        data = {"volume": 100, "paused": False, **_said(self._ensure_mapping(payload))}
        now = time.time_ns() // 1_000_000
        state = {"time": now, "position": 0, "connected": False, "ping": -1}
        data["state"] = {**state, **_said(data.get("state"))}
        data["voice"] = {**_VOICE, **_said(data.get("voice"))}
        data.pop("filters", None)
        return super().build_player(data)


def _said(value: object) -> Mapping[str, Any]:
    """Return the fields that say something: neither null nor an empty text."""
    if not isinstance(value, Mapping):
        return {}
    fields = cast("Mapping[str, Any]", value)
    return {key: field for key, field in fields.items() if field is not None and field != ""}
