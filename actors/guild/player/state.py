"""The player's state: one frozen value, the whole truth about a guild's music.

Everything that the core decides on is in here, so that the state of a crashed player can be handed
to the next one as it is. Nothing in it ticks: a position is kept with the instant it was true at.
"""

from dataclasses import dataclass, field

from actors.guild.player.messages import NowPlaying, Play, PlayerView
from actors.guild.player.ports import VoiceCredentials
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Refused

HISTORY_LIMIT = 50
QUEUE_LIMIT = 1000
# A node's reports of its position are off by a little, this way and that.
DRIFT_MS = 1_000


@dataclass(frozen=True, slots=True)
class Current:
    """The track in hand. `position_ms` was true at `at_ms` and runs on while `running`.

    `starts` counts how often a node was told to start it, so that what one says of a start that is
    over is known as such.
    """

    play: str
    entry: Entry
    position_ms: int
    at_ms: int
    running: bool = False
    failure: str | None = None
    starts: int = 0

    @property
    def sounding(self) -> str:
        """The name of its last start at a node."""
        return f"{self.play}.{self.starts}"

    def position(self, now: int) -> int:
        """Return the position at `now`, within the track."""
        position = self.position_ms + (max(0, now - self.at_ms) if self.running else 0)
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


@dataclass(frozen=True, slots=True)
class PlayerState:
    """A guild's player. It is its own snapshot.

    `run` names this player's plays apart from those of any other; `counter` numbers its plays and
    attempts. `failures` counts tracks that broke in a row. `home` is the voice channel in which the
    player is meant to be, wherever it is now; `node` is where it plays, `nodes` can be reached.
    `ends_at` is when the current track should be over, `following` what the node plays then.
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
    node: str | None = None
    nodes: frozenset[str] = frozenset()
    idle: bool = False
    ends_at: int | None = None

    @property
    def node_ready(self) -> bool:
        """Whether the player's node can be told anything."""
        return self.node in self.nodes

    @property
    def still(self) -> bool:
        """Whether the music is to stand still: by people's wish, or because nobody would hear."""
        return self.paused or self.voice.hushed

    def now_playing(self, now: int) -> NowPlaying | None:
        """Return what may be shown of the current track."""
        if self.current is None:
            return None
        current = self.current
        return NowPlaying(current.play, current.entry, current.position(now), now, self.still)

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
        )


def worth_saving(before: PlayerState, after: PlayerState) -> bool:
    """Whether what survives the process has changed; a position that merely runs on has not."""
    if _kept(before) != _kept(after):
        return True
    was, now = before.current, after.current
    if was is None or now is None:
        return was is not now
    if (was.play, was.starts, was.running) != (now.play, now.starts, now.running):
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
    )


def _basis(current: Current) -> int:
    """What of a position stays the same while it runs on, or stands still."""
    return current.position_ms - (current.at_ms if current.running else 0)
