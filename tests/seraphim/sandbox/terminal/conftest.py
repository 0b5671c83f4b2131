"""A stage on which a small bot of the tests' own sings, so that nothing takes long."""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import hikari
import pytest

from seraphim.sandbox import Sandbox, music
from seraphim.sandbox.bot import BotProcess
from seraphim.sandbox.terminal.stage import Stage
from seraphim.sandbox.voice import Packet
from tests.seraphim.sandbox.voice.conftest import encode_tone

PANEL_PACKET = 25
QUERY = {
    "name": "query",
    "description": "What",
    "type": 3,
    "required": True,
    "autocomplete": True,
}
WHEN = {
    "name": "when",
    "description": "When",
    "type": 3,
    "choices": [{"name": "Now", "value": "now"}, {"name": "Next", "value": "next"}],
}


class Singer:
    """A bot that sings the sandbox's tracks in Loft.

    Half a second into a song it posts a panel with a button to skip it.
    """

    def __init__(self, rest: hikari.api.RESTClient, stage: Stage) -> None:
        self._rest = rest
        self._channel = stage.text.id
        self._heard = stage.channels["Loft"].heard
        self.pressed: list[str] = []
        self.queries: list[str] = []
        self.queue: list[music.Track] = []
        self.hoarse = False
        """Says that it sings, and does not."""
        self._singing: asyncio.Task[None] | None = None
        self._sequence = 0

    async def register(self, application_id: int) -> None:
        def command(name: str, *options: dict[str, object]) -> dict[str, object]:
            return {"name": name, "description": f"To {name}", "options": list(options)}

        await self._rest._request(
            hikari.internal.routes.PUT_APPLICATION_COMMANDS.compile(application=application_id),
            json=[command("play", QUERY, WHEN), command("skip"), command("stop")],
        )

    async def on_interaction(self, event: hikari.InteractionCreateEvent) -> None:
        match event.interaction:
            case hikari.AutocompleteInteraction() as typed:
                start = str(typed.options[0].value).casefold()
                await typed.create_response(
                    [
                        hikari.impl.AutocompleteChoiceBuilder(f"{each.title}!", each.file)
                        for each in music.TRACKS
                        if each.title.casefold().startswith(start)
                    ]
                )
            case hikari.CommandInteraction() as command:
                await self._command(command)
            case hikari.ComponentInteraction() as pressed:
                self.pressed.append(pressed.custom_id)
                self._next()
                await pressed.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_UPDATE)

    async def _command(self, command: hikari.CommandInteraction) -> None:
        if command.command_name == "stop":
            self.queue.clear()
        query = str(command.options[0].value) if command.options else ""
        self.queries.append(query)
        wanted = next((each for each in music.TRACKS if query in (each.title, each.file)), None)
        if wanted is None and command.command_name == "play":
            await command.create_initial_response(
                hikari.ResponseType.MESSAGE_CREATE,
                embed=hikari.Embed(title="No", description="Nothing found.").set_footer("PLAY-003"),
                flags=hikari.MessageFlag.EPHEMERAL,
            )
            return
        if wanted:
            self.queue.append(wanted)
        await command.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "As you wish.")
        if command.command_name != "play" or self._singing is None:
            self._next()

    def _next(self) -> None:
        self.silence()
        if self.queue and not self.hoarse:
            self._singing = asyncio.create_task(self._sing(self.queue.pop(0)))

    def silence(self) -> None:
        if self._singing:
            self._singing.cancel()
            self._singing = None

    async def _sing(self, track: music.Track) -> None:
        started = time.monotonic()
        for index, opus in enumerate(encode_tone(track.pitch, 0.5) * 200):
            self._sequence += 1
            packet = Packet(1, self._sequence, self._sequence * 960, time.monotonic(), opus)
            self._heard.hear(packet)
            if index == PANEL_PACKET:
                await self._post_panel(track)
            await asyncio.sleep(started + (index + 1) * 0.02 - time.monotonic())

    async def _post_panel(self, track: music.Track) -> None:
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY, f"{track.title}:skip", label="Skip"
        )
        await self._rest.create_message(self._channel, track.title, component=row)


@pytest.fixture
async def singer(sandbox: Sandbox, bot, start, rest, stage: Stage) -> AsyncIterator[Singer]:
    singer = Singer(rest, stage)
    await singer.register(sandbox.application_id)
    bot.subscribe(hikari.InteractionCreateEvent, singer.on_interaction)
    await start()
    yield singer
    singer.silence()


@pytest.fixture
async def stage(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Stage]:
    log = (sys.executable, "-c", 'print(\'{"event": "system.ready", "level": "info"}\')')
    async with BotProcess({"DATA_DIR": str(tmp_path)}, log) as process:
        await process.until_log("system.ready")
        stage = Stage(sandbox, process)
        await stage.open()
        watching = asyncio.create_task(stage.watch(tell=False))
        yield stage
        watching.cancel()
        await asyncio.wait({watching})


async def lines_of(lines: Iterable[str]) -> AsyncIterator[str]:
    for line in lines:
        yield line
