"""The player's state: one frozen value, the whole truth about a guild's music.

Everything that the core decides on is in here, so that the state of a crashed player can be handed
to the next one as it is. Nothing in it ticks: a position is kept with the instant it was true at.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from actors.guild.player.messages import (
    Command,
    Loop,
    Member,
    NowPlaying,
    Play,
    PlayerView,
    VoteKind,
    VoteOutcome,
    VoteView,
)
from actors.guild.player.ports import VoiceCredentials
from actors.guild.player.sound import PLAIN, UNCHANGED, Sound
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Refused
from actors.guild.settings import GuildSettings

HISTORY_LIMIT = 50
QUEUE_LIMIT = 1000
# A node's reports of its position are off by a little, this way and that.
DRIFT_MS = 1_000


@dataclass(frozen=True, slots=True)
class Current:
    """The track in hand. `position_ms` was true at `at_ms` and runs on while `running`.

    `starts` counts how often a node was told to start it, so that what one says of a start that is
    over is known as such. `failure` is why it broke, as the node says it; `stuck`: without a sound.
    `tempo` is how fast it runs, in percent; `live_title` what a stream says that it plays.
    `ran_on`: it stands still because its node is away, where it may well have gone on.
    """

    play: str
    entry: Entry
    position_ms: int
    at_ms: int
    running: bool = False
    failure: str | None = None
    starts: int = 0
    stuck: bool = False
    tempo: int = UNCHANGED
    live_title: str | None = None
    ran_on: bool = False

    @property
    def sounding(self) -> str:
        """The name of its last start at a node."""
        return f"{self.play}.{self.starts}"

    def position(self, now: int) -> int:
        """Return the position at `now`, within the track."""
        passed = max(0, now - self.at_ms) * self.tempo // UNCHANGED if self.running else 0
        position = self.position_ms + passed
        length = self.entry.track.length_ms
        return position if length is None else min(position, length)


@dataclass(frozen=True, slots=True)
class Following:
    """What the node was told to play after the current track: `entry`, as `play`."""

    play: str
    entry: Entry

    @property
    def sounding(self) -> str:
        """The name of its start, when it is the node that starts it."""
        return f"{self.play}.1"


@dataclass(frozen=True, slots=True)
class Mending:
    """What is done about the play `play`, whose track broke.

    `attempt` is the question that is being asked, None: another recording plays. `sources` are
    still to be asked, `candidates` still to be tried.
    """

    play: str
    attempt: int | None
    sources: tuple[str, ...]
    candidates: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class Voice:
    """Where the bot is and what Discord gave it to speak there.

    `channel` is Discord's word (VOICE_STATE_UPDATE), never our wish. `known` are the credentials
    that the node has. Who is `muted` by the server, or `suppressed` in the audience of a stage, is
    there and not heard.
    """

    channel: int | None = None
    session: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    known: VoiceCredentials | None = None
    muted: bool = False
    suppressed: bool = False

    @property
    def hushed(self) -> bool:
        """Whether nobody would hear what is played."""
        return self.muted or self.suppressed

    @property
    def credentials(self) -> VoiceCredentials | None:
        """All that a node needs, None while something is missing."""
        if self.channel and self.session and self.token and self.endpoint:
            return VoiceCredentials(self.channel, self.session, self.token, self.endpoint)
        return None


@dataclass(frozen=True, slots=True)
class Joining:
    """A join that is under way; `answers` are the asks that wait for it.

    `back`: nobody asked for it, the player returns to where it was. `again`: the first try led to
    nothing.
    """

    attempt: int
    channel: int
    answers: tuple[int, ...] = ()
    back: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with the voice connection, or may be, and what has been done about it.

    `heard` is the track as it was when sound was last sure. `due_at` is when the next step is to be
    taken, `looked` that it has been asked of the node whether one is needed. `pushed_at` is when
    the credentials were last given to the node again, `left_at` when the bot last left its channel
    by itself, `tries` how often it did so to come back, `leaving` that Discord is still to be asked
    to, and `echo` that it has not confirmed it yet. `hopeless`: the node is of no use, and that was
    said.
    """

    heard: Current | None = None
    due_at: int | None = None
    looked: bool = False
    pushed_at: int | None = None
    left_at: int | None = None
    tries: int = 0
    leaving: bool = False
    echo: bool = False
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """What a request's search has led to."""

    tracks: tuple[Track, ...]
    playlist: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A `Play` that is not answered yet; `outcome` is None while the search runs."""

    attempt: int
    play: Play
    outcome: Found | Refused | None = None


class WaitingFor(StrEnum):
    """What a bot that is about to leave waits for."""

    LISTENERS = "listeners"
    MUSIC = "music"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The bot is in voice in vain, and leaves after `minutes` of it."""

    reason: WaitingFor
    minutes: int


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """What the voice channel was told to say, and when; `due`: it is to be looked at again."""

    channel: int
    text: str
    at_ms: int
    due: bool = False


