"""Reading what a client sends: JSON whose shape nobody vouches for.

Each reader returns what it was asked for or raises `UndecodableMessageError`; the connection
answers that with 4002, as Discord does.
"""

import json
from typing import cast


class UndecodableMessageError(Exception):
    """Not JSON, or not of the shape that its opcode demands."""


class Fields:
    """A JSON object, read field by field."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise UndecodableMessageError("an object was expected")
        self._fields = cast("dict[str, object]", value)

    @classmethod
    def parse(cls, text: str) -> "Fields":
        """A message."""
        try:
            return cls(json.loads(text))
        except (ValueError, RecursionError) as error:
            raise UndecodableMessageError("not JSON") from error

    def fields(self, name: str) -> "Fields":
        """A nested object."""
        return Fields(self._fields.get(name))

    def integer(self, name: str) -> int:
        """A number without a fraction."""
        value = self._fields.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise UndecodableMessageError(f"{name}: an integer was expected")
        return value

    def integer_or(self, name: str, default: int) -> int:
        """A number that may be left out, or null."""
        return default if self._fields.get(name) is None else self.integer(name)

    def text(self, name: str) -> str:
        """A string."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise UndecodableMessageError(f"{name}: a string was expected")
        return value

    def snowflake(self, name: str) -> int:
        """An id: digits in a string."""
        value = self.text(name)
        if not (value.isascii() and value.isdecimal()):
            raise UndecodableMessageError(f"{name}: an id was expected")
        return int(value)
