"""Tracks as the player knows them: what a node can play, and who asked for it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """Something that a node can play.

    `encoded` is the node's own name for it and opaque here. `length_ms` is None for a live stream.
    """

    encoded: str
    identifier: str
    title: str
    author: str
    length_ms: int | None
    seekable: bool
    source: str
    uri: str | None = None
    artwork: str | None = None
    isrc: str | None = None

    @property
    def stream(self) -> bool:
        """Whether it is live: it has no length, and no other recording."""
        return self.length_ms is None

    @property
    def name(self) -> str:
        """What tells it from every other track: its source's name, and its own there."""
        return f"{self.source}:{self.identifier}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A track with the id of the member who asked for it; 0: nobody did, autoplay chose it.

    Where that track broke and another plays in its place, `track` is that one, `asked` the one that
    was asked for. `broken` names all that were tried in vain. `start_ms` is where it begins.
    """

    track: Track
    requester: int
    asked: Track | None = None
    broken: tuple[str, ...] = ()
    start_ms: int = 0

    @property
    def original(self) -> Track:
        """The track that was asked for."""
        return self.asked or self.track

    @property
    def is_broken(self) -> bool:
        """Whether `track` itself was tried in vain."""
        return self.track.name in self.broken
