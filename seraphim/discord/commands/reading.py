"""Whether an interaction holds what its command was declared to take.

Discord's apps see to that, and so does Discord; but what comes over a wire is looked at here, once
and for all commands, rather than believed. Otherwise a missing option would be no answer at all
(arc calls the callback without it), and one of another type an inner error.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import arc
import hikari
from arc.abc.option import CommandOptionBase, OptionType, OptionWithChoices
from arc.command.option import ChannelOption, FloatOption, IntOption

from actors.guild.refusal import Code, Refused

UNREADABLE: Final = Refused(Code.FORBIDDEN_QUERY)
LARGEST: Final = 2**53 - 1
"""What Discord takes for a number, with either sign."""

Option = CommandOptionBase[Any, Any, Any]
Given = hikari.CommandInteractionOption
Resolved = hikari.ResolvedOptionData | None


def unreadable(
    command: object, given: Sequence[Given] | None, resolved: Resolved
) -> Refused | None:
    """Return the refusal of options that `command` does not take, None if all is well.

    Those that it does not know are passed over.
    """
    by_name = {option.name: option for option in given or ()}
    if isinstance(command, arc.SlashGroup | arc.SlashSubGroup):
        for name, child in cast("Mapping[str, object]", command.children).items():
            if name in by_name:
                return unreadable(child, by_name[name].options, resolved)
        return UNREADABLE
    assert isinstance(command, arc.SlashCommand | arc.SlashSubCommand)
    for option in cast("Mapping[str, Option]", command.options).values():
        value = by_name.get(option.name)
        if value is None and option.is_required:
            return UNREADABLE
        refused = None if value is None else _refused(option, value, resolved)
        if refused is not None:
            return refused
    return None


def _refused(option: Option, given: Given, resolved: Resolved) -> Refused | None:
    value = given.value
    if given.type is not option.option_type.to_hikari() or not _is_offered(option, value):
        return UNREADABLE
    match given.type:
        case hikari.OptionType.STRING:
            fits = isinstance(value, str)
        case hikari.OptionType.BOOLEAN:
            fits = isinstance(value, bool)
        case hikari.OptionType.INTEGER:
            fits = isinstance(value, int) and not isinstance(value, bool)
        case hikari.OptionType.FLOAT:
            fits = isinstance(value, int | float) and not isinstance(value, bool)
        case hikari.OptionType.CHANNEL:
            fits = _is_wanted(option, value, resolved)
        case _:
            fits = any(value in known for known in _known(option, resolved))
    if not fits:
        return UNREADABLE
    # An id is a number, too, and a larger one.
    if isinstance(option, IntOption | FloatOption) and isinstance(value, int | float):
        return _outside(option, value)
    return None


def _is_offered(option: Option, value: object) -> bool:
    if not isinstance(option, OptionWithChoices) or not option.choices:
        return True
    choices = option.choices
    offered = choices.values() if isinstance(choices, Mapping) else choices
    return any(
        value == (choice.value if isinstance(choice, hikari.CommandChoice) else choice)
        for choice in offered
    )


def _known(option: Option, resolved: Resolved) -> Sequence[Mapping[hikari.Snowflake, object]]:
    """Return what has come along with an id, where one of the option's kind stands."""
    if resolved is None:
        return ()
    match option.option_type:
        case OptionType.USER:
            return resolved.members, resolved.users
        case OptionType.MEMBER:
            return (resolved.members,)
        case OptionType.ROLE:
            return (resolved.roles,)
        case OptionType.MENTIONABLE:
            return resolved.members, resolved.users, resolved.roles
        case OptionType.ATTACHMENT:
            return (resolved.attachments,)
        case _:
            return ()


def _is_wanted(option: Option, value: object, resolved: Resolved) -> bool:
    """Return whether a channel is of a kind that the option takes."""
    if resolved is None or not isinstance(value, hikari.Snowflake):
        return False
    channel = resolved.channels.get(value)
    kinds = option.channel_types if isinstance(option, ChannelOption) else None
    return channel is not None and (not kinds or channel.type in kinds)


def _outside(option: IntOption[Any] | FloatOption[Any], number: float) -> Refused | None:
    lowest = -LARGEST if option.min is None else option.min
    highest = LARGEST if option.max is None else option.max
    if lowest <= number <= highest:
        return None
    return Refused(Code.OUT_OF_RANGE, {"lowest": int(lowest), "highest": int(highest)})