@dataclass(frozen=True, slots=True)
class Ballot:
    """A vote on whether `command` is carried out, which `by` gave in the voice channel `home`.

    It is about the play `play`, or the waiting `entries`; `wish` tells it from another of its kind.
    `entry` is the track to be named. `voters` have said yes, and count while they listen; `counted`
    is how many did and were needed when it was over, after which it may be looked at for a while.
    """

    id: int
    kind: VoteKind
    command: Command
    by: Member
    home: int | None
    ends_at: int
    wish: object = None
    play: str | None = None
    entries: tuple[Entry, ...] = ()
    entry: Entry | None = None
    voters: frozenset[int] = frozenset()
    outcome: VoteOutcome = VoteOutcome.OPEN
    counted: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Changeover:
    """That a member made another track play, by a skip or by going back."""

    by: int
    at_ms: int


# Without slots: what has a dictionary is copied at once, and a message makes several copies.
@dataclass(frozen=True)
class PlayerState:
    """A guild's player. It is its own snapshot.

    `run` names this player's plays apart from those of any other; `counter` numbers its plays and
    attempts. `failures` counts tracks that broke in a row and could not be
    mended; `choosing` is autoplay's question for what to play. `home` is the voice channel in which
    the player is meant to be, wherever it is now; `node` is where it plays, `nodes` can be reached.
    `ends_at` is when the current track should be over, `following` what the node plays then.
    `listeners` are the people in the bot's voice channel, None where that is not known. `ballots`
    are the votes that are open, and some that are over, `closes_at` when the next one has to close.
    `waiting` is why it is about to leave, `status` what its channel was last told to say.
    `unshuffled` is the order in which what waits stood before it was shuffled, empty: it was not.
    `filtered`: the node's player was told another sound than a new one has. `changeover` is the
    last one, for those who wanted the same at the same moment.
    """

    guild: int
    run: str
    volume: int
    counter: int = 0
    text_channel: int | None = None
    home: int | None = None
    voice: Voice = Voice()
    joining: Joining | None = None
    trouble: Trouble = Trouble()
    requests: tuple[Request, ...] = ()
    current: Current | None = None
    following: Following | None = None
    paused: bool = False
    queue: tuple[Entry, ...] = ()
    history: tuple[Entry, ...] = ()
    failures: int = 0
    mending: Mending | None = None
    choosing: int | None = None
    node: str | None = None
    nodes: frozenset[str] = frozenset()
    idle: bool = False
    ends_at: int | None = None
    settings: GuildSettings = field(default_factory=GuildSettings)
    autoplay: bool = False
    listeners: frozenset[int] | None = None
    ballots: tuple[Ballot, ...] = ()
    closes_at: int | None = None
    waiting: Waiting | None = None
    status: ChannelStatus | None = None
    loop: Loop = Loop.OFF
    sound: Sound = PLAIN
    unshuffled: tuple[Entry, ...] = ()
    filtered: bool = False
    changeover: Changeover | None = None

    def changed(self, fields: Mapping[str, object]) -> "PlayerState":
        """Return the state with these fields.

        `dataclasses.replace` takes ten times as long where there are so many of them.
        """
        state = object.__new__(PlayerState)
        state.__dict__.update(self.__dict__)
        state.__dict__.update(fields)
        return state

    @property
    def upcoming(self) -> Entry | None:
        """What plays when the current track has ended as it should."""
        current = self.current
        if current is not None and self.loop is Loop.TRACK and not current.entry.is_broken:
            return current.entry
        if self.queue:
            return self.queue[0]
        return current.entry if current is not None and self.loop is Loop.QUEUE else None

    @property
    def room(self) -> int:
        """How many more tracks may wait."""
        return max(0, min(QUEUE_LIMIT, self.settings.longest_queue) - len(self.queue))

    @property
    def node_ready(self) -> bool:
        """Whether the player's node can be told anything."""
        return self.node in self.nodes

    @property
    def alone(self) -> bool:
        """Whether the bot is in a channel in which it is known that nobody listens."""
        return self.voice.channel is not None and self.listeners == frozenset()

    @property
    def still(self) -> bool:
        """Whether the music is to stand still: by people's wish, or because nobody would hear."""
        return self.paused or self.voice.hushed or self.alone

    @property
    def votes_needed(self) -> int:
        """How many of those who listen have to say yes."""
        share = len(self.listeners or ()) * self.settings.vote_share
        return max(1, -(-share // 100))

    def votes(self, ballot: Ballot) -> int:
        """Return how many of those who listen have said yes."""
        return len(ballot.voters & (self.listeners or frozenset()))

    def vote(self, ballot: Ballot) -> VoteView:
        """Return what may be shown of a vote."""
        votes, needed = ballot.counted or (self.votes(ballot), self.votes_needed)
        return VoteView(
            id=ballot.id,
            kind=ballot.kind,
            by=ballot.by.id,
            votes=votes,
            needed=needed,
            ends_at=ballot.ends_at,
            outcome=ballot.outcome,
            entry=ballot.entry,
        )

    def now_playing(self, now: int) -> NowPlaying | None:
        """Return what may be shown of the current track."""
        if self.current is None:
            return None
        current = self.current
        return NowPlaying(
            current.play,
            current.entry,
            current.position(now),
            now,
            self.still,
            current.tempo,
            current.live_title,
        )

    def view(self, now: int) -> PlayerView:
        """Return what may be shown of the player."""
        return PlayerView(
            guild=self.guild,
            text_channel=self.text_channel,
            voice_channel=self.voice.channel,
            called=self.home is not None or self.joining is not None,
            current=self.now_playing(now),
            queue=self.queue,
            can_go_back=bool(self.history),
            volume=self.volume,
            node_ready=bool(self.nodes) if self.current is None else self.node_ready,
            votes=tuple(self.vote(ballot) for ballot in self.ballots),
            alone=self.alone,
            history=self.history,
            upcoming=self.upcoming,
            loop=self.loop,
            sound=self.sound,
            autoplay=self.autoplay,
            stay=self.settings.stay,
            fair=self.settings.fair,
            shuffled=bool(self.unshuffled),
        )


def worth_saving(before: PlayerState, after: PlayerState) -> bool:
    """Whether what survives the process has changed; a position that merely runs on has not."""
    if before is after:
        return False
    if _kept(before) != _kept(after):
        return True
    was, now = before.current, after.current
    if was is None or now is None:
        return was is not now
    if _manner(was) != _manner(now):
        return True
    return abs(_basis(was) - _basis(now)) > DRIFT_MS


def _kept(state: PlayerState) -> tuple[object, ...]:
    return (
        state.volume,
        state.text_channel,
        state.home,
        state.voice,
        state.following,
        state.paused,
        state.queue,
        state.history,
        state.node,
        state.autoplay,
        state.listeners,
        state.loop,
        state.sound,
        state.unshuffled,
    )


def _manner(current: Current) -> tuple[object, ...]:
    return current.play, current.starts, current.running, current.tempo, current.live_title


def _basis(current: Current) -> int:
    """What of a position stays the same while it runs on, or stands still."""
    passed = current.at_ms * current.tempo // UNCHANGED
    return current.position_ms - (passed if current.running else 0)
