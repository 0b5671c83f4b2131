"""JSON as a type, and reading what a client sent without trusting it.

The bot's requests are the sandbox's bad input: whatever has the wrong type here reads as absent,
and validation says so in Discord's words. Models were rejected: Discord ignores unknown fields and
stores embeds and components as they come, so a model of them would only lose what it does not know.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]


def parse(text: str | bytes) -> Json:
    """The value; raises ValueError when it is no JSON."""
    return cast(Json, json.loads(text))


def dump(value: Json) -> str:
    """The value as compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def as_object(value: Json) -> JsonObject:
    """The value if it is an object, else an empty one."""
    return cast(JsonObject, value) if isinstance(value, dict) else {}


def as_list(value: Json) -> list[Json]:
    """The value if it is a list, else an empty one."""
    return list(value) if isinstance(value, list) else []


def objects(value: Json) -> list[JsonObject]:
    """The objects in a list."""
    return [as_object(item) for item in as_list(value) if isinstance(item, dict)]


def text(body: JsonObject, key: str) -> str | None:
    """A field that is a string."""
    value = body.get(key)
    return value if isinstance(value, str) else None


def integer(body: JsonObject, key: str) -> int | None:
    """A field that is a whole number; Discord also takes it as a string of digits."""
    value = body.get(key)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def flag(body: JsonObject, key: str) -> bool:
    """A field that is true."""
    return body.get(key) is True
