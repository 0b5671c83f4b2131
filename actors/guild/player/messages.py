"""What a guild's player understands, and what it answers.

Commands are asks: each is answered with its own reply or with `Refused`. Everything else is told:
what Discord says about voice, what the node says about the music, and what became of the player's
own attempts. Times are milliseconds; points in time are milliseconds since the epoch.
"""

from dataclasses import dataclass
from enum import StrEnum

from actors.guild.player.sound import PLAIN, UNCHANGED, Preset, Sound
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Refused
from actors.guild.settings import GuildSettings
from actors.runtime import Ask, Down

# --- what people ask for ---


@dataclass(frozen=True, slots=True)
class Member:
    """Who asks: their id and the voice channel they are in now, if any.

    `dj`: they may do everything. `name` is what they are called here.
    """

    id: int
    voice_channel: int | None
    dj: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True)
class NowPlaying:
    """The current track: `position_ms` was true at `at_ms`, and runs on unless `paused`.

    It runs at `tempo` percent of its speed. `play` names this one playing of the track: the same
    track played again has another. `live_title` is what a stream says that it plays now.
    """

    play: str
    entry: Entry
    position_ms: int
    at_ms: int
    paused: bool
    tempo: int = UNCHANGED
    live_title: str | None = None


class Loop(StrEnum):
    """What plays again."""

    OFF = "off"
    TRACK = "track"
    QUEUE = "queue"


class When(StrEnum):
    """Where what was found is put."""

    END = "end"
    NEXT = "next"
    NOW = "now"


@dataclass(frozen=True, slots=True)
class PlayerView:
    """What may be shown of a player: one consistent look at its state.

    `called`: it is meant to be in a voice channel, and comes back there by itself. `alone`: nobody
    listens, so the music stands still until somebody does. `upcoming` is what plays after the
    current track, however it is looped. `history` has the last one played at its end.
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
    votes: "tuple[VoteView, ...]" = ()
    alone: bool = False
    history: tuple[Entry, ...] = ()
    upcoming: Entry | None = None
    loop: Loop = Loop.OFF
    sound: Sound = PLAIN
    autoplay: bool = False
    stay: bool = False
    fair: bool = False
    shuffled: bool = False


@dataclass(frozen=True, slots=True)
class Queued:
    """Tracks were added; `position` is the first one's place, 0 when it plays at once.

    Not added were `no_room` tracks that the queue is too short for, and `too_long` ones that are
    longer than the guild wants.
    """

    entries: tuple[Entry, ...]
    position: int
    playlist: str | None = None
    no_room: int = 0
    too_long: int = 0


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
    """`entry` was skipped; `upcoming` plays now, None when the queue has ended.

    `count` tracks were skipped with it, itself included.
    """

    entry: Entry
    upcoming: Entry | None
    count: int = 1


@dataclass(frozen=True, slots=True)
class Outdated:
    """The play that was meant is over already: nothing was done."""

    now: NowPlaying | None


@dataclass(frozen=True, slots=True)
class WentBack:
    """The track before plays again; the one that played is next."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Replayed:
    """The track plays from its beginning."""

    now: NowPlaying


@dataclass(frozen=True, slots=True)
class Sought:
    """The track plays from another moment on; `before_ms` is where it was."""

    now: NowPlaying
    before_ms: int


