"""What a guild has chosen: one frozen value, with what holds until it chooses.

Who may change what, and in which words, is the edge's business; what is out of range never gets
into one of these.
"""

from dataclasses import dataclass
from enum import StrEnum

SOURCES = ("library", "youtube", "soundcloud", "deezer")
"""Where a search looks, in this order, until the guild says otherwise.

Who has a library of their own means that first; and it answers at once, wherever it is.
"""


class Announcing(StrEnum):
    """Where it is told what plays."""

    PANEL = "panel"
    """In one message, edited in place."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Station:
    """A radio station that a guild has saved: what it is called, and its address."""

    name: str
    address: str


MOST_STATIONS = 25
"""As many as Discord shows choices for an option."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildSettings:
    """A guild's choices.

    Parameters
    ----------
    dj_role
        Who has this role is a DJ. So is who may manage the server, and whoever is in `djs`.
    djs
        Members who are DJs without a role.
    default_volume
        Percent, for a player that begins anew. None: the operator's.
    maximum_volume
        Percent; nobody may go above it.
    vote_share
        Percent of the listeners that a vote needs.
    alone_minutes
        How long the bot waits alone, paused, before it leaves; and how long after the queue ended.
    stay
        It never leaves by itself (24/7).
    announce
        Where it is told what plays.
    language
        Of public answers, as Discord names locales. None: the server's.
    request_channel
        A text channel for panels, whatever channel a command comes from.
    allowed_channels
        Text channels in which commands are taken. None chosen: all.
    longest_track_minutes
        Longer tracks are not queued. None: no limit. Streams have no length.
    longest_queue
        Tracks that may wait.
    sources
        Where a search looks, in this order.
    fair
        Whoever asked gets their turn, one track each (round robin), whoever asked for how many.
    channel_status
        Whether the voice channel's status says what plays.
    stations
        Radio stations, no two of one name, in the order in which they were saved.
    """

    dj_role: int | None = None
    djs: tuple[int, ...] = ()
    default_volume: int | None = None
    maximum_volume: int = 100
    vote_share: int = 50
    alone_minutes: int = 5
    stay: bool = False
    announce: Announcing = Announcing.PANEL
    language: str | None = None
    request_channel: int | None = None
    allowed_channels: tuple[int, ...] = ()
    longest_track_minutes: int | None = None
    longest_queue: int = 1000
    sources: tuple[str, ...] = SOURCES
    fair: bool = False
    channel_status: bool = False
    stations: tuple[Station, ...] = ()
