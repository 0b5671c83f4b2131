"""Application commands, as the bot registered them.

They are kept as the bot wrote them, with the defaults that Discord adds, because a sync reads them
back and compares.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from seraphim.sandbox.entities import Guild, Member
from seraphim.sandbox.errors import DiscordError, unknown
from seraphim.sandbox.json_values import Json, JsonObject, flag, integer, objects, text
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.snowflakes import Snowflakes
from seraphim.sandbox.validation import Mistakes

_SLASH_NAME = re.compile(r"[-_'\w]{1,32}")
_GLOBAL_SLASH_COMMANDS = 100
_OPTIONS = 25


class CommandKind(IntEnum):
    """How a command is used."""

    SLASH = 1
    USER = 2
    MESSAGE = 3


class OptionKind(IntEnum):
    """What an option takes."""

    SUB_COMMAND = 1
    SUB_COMMAND_GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


NESTING = frozenset({OptionKind.SUB_COMMAND, OptionKind.SUB_COMMAND_GROUP})
"""Options that are no values but lead to further ones."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that an option offers."""

    name: str
    value: str | int | float


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to fill in, or a subcommand."""

    name: str
    description: str
    kind: OptionKind
    required: bool
    autocomplete: bool
    choices: tuple[Choice, ...]
    options: tuple["Option", ...]
    least: float | None
    most: float | None
    shortest: int | None
    longest: int | None
    channel_kinds: frozenset[int]


@dataclass(frozen=True, slots=True)
class Command:
    """A registered command."""

    id: int
    version: int
    guild_id: int | None
    kind: CommandKind
    name: str
    description: str
    options: tuple[Option, ...]
    needs: Permission | None
    """What a member must be permitted to be offered it; none at all: administrators only."""
    raw: JsonObject

    def payload(self, application_id: int) -> JsonObject:
        """The command as REST gives it."""
        payload: dict[str, Json] = {
            "name_localizations": None,
            "description_localizations": None,
            "nsfw": False,
            "integration_types": [0],
            "contexts": None,
            **self.raw,
            "id": str(self.id),
            "application_id": str(application_id),
            "version": str(self.version),
            "type": self.kind,
            "description": self.description,
            "default_member_permissions": None if self.needs is None else str(int(self.needs)),
        }
        if self.guild_id is not None:
            payload["guild_id"] = str(self.guild_id)
        return payload

    def offered_to(self, member: Member) -> bool:
        """Whether Discord's app shows it to `member`."""
        permissions = member.permissions()
        if self.needs is None:
            return True
        return self.needs in permissions if self.needs else Permission.ADMINISTRATOR in permissions


class CommandRegistry:
    """The commands of the one application: global ones, and those of single guilds."""

    def __init__(self, snowflakes: Snowflakes) -> None:
        self._snowflakes = snowflakes
        self._by_scope: dict[int | None, dict[int, Command]] = {}

    def all(self, scope: int | None) -> list[Command]:
        """The commands of a guild, or (None) the global ones."""
        return list(self._by_scope.get(scope, {}).values())

    def get(self, scope: int | None, command_id: int) -> Command:
        """One of them; raises 10063."""
        if command := self._by_scope.get(scope, {}).get(command_id):
            return command
        raise unknown("application command")

    def in_guild(self, guild: Guild) -> list[Command]:
        """Every command that can be used in `guild`; its own take precedence."""
        visible = {(each.kind, each.name): each for each in self.all(None)}
        visible |= {(each.kind, each.name): each for each in self.all(guild.id)}
        return list(visible.values())

    def overwrite(self, scope: int | None, bodies: list[JsonObject]) -> list[Command]:
        """Make these the commands of the scope; those of a known name keep their id."""
        mistakes = Mistakes()
        seen: set[tuple[int, str]] = set()
        for index, body in enumerate(bodies):
            _check_command((str(index),), body, mistakes)
            key = (integer(body, "type") or CommandKind.SLASH, text(body, "name") or "")
            if key in seen:
                mistakes.add(
                    (index,),
                    "APPLICATION_COMMANDS_DUPLICATE_NAME",
                    "Application command names must be unique",
                )
            seen.add(key)
        mistakes.raise_any()
        if sum(kind == CommandKind.SLASH for kind, _ in seen) > _GLOBAL_SLASH_COMMANDS:
            raise DiscordError(400, 30032, "Maximum number of application commands reached (100).")
        known = {(each.kind, each.name): each for each in self.all(scope)}
        commands = [self._register(scope, body, known) for body in bodies]
        self._by_scope[scope] = {each.id: each for each in commands}
        return commands

    def put(self, scope: int | None, body: JsonObject) -> tuple[Command, bool]:
        """Add a command, or replace that of its name; says whether it is new."""
        mistakes = Mistakes()
        _check_command((), body, mistakes)
        mistakes.raise_any()
        known = {(each.kind, each.name): each for each in self.all(scope)}
        command = self._register(scope, body, known)
        self._by_scope.setdefault(scope, {})[command.id] = command
        return command, (command.kind, command.name) not in known

    def delete(self, scope: int | None, command_id: int) -> None:
        """Away with one; raises 10063."""
        del self._by_scope[scope][self.get(scope, command_id).id]

    def _register(
        self,
        scope: int | None,
        body: JsonObject,
        known: Mapping[tuple[CommandKind, str], Command],
    ) -> Command:
        kind = CommandKind(integer(body, "type") or CommandKind.SLASH)
        name = text(body, "name") or ""
        same = known.get((kind, name))
        if same is not None and same.raw == body:
            return same
        needs = integer(body, "default_member_permissions")
        return Command(
            id=same.id if same else self._snowflakes.next(),
            version=self._snowflakes.next(),
            guild_id=scope,
            kind=kind,
            name=name,
            description=text(body, "description") or "",
            options=tuple(_options(body)),
            needs=None if needs is None else Permission(needs),
            raw=body,
        )


