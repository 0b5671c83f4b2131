"""Answers to interactions: the callback, and the webhook that opens after it.

These routes need no bot token: the interaction's own is in the path.
"""

from collections.abc import Iterator

from aiohttp import web

from seraphim.sandbox.discord import Discord
from seraphim.sandbox.interactions import Interaction
from seraphim.sandbox.messages import Message
from seraphim.sandbox.rest.requests import no_content, number, read_message, reply
from seraphim.sandbox.rest.routing import Route
from seraphim.sandbox.validation import read_draft


class ResponseRoutes:
    """`/interactions` and `/webhooks`."""

    def __init__(self, discord: Discord) -> None:
        self._discord = discord
        self._interactions = discord.interactions

    def routes(self) -> Iterator[Route]:
        """The routes of this group."""
        yield "POST", "/interactions/{interaction}/{token}/callback", self._callback
        yield "POST", "/webhooks/{webhook}/{token}", self._follow_up
        message = "/webhooks/{webhook}/{token}/messages/{message}"
        yield "GET", message, self._message
        yield "PATCH", message, self._edit
        yield "DELETE", message, self._delete

    async def _callback(self, request: web.Request) -> web.Response:
        body, files = await read_message(request, self._discord.snowflakes)
        answer = self._interactions.answer(
            number(request, "interaction"), request.match_info["token"], body, files
        )
        return reply(answer) if request.query.get("with_response") == "true" else no_content()

    async def _follow_up(self, request: web.Request) -> web.Response:
        interaction = self._interaction(request)
        draft = read_draft(*await read_message(request, self._discord.snowflakes))
        return self._reply(self._interactions.follow_up(interaction, draft))

    async def _message(self, request: web.Request) -> web.Response:
        return self._reply(self._find(request))

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._find(request)
        draft = read_draft(*await read_message(request, self._discord.snowflakes))
        self._interactions.edit(message, draft)
        return self._reply(message)

    async def _delete(self, request: web.Request) -> web.Response:
        self._interactions.delete(self._interaction(request), self._find(request))
        return no_content()

    def _interaction(self, request: web.Request) -> Interaction:
        return self._interactions.find(number(request, "webhook"), request.match_info["token"])

    def _find(self, request: web.Request) -> Message:
        return self._interactions.message(self._interaction(request), request.match_info["message"])

    def _reply(self, message: Message) -> web.Response:
        return reply(self._interactions.message_payload(message))
