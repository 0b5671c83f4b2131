"""What a voice channel says beneath its name.

hikari does not know this request yet. It is sent through hikari's own client all the same, so that
it waits for the same rate limits as all others; that takes its one private method, here alone.
A request of our own beside it would be counted by Discord, and not by hikari.
"""

from typing import cast

import hikari
from hikari.impl import RESTClientImpl
from hikari.internal import routes
from hikari.internal.data_binding import JSONObjectBuilder

from seraphim.discord.presenters.prose import GAP, shorten

LONGEST = 300
ROUTE = routes.Route("PUT", "/channels/{channel}/voice-status")


async def say(rest: hikari.api.RESTClient, channel: int, text: str) -> None:
    """Let the voice channel say `text`, neutralised, or nothing. Raises hikari's errors.

    The bot needs `SET_VOICE_CHANNEL_STATUS` there, and `MANAGE_CHANNELS` where it is not connected.
    """
    route = ROUTE.compile(channel=channel)
    client = cast(RESTClientImpl, rest)
    status = shorten(text, LONGEST).replace("@", f"@{GAP}").replace("<", f"<{GAP}")
    body = JSONObjectBuilder()
    body.put("status", status)
    await client._request(route, json=body)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
