"""Filling in a command as Discord's app does.

Strict where the app is: an unknown command or option, a missing or wrongly typed value cannot be
sent, so the bot never sees one and the person is told at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from seraphim.sandbox import payloads
from seraphim.sandbox.commands import NESTING, Command, CommandKind, Option, OptionKind
from seraphim.sandbox.entities import Channel, Member, Role
from seraphim.sandbox.errors import CannotDo
from seraphim.sandbox.json_values import Json, JsonObject


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that somebody uploads with a command; Discord would keep it at `url`."""

    id: int
    filename: str
    url: str
    content_type: str = "audio/mpeg"
    size: int = 1_000_000


Value: TypeAlias = str | int | float | bool | Member | Channel | Role | Upload
"""What a person can put into an option."""

_TEXT_LENGTH = 6000
_EXACT_INTEGERS = 1 << 53


@dataclass(frozen=True, slots=True)
class Filled:
    """A command with its options, ready to be sent to the bot."""

    command: Command
    options: Sequence[JsonObject]
    resolved: JsonObject

    @property
    def data(self) -> JsonObject:
        """The interaction's `data`."""
        data: dict[str, Json] = {
            "id": str(self.command.id),
            "name": self.command.name,
            "type": self.command.kind,
        }
        if self.options:
            data["options"] = self.options
        if self.resolved:
            data["resolved"] = self.resolved
        if self.command.guild_id is not None:
            data["guild_id"] = str(self.command.guild_id)
        return data


def fill_in(
    commands: Iterable[Command],
    member: Member,
    name: str,
    values: Mapping[str, Value],
    *,
    focused: bool = False,
) -> Filled:
    """`name` (with its subcommands, separated by spaces) and its options, for `member`.

    An option is meant by its name; `_` stands for `-` where that is how it is called. With
    `focused` the last value is being typed: it may be anything, and required ones may be missing.
    Raises CannotDo with what the app would say.
    """
    first, *rest = name.split()
    slash = {each.name: each for each in commands if each.kind is CommandKind.SLASH}
    command = slash.get(first)
    if command is None:
        known = ", ".join(f"/{each}" for each in sorted(slash)) or "none at all"
        raise CannotDo(f"there is no command /{first}; the bot has registered {known}")
    if not command.offered_to(member):
        raise CannotDo(f"/{first} is not offered to {member.user.name}: permissions are missing")
    path: list[Option] = []
    options = command.options
    for step in rest:
        child = next((each for each in options if each.name == step and each.kind in NESTING), None)
        if child is None:
            raise CannotDo(f"/{first} has no subcommand {step!r}")
        path.append(child)
        options = child.options
    if any(each.kind in NESTING for each in options):
        inner = ", ".join(each.name for each in options)
        raise CannotDo(f"/{name} needs a subcommand: {inner}")
    resolved: dict[str, dict[str, Json]] = {}
    filled: Sequence[JsonObject] = _fill(
        f"/{name}", options, values, member, resolved, focused=focused
    )
    for step in reversed(path):
        filled = [{"name": step.name, "type": step.kind, "options": filled}]
    return Filled(command, filled, resolved)


def _fill(
    command: str,
    options: tuple[Option, ...],
    values: Mapping[str, Value],
    member: Member,
    resolved: dict[str, dict[str, Json]],
    *,
    focused: bool,
) -> list[JsonObject]:
    by_name = {each.name: each for each in options}
    given: dict[str, Value] = {}
    for name, value in values.items():
        real = name if name in by_name else name.replace("_", "-")
        if real not in by_name:
            known = ", ".join(by_name) or "none"
            raise CannotDo(f"{command} has no option {name!r}; its options are: {known}")
        given[real] = value
    last = next(reversed(given), None) if focused else None
    filled: list[JsonObject] = []
    for name, value in given.items():
        option = by_name[name]
        if name == last:
            if not option.autocomplete:
                raise CannotDo(f"{command} does not complete {name!r}")
            filled.append({"name": name, "type": option.kind, "value": str(value), "focused": True})
        else:
            sent = _value(f"{command} {name}", option, value, member, resolved)
            filled.append({"name": name, "type": option.kind, "value": sent})
    missing = [each.name for each in options if each.required and each.name not in given]
    if missing and not focused:
        raise CannotDo(f"{command} needs {', '.join(missing)}")
    return filled


def _value(
    what: str,
    option: Option,
    value: Value,
    member: Member,
    resolved: dict[str, dict[str, Json]],
) -> Json:
    if option.choices:
        return _choose(what, option, value)
    match option.kind, value:
        case OptionKind.STRING, str():
            shortest, longest = option.shortest or 0, option.longest or _TEXT_LENGTH
            if not max(shortest, 1) <= len(value) <= longest:
                raise CannotDo(f"{what} takes {shortest} to {longest} characters")
            return value
        case OptionKind.BOOLEAN, bool():
            return value
        case (OptionKind.INTEGER, int()) | (OptionKind.NUMBER, int() | float()):
            if isinstance(value, bool):
                raise CannotDo(f"{what} takes a number")
            least = -_EXACT_INTEGERS if option.least is None else option.least
            most = _EXACT_INTEGERS if option.most is None else option.most
            if not least <= value <= most:
                raise CannotDo(f"{what} takes a number from {least} to {most}")
            return value
        case ((OptionKind.USER | OptionKind.MENTIONABLE), Member()):
            key = str(value.user.id)
            resolved.setdefault("users", {})[key] = payloads.user(value.user)
            resolved.setdefault("members", {})[key] = {
                **payloads.member(value, with_user=False),
                "permissions": payloads.bits(value.permissions()),
            }
            return key
        case ((OptionKind.ROLE | OptionKind.MENTIONABLE), Role()):
            resolved.setdefault("roles", {})[str(value.id)] = payloads.role(value)
            return str(value.id)
        case OptionKind.CHANNEL, Channel():
            if option.channel_kinds and value.kind not in option.channel_kinds:
                raise CannotDo(f"{what} takes another kind of channel")
            resolved.setdefault("channels", {})[str(value.id)] = payloads.partial_channel(
                value, member.permissions(value)
            )
            return str(value.id)
        case OptionKind.ATTACHMENT, Upload():
            resolved.setdefault("attachments", {})[str(value.id)] = payloads.upload(
                value.id, value.filename, value.content_type, value.size, value.url
            )
            return str(value.id)
        case _:
            raise CannotDo(f"{what} takes {option.kind.name.lower()}, not {value!r}")


def _choose(what: str, option: Option, value: Value) -> Json:
    for choice in option.choices:
        if value in (choice.name, choice.value):
            return choice.value
    offered = ", ".join(choice.name for choice in option.choices)
    raise CannotDo(f"{what} is one of: {offered}")
