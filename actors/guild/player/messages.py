"""What a guild's player understands, and what it answers.

Commands are asks: each is answered with its own reply or with `Refused`. Everything else is told:
what Discord says about voice, what the node says about the music, and what became of the player's
own attempts. Times are milliseconds; points in time are milliseconds since the epoch.
"""

from dataclasses import dataclass
from enum import StrEnum

from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Refused
from actors.runtime import Ask, Down

# --- what people ask for ---


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks: their id and the voice channel they are in now, if any."""

    id: int
    voice_channel: int | None


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """The current track: `position_ms` was true at `at_ms`, and runs on unless `paused`.

    `play` names this one playing of the track: the same track played again has another.
    """

    play: str
    entry: Entry
    position_ms: int
    at_ms: int
    paused: bool


@dataclass(frozen=True, slots=True)
class PlayerView:
    """What may be shown of a player: one consistent look at its state.

    `called`: it is meant to be in a voice channel, and comes back there by itself.
    """

    guild: int
    text_channel: int | None
    voice_channel: int | None
    called: bool
    current: NowPlaying | None
    queue: tuple[Entry, ...]
    can_go_back: bool
    volume: int
    node_ready: bool


@dataclass(frozen=True, slots=True)
class Queued:
    """Tracks were added; `position` is the first one's place, 0 when it plays at once."""

    entries: tuple[Entry, ...]
    position: int
    playlist: str | None = None


@dataclass(frozen=True, slots=True)
class Paused:
    """The music stands still; `changed` is False when it did before."""

    now: NowPlaying
    changed: bool


@dataclass(frozen=True, slots=True)
class Resumed:
    """The music goes on; `changed` is False when it did before."""

    now: NowPlaying
    changed: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """`entry` was skipped; `upcoming` plays now, None when the queue has ended."""

    entry: Entry
    upcoming: Entry | None


@dataclass(frozen=True, slots=True)
class Outdated:
    """The play that was meant is over already: nothing was done."""

    now: NowPlaying | None


@dataclass(frozen=True, slots=True)
class WentBack:
    """The track before plays again; the one that played is next."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Stopped:
    """The music ended and `cleared` waiting tracks were dropped."""

    cleared: int


@dataclass(frozen=True, slots=True)
class Shuffled:
    """The `count` waiting tracks stand in another order."""

    count: int


@dataclass(frozen=True, slots=True)
class VolumeSet:
    """The volume in percent, now and before."""

    volume: int
    before: int


@dataclass(frozen=True, slots=True)
class Joined:
    """The player is in the voice channel `channel`; `already` when it was before.

    `goes_on` is what was kept while it was out of voice, and sounds again now.
    """

    channel: int
    already: bool
    goes_on: Entry | None = None


@dataclass(frozen=True, slots=True)
class Left:
    """The player left the voice channel `channel`; the queue is kept."""

    channel: int


@dataclass(frozen=True, slots=True)
class Play(Ask[Queued | Refused]):
    """Find `query` (what a node loads: an address or a prefixed search), and queue what is found.

    Answered when the tracks are found and the channel is joined. Plays are answered and queued in
    the order in which they were asked, however long each search takes.
    """

    by: Member
    query: str
    text_channel: int


@dataclass(frozen=True, slots=True)
class Pause(Ask[Paused | Outdated | Refused]):
    """Let the music stand still. `play` is the play that is meant; None: whatever plays."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Resume(Ask[Resumed | Outdated | Refused]):
    """Let the music go on. `play` is the play that is meant; None: whatever plays."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Skip(Ask[Skipped | Outdated | Refused]):
    """End the current track. Two skips that name the same play skip once."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Back(Ask[WentBack | Outdated | Refused]):
    """Play the track before again."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Stop(Ask[Stopped | Refused]):
    """End the music and empty the queue. The player stays in the channel."""

    by: Member


@dataclass(frozen=True, slots=True)
class Shuffle(Ask[Shuffled | Refused]):
    """Put the waiting tracks into an order drawn from `seed`."""

    by: Member
    seed: int


@dataclass(frozen=True, slots=True)
class SetVolume(Ask[VolumeSet | Refused]):
    """Set the volume, 0 to 100 percent."""

    by: Member
    volume: int


@dataclass(frozen=True, slots=True)
class Join(Ask[Joined | Refused]):
    """Come into the member's voice channel. Answered when the player is there."""

    by: Member
    text_channel: int


@dataclass(frozen=True, slots=True)
class Leave(Ask[Left | Refused]):
    """Leave the voice channel. Queue and position are kept for the next `Join` or `Play`."""

    by: Member


@dataclass(frozen=True, slots=True)
class Show(Ask[PlayerView]):
    """Tell what plays and what waits. Anybody may ask."""


Command = Play | Pause | Resume | Skip | Back | Stop | Shuffle | SetVolume | Join | Leave | Show

# --- what Discord says ---


