"""What the core wants done. The shell does it, in this order; outcomes come back as messages."""

from dataclasses import dataclass

from actors.guild.panel.messages import Notice
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.track import Track


@dataclass(frozen=True, slots=True)
class UpdateNode:
    """Change the player at `node`; node effects happen one after the other, in order.

    `play` is the playing that it is about: an `UpdateFailed` carries it.
    """

    node: str
    update: NodeUpdate
    play: str | None


@dataclass(frozen=True, slots=True)
class DestroyPlayer:
    """End the player at `node`."""

    node: str


@dataclass(frozen=True, slots=True)
class LookAtNode:
    """Ask `node` what it is doing; it comes back as `Reconciled`."""

    node: str


@dataclass(frozen=True, slots=True)
class FindNode:
    """Choose a node near the voice server `endpoint`, other than `avoid`.

    `NodeFound` is the next message, ahead of all that wait.
    """

    endpoint: str | None
    avoid: str | None = None


@dataclass(frozen=True, slots=True)
class Speak:
    """Become a speaker of the stage `channel`, or ask to."""

    channel: int


@dataclass(frozen=True, slots=True)
class SetChannelStatus:
    """Let the voice channel `channel` say `text` beneath its name; empty: nothing."""

    channel: int
    text: str


@dataclass(frozen=True, slots=True)
class JoinVoice:
    """Join a voice channel; a refusal comes back as `JoinFailed`.

    `back`: it was there until Discord forgot it, and will hardly be refused. `afresh`: leave
    first, for only who comes in is given new credentials. A join that is under way is called off.
    """

    attempt: int
    channel: int
    back: bool = False
    afresh: bool = False


@dataclass(frozen=True, slots=True)
class LeaveVoice:
    """Leave voice, and call off a join that is under way."""


@dataclass(frozen=True, slots=True)
class Load:
    """Find tracks; they come back as `Loaded` or `LoadFailed`."""

    attempt: int
    query: str


@dataclass(frozen=True, slots=True)
class FindElsewhere:
    """Ask `source` for other recordings of `track`; it comes back as `FoundElsewhere`."""

    attempt: int
    track: Track
    source: str


@dataclass(frozen=True, slots=True)
class Propose:
    """Find tracks of the library that go with `recent`; they come back as `Proposed`."""

    attempt: int
    recent: tuple[Track, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Tell of `source` whether it gave what was to be played."""

    source: str
    worked: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer the ask that was deferred as `attempt`."""

    attempt: int
    reply: object


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Send `TimeIsUp(key)` after `delay_ms`; a timer of that key that runs is replaced."""

    key: str
    delay_ms: int


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget the timer of that key."""

    key: str


@dataclass(frozen=True, slots=True)
class Say:
    """Tell the text channel."""

    notice: Notice


@dataclass(frozen=True, slots=True)
class End:
    """End the player: nobody needs it."""


Effect = (
    UpdateNode
    | DestroyPlayer
    | LookAtNode
    | FindNode
    | Speak
    | SetChannelStatus
    | JoinVoice
    | LeaveVoice
    | Load
    | FindElsewhere
    | Propose
    | Judge
    | Answer
    | StartTimer
    | CancelTimer
    | Say
    | End
)


@dataclass(frozen=True, slots=True)
class Later:
    """The reply that is none yet: an `Answer` with this attempt follows."""

    attempt: int
