"""What several commands' options have in common: choices in all languages, and what waits."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

import arc
import hikari

from actors.guild.board import Board
from actors.guild.player.track import Entry
from seraphim.discord.commands.client import CommandClient
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.languages import Languages
from seraphim.discord.presenters.prose import shorten
from seraphim.discord.presenters.tracks import CHOICE_LIMIT, choice

MOST_CHOICES = 25

V = TypeVar("V", int, str)
Completion = Callable[
    [arc.AutocompleteData[CommandClient, V]],
    Awaitable[Sequence[hikari.api.AutocompleteChoiceBuilder]],
]


def choices(languages: Languages, option: str, values: Iterable[str]) -> list[hikari.CommandChoice]:
    """Return the values of an option, each called by its message `choice-<option>-<value>`."""
    return [
        _choice(languages, f"choice-{option}-{'-'.join(value.replace('_', ' ').split())}", value)
        for value in values
    ]


def _choice(languages: Languages, name: str, value: str) -> hikari.CommandChoice:
    return hikari.CommandChoice(
        name=languages.english(name.lower()),
        name_localizations={
            locale: languages.of(locale)(name.lower()) for locale in languages.locales
        },
        value=value,
    )


def waiting_places(board: Board, interpreter: Interpreter) -> Completion[int]:
    """Return what completes a place in the queue: by its number, or by words of the title."""

    async def complete(
        data: arc.AutocompleteData[CommandClient, int],
    ) -> list[hikari.api.AutocompleteChoiceBuilder]:
        return [
            hikari.impl.AutocompleteChoiceBuilder(name, place)
            for name, place in _places(data.interaction, board, interpreter, data.focused_value)
        ]

    return complete


def waiting_lists(board: Board, interpreter: Interpreter) -> Completion[str]:
    """Return what completes several places in the queue; as `waiting_places`."""

    async def complete(
        data: arc.AutocompleteData[CommandClient, str],
    ) -> list[hikari.api.AutocompleteChoiceBuilder]:
        return [
            hikari.impl.AutocompleteChoiceBuilder(name, str(place))
            for name, place in _places(data.interaction, board, interpreter, data.focused_value)
        ]

    return complete


def _places(
    interaction: hikari.AutocompleteInteraction,
    board: Board,
    interpreter: Interpreter,
    typed: object,
) -> list[tuple[str, int]]:
    view = board.get(interaction.guild_id) if interaction.guild_id is not None else None
    if view is None:
        return []
    say = interpreter.asker(interaction)
    words = str("" if typed is None else typed).casefold().split()
    found: list[tuple[str, int]] = []
    for place, entry in enumerate(view.queue, start=1):
        if _meant(place, entry, words):
            found.append((shorten(f"{place}. {choice(entry.track, say)}", CHOICE_LIMIT), place))
        if len(found) == MOST_CHOICES:
            break
    return found


def _meant(place: int, entry: Entry, words: Sequence[str]) -> bool:
    named = f"{entry.track.title} {entry.track.author}".casefold()
    return all(str(place).startswith(word) or word in named for word in words)
