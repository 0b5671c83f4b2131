"""What a panel understands."""

from dataclasses import dataclass

from actors.guild.player.track import Entry
from actors.guild.refusal import Code, Refused


@dataclass(frozen=True, slots=True)
class Render:
    """The board shows something new.

    It carries no view: the panel reads the board when it may edit, so that the last state wins
    however many of these were sent, and one that finds the mailbox full loses nothing.
    """


@dataclass(frozen=True, slots=True)
class ScrolledAway:
    """So much was written behind the panel `message` that it is out of sight."""

    message: int


@dataclass(frozen=True, slots=True)
class EditTime:
    """The pause between two edits is over."""


@dataclass(frozen=True, slots=True)
class TrackBroke:
    """A notice: `entry` could not be played, here nor from elsewhere.

    `message` says why in the node's words, fit to be shown; empty: it said nothing.
    """

    entry: Entry
    message: str
    code: Code = Code.TRACK_FAILED


@dataclass(frozen=True, slots=True)
class TooManyBroke:
    """A notice: `count` tracks failed in a row, and the queue was stopped."""

    count: int


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A notice: the guild's player crashed too often and was given up."""


@dataclass(frozen=True, slots=True)
class JoinLost:
    """A notice: the player could not stay in its voice channel, and why."""

    refused: Refused


Notice = TrackBroke | TooManyBroke | GaveUp | JoinLost
PanelMessage = Render | ScrolledAway | EditTime