def _options(body: JsonObject) -> Iterator[Option]:
    for raw in objects(body.get("options")):
        yield Option(
            name=text(raw, "name") or "",
            description=text(raw, "description") or "",
            kind=OptionKind(integer(raw, "type") or 0),
            required=flag(raw, "required"),
            autocomplete=flag(raw, "autocomplete"),
            choices=tuple(_choices(raw)),
            options=tuple(_options(raw)),
            least=_number(raw, "min_value"),
            most=_number(raw, "max_value"),
            shortest=integer(raw, "min_length"),
            longest=integer(raw, "max_length"),
            channel_kinds=frozenset(kind for kind in _as_integers(raw.get("channel_types"))),
        )


def _choices(raw: JsonObject) -> Iterator[Choice]:
    for choice in objects(raw.get("choices")):
        value = choice.get("value")
        if isinstance(value, str | int | float):
            yield Choice(text(choice, "name") or "", value)


def _number(body: JsonObject, key: str) -> float | None:
    value = body.get(key)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _as_integers(value: Json) -> Iterator[int]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, int))


def _check_command(path: tuple[str, ...], body: JsonObject, mistakes: Mistakes) -> None:
    kind = integer(body, "type") or CommandKind.SLASH
    name = text(body, "name")
    if kind not in set(CommandKind):
        mistakes.add((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3).")
    elif kind == CommandKind.SLASH:
        _check_name((*path, "name"), name, mistakes)
        mistakes.check_length((*path, "description"), text(body, "description"), least=1, most=100)
        _check_options(path, body, mistakes)
    else:
        mistakes.check_length((*path, "name"), name, least=1, most=32)


def _check_name(path: tuple[str, ...], name: str | None, mistakes: Mistakes) -> None:
    if name is None:
        mistakes.add(path, "BASE_TYPE_REQUIRED", "This field is required")
    elif not _SLASH_NAME.fullmatch(name) or name != name.lower():
        mistakes.add(
            path,
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid: it must be lower case and match "
            r"^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$",
        )


def _check_options(path: tuple[str, ...], body: JsonObject, mistakes: Mistakes) -> None:
    options = objects(body.get("options"))
    mistakes.check_count((*path, "options"), len(options), most=_OPTIONS)
    optional_before = False
    names: set[str | None] = set()
    for index, option in enumerate(options):
        here = (*path, "options", str(index))
        name = text(option, "name")
        _check_name((*here, "name"), name, mistakes)
        mistakes.check_length(
            (*here, "description"), text(option, "description"), least=1, most=100
        )
        if name in names:
            mistakes.add(
                (*here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_DUPLICATE", "Duplicate name."
            )
        names.add(name)
        kind = integer(option, "type")
        if kind not in set(OptionKind):
            mistakes.add((*here, "type"), "BASE_TYPE_CHOICES", "Unknown option type.")
        elif kind in NESTING:
            _check_options(here, option, mistakes)
            continue
        required = flag(option, "required")
        if required and optional_before:
            mistakes.add(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_before = optional_before or not required
        _check_choices(here, option, mistakes)


def _check_choices(path: tuple[str, ...], option: JsonObject, mistakes: Mistakes) -> None:
    choices = objects(option.get("choices"))
    mistakes.check_count((*path, "choices"), len(choices), most=25)
    for index, choice in enumerate(choices):
        mistakes.check_length(
            (*path, "choices", index, "name"), text(choice, "name"), least=1, most=100
        )
    if choices and flag(option, "autocomplete"):
        mistakes.add(
            (*path, "autocomplete"),
            "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
            "An option has either choices or autocomplete.",
        )
