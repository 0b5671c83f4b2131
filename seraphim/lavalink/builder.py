"""ongaku's builder, made tolerant: what a node leaves out has a default."""

from collections.abc import Mapping
from typing import Any, cast

from ongaku.abc.playlist import Playlist
from ongaku.abc.track import TrackInfo
from ongaku.builders import EntityBuilder

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
_STATE: Mapping[str, Any] = {"time": 0, "position": 0, "connected": False, "ping": -1}
_VOICE: Mapping[str, Any] = {"token": "", "endpoint": "", "sessionId": "", "channelId": None}


class TolerantBuilder(EntityBuilder):
    """Builds what ongaku builds, also where a field is missing that nobody here needs."""

    def build_track(self, payload: Any) -> Any:
        """Build a track."""
        return super().build_track({"pluginInfo": {}, **_mapping(self._ensure_mapping(payload))})

    def build_track_info(self, payload: Any) -> TrackInfo:
        """Build what is known of a track."""
        return super().build_track_info({**_TRACK_INFO, **_mapping(self._ensure_mapping(payload))})

    def build_playlist(self, payload: Any) -> Playlist:
        """Build a playlist."""
        return super().build_playlist({"pluginInfo": {}, **_mapping(self._ensure_mapping(payload))})

    def build_player(self, payload: Any) -> Any:
        """Build a player. Its filters are left out: what we set, we know."""
        data = {"volume": 100, "paused": False, **_mapping(self._ensure_mapping(payload))}
        data["state"] = {**_STATE, **_mapping(data.get("state"))}
        data["voice"] = {**_VOICE, **_mapping(data.get("voice"))}
        data.pop("filters", None)
        return super().build_player(data)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        return {}
    return {key: value for key, value in cast("Mapping[str, Any]", value).items() if value != ""}
