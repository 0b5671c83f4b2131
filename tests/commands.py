"""`python -m tests.commands`: the list in docs/commands.md, from the commands that are registered.

What is said of each is what Discord shows people, so it is written in one place alone.
"""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import arc
import hikari
from arc.abc.option import CommandOptionBase, OptionWithChoices
from arc.command.option import FloatOption, IntOption

from actors.guild.board import Board
from actors.runtime import Registry
from seraphim.discord.commands.client import CommandClient
from seraphim.discord.edge import build
from seraphim.discord.gateway import gateway_bot

DOCUMENT = Path(__file__).parents[1] / "docs" / "commands.md"
BEGIN = "<!-- written by `python -m tests.commands` from here -->"
END = "<!-- to here -->"
HEADINGS = {
    "play": "To begin",
    "radio": "Radio",
    "control": "While it plays",
    "queue": "What waits",
    "transfer": "The queue as a file",
    "sound": "How it sounds",
    "favourite": "Favourites",
    "settings": "For who manages the server",
    "about": "About Seraphim",
}
"""What the commands of each module of `seraphim.discord.commands` are about."""
MANY = 6
"""So many options are not named in the line that is typed."""

Command = arc.SlashCommand[Any] | arc.SlashSubCommand[Any]
Option = CommandOptionBase[Any, Any, Any]


def registered() -> list[Command]:
    """Return every command that people can type, those of groups one by one."""
    # A token that opens nothing: nothing is connected to.
    token = base64.b64encode(b"1").decode() + ".nothing.nothing"
    edge = build(
        gateway_bot(token, None),
        registry=Registry,
        board=Board(),
        catalogue=_Nothing(),
        ping_node=_Nothing(),
    )
    client = edge.service._commands
    assert isinstance(client, CommandClient)
    return list(client.walk_commands(hikari.CommandType.SLASH, callable_only=True))


class _Nothing:
    """Stands where a node would be: no command is carried out here."""

    def __getattr__(self, name: str) -> Any:
        raise NotImplementedError(name)

    def __call__(self) -> Any:
        raise NotImplementedError


def name(command: Command) -> str:
    """Return what it is called: `/radio play`."""
    return "/" + " ".join(command.qualified_name)


def typed(command: Command) -> str:
    """Return how it is typed: `/play query [source]`."""
    options = _options(command)
    words = [option.name if option.is_required else f"[{option.name}]" for option in options]
    return " ".join([name(command), *(words if len(words) < MANY else ["[option …]"])])


def listing() -> str:
    """Return all commands as Markdown, in sections."""
    sections: dict[str, list[str]] = {module: [] for module in HEADINGS}
    for command in registered():
        module = command.callback.__module__.rpartition(".")[2]
        sections[module].append(_lines(command))
    return "\n\n".join(
        "\n".join([f"### {HEADINGS[module]}\n", *lines]) for module, lines in sections.items()
    )


def _lines(command: Command) -> str:
    takes = [
        f"  - `{option.name}`: {option.description}{_range(option)}" for option in _options(command)
    ]
    return "\n".join([f"- `{typed(command)}`: {command.description}.", *takes])


def _options(command: Command) -> list[Option]:
    return list(command.options.values())


def _range(option: Option) -> str:
    """Return what an option takes, if that is not anything."""
    if isinstance(option, OptionWithChoices) and option.choices:
        choices = option.choices
        values = choices.values() if isinstance(choices, Mapping) else choices
        shown = (
            value.name if isinstance(value, hikari.CommandChoice) else str(value)
            for value in values
        )
        return f" ({', '.join(f'`{value}`' for value in shown)})"
    if isinstance(option, IntOption | FloatOption):
        if option.min is not None and option.max is not None:
            return f" ({option.min} to {option.max})"
        if option.min is not None:
            return f" (from {option.min})"
    return ""


def written(document: str) -> str:
    """Return `document` with the list in it as it is today."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{listing()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text("utf-8")), "utf-8")
