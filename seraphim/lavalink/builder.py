"""ongaku's builder, made tolerant: what a node leaves out has a default, and so has what is null.

ongaku raises KeyError for a field that is not there, and ValueError for a word that it does not
know; Lavalink's plugins leave out and invent what they like. And it spells every payload out for a
log that nobody reads, which is most of the time that a long playlist takes: what is built in great
numbers is built here from the start.
"""

import time
from collections.abc import Mapping
from typing import Any, cast

from ongaku.abc.errors import SeverityType
from ongaku.builders import EntityBuilder
from ongaku.errors import RestExceptionError
from ongaku.impl.playlist import Playlist, PlaylistInfo
from ongaku.impl.track import Track, TrackInfo

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

    def build_track(self, payload: Any) -> Track:
        """Build a track."""
        data = self._ensure_mapping(payload)
        encoded = data["encoded"]
        if not encoded:
            raise KeyError("encoded")
        user_data = data.get("userData")
        return Track(
            encoded,
            self.build_track_info(data["info"]),
            data.get("pluginInfo") or {},
            dict(cast("Mapping[str, Any]", user_data)) if isinstance(user_data, Mapping) else {},
            None,
        )

    def build_track_info(self, payload: Any) -> TrackInfo:
        """Build what is known of a track."""
        said = self._ensure_mapping(payload).get
        return TrackInfo(
            identifier=said("identifier") or "",
            is_seekable=said("isSeekable") or False,
            author=said("author") or "",
            length=said("length") or 0,
            is_stream=said("isStream") or False,
            position=said("position") or 0,
            title=said("title") or "",
            source_name=said("sourceName") or "",
            uri=said("uri") or None,
            artwork_url=said("artworkUrl") or None,
            isrc=said("isrc") or None,
        )

    def build_playlist(self, payload: Any) -> Playlist:
        """Build a playlist."""
        data = self._ensure_mapping(payload)
        info = _said(data.get("info"))
        return Playlist(
            PlaylistInfo(info.get("name", ""), info.get("selectedTrack", -1)),
            [self.build_track(track) for track in data.get("tracks") or ()],
            data.get("pluginInfo") or {},
        )

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
