"""The stage: a guild with its people and the bot, and doing what was typed.

What people see and hear is shown as it comes, by `watch`; a script looks by itself, too, so that an
answer stands behind the line that asked for it.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from seraphim.sandbox import music
from seraphim.sandbox.bot import BotProcess
from seraphim.sandbox.commands import Command
from seraphim.sandbox.errors import CannotDo, SandboxError
from seraphim.sandbox.people import ANSWER_TIMEOUT, Answer, Member
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.places import VoiceChannel
from seraphim.sandbox.sandbox import Sandbox
from seraphim.sandbox.terminal.actions import (
    Action,
    Become,
    Hear,
    Help,
    Join,
    Leave,
    Press,
    Quit,
    Refused,
    ShowLog,
    ShowPanel,
    Use,
    Wait,
)
from seraphim.sandbox.terminal.chat import Change, Chat, News
from seraphim.sandbox.terminal.markdown import Markdown
from seraphim.sandbox.terminal.screen import Screen
from seraphim.sandbox.terminal.sound import SILENCE, Ear, Sound

T = TypeVar("T")

HEAR_SECONDS: Final = 15.0
WAIT_SECONDS: Final = 120.0
"""How long a sound is waited for: one that should be there, and any at all."""

GLANCE_SECONDS: Final = 0.08
"""How often it is listened: sound is a stream, and nothing announces another one."""

LOG_LINES: Final = 20
_CODE: Final = re.compile(r"[A-Z]{2,}-\d{3}")


class Unfulfilled(SandboxError):
    """Something was expected to be, and is not."""


class Stage:
    """A guild named Choir: Ada is in Loft, Linus in General, Grace reads along and manages it.

    It must be made before the bot is started, and be opened once that is ready.
    """

    def __init__(self, sandbox: Sandbox, bot: BotProcess) -> None:
        self._sandbox = sandbox
        self._bot = bot
        self._guild = sandbox.guild("Choir")
        self._loft = self._guild.voice_channel("Loft")
        self.text = self._guild.text
        self.channels: Mapping[str, VoiceChannel] = {
            each.name: each for each in (self._loft, self._guild.voice)
        }
        self.members: Mapping[str, Member] = {
            name: self._guild.member(name, permissions=permissions)
            for name, permissions in (
                ("Ada", Permission.NONE),
                ("Grace", Permission.MANAGE_GUILD),
                ("Linus", Permission.NONE),
            )
        }
        self.me = self.members["Ada"]
        """Who acts."""
        self._chat = Chat([self.text, *self.channels.values()], self.members.values())
        self._ears = {channel.id: Ear(channel.heard) for channel in self.channels.values()}
        self._listening = self._loft
        self._told_at = 0.0
        users = {member.id: name for name, member in self.members.items()}
        users[self._guild.bot.id] = self._guild.bot.name
        rooms = {each.id: each.name for each in (self.text, *self.channels.values())}
        self.screen = Screen(users, Markdown(users, rooms, time.time))
        """Where all is shown."""

    async def open(self) -> None:
        """People take their places."""
        await self.members["Ada"].join(self._loft)
        await self.members["Linus"].join(self._guild.voice)

    @property
    def commands(self) -> list[Command]:
        """The bot's commands."""
        return self._sandbox.commands(self._guild)

    @property
    def listening(self) -> VoiceChannel:
        """The voice channel that the bot is in, or was in last."""
        bot = self._guild.bot.name
        for channel in self.channels.values():
            if bot in channel.present:
                self._listening = channel
        return self._listening

    @property
    def ear(self) -> Ear:
        """What is heard there."""
        return self._ears[self.listening.id]

    def buttons(self) -> list[str]:
        """The names of the buttons that the newest message with buttons has."""
        messages = self._chat.with_buttons(self.me)
        return [
            button.label or button.custom_id
            for button in (messages[-1].buttons if messages else ())
            if not button.disabled
        ]

    def look(self) -> None:
        """Show what was written since the last look."""
        for news in self._chat.news():
            self.screen.message(news)
            if news.message.cause is None:
                self._told_at = time.monotonic()

    def tell_sound(self) -> None:
        """Show what is heard."""
        self.screen.sound(self.listening.name, self.ear.sound)

    async def watch(self, *, tell: bool) -> None:
        """Watch and listen, for ever; with `tell` show every other sound that comes to last."""
        while True:
            self.look()
            others = [key for key, ear in self._ears.items() if ear.listen()]
            if tell and self.listening.id in others:
                self.tell_sound()
            await asyncio.sleep(GLANCE_SECONDS)

    async def until_heard(self, condition: Callable[[Sound], bool], seconds: float) -> bool:
        """Wait until the condition is true of what is heard; returns whether it came true in time.

        It needs `watch` to run beside it.
        """
        return await self._until(lambda: condition(self.ear.sound), seconds)

    async def until_told(self, since: float, seconds: float) -> bool:
        """Wait until the bot has posted or edited something unasked, such as its panel, after
        `since` (of `time.monotonic`); returns whether it did in time.
        """
        return await self._until(lambda: self._told_at >= since, seconds)

    async def _until(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(GLANCE_SECONDS)
        return True

    def welcome(self) -> None:
        """Say where one is and what can be done first."""
        self.screen.note(
            f"You are {self.me.name}, in the voice channel {self._loft.name}."
            " Type /play aurora, or help."
        )

    async def perform(self, action: Action) -> str | None:
        """Do what was typed. Returns the code with which the bot refused it, None if it did not.

        Raises SandboxError when it cannot be done or an expectation is not met.
        """
        match action:
            case Use(name, options):
                return self._code(
                    await self.me.command(name, channel=None, timeout=ANSWER_TIMEOUT, **options)
                )
            case Press(name):
                return self._code(await self._press(name))
            case Refused(inner):
                if (code := await self.perform(inner)) is None:
                    raise Unfulfilled("the bot did not refuse that")
                self.screen.note(f"refused with {code}, as expected")
            case Become(name):
                self.me = _named(name, self.members, "member")
            case Join(name):
                await self.me.join(_named(name or self._loft.name, self.channels, "channel"))
            case Leave():
                await self.me.leave()
            case Wait():
                await self._wait()
            case Hear(what):
                await self._hear(what)
            case ShowPanel():
                self._show_panel()
            case ShowLog():
                self.screen.log(self._bot.log[-LOG_LINES:])
            case Help():
                self.help()
            case Quit():
                return None
        return None

    def help(self) -> None:
        """Show what can be typed, and who and what there is."""
        people = [
            f"{name} ({member.voice.channel.name})" if member.voice else name
            for name, member in self.members.items()
        ]
        self.screen.help(self.commands, people, [track.title for track in music.TRACKS])

    async def _press(self, name: str) -> Answer:
        message = self._chat.with_button(name, self.me)
        if message is None:
            there = ", ".join(self.buttons()) or "none"
            raise CannotDo(f"{self.me.name} sees no button {name!r}, only: {there}")
        return await self.me.press(message, name)

    def _code(self, answer: Answer) -> str | None:
        self.look()
        embeds = [*answer.embeds, *(each for more in answer.followups for each in more.embeds)]
        footers = (each.get("footer", {}).get("text", "") for each in embeds)
        return next((text for text in footers if _CODE.fullmatch(text)), None)

    async def _wait(self) -> None:
        before = self.ear.sound.name
        if not await self.until_heard(lambda sound: sound.name != before, WAIT_SECONDS):
            raise Unfulfilled(f"nothing but {before} was heard for {WAIT_SECONDS:.0f} s")
        self.tell_sound()

    async def _hear(self, what: str) -> None:
        track = music.track(what)
        if track is None and what.casefold() != SILENCE:
            known = ", ".join(each.title for each in music.TRACKS)
            raise CannotDo(f"what can be told apart is {known} and {SILENCE}, not {what!r}")
        wanted = track.title if track else SILENCE
        if not await self.until_heard(lambda sound: sound.name == wanted, HEAR_SECONDS):
            raise Unfulfilled(
                f"{self.listening.name} hears {self.ear.sound}, and not {wanted},"
                f" for {HEAR_SECONDS:.0f} s"
            )
        self.tell_sound()

    def _show_panel(self) -> None:
        messages = self._chat.with_buttons(self.me)
        if not messages:
            raise CannotDo(f"{self.me.name} sees no message with buttons yet")
        self.screen.message(News(messages[-1], Change.NEW))


def _named(name: str, there: Mapping[str, T], kind: str) -> T:
    """The one of that name, in whatever case."""
    found = next((key for key in there if key.casefold() == name.casefold()), None)
    if found is None:
        raise CannotDo(f"there is no {kind} {name!r}, only: {', '.join(there)}")
    return there[found]
