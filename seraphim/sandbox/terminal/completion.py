"""What could come next on the line, asked of those who know.

The bot completes its own options, as in Discord's app: what it offers is shown and inserted by
name, and sent by value. So what it has offered is remembered until the line is done.
"""

from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import replace
from typing import Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from seraphim.sandbox import music
from seraphim.sandbox.commands import CommandKind, Option
from seraphim.sandbox.errors import SandboxError
from seraphim.sandbox.terminal.actions import (
    HELP,
    PRESS,
    REFUSED,
    SLASH,
    Mistyped,
    Use,
    named_parts,
    options_of,
)
from seraphim.sandbox.terminal.sound import SILENCE
from seraphim.sandbox.terminal.stage import Stage

_WORDS: Final = {typed.split()[0]: does for typed, does in HELP.items() if typed[0].isalpha()}


class StageCompleter(Completer):
    """Completes lines for who acts on the stage."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._offered: dict[tuple[str, str, str], str | int | float] = {}

    def meant(self, use: Use) -> Use:
        """The command with values where names of choices were typed. Forgets the choices."""
        options = {
            option: self._offered.get((use.command, option, str(value)), value)
            for option, value in use.options.items()
        }
        self._offered.clear()
        return replace(use, options=options)

    def get_completions(
        self, document: Document, complete_event: CompleteEvent
    ) -> Iterable[Completion]:
        """Nothing: the bot can be asked only by waiting."""
        return ()

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """What could stand at the cursor."""
        line = document.text_before_cursor.lstrip()
        line = line.removeprefix(REFUSED).lstrip()
        if line.startswith(PRESS):
            for each in _matching(line.removeprefix(PRESS), self._stage.buttons()):
                yield each
        elif line.startswith(SLASH):
            async for each in self._slash(line.removeprefix(SLASH)):
                yield each
        else:
            for each in self._word(line):
                yield each

    def _word(self, line: str) -> Iterator[Completion]:
        word, space, rest = line.partition(" ")
        if not space:
            for name in _WORDS:
                if name.startswith(word.lower()):
                    yield Completion(name, -len(word), display_meta=_WORDS[name])
            return
        names = {
            "as": self._stage.members,
            "join": self._stage.channels,
            "hear": (*(track.title for track in music.TRACKS), SILENCE),
        }
        yield from _matching(rest, names.get(word, ()))

    async def _slash(self, text: str) -> AsyncGenerator[Completion, None]:
        commands = self._stage.commands
        if " " not in text:
            for command in commands:
                if command.kind is CommandKind.SLASH and command.name.startswith(text):
                    yield Completion(command.name, -len(text), display_meta=command.description)
            return
        try:
            name, options = options_of(text.split(), commands)
        except Mistyped:
            return
        typed = text.removeprefix(name).lstrip()
        unnamed, named = named_parts(typed, options)
        waiting = [each for each in options if each.name not in named]
        if named:
            focused = next(each for each in options if each.name == next(reversed(named)))
            value = named[focused.name]
        elif waiting:
            focused, value = waiting[0], unnamed
        else:
            return
        for choice in await self._choices(name, focused, value):
            yield choice
        last = typed.rpartition(" ")[2]
        for option in waiting:
            if option.name.startswith(last) and (last or option is not focused):
                yield Completion(f"{option.name}:", -len(last), display_meta=option.description)

    async def _choices(self, command: str, option: Option, value: str) -> list[Completion]:
        if option.autocomplete:
            try:
                choices = await self._stage.me.autocomplete(
                    command, channel=None, **{option.name: value}
                )
            except SandboxError:
                # As in Discord's app: who is offered nothing goes on typing.
                return []
        else:
            choices = [
                each for each in option.choices if each.name.casefold().startswith(value.casefold())
            ]
        for choice in choices:
            self._offered[command, option.name, choice.name] = choice.value
        return [Completion(choice.name, -len(value)) for choice in choices]


def _matching(start: str, names: Iterable[str]) -> Iterator[Completion]:
    start = start.lstrip()
    for name in names:
        if name.casefold().startswith(start.casefold()):
            yield Completion(name, -len(start))