@dataclass(frozen=True, slots=True)
class VoiceStateChanged:
    """Where the bot is, by VOICE_STATE_UPDATE: the authority. `channel` None: nowhere.

    `muted`: by the server; `suppressed`: in the audience of a stage. Neither is heard.
    """

    channel: int | None
    session: str | None
    muted: bool = False
    suppressed: bool = False

    def __repr__(self) -> str:
        # The session opens the voice connection: it never stands in a log or an error.
        return (
            f"VoiceStateChanged(channel={self.channel}, muted={self.muted},"
            f" suppressed={self.suppressed})"
        )


@dataclass(frozen=True, slots=True)
class VoiceSessionEnded:
    """The gateway session has ended, and with it the bot's place; nobody asked it to leave."""


@dataclass(frozen=True, slots=True)
class VoiceServerChanged:
    """VOICE_SERVER_UPDATE. `endpoint` None: the server is gone, another will be named."""

    token: str
    endpoint: str | None

    def __repr__(self) -> str:
        # The token opens the voice connection: it never stands in a log or an error.
        return f"VoiceServerChanged(endpoint={self.endpoint!r})"


# --- what the node says ---


@dataclass(frozen=True, slots=True)
class NodeReady:
    """The link to `node` is up. `resumed`: it is the old session, and what played plays on."""

    node: str
    resumed: bool


@dataclass(frozen=True, slots=True)
class NodeDown:
    """`node` cannot be reached: its connection was lost, and not to be had again at once."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeDraining:
    """`node` is to be emptied: it plays on, but whoever can goes elsewhere."""

    node: str


@dataclass(frozen=True, slots=True)
class NodeFound:
    """Where the guild's player is to be, None: no node can be had."""

    node: str | None


@dataclass(frozen=True, slots=True)
class PositionReported:
    """Where the node is in the current track, true at `at_ms`; `connected` to voice or not."""

    position_ms: int
    at_ms: int
    connected: bool = True


@dataclass(frozen=True, slots=True)
class TrackStarted:
    """The node began `play`."""

    play: str


class EndReason(StrEnum):
    """Why a node ended a track. What it does not know counts as `UNKNOWN`."""

    FINISHED = "finished"
    LOAD_FAILED = "loadFailed"
    STOPPED = "stopped"
    REPLACED = "replaced"
    CLEANUP = "cleanup"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrackEnded:
    """The node ended `play`. `following` is what it has gone on to by itself."""

    play: str
    reason: EndReason
    following: str | None = None


@dataclass(frozen=True, slots=True)
class TrackFailed:
    """`play` broke; a `TrackEnded` follows. `message` is the node's, fit to be shown."""

    play: str
    message: str


@dataclass(frozen=True, slots=True)
class TrackStuck:
    """`play` has given no sound for `threshold_ms`; the node does not end it by itself."""

    play: str
    threshold_ms: int


@dataclass(frozen=True, slots=True)
class VoiceClosed:
    """The node's connection to Discord's voice server ended with `code`."""

    code: int
    reason: str
    by_remote: bool


# --- what became of the player's own attempts ---


@dataclass(frozen=True, slots=True)
class Loaded:
    """The tracks of attempt `attempt`, in order. `playlist` is its name if it was one."""

    attempt: int
    tracks: tuple[Track, ...]
    playlist: str | None = None


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """Attempt `attempt` found nothing or failed."""

    attempt: int
    refused: Refused


@dataclass(frozen=True, slots=True)
class JoinFailed:
    """Joining voice, attempt `attempt`, did not work."""

    attempt: int
    refused: Refused


@dataclass(frozen=True, slots=True)
class NodePlayer:
    """What the node says it is doing for the guild."""

    play: str | None
    position_ms: int
    at_ms: int
    paused: bool
    volume: int
    connected: bool


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What `node` does, which was asked. `player` None: the node knows nothing of the guild."""

    node: str
    player: NodePlayer | None


@dataclass(frozen=True, slots=True)
class UpdateFailed:
    """`node` did not take an update about the playing `play`; `voice`: it was to connect it."""

    node: str
    play: str | None
    refused: Refused
    voice: bool = False


@dataclass(frozen=True, slots=True)
class Awake:
    """The player has come to life with a snapshot of a time before.

    `rejoin`: Discord no longer holds the place that the bot had, or soon will not.
    """

    rejoin: bool


@dataclass(frozen=True, slots=True)
class Departed:
    """Discord has been asked to take the bot out of voice; until now it may have been away.

    That the bot is out, said before this, is not about our leave.
    """


@dataclass(frozen=True, slots=True)
class TimeIsUp:
    """A timer that the core has asked for by `key` ran out."""

    key: str


Event = (
    VoiceStateChanged
    | VoiceSessionEnded
    | VoiceServerChanged
    | NodeReady
    | NodeDown
    | NodeDraining
    | NodeFound
    | PositionReported
    | TrackStarted
    | TrackEnded
    | TrackFailed
    | TrackStuck
    | VoiceClosed
    | Loaded
    | LoadFailed
    | JoinFailed
    | Reconciled
    | UpdateFailed
    | Awake
    | Departed
    | TimeIsUp
)

PlayerMessage = Command | Event | Down
