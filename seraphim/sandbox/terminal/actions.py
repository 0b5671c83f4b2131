"""What can be typed, and what it means.

A line begins with what sort of thing it is: `/` uses one of the bot's commands, `!` presses one of
its buttons, and a plain word is something that people do, or a question to the sandbox itself.
Reading a line needs nothing but the bot's commands; whether it can be done shows when it is done.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from seraphim.sandbox.commands import NESTING, Command, CommandKind, Option, OptionKind

COMMENT: Final = "#"
SLASH: Final = "/"
PRESS: Final = "!"
REFUSED: Final = "?"


class Mistyped(Exception):
    """The line means nothing; says what would."""


@dataclass(frozen=True, slots=True)
class Use:
    """Use a slash command."""

    command: str
    options: Mapping[str, str | int | float | bool] = field(
        default_factory=dict[str, str | int | float | bool]
    )


@dataclass(frozen=True, slots=True)
class Press:
    """Press the newest button of that name."""

    button: str


@dataclass(frozen=True, slots=True)
class Become:
    """Act as somebody else from now on."""

    member: str


@dataclass(frozen=True, slots=True)
class Join:
    """Join a voice channel; None: the one that everything began in."""

    channel: str | None


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave voice."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Wait until something else is heard."""


@dataclass(frozen=True, slots=True)
class Hear:
    """Expect to hear a track, or silence."""

    what: str


@dataclass(frozen=True, slots=True)
class ShowPanel:
    """See the newest message with buttons again."""


@dataclass(frozen=True, slots=True)
class ShowLog:
    """See the end of the bot's log."""


@dataclass(frozen=True, slots=True)
class Help:
    """See what can be typed."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End it all."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Do something that the bot is expected to refuse."""

    action: Use | Press


Action: TypeAlias = (
    Use | Press | Become | Join | Leave | Wait | Hear | ShowPanel | ShowLog | Help | Quit | Refused
)

HELP: Final[Mapping[str, str]] = {
    "/COMMAND …": "use a command of the bot, as in /play aurora or /queue page:2",
    "!BUTTON": "press the newest button of that name, as in !skip",
    "as NAME": "act as somebody else",
    "join [CHANNEL]": "join a voice channel",
    "leave": "leave voice",
    "panel": "see the newest message with buttons again",
    "log": "see the end of the bot's log",
    "hear TRACK": "fail unless that is heard, or silence, within a while",
    "wait": "wait until something else is heard",
    "? LINE": "fail unless the bot refuses /COMMAND or !BUTTON",
    "help": "see this",
    "quit": "end it all",
}
"""How each is typed, and what it does."""


def parse(line: str, commands: Iterable[Command]) -> Action | None:
    """What `line` means; None if it is empty or a comment. Raises Mistyped."""
    line = line.strip()
    if not line or line.startswith(COMMENT):
        return None
    if line.startswith(REFUSED):
        action = parse(line.removeprefix(REFUSED), commands)
        if not isinstance(action, Use | Press):
            raise Mistyped("only a /COMMAND or a !BUTTON can be refused")
        return Refused(action)
    if line.startswith(PRESS):
        return Press(_needed("!", line.removeprefix(PRESS)))
    if line.startswith(SLASH):
        return _use(line.removeprefix(SLASH), commands)
    return _word(line)


def options_of(words: Sequence[str], commands: Iterable[Command]) -> tuple[str, Sequence[Option]]:
    """The full name of the command that `words` begin with (its subcommands included) and its
    options. Raises Mistyped when there is none.
    """
    slash = {each.name: each for each in commands if each.kind is CommandKind.SLASH}
    command = slash.get(words[0]) if words else None
    if command is None:
        raise Mistyped(f"the bot has no command /{' '.join(words[:1])}; help lists all")
    name, options = command.name, command.options
    for word in words[1:]:
        deeper = next(
            (each for each in options if each.name == word and each.kind in NESTING), None
        )
        if deeper is None:
            break
        name, options = f"{name} {word}", deeper.options
    if any(each.kind in NESTING for each in options):
        raise Mistyped(f"/{name} wants one of: {', '.join(each.name for each in options)}")
    return name, options


def named_parts(text: str, options: Iterable[Option]) -> tuple[str, dict[str, str]]:
    """Take `text` apart at each `option:`; what comes before the first has no name."""
    names = "|".join(re.escape(each.name) for each in options)
    if not names:
        return text.strip(), {}
    unnamed, *rest = re.split(rf"(?:^|(?<=\s))({names}):", text)
    return unnamed.strip(), {
        name: value.strip() for name, value in zip(rest[::2], rest[1::2], strict=True)
    }


def _word(line: str) -> Action:
    word, _, rest = line.partition(" ")
    rest = rest.strip()
    match word.lower():
        case "as":
            return Become(_needed("as", rest))
        case "join":
            return Join(rest or None)
        case "hear":
            return Hear(_needed("hear", rest))
        case "leave" | "wait" | "panel" | "log" | "help" | "quit" if rest:
            raise Mistyped(f"{word} takes nothing behind it")
        case "leave":
            return Leave()
        case "wait":
            return Wait()
        case "panel":
            return ShowPanel()
        case "log":
            return ShowLog()
        case "help":
            return Help()
        case "quit":
            return Quit()
        case _:
            raise Mistyped(f"{word!r} means nothing here: commands begin with /, buttons with !")


def _needed(what: str, rest: str) -> str:
    rest = rest.strip()
    if not rest:
        raise Mistyped(f"{what} wants a name behind it")
    return rest


def _use(text: str, commands: Iterable[Command]) -> Action:
    words = text.split()
    known = list(commands)
    if words == ["help"] and "help" not in {each.name for each in known}:
        return Help()
    name, options = options_of(words, known)
    # What is behind the name, with its spaces as they were typed.
    rest = text.split(maxsplit=len(name.split()))[len(name.split()) :]
    unnamed, values = named_parts(rest[0] if rest else "", options)
    if unnamed:
        first = next((each.name for each in options if each.name not in values), None)
        if first is None:
            raise Mistyped(f"/{name} takes nothing more than its options: {unnamed!r} is too much")
        values[first] = unnamed
    by_name = {each.name: each for each in options}
    return Use(
        name, {key: _value(f"/{name} {key}", by_name[key], value) for key, value in values.items()}
    )


def _value(what: str, option: Option, text: str) -> str | int | float | bool:
    for choice in option.choices:
        if text.casefold() in (choice.name.casefold(), str(choice.value).casefold()):
            return choice.value
    try:
        match option.kind:
            case OptionKind.INTEGER:
                return int(text)
            case OptionKind.NUMBER:
                return float(text)
            case OptionKind.BOOLEAN:
                return {"true": True, "false": False}[text.lower()]
            case _:
                return text
    except (ValueError, KeyError):
        wanted = {OptionKind.INTEGER: "a whole number", OptionKind.NUMBER: "a number"}
        raise Mistyped(
            f"{what} takes {wanted.get(option.kind, 'true or false')}, not {text!r}"
        ) from None