@dataclass(frozen=True, slots=True)
class Removed:
    """These no longer wait, by `Remove`, `Dedupe` or `Clean`; none is no error for the latter."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """`entry` waits at place `position` now."""

    entry: Entry
    position: int


@dataclass(frozen=True, slots=True)
class Swapped:
    """Two waiting tracks have changed places; `first` is the one that is nearer now."""

    first: Entry
    second: Entry


@dataclass(frozen=True, slots=True)
class Cleared:
    """The `count` waiting tracks were dropped."""

    count: int


@dataclass(frozen=True, slots=True)
class Unshuffled:
    """The `count` waiting tracks stand as before they were shuffled; what came later is behind."""

    count: int


@dataclass(frozen=True, slots=True)
class LoopSet:
    """What plays again; `changed` is False when it did before."""

    loop: Loop
    changed: bool


@dataclass(frozen=True, slots=True)
class SoundSet:
    """How it sounds, now and before."""

    sound: Sound
    before: Sound


@dataclass(frozen=True, slots=True)
class AutoplaySet:
    """Whether the music goes on when the queue is over; `changed` is False when it was so."""

    on: bool
    changed: bool


@dataclass(frozen=True, slots=True)
class StaySet:
    """Whether the bot is to stay in its channel (24/7); `changed` is False when it was so.

    Whoever asked sees to it that the guild chooses so: it holds with `SettingsChanged`, once it is
    saved.
    """

    on: bool
    changed: bool


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


class VoteKind(StrEnum):
    """What is voted on."""

    SKIP = "skip"
    STOP = "stop"
    CLEAR = "clear"
    REMOVE = "remove"
    LEAVE = "leave"
    BACK = "back"
    SEEK = "seek"
    LOOP = "loop"
    SHUFFLE = "shuffle"
    FILTER = "filter"


class VoteOutcome(StrEnum):
    """How it stands with a vote. `LAPSED`: what it was about is over, or somebody decided it."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class VoteView:
    """A vote as it may be shown: `votes` of the `needed`, until `ends_at`.

    `by` asked for it; `entry` is the track it is about, if it is about one.
    """

    id: int
    kind: VoteKind
    by: int
    votes: int
    needed: int
    ends_at: int
    outcome: VoteOutcome = VoteOutcome.OPEN
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Voted:
    """What was asked for needs more votes than it has.

    `opened`: with this one the vote began. `counted` is False where it was given before, the vote
    is over, or an open one of its kind is about something else.
    """

    vote: VoteView
    counted: bool
    opened: bool = False


@dataclass(frozen=True, slots=True)
class VotePassed:
    """It was the last vote that was needed: `reply` is the reply to what was voted on."""

    vote: VoteView
    reply: object


@dataclass(frozen=True, slots=True)
class NeedsConfirmation:
    """`others` listen too, and it takes away what is theirs: to be asked again, `confirmed`."""

    kind: VoteKind
    others: int


Held = Voted | VotePassed | NeedsConfirmation
"""The reply to a command that one may not give alone, or not without saying it twice."""


@dataclass(frozen=True, slots=True)
class Play(Ask[Queued | Refused]):
    """Find `query` (what a node loads: an address or a prefixed search), and queue what is found.

    Answered when the tracks are found and the channel is joined. Plays are answered and queued in
    the order in which they were asked, however long each search takes.

    `tracks` that are known already need no search; `playlist` is what they are called together.
    What is found is put into an order drawn from `seed`, if there is one. `start_ms` is where the
    first one begins.
    """

    by: Member
    query: str
    text_channel: int
    when: When = When.END
    seed: int | None = None
    start_ms: int = 0
    tracks: tuple[Track, ...] = ()
    playlist: str | None = None


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
class Skip(Ask[Skipped | Outdated | Held | Refused]):
    """End the current track, and `count - 1` that wait. Skips that name one play skip once."""

    by: Member
    play: str | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class SkipTo(Ask[Skipped | Outdated | Held | Refused]):
    """Play what waits at `position` (from 1); what waits before it is skipped.

    `entry` is the track that is meant: it is looked for if another has come to stand there.
    """

    by: Member
    position: int
    play: str | None = None
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Replay(Ask[Replayed | Outdated | Held | Refused]):
    """Play the current track from its beginning; when nothing plays, the last one again."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Seek(Ask[Sought | Outdated | Held | Refused]):
    """Play the current track from `position_ms` on; `relative`: from where it is, either way."""

    by: Member
    position_ms: int
    relative: bool = False
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Back(Ask[WentBack | Outdated | Held | Refused]):
    """Play the track before again."""

    by: Member
    play: str | None = None


@dataclass(frozen=True, slots=True)
class Stop(Ask[Stopped | Held | Refused]):
    """End the music and empty the queue. The player stays in the channel."""

    by: Member
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Shuffle(Ask[Shuffled | Held | Refused]):
    """Put the waiting tracks into an order drawn from `seed`."""

    by: Member
    seed: int


@dataclass(frozen=True, slots=True)
class Unshuffle(Ask[Unshuffled | Held | Refused]):
    """Undo the shuffles since the tracks last stood in an order of their own."""

    by: Member


@dataclass(frozen=True, slots=True)
class Remove(Ask[Removed | Held | Refused]):
    """Drop waiting tracks: those at `positions` (from 1), or all that `member` asked for.

    `entries` are the tracks that are meant, one for each position: one that has moved is looked
    for, one that is gone is left out.
    """

    by: Member
    positions: tuple[int, ...] = ()
    member: int | None = None
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Move(Ask[Moved | Refused]):
    """Let what waits at `position` wait at `target` (both from 1); `entry` as in `SkipTo`."""

    by: Member
    position: int
    target: int
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Swap(Ask[Swapped | Refused]):
    """Let what waits at `first` and at `second` (from 1) change places."""

    by: Member
    first: int
    second: int


@dataclass(frozen=True, slots=True)
class Clear(Ask[Cleared | Held | Refused]):
    """Drop all that waits; what plays plays on."""

    by: Member
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Dedupe(Ask[Removed | Held | Refused]):
    """Drop what waits more than once, or plays; the one that comes first stays."""

    by: Member


@dataclass(frozen=True, slots=True)
class Clean(Ask[Removed | Held | Refused]):
    """Drop what people asked for who no longer listen."""

    by: Member


@dataclass(frozen=True, slots=True)
class SetLoop(Ask[LoopSet | Held | Refused]):
    """Say what plays again."""

    by: Member
    loop: Loop


@dataclass(frozen=True, slots=True)
class SetFilter(Ask[SoundSet | Held | Refused]):
    """Choose a preset; `OFF` ends speed and pitch of people's own, too."""

    by: Member
    preset: Preset


