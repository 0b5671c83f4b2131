"""Whether an interaction holds what its command was declared to take.

Discord's apps see to that, and so does Discord; but what comes over a wire is looked at here, once
and for all commands, rather than believed. Otherwise a missing option would be no answer at all
(arc calls the callback without it), and one of another type an inner error.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any, Final

import arc
import hikari
from arc.abc.option import CommandOptionBase, OptionType, OptionWithChoices

from actors.guild.refusal import Code, Refused

UNREADABLE: Final = Refused(Code.FORBIDDEN_QUERY)
LARGEST: Final = 2**53 - 1
"""What Discord takes for a number, with either sign."""

Option = CommandOptionBase[Any, Any, Any]
Value = hikari.CommandInteractionOption


def unreadable(
    command: object, options: Sequence[Value] | None, resolved: hikari.ResolvedOptionData | None
) -> Refused | None:
    """Return the refusal of options that `command` does not take, None if all is well."""
    given = {option.name: option for option in options or ()}
    if isinstance(command, arc.SlashGroup | arc.SlashSubGroup):
        name = next((name for name in given if name in command.children), None)
        if name is None:
            return UNREADABLE
        return unreadable(command.children[name], given[name].options, resolved)
    assert isinstance(command, arc.SlashCommand | arc.SlashSubCommand)
    for option in command.options.values():
        refused = _refused(option, given.get(option.name), resolved)
        if refused is not None:
            return refused
    return None


def _refused(
    option: Option, given: Value | None, resolved: hikari.ResolvedOptionData | None
) -> Refused | None:
    if given is None:
        return UNREADABLE if option.is_required else None
    value = given.value
    match option.option_type:
        case OptionType.STRING:
            fits = isinstance(value, str)
        case OptionType.BOOLEAN:
            fits = isinstance(value, bool)
        case OptionType.INTEGER | OptionType.FLOAT:
            return _refused_number(option, value)
        case _:
            fits = isinstance(value, hikari.Snowflake) and value in _ids(resolved)
    return None if fits and _is_offered(option, value) else UNREADABLE


def _refused_number(option: Option, value: object) -> Refused | None:
    taken = int if option.option_type is OptionType.INTEGER else int | float
    if not isinstance(value, taken) or isinstance(value, bool) or not math.isfinite(value):
        return UNREADABLE
    lowest: int = _bound(option, "min", -LARGEST)
    highest: int = _bound(option, "max", LARGEST)
    if not lowest <= value <= highest:
        return Refused(Code.OUT_OF_RANGE, {"lowest": lowest, "highest": highest})
    return None if _is_offered(option, value) else UNREADABLE
