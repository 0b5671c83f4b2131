"""What a setting may be, and what it becomes.

A reader takes what was given, or raises `ValueError` with what is wrong, in words that go on after
the setting's name and never quote a secret.

`entry` ties a reader to a field of a dataclass, `read` reads all of them.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, overload

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
Reader = Callable[[object], object]

TRUE: Final = frozenset({"1", "true", "t", "yes", "y", "on"})
FALSE: Final = frozenset({"0", "false", "f", "no", "n", "off"})


class Secret:
    """A text that shows itself only to who asks for it: it stands in no log and in no error."""

    __slots__ = ("_clear",)

    def __init__(self, clear: str) -> None:
        self._clear = clear

    def reveal(self) -> str:
        """Return it in the clear: hand it on, never keep or log it."""
        return self._clear

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._clear == other._clear

    def __hash__(self) -> int:
        return hash(self._clear)

    def __repr__(self) -> str:
        return "Secret('***')"


def entry(name: str, reader: Reader, wants: str = "") -> dict[str, object]:
    """Return the metadata of a field that is given as `name`; `wants` says what it should be."""
    return {"name": name, "reader": reader, "wants": wants}


def entries(kind: "type[DataclassInstance]") -> Iterator[tuple[str, str, str]]:
    """Return each field that can be given: its own name, what it is given as, what it wants."""
    for field in fields(kind):
        yield field.name, _name(field), field.metadata["wants"]


def read(
    kind: "type[DataclassInstance]", given: Mapping[str, object]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of the fields of `kind` that are given, and by name what is wrong."""
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in fields(kind):
        name = _name(field)
        if name not in given:
            if field.default is MISSING:
                wrong[name] = "is missing"
            continue
        try:
            values[field.name] = field.metadata["reader"](given[name])
        except ValueError as error:
            wrong[name] = str(error)
    return values, wrong


def _name(field: "Field[Any]") -> str:
    return field.metadata["name"]


# --- readers ---


def text(given: object) -> str:
    """Take any text that is not empty."""
    if not isinstance(given, str):
        raise ValueError("must be a text")
    if not given:
        raise ValueError("is empty")
    return given


def printable(given: object) -> str:
    """Take what can be sent in a header."""
    if re.fullmatch("[!-~]+", text(given)) is None:
        raise ValueError("has spaces, or letters that no key has")
    return text(given)


def secret(given: object) -> Secret:
    """Take any text, and show it to nobody."""
    return Secret(text(given))


def printable_secret(given: object) -> Secret:
    """Take what can be sent in a header, and show it to nobody."""
    return Secret(printable(given))


def path(given: object) -> Path:
    """Take what names a file or a folder; whether it is there is not looked at."""
    if "\0" in text(given):
        raise ValueError("is no path")
    return Path(text(given))


def flag(given: object) -> bool:
    """Take true or false, in any of the usual words."""
    if isinstance(given, bool):
        return given
    word = given.lower() if isinstance(given, str) else ""
    if word not in TRUE | FALSE:
        raise ValueError("must be true or false")
    return word in TRUE


def texts(given: object) -> tuple[str, ...]:
    """Take a list of texts."""
    if not isinstance(given, list):
        raise ValueError("must be a list")
    return tuple(text(item) for item in cast("list[object]", given))


@overload
def number(least: int, most: int, kind: type[int] = int) -> Callable[[object], int]: ...
@overload
def number(least: float, most: float, kind: type[float]) -> Callable[[object], float]: ...
def number(
    least: float, most: float, kind: type[int] | type[float] = int
) -> Callable[[object], float]:
    """Take numbers of that kind from `least` to `most`, given as one or as a text."""

    def reader(given: object) -> float:
        value = math.nan
        if isinstance(given, kind | str) and not isinstance(given, bool):
            try:
                value = kind(given)
            except ValueError:
                value = math.nan
        # Nothing compares with what is not a number.
        if not least <= value <= most:
            whole = "whole number" if kind is int else "number"
            raise ValueError(f"must be a {whole} from {least} to {most}")
        return value

    return reader


def one_of(*words: str) -> Callable[[object], Any]:
    """Take one of the words."""

    def reader(given: object) -> str:
        if given not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return cast("str", given)

    return reader
