"""What is stored as JSON, and how it is read: field by field, by version.

A document names its version, and one of an older version is upgraded step by step before it is
read. Whatever is not exactly as it should be is `Damage`.

orjson writes it, ten times as fast as the standard library: what a thread spends on a queue of a
thousand tracks is taken from the music. It takes no half surrogates and no huge numbers, though,
and tracks come from strangers: what it refuses, and all reading, is for the standard library.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeGuard, TypeVar, cast

import orjson

Document = dict[str, Any]
Upgrade = Callable[[Document], Document]
"""Makes a document of one version one of the next."""
Word = TypeVar("Word", bound=StrEnum)


class Damage(Exception):
    """It cannot be read. What it says is where and why, and nothing of the content."""


def written(document: Document, upgrades: Sequence[Upgrade]) -> bytes:
    """Return the document as it is stored, with its version: the one that `upgrades` lead to."""
    versioned = {"version": len(upgrades) + 1, **document}
    try:
        return orjson.dumps(versioned)
    except TypeError:
        return json.dumps(versioned, separators=(",", ":")).encode("ascii")


def read(body: bytes, upgrades: Sequence[Upgrade]) -> "Fields":
    """Return the fields of a stored document, by this version or an older one.

    The first of the `upgrades` makes a document of version 1 one of version 2, and so on. Raises
    `Damage` where it is nothing that one of them has written.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        raise Damage("it is no JSON") from None
    return Fields("", _upgraded(Fields("", document), upgrades))


def _upgraded(document: "Fields", upgrades: Sequence[Upgrade]) -> Document:
    version = document.integer("version")
    newest = len(upgrades) + 1
    if not 1 <= version <= newest:
        raise Damage(f"it is of version {version}, and the newest known one is {newest}")
    content = dict(document.content)
    for upgrade in upgrades[version - 1 :]:
        try:
            content = upgrade(content)
        except (LookupError, TypeError, ValueError, AttributeError):
            raise Damage(f"it is no document of version {version}") from None
    return content


class Fields:
    """An object of a document; each field is given as what it must be, or `Damage` is raised."""

    __slots__ = ("_path", "content")

    def __init__(self, path: str, content: object) -> None:
        if not _is_object(content):
            raise Damage(f"{path or 'it'} is no object")
        self._path = path
        self.content = content

    def integer(self, name: str) -> int:
        """Return the integer."""
        value = self._value(name)
        if type(value) is not int:
            raise self._damage(name, "no integer")
        return value

    def optional_integer(self, name: str) -> int | None:
        """Return the integer, None for null."""
        return None if self._value(name) is None else self.integer(name)

    def text(self, name: str) -> str:
        """Return the text."""
        value = self._value(name)
        if type(value) is not str:
            raise self._damage(name, "no text")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return the text, None for null."""
        return None if self._value(name) is None else self.text(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of a list."""
        values = self._value(name)
        if type(values) is not list:
            raise self._damage(name, "no list")
        items = cast("list[object]", values)
        if not all(type(item) is str for item in items):
            raise self._damage(name, "no list of texts")
        return tuple(cast("list[str]", items))

    def one_of(self, name: str, kind: type[Word]) -> Word:
        """Return the word of that kind."""
        try:
            return kind(self.text(name))
        except ValueError:
            raise self._damage(name, "no known word") from None

    def optional_integers(self, name: str) -> tuple[int, ...] | None:
        """Return the integers of a list, None for null."""
        return None if self._value(name) is None else self.integers(name)

    def integers(self, name: str) -> tuple[int, ...]:
        """Return the integers of a list."""
        values = self._value(name)
        if type(values) is not list:
            raise self._damage(name, "no list")
        items = cast("list[object]", values)
        if not all(type(item) is int for item in items):
            raise self._damage(name, "no list of integers")
        return tuple(cast("list[int]", items))

    def flag(self, name: str) -> bool:
        """Return the truth value."""
        value = self._value(name)
        if type(value) is not bool:
            raise self._damage(name, "neither true nor false")
        return value

    def object(self, name: str) -> "Fields":
        """Return the fields of the object."""
        return Fields(self._path_of(name), self._value(name))

    def optional_object(self, name: str) -> "Fields | None":
        """Return the fields of the object, None for null."""
        return None if self._value(name) is None else self.object(name)

    def objects(self, name: str) -> "list[Fields]":
        """Return the fields of each object of a list."""
        values = self._value(name)
        if type(values) is not list:
            raise self._damage(name, "no list")
        path = self._path_of(name)
        items = cast("list[object]", values)
        return [Fields(f"{path}[{index}]", item) for index, item in enumerate(items)]

    def _value(self, name: str) -> Any:
        try:
            return self.content[name]
        except KeyError:
            raise self._damage(name, "missing") from None

    def _damage(self, name: str, what: str) -> Damage:
        return Damage(f"{self._path_of(name)} is {what}")

    def _path_of(self, name: str) -> str:
        return f"{self._path}.{name}" if self._path else name


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, dict)