@dataclass(frozen=True, slots=True)
class SetSpeed(Ask[SoundSet | Held | Refused]):
    """Set the speed, 50 to 200 percent."""

    by: Member
    speed: int


@dataclass(frozen=True, slots=True)
class SetPitch(Ask[SoundSet | Held | Refused]):
    """Set the pitch, 50 to 200 percent."""

    by: Member
    pitch: int


@dataclass(frozen=True, slots=True)
class SetAutoplay(Ask[AutoplaySet | Refused]):
    """Say whether the music goes on by itself when the queue is over."""

    by: Member
    on: bool


@dataclass(frozen=True, slots=True)
class SetStay(Ask[StaySet | Refused]):
    """Ask whether the member may choose that the bot stays, or not, though nobody listens."""

    by: Member
    on: bool


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
class Leave(Ask[Left | Held | Refused]):
    """Leave the voice channel. Queue and position are kept for the next `Join` or `Play`."""

    by: Member
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Show(Ask[PlayerView]):
    """Tell what plays and what waits. Anybody may ask."""


@dataclass(frozen=True, slots=True)
class Vote(Ask[Voted | VotePassed | Outdated | Refused]):
    """Say yes to the open vote `vote`. To ask for the same thing again says it too."""

    by: Member
    vote: int


Command = (
    Vote
    | Play
    | Pause
    | Resume
    | Skip
    | SkipTo
    | Back
    | Replay
    | Seek
    | Stop
    | Shuffle
    | Unshuffle
    | Remove
    | Move
    | Swap
    | Clear
    | Dedupe
    | Clean
    | SetLoop
    | SetFilter
    | SetSpeed
    | SetPitch
    | SetAutoplay
    | SetStay
    | SetVolume
    | Join
    | Leave
    | Show
)

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


@dataclass(frozen=True, slots=True)
class ListenersChanged:
    """The people in the bot's voice channel, bots not among them; None: not known."""

    listeners: frozenset[int] | None


@dataclass(frozen=True, slots=True)
class ListenerMoved:
    """A person is in `channel` now, None: in none; said where not all of them are known."""

    user: int
    channel: int | None


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """What the guild has chosen was read, or is chosen anew."""

    settings: GuildSettings


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
    """Where the node is in the current track, true at `at_ms`; `connected` to voice or not.

    `live_title` is what a stream says that it plays.
    """

    position_ms: int
    at_ms: int
    connected: bool = True
    live_title: str | None = None


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
class FoundElsewhere:
    """What a source has for a track that broke: attempt `attempt`, nothing where it failed.

    Each of the `tracks` is a recording of the same song, the one that is most like it first.
    """

    attempt: int
    tracks: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposed:
    """Tracks of the library that go with what was played: attempt `attempt`, maybe none."""

    attempt: int
    tracks: tuple[Track, ...]


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
    | ListenersChanged
    | ListenerMoved
    | SettingsChanged
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
    | FoundElsewhere
    | Proposed
    | JoinFailed
    | Reconciled
    | UpdateFailed
    | Awake
    | Departed
    | TimeIsUp
)

PlayerMessage = Command | Event | Down
