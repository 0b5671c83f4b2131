"""All that is outside of the bot's process, and goes on whether one runs or not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from actors.guild.player.ports import Found
from actors.guild.player.track import Track
from tests.simulation.discord import Discord
from tests.simulation.node import Node
from tests.simulation.player import Fate
from tests.simulation.storage import Disk
from tests.simulation.story import Story
from tests.simulation.text import Text

EPOCH_MS = 1_700_000_000_000
ARTIST = "The Simulated Choir"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a world is, and for how long it is looked at."""

    guilds: int
    nodes: int
    hours: float


class World:
    """One seed's world. `on_sound` is told of guilds whose music may have begun or ended."""

    def __init__(
        self, seed: int, size: Size, *, whole_story: bool = False, on_sound: Callable[[int], None]
    ) -> None:
        self.seed = seed
        self.size = size
        self.loop = loop = asyncio.get_running_loop()
        self.story = Story(loop.time, whole=whole_story)
        self.guilds = range(1, size.guilds + 1)
        self.discord = Discord(loop, self.chance("discord"), self.story, self.guilds, on_sound)
        self.tricks = {guild: hall.tricks for guild, hall in self.discord.halls.items()}
        self.fates: dict[str, Fate] = {}
        self.nodes = {
            name: Node(
                name,
                loop,
                self.chance(name),
                self.story,
                self.discord,
                now=self.now,
                fates=self.fates,
                tricks=self.tricks,
                on_sound=on_sound,
            )
            for name in ("north", "south", "west")[: size.nodes]
        }
        self.disk = Disk(loop, self.chance("disk"))
        self.text = Text(loop, self.chance("text"), self.story)
        self._catalogue: dict[str, Found] = {}

    def chance(self, what: str) -> Random:
        """Return a source of chance of its own, so that one thing does not disturb another."""
        return Random(f"{self.seed}/{what}")

    def now(self) -> int:
        """The time in milliseconds since the epoch."""
        return EPOCH_MS + int(self.loop.time() * 1000)

    # --- the catalogue ---

    def release(self, query: str, tracks: list[tuple[str, int, Fate | None]]) -> None:
        """Let `query` find these from now on: names, lengths in milliseconds and fates."""
        for name, _, fate in tracks:
            if fate is not None:
                self.fates[name] = fate
        found = tuple(
            Track(name, name, name, ARTIST, length, seekable=True, source="simulation")
            for name, length, _ in tracks
        )
        self._catalogue[query] = Found(found, query if len(found) > 1 else None)

    def find(self, query: str) -> Found:
        """Return what `query` leads to."""
        return self._catalogue.get(query, Found(()))

    def elsewhere(self, track: Track, source: str) -> tuple[Track, ...]:
        """Return what `source` has for `track`: mostly nothing, and some of that breaks as well."""
        chance = self.chance(f"{source}/{track.identifier}")
        found: list[Track] = []
        for number in range(chance.choice((0, 0, 0, 1, 1, 2))):
            name = f"{track.identifier}@{source}{number}"
            if chance.random() < 0.3:
                self.fates[name] = Fate("breaks", chance.randint(0, track.length_ms or 0))
            found.append(replace(track, encoded=name, identifier=name, source=source))
        return tuple(found)
