"""A script on stdin: every line in its turn, and one verdict at the end.

Behind a command the script waits until its effect is heard, so that what is printed, and what the
next line meets, is what a patient person would have seen. What is waited for follows from the
command and from whether there was sound before; that a queue goes on is no effect of its own.
"""

import time
from collections.abc import AsyncIterator
from typing import Final

from seraphim.sandbox.errors import SandboxError
from seraphim.sandbox.terminal.actions import Mistyped, Press, Quit, Use, parse
from seraphim.sandbox.terminal.sound import SILENCE
from seraphim.sandbox.terminal.stage import Stage, Unfulfilled

BEGIN: Final = frozenset({"play", "resume", "back"})
END: Final = frozenset({"pause", "stop", "leave"})
CHANGE: Final = frozenset({"skip", "back"})
"""Commands and buttons that begin sound, end it, or change it into another or none."""

EFFECT_SECONDS: Final = 15.0
CHANGE_SECONDS: Final = 3.0
"""How long an effect is waited for, and a change that cannot be told from none: when the next track
is the same as the last.
"""
PANEL_SECONDS: Final = 5.0
"""How long the bot may take to show what the last command did, before a button is pressed:
its messages follow a quick hand slowly.
"""


class Script:
    """Runs lines on a stage that is being watched."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._acted_at = 0.0

    async def run(self, lines: AsyncIterator[str]) -> bool:
        """Do every line, also behind one that fails; returns whether none did."""
        failures = 0
        number = 0
        async for line in lines:
            number += 1
            try:
                if await self._line(line.strip()):
                    break
            except (Mistyped, SandboxError) as error:
                self._stage.look()
                self._stage.screen.complain(f"line {number}: {error}")
                failures += 1
        self._stage.look()
        return not failures

    async def _line(self, line: str) -> bool:
        """Do one; returns whether it is the last."""
        stage = self._stage
        action = parse(line, stage.commands)
        if action is None:
            return False
        if isinstance(action, Quit):
            return True
        if isinstance(action, Press):
            await stage.until_told(self._acted_at, PANEL_SECONDS)
        stage.screen.typed(stage.me.name, line)
        before = stage.ear.sound.name
        started = time.monotonic()
        code = await stage.perform(action)
        if isinstance(action, Use | Press):
            if code is not None:
                raise Unfulfilled(f"the bot refused that with {code}")
            name = action.command if isinstance(action, Use) else action.button
            if name.casefold() in BEGIN | END | CHANGE:
                self._acted_at = started
                await self._effect(name.casefold(), before)
        return False

    async def _effect(self, name: str, before: str) -> None:
        stage = self._stage
        if before == SILENCE and name in BEGIN:
            if not await stage.until_heard(lambda sound: sound.name != SILENCE, EFFECT_SECONDS):
                raise Unfulfilled(f"{stage.listening.name} still hears nothing")
        elif before != SILENCE and name in END:
            if not await stage.until_heard(lambda sound: sound.name == SILENCE, EFFECT_SECONDS):
                raise Unfulfilled(f"{stage.listening.name} still hears {stage.ear.sound}")
        elif before != SILENCE and name in CHANGE:
            await stage.until_heard(lambda sound: sound.name != before, CHANGE_SECONDS)
        stage.tell_sound()
