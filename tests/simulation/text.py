"""Text channels, and what the bot writes into them."""

import asyncio
from random import Random

from actors.guild.panel.messages import Notice
from actors.guild.panel.ports import PanelGone
from actors.guild.player.messages import PlayerView
from tests.simulation.sabotage import Sabotage
from tests.simulation.story import Story


class Text:
    """The guilds' text channels, which outlive every process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, chance: Random, story: Story) -> None:
        self.loop = loop
        self.chance = chance
        self.story = story
        self.broken = False
        self.panels: dict[int, tuple[int, PlayerView]] = {}
        self.notices: list[tuple[int, Notice]] = []
        """What was said to which guild, or would have been."""
        self._messages = 0

    def number(self) -> int:
        """Return the id of a new message."""
        self._messages += 1
        return self._messages


class TextBroken(Exception):
    """Discord's REST answers 500."""


class Channels:
    """Implements `Announcer`."""

    def __init__(self, text: Text, sabotage: Sabotage) -> None:
        self._text = text
        self._sabotage = sabotage

    async def post(self, channel: int, view: PlayerView) -> int:
        await self._answer(channel, "post")
        message = self._text.number()
        self._text.panels[message] = (channel, view)
        return message

    async def edit(self, channel: int, message: int, view: PlayerView) -> None:
        await self._answer(channel, "edit")
        if message not in self._text.panels:
            raise PanelGone
        self._text.panels[message] = (channel, view)

    async def delete(self, channel: int, message: int) -> None:
        await self._answer(channel, "delete")
        self._text.panels.pop(message, None)

    async def say(self, guild: int, channel: int, notice: Notice) -> None:
        text = self._text
        await asyncio.sleep(text.chance.uniform(0.05, 0.3))
        text.notices.append((guild_of(channel), notice))
        heard = "could not be" if text.broken else "is"
        text.story.tell(guild_of(channel), f"channel {heard} told:", type(notice).__name__)

    async def _answer(self, channel: int, call: str) -> None:
        self._sabotage.strike(guild_of(channel), call)
        await asyncio.sleep(self._text.chance.uniform(0.05, 0.3))
        if self._text.broken:
            raise TextBroken
        self._sabotage.strike(guild_of(channel), call, after=True)


def text_channel(guild: int) -> int:
    """Return the id of the guild's text channel."""
    return guild * 1000 + 999


def guild_of(channel: int) -> int:
    """Return the guild that a channel belongs to."""
    return channel // 1000
