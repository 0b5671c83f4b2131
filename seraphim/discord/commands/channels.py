"""A server's channels, as somebody means them who types.

Discord's apps make `<#…>` of a channel that is chosen from their own list, in an option of text as
in a message; what is completed here is called by its name. The bot keeps no channels in memory:
they are asked for when somebody types of them, and remembered for as long as that may take.
"""

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import hikari

from seraphim.discord.commands.lists import items

ASKING_SECONDS = 2.0
"""How long Discord may take to say: it waits three seconds for what is completed."""
FRESH_SECONDS = 60.0
MEMORY = 100
"""How many servers' channels are remembered."""

WRITTEN_IN = (hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS)
_MENTION = re.compile(r"<#(\d{1,20})>")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. `name` is how it is called in a list, None where only a mention tells it."""

    id: int
    name: str | None


class Unasked(Exception):
    """Discord does not say now which channels there are."""


class Channels:
    """The channels of servers. Both ways to ask for them raise `Unasked`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, Sequence[Channel]]] = OrderedDict()

    async def now(self, rest: hikari.api.RESTClient, guild: int) -> Sequence[Channel]:
        """Return the channels that there are now."""
        try:
            async with asyncio.timeout(ASKING_SECONDS):
                found = await rest.fetch_guild_channels(guild)
        except (hikari.HTTPError, hikari.ComponentStateConflictError, TimeoutError) as error:
            raise Unasked from error
        channels = [
            Channel(int(each.id), _name(each))
            for each in found
            if each.type is not hikari.ChannelType.GUILD_CATEGORY
        ]
        self._known[guild] = (self._clock(), channels)
        self._known.move_to_end(guild)
        if len(self._known) > MEMORY:
            self._known.popitem(last=False)
        return channels

    async def lately(self, rest: hikari.api.RESTClient, guild: int) -> Sequence[Channel]:
        """Return the channels that there were a moment ago: every letter typed asks for them."""
        at, channels = self._known.get(guild, (None, ()))
        if at is None or self._clock() - at > FRESH_SECONDS:
            return await self.now(rest, guild)
        return channels


def _name(channel: hikari.GuildChannel) -> str | None:
    """Return the name of a text channel; those of others may have commas and spaces in them."""
    return f"#{channel.name}" if channel.name and channel.type in WRITTEN_IN else None


def meant(typed: str, channels: Sequence[Channel]) -> dict[str, list[int]]:
    """Return which channels each thing that was typed means: none, or all that are called so.

    A mention, or a name with or without its `#`.
    """
    found: dict[str, list[int]] = {}
    for item in items(_MENTION.sub(r" \g<0> ", typed)):
        mention = _MENTION.fullmatch(item)
        name = f"#{item.removeprefix('#')}".casefold()
        found[item] = [
            each.id
            for each in channels
            if (each.id == int(mention[1]) if mention else each.name == name)
        ]
    return found
