"""What a radio says that it plays: from the node's own words to the panel that everybody sees."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from actors.guild.player.messages import Member as Listener
from actors.guild.player.messages import Play, Queued
from actors.guild.player.ports import Found
from actors.guild.player.track import Track
from actors.intake import INTAKE, Intake, Open
from actors.runtime import ChildSpec, SupervisorSpec, System
from actors.runtime.testing import VirtualClock
from seraphim.lavalink.events import ForPlayer, decode
from seraphim.sandbox import Guild, Member, Sandbox
from tests.actors.guild.world import World
from tests.seraphim.discord.house import House

pytestmark = pytest.mark.anyio

NIGHT = "https://radio.example/night.mp3"
SONG = "https://music.example/song.mp3"
SONG_MS = 60_000
EDIT_PAUSE_SECONDS = 3.0


class Ether(World):
    """A world in which everything but one song is a station, which has no length."""

    async def load(self, query: str, sources: Sequence[str] = ()) -> Found:
        length = SONG_MS if query == SONG else None
        return Found((Track("QAAA", query, "Night FM", "", length, False, "http", uri=query),))


class Evening:
    """A guild's real player and its real panel, in a sandbox; the node's words are a test's."""

    def __init__(self, guild: Guild, ada: Member, sandbox: Sandbox) -> None:
        self.world = Ether()
        self.clock = VirtualClock()
        self.system: System
        self._guild = guild
        self._ada = ada
        self._sandbox = sandbox

    async def play(self, address: str) -> None:
        intake = self.system.registry.whereis(INTAKE)
        assert intake is not None
        player = await intake.ask(Open(self._guild.id))
        ada = Listener(self._ada.id, self._guild.voice.id)
        assert isinstance(await player.ask(Play(ada, address, self._guild.text.id)), Queued)
        await self._sandbox.until(lambda: self._guild.text.messages)

    def say(self, **state: object) -> None:
        """Let the node report a player's state."""
        self.world.clock += 1_000
        report = {"time": self.world.clock, "position": 1_000, "connected": True, **state}
        frame = {"op": "playerUpdate", "guildId": str(self._guild.id), "state": report}
        heard = decode(json.dumps(frame))
        assert isinstance(heard, ForPlayer)
        self.world.tell(heard.guild, heard.message)

    async def shown(self, line: str, *, there: bool = True) -> None:
        """Return when the line stands in the guild's one panel, or no more."""
        await self.clock.advance(EDIT_PAUSE_SECONDS)
        await self._sandbox.until(lambda: (line in self.panel) is there)

    @property
    def panel(self) -> str:
        (panel,) = self._guild.text.messages
        return panel.embeds[0].get("description", "")


@pytest.fixture
async def evening(
    house: House, sandbox: Sandbox, guild: Guild, ada: Member
) -> AsyncIterator[Evening]:
    evening = Evening(guild, ada, sandbox)
    ports = replace(evening.world.ports(), announcer=house.edge.announcer)
    root = SupervisorSpec(
        id="root",
        children=(
            SupervisorSpec(id="guilds", dynamic=True),
            ChildSpec(
                id="intake",
                start=lambda: Intake(ports, volume=50, on_awake=evening.world.on_awake),
                name=INTAKE,
            ),
        ),
    )
    async with System(root, clock=evening.clock) as system:
        evening.system = system
        evening.world.registry = system.registry
        yield evening


async def test_what_the_node_says_of_a_station_stands_in_the_panel_until_it_says_otherwise(
    evening: Evening,
) -> None:
    await evening.play(NIGHT)
    evening.say(streamTitle="Aurora - Dawn")
    await evening.shown("now: Aurora - Dawn")
    evening.say()
    evening.say(streamTitle="Aurora - Dusk")
    await evening.shown("now: Aurora - Dusk")
    evening.say(streamTitle="")
    await evening.shown("now:", there=False)


async def test_a_song_has_a_title_of_its_own(evening: Evening) -> None:
    await evening.play(SONG)
    evening.say(streamTitle="Aurora - Dawn")
    evening.say(position=SONG_MS - 30_000)
    # The panel has been written anew: it says when the song ends.
    await evening.shown(f"<t:{evening.world.clock // 1000 + 30}:R>")
    assert "Dawn" not in evening.panel
