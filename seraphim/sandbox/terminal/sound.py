"""What a voice channel hears, as a person would say it: which track, or silence.

Two looks at the same music never agree in level or pitch, so sounds are compared by name. A new
one counts once it has lasted: between two tracks there may be a moment of neither.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from seraphim.sandbox import music
from seraphim.sandbox.voice import Heard
from seraphim.sandbox.voice.analysis import SILENCE_DBFS

SILENCE: Final = "silence"
UNKNOWN: Final = "something"

AUDIBLE_DBFS: Final = -50.0
WINDOW_SECONDS: Final = 0.1
IN_TUNE: Final = 0.02
LASTING_SECONDS: Final = 0.2
LASTING_SILENCE_SECONDS: Final = 0.6


@dataclass(frozen=True, slots=True)
class Sound:
    """A moment of it."""

    level: float
    """In dBFS."""
    pitch: float | None
    """In Hz; None where it has none."""

    @property
    def name(self) -> str:
        """The title of the sandbox's own track that has this pitch, SILENCE, or UNKNOWN."""
        if self.level <= AUDIBLE_DBFS:
            return SILENCE
        for track in music.TRACKS:
            if self.pitch and abs(self.pitch - track.pitch) <= IN_TUNE * track.pitch:
                return track.title
        return UNKNOWN

    def __str__(self) -> str:
        if self.name == SILENCE:
            return SILENCE
        pitch = f"{self.pitch:.0f} Hz" if self.pitch else "no clear pitch"
        return f"{self.name}: {pitch} at {self.level:.0f} dB"


NOTHING: Final = Sound(SILENCE_DBFS, None)


def listen(heard: Heard) -> Sound:
    """What is heard right now."""
    level = heard.level(last=WINDOW_SECONDS)
    return Sound(level, heard.pitch(last=WINDOW_SECONDS) if level > AUDIBLE_DBFS else None)


class Ear:
    """Listens to one channel, and knows what it has been hearing for a while."""

    def __init__(self, heard: Heard, clock: Callable[[], float] = time.monotonic) -> None:
        self._heard = heard
        self._clock = clock
        self.now: Sound = NOTHING
        """This moment."""
        self._since = clock()
        self.sound: Sound = NOTHING
        """The sound that lasts, as it was when it was last listened to."""

    def listen(self) -> bool:
        """Listen again; returns whether another sound has come to last."""
        now = listen(self._heard)
        if now.name != self.now.name:
            self._since = self._clock()
        self.now = now
        if now.name == self.sound.name:
            self.sound = now
            return False
        lasting = LASTING_SILENCE_SECONDS if now.name == SILENCE else LASTING_SECONDS
        if self._clock() - self._since < lasting:
            return False
        self.sound = now
        return True
