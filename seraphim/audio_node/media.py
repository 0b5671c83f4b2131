"""What there is to play, and what can be wrong with it.

These types are all that the node's two halves tell each other about media: sources say where
a track's bytes are (`MediaSource`), decoders say what they found there (`MediaInfo`) or why nothing
can be heard of it (`MediaError`). A source names a place and never an open file: that is what lets
a track be opened again, in another decoder process, at the position where the first one died.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

__all__ = ["NO_MEMORY", "MediaEntry", "MediaError", "MediaInfo", "MediaSource", "Place", "Severity"]

Severity = Literal["common", "suspicious", "fault"]
"""Lavalink's: the media's or the user's doing, somebody else's, our own."""

NO_MEMORY: Final = "no memory"
"""The cause when a decoder process had none left: for this track, or its neighbours took it."""


class MediaError(Exception):
    """Media that cannot be loaded or played.

    Parameters
    ----------
    message
        A sentence for people; never has credentials or a URL's query in it.
    severity
        Whose doing it is.
    cause
        What was met technically, for the log and Lavalink's `cause`.
    """

    def __init__(self, message: str, severity: Severity = "common", cause: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.severity: Severity = severity
        self.cause = cause or message


@dataclass(frozen=True, slots=True)
class MediaSource:
    """A place where media is: an http(s) URL, or the path of a regular file.

    `headers` are what the URL must be asked with. Its own host alone gets them, but for those that
    say nothing about anybody.
    """

    kind: Literal["http", "file"]
    location: str
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Place(Protocol):
    """Where a track's media is, to be found out when it is needed: that may take seconds."""

    async def find(self) -> MediaSource:
        """Say where it is now. Raises `MediaError`."""
        ...

    def forget(self) -> None:
        """What `find` said cannot be read, or no longer: addresses expire. It is to look again."""
        ...


@dataclass(frozen=True, slots=True)
class MediaEntry:
    """One entry of a list of media, as the list has it."""

    url: str
    title: str | None = None
    length_ms: int | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a decoder found when it opened a source.

    `container` and `codec` are short names (`mp3`, `ogg`; `opus`). `length_ms` is None when the
    media does not say how long it is, as radio does: then it is a stream and has no positions.
    What has `entries` is no media itself but a list of such; no entry is known to be there.
    """

    container: str
    codec: str
    length_ms: int | None
    title: str | None = None
    author: str | None = None
    isrc: str | None = None
    entries: tuple[MediaEntry, ...] = ()

    @property
    def stream(self) -> bool:
        """Whether it has no known end."""
        return self.length_ms is None

    @property
    def seekable(self) -> bool:
        """Whether it can be started anywhere, exact to about one frame."""
        return self.length_ms is not None
