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


@dataclass(frozen=True, slots=True)
class Current:
    """The track in hand. `position_ms` was true at `at_ms` and runs on while `running`."""

    play: str
    entry: Entry
    position_ms: int
    at_ms: int
    running: bool = False
    failure: str | None = None

    def position(self, now: int) -> int:
        """Return the position at `now`, within the track."""
        position = self.position_ms + (max(0, now - self.at_ms) if self.running else 0)
        length = self.entry.track.length_ms
        return position if length is None else min(position, length)


@dataclass(frozen=True, slots=True)
class Voice:
    """Where the bot is and what Discord gave it to speak there.

    `channel` is Discord's word (VOICE_STATE_UPDATE), never our wish. `known` are the credentials
    that the node has; `repaired` counts re-pushes since sound was last sure.
    """

    channel: int | None = None
    session: str | None = None
    token: str | None = field(default=None, repr=False)
    endpoint: str | None = None
    known: VoiceCredentials | None = None

    @property
    def credentials(self) -> VoiceCredentials | None:
        """All that a node needs, None while something is missing."""
        if self.channel and self.session and self.token and self.endpoint:
            return VoiceCredentials(self.channel, self.session, self.token, self.endpoint)
        return None


@dataclass(frozen=True, slots=True)
class Joining:
    """A join that is under way; `answers` are the asks that wait for it."""

    attempt: int
    channel: int
    answers: tuple[int, ...] = ()


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
    """A guild's player.

    `run` names this player's plays apart from those of any other; `counter` numbers its plays and
    attempts. `failures` counts tracks that broke in a row.
    """

    guild: int
    run: str
    volume: int
    counter: int = 0
    text_channel: int | None = None
    voice: Voice = Voice()
    joining: Joining | None = None
    requests: tuple[Request, ...] = ()
    current: Current | None = None
    paused: bool = False
    queue: tuple[Entry, ...] = ()
    history: tuple[Entry, ...] = ()
    failures: int = 0
    node_ready: bool = False
    idle: bool = False

    def now_playing(self, now: int) -> NowPlaying | None:
        """Return what may be shown of the current track."""
        if self.current is None:
            return None
        current = self.current
        return NowPlaying(current.play, current.entry, current.position(now), now, self.paused)

    def view(self, now: int) -> PlayerView:
        """Return what may be shown of the player."""
        return PlayerView(
            guild=self.guild,
            text_channel=self.text_channel,
            voice_channel=self.voice.channel,
            current=self.now_playing(now),
            queue=self.queue,
            can_go_back=bool(self.history),
            volume=self.volume,
            node_ready=self.node_ready,
        )
