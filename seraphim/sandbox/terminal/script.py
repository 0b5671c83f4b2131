"""A script on stdin: every line in its turn, and one verdict at the end.

Behind a command the script waits until its effect is heard, so that what is printed, and what the
next line meets, is what a patient person would have seen. What is waited for follows from the
command and from whether there was sound before; a queue that goes on is no effect of its own.
"""

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


async def run(stage: Stage, lines: AsyncIterator[str]) -> bool:
    """Do every line, also behind one that fails; returns whether none did."""
    failures = 0
    number = 0
    async for line in lines:
        number += 1
        try:
            if await _line(stage, line.strip()):
                break
        except (Mistyped, SandboxError) as error:
            stage.look()
            stage.screen.complain(f"line {number}: {error}")
            failures += 1
    stage.look()
    return not failures


async def _line(stage: Stage, line: str) -> bool:
    """Do one; returns whether it is the last."""
    action = parse(line, stage.commands)
    if action is None:
        return False
    if isinstance(action, Quit):
        return True
    stage.screen.typed(stage.me.name, line)
    before = stage.ear.sound.name
    code = await stage.perform(action)
    if isinstance(action, Use | Press):
        if code is not None:
            raise Unfulfilled(f"the bot refused that with {code}")
        await _effect(stage, action.command if isinstance(action, Use) else action.button, before)
    return False


async def _effect(stage: Stage, name: str, before: str) -> None:
    name = name.casefold()

    if before == SILENCE and name in BEGIN:
        if not await stage.until_heard(lambda sound: sound.name != SILENCE, EFFECT_SECONDS):
            raise Unfulfilled(f"{stage.listening.name} still hears nothing")
    elif before != SILENCE and name in END:
        if not await stage.until_heard(lambda sound: sound.name == SILENCE, EFFECT_SECONDS):
            raise Unfulfilled(f"{stage.listening.name} still hears {stage.ear.sound}")
    elif before != SILENCE and name in CHANGE:
        await stage.until_heard(lambda sound: sound.name != before, CHANGE_SECONDS)
    stage.tell_sound()
