"""Files and streams on the web: the identifier is the URL."""

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import unquote

from seraphim.audio_node.decoder.address_guard import Target
from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaSource
from seraphim.audio_node.sources.results import LoadResult, TrackLoaded
from seraphim.audio_node.track import TrackInfo

__all__ = ["Http"]

UNKNOWN_ARTIST: Final = "Unknown artist"

_OURS: Final = re.compile(r"https?://", re.IGNORECASE)


class Http:
    """The source `http`. Addresses are judged where they are connected to, in the decoder."""

    name = "http"

    def __init__(self, decoders: Decoders) -> None:
        self._decoders = decoders

    async def load(self, identifier: str) -> LoadResult | None:
        """Open the URL and tell what is there."""
        if not _OURS.match(identifier):
            return None
        target = Target.parse(identifier)
        info = await self._decoders.probe(MediaSource("http", identifier))
        return TrackLoaded(
            TrackInfo(
                identifier=identifier,
                title=info.title or _name(target),
                author=info.author or UNKNOWN_ARTIST,
                length_ms=info.length_ms,
                source=self.name,
                stream=info.stream,
                uri=identifier,
                isrc=info.isrc,
                probe=info.container,
            )
        )

    async def media(self, track: TrackInfo) -> MediaSource:
        """Give the URL."""
        Target.parse(track.identifier)
        return MediaSource("http", track.identifier)


def _name(target: Target) -> str:
    """Make a title of the file's name, or of the host's where there is none."""
    return PurePosixPath(unquote(target.path.split("?")[0], errors="replace")).stem or target.host
