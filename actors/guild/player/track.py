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


@dataclass(frozen=True, slots=True)
class Entry:
    """A track with the id of the member who asked for it."""

    track: Track
    requester: int
