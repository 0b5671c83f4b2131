"""What is found on pages, in words of our own: whatever yt-dlp calls it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Item:
    """A track. `url` is its page; `source` is what lavaplayer calls the site."""

    url: str
    identifier: str
    title: str
    author: str
    length_ms: int | None
    live: bool
    source: str
    artwork: str | None = None
    isrc: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Tracks that belong together; `selected` is the one that was meant, -1 for none."""

    title: str
    items: tuple[Item, ...]
    selected: int = -1


@dataclass(frozen=True, slots=True)
class Address:
    """Where a track's sound is, and the headers to ask for it with.

    `expires_at` is in seconds since the epoch, None where the address does not say it.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    expires_at: float | None = None
