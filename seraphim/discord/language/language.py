"""One language: its messages, and how it writes numbers and lists.

What fills a placeholder has been made safe by the presenters; Fluent does not read it. Fluent's
marks for isolation are off: Discord counts them, and they would stand within links and mentions.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

import structlog
from babel import Locale
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from fluent.runtime import FluentBundle
from fluent.syntax import FluentParser
from fluent.syntax.ast import (
    Junk,
    Message,
    Pattern,
    Placeable,
    SelectExpression,
    VariableReference,
)

Fact = str | int
UNKNOWN: Final = "…"
"""Stands where a fact was not given, so that a sentence stays a sentence."""
REMEMBERED: Final = 2048
"""How many sentences a language has at hand; each is as long as an answer at most."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Language:
    """The messages of one file. `tag` is the language's name as Discord has it.

    Called with a message's name it says that message: `say("skipped", track="…")`, an attribute's
    is `say("refusal-internal.remedy")`. What this language lacks is said in `otherwise`.
    """

    def __init__(self, tag: str, source: str, *, otherwise: "Language | None" = None) -> None:
        self.tag = tag
        self._otherwise = otherwise
        self._locale = Locale.parse(tag, sep="-")
        self._bundle = FluentBundle([tag], use_isolating=False)
        # Where in the file something stands is most of what a parsed file weighs.
        resource = FluentParser(with_spans=False).parse(source)
        self._bundle.add_resource(resource)
        self._placeholders: dict[str, frozenset[str]] = {}
        # The same few things are said again and again, and Fluent thinks each of them over anew.
        self._said = lru_cache(maxsize=REMEMBERED)(self._say)
        for entry in resource.body:
            if isinstance(entry, Junk):
                raise ValueError(f"{tag}: not a message: {(entry.content or '')[:80]!r}")
            if isinstance(entry, Message):
                self._note(entry)

    def __call__(self, name: str, /, **facts: Fact) -> str:
        """Return the message `name`. Raises `LookupError` where no language has it."""
        placeholders = self._placeholders.get(name)
        if placeholders is None:
            if self._otherwise is None:
                raise LookupError(f"no message {name!r}")
            return self._otherwise(name, **facts)
        return self._said(name, tuple(facts.items()))

    def _say(self, name: str, facts: tuple[tuple[str, Fact], ...]) -> str:
        key, _, attribute = name.partition(".")
        message = self._bundle.get_message(key)
        pattern = message.attributes[attribute] if attribute else message.value
        assert pattern is not None, "what has placeholders has a pattern"
        given: dict[str, Fact] = dict.fromkeys(self._placeholders[name], UNKNOWN) | dict(facts)
        text, errors = self._bundle.format_pattern(pattern, given)
        if errors:
            log.error("language.broken", language=self.tag, message=name, errors=repr(errors))
        return str(text)

    @property
    def placeholders(self) -> Mapping[str, frozenset[str]]:
        """The names of all messages and attributes, each with what it has to be filled with."""
        return self._placeholders

    def number(self, value: int) -> str:
        """Return a number with its groups of digits."""
        return format_decimal(value, locale=self._locale)

    def percent(self, value: int) -> str:
        """Return so many percent."""
        return _percent(value, self._locale)

    def milliseconds(self, value: int) -> str:
        """Return so many milliseconds."""
        return _unit(value, "millisecond", "short", self._locale)

    def minutes(self, value: int) -> str:
        """Return so many minutes."""
        return _unit(value, "minute", "long", self._locale)

    def listed(self, items: Iterable[str]) -> str:
        """Return an enumeration: `one, two and three`."""
        return format_list(list(items), locale=self._locale)

    def _note(self, message: Message) -> None:
        key = message.id.name
        if message.value is not None:
            self._placeholders[key] = frozenset(_variables(message.value))
        for attribute in message.attributes:
            self._placeholders[f"{key}.{attribute.id.name}"] = frozenset(
                _variables(attribute.value)
            )


# Babel reads its patterns anew each time, and the same few numbers are written again and again.
@lru_cache(maxsize=1024)
def _percent(value: int, locale: Locale) -> str:
    return format_percent(value / 100, locale=locale)


@lru_cache(maxsize=1024)
def _unit(value: int, unit: str, length: Literal["short", "long"], locale: Locale) -> str:
    return format_unit(value, unit, length, locale=locale)


def _variables(pattern: Pattern) -> Iterable[str]:
    for element in pattern.elements:
        expression = element.expression if isinstance(element, Placeable) else None
        if isinstance(expression, VariableReference):
            yield expression.id.name
        elif isinstance(expression, SelectExpression):
            if isinstance(expression.selector, VariableReference):
                yield expression.selector.id.name
            for variant in expression.variants:
                yield from _variables(variant.value)
