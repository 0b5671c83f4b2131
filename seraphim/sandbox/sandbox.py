"""The sandbox: Discord on loopback, started and stopped as a whole.

    async with Sandbox() as sandbox:
        guild = sandbox.guild("Choir")
        ada = guild.member("Ada")
        …  # start the bot with sandbox.token and sandbox.api_url
        await ada.join(guild.voice)
        answer = await ada.command("play", query="aurora")
        await guild.voice.heard.until_audible()

REST and gateway share one port, each voice server has its own. Nothing listens off loopback.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from aiohttp import web

from seraphim.sandbox.commands import Command
from seraphim.sandbox.discord import Discord
from seraphim.sandbox.faults import Faults
from seraphim.sandbox.intents import Intent
from seraphim.sandbox.places import Guild
from seraphim.sandbox.rest import PREFIX, Rest
from seraphim.sandbox.sessions import Session
from seraphim.sandbox.timing import Timing
from seraphim.sandbox.voice import DavePolicy

T = TypeVar("T")

HOST = "127.0.0.1"
UNTIL_TIMEOUT = 15.0
_STOP_SECONDS = 2.0


class Sandbox:
    """One application with one bot, and any number of guilds, people and gateway sessions.

    Parameters
    ----------
    bot_name
        What the bot's account is called.
    timing
        Discord's periods, shorter where a test would have to wait for them.
    granted_intents
        The privileged intents that the developer portal grants; none, as at Discord.
    ca_file
        Where to write the certificate that voice clients must trust; a temporary file if not said.
    dave
        Whether what is said in voice channels is encrypted end to end (stages never are).
    """

    def __init__(
        self,
        *,
        bot_name: str = "Seraphim",
        timing: Timing | None = None,
        granted_intents: Intent = Intent.NONE,
        ca_file: Path | None = None,
        dave: DavePolicy = DavePolicy.REQUIRED,
    ) -> None:
        self._discord = Discord(bot_name, timing or Timing(), granted_intents, dave)
        self._rest = Rest(self._discord)
        self._ca_file = ca_file
        self._stack = AsyncExitStack()
        self._port = 0
        self.faults = Faults(self._discord)
        """What can be ordered to go wrong."""

    async def __aenter__(self) -> "Sandbox":
        async with AsyncExitStack() as stack:
            if self._ca_file is None:
                folder = tempfile.TemporaryDirectory(prefix="seraphim-")
                self._ca_file = Path(stack.enter_context(folder), "ca.pem")
            self._discord.authority.ca_file(self._ca_file)
            stack.push_async_callback(self._discord.voice_states.stop)
            await self._discord.voice_states.start()
            runner = web.AppRunner(
                self._application(), access_log=None, shutdown_timeout=_STOP_SECONDS
            )
            stack.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, HOST, 0).start()
            stack.callback(self._discord.gateway.close_all)
            _, self._port = runner.addresses[0][:2]
            self._discord.gateway.address = f"ws://{HOST}:{self._port}"
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def _application(self) -> web.Application:
        rest = self._rest
        application = web.Application(middlewares=[rest.govern], client_max_size=32 << 20)
        application.add_routes([*rest.routes(), *self._discord.gateway.routes()])
        return application

    # What the bot is started with

    @property
    def api_url(self) -> str:
        """The root of REST; the gateway's address comes from it."""
        return f"http://{HOST}:{self._port}{PREFIX}"

    @property
    def token(self) -> str:
        """The bot's token, made for this sandbox."""
        return self._discord.token

    @property
    def application_id(self) -> int:
        """The application's id, which is the bot's user id too."""
        return self._discord.bot.id

    @property
    def ca_file(self) -> Path:
        """The certificate authority that voice clients must trust, as PEM."""
        assert self._ca_file is not None
        return self._ca_file

    # What is there

    def guild(self, name: str) -> Guild:
        """A new guild that the bot is in."""
        return Guild(self._discord, self._discord.world.add_guild(name))

    @property
    def calls(self) -> Counter[tuple[str, str]]:
        """How often each route of REST was asked for: `("PATCH", "/channels/{channel}/…")`."""
        return self._rest.calls

    @property
    def sessions(self) -> list[Session]:
        """The gateway sessions: connected, or waiting to be resumed."""
        return list(self._discord.gateway.sessions.values())

    def commands(self, guild: Guild) -> list[Command]:
        """The commands that can be used in a guild."""
        return self._discord.commands.in_guild(guild.entity)

    async def until(self, predicate: Callable[[], T], *, timeout: float = UNTIL_TIMEOUT) -> T:
        """Wait until `predicate` is true and return what it returned; raises TimeoutError.

        It is asked after each change of state, and on the clock for what was heard.
        """
        return await self._discord.changes.until(predicate, timeout=timeout)
