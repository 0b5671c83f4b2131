"""ongaku's client as the container: it starts and stops nothing by itself."""

import aiohttp
import hikari
import ongaku

from seraphim.lavalink.builder import TolerantBuilder
from seraphim.lavalink.handler import OneNode


class NodeClient(ongaku.Client):
    """Holds the REST client, the builder and the HTTP client; the link's actor does the rest."""

    def __init__(self, bot: hikari.GatewayBot) -> None:
        super().__init__(bot, session_handler=OneNode)
        bot.unsubscribe(hikari.StartedEvent, self._start_event)
        bot.unsubscribe(hikari.StoppingEvent, self._stop_event)
        self._entity_builder = TolerantBuilder()

    @property
    def http(self) -> aiohttp.ClientSession:
        """The HTTP client that all requests share; made when it is first used."""
        return self._get_client_session()

    async def close(self) -> None:
        """Close the HTTP client; the next use makes a new one."""
        if self._client_session is not None:
            await self._client_session.close()
