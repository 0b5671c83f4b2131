"""What there is to play, and what can be wrong with it.

These three types are all that the node's two halves tell each other about media: sources say where
a track's bytes are (`MediaSource`), decoders say what they found there (`MediaInfo`) or why nothing
can be heard of it (`MediaError`). A source names a place and never an open file: that is what lets
a track be opened again, in another decoder process, at the position where the first one died.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["MediaError", "MediaInfo", "MediaSource", "Severity"]

Severity = Literal["common", "suspicious", "fault"]
"""Lavalink's: the media's or the user's doing, somebody else's, our own."""


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
    """A place where media is: an http(s) URL, or the path of a regular file."""

    kind: Literal["http", "file"]
    location: str


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a decoder found when it opened a source.

    `container` and `codec` are short names (`mp3`, `ogg`; `opus`). `length_ms` is None when the
    media does not say how long it is, as radio does: then it is a stream and has no positions.
    """

    container: str
    codec: str
    length_ms: int | None
    title: str | None = None
    author: str | None = None
    isrc: str | None = None

    @property
    def stream(self) -> bool:
        """Whether it has no known end."""
        return self.length_ms is None

    @property
    def seekable(self) -> bool:
        """Whether it can be started anywhere, exact to about one frame."""
        return self.length_ms is not None
