"""How each source is searched: Lavalink's prefixes, and those that its plugins brought with them.

A guild names sources; what a node has it says itself, in `/v4/info`. So a source that is listed by
a guild, and that no node has, costs nothing but its place in the list.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from actors.guild.player.track import Track
from actors.guild.settings import SOURCES
from seraphim.matching import query

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "youtube": "ytsearch:",
        "youtubemusic": "ytmsearch:",
        "soundcloud": "scsearch:",
        "deezer": "dzsearch:",
        "spotify": "spsearch:",
        "applemusic": "amsearch:",
        "bandcamp": "bcsearch:",
        "library": "libsearch:",
    }
)
"""What stands before words that are looked for in a source, by the source's name."""

MANAGERS: Final[Mapping[str, str]] = MappingProxyType({"youtubemusic": "youtube"})
"""What a node calls a source, where that is another name."""

BY_ISRC: Final[Mapping[str, str]] = MappingProxyType(
    {
        "youtube": 'ytmsearch:"{isrc}"',
        "youtubemusic": 'ytmsearch:"{isrc}"',
        "deezer": "dzisrc:{isrc}",
        "spotify": "spsearch:isrc:{isrc}",
    }
)
"""How a source is asked for a recording by its number; the others cannot be."""

_ISRC: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{3}[0-9]{7}")


def manager(source: str) -> str:
    """Return what a node calls `source`."""
    return MANAGERS.get(source, source)


def in_order(sources: Sequence[str], passed_over: Collection[str]) -> list[str]:
    """Return the sources in which to look, each once: those that are passed over come last."""
    known = [source for source in dict.fromkeys(sources or SOURCES) if source in PREFIXES]
    return sorted(known, key=lambda source: manager(source) in passed_over)


def by_isrc(track: Track, source: str) -> str | None:
    """Return the query for the track's recording by its number, None where there is none."""
    pattern, isrc = BY_ISRC.get(source), (track.isrc or "").replace("-", "").strip().upper()
    return pattern.format(isrc=isrc) if pattern and _ISRC.fullmatch(isrc) else None


def by_name(track: Track, source: str) -> str:
    """Return the query for the track by its artist and title."""
    return PREFIXES[source] + query(track)
