"""All languages there are, and which one somebody is answered in."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import hikari

from seraphim.discord.language.language import Language

ENGLISH: Final = "en"
SUFFIX: Final = ".ftl"
_HERE: Final = files("seraphim.discord.language")


@dataclass(frozen=True, slots=True)
class Audience:
    """The languages of one answer: that of who asked, and that of everybody in the guild."""

    asker: Language
    guild: Language


class Languages:
    """Languages by the names that Discord has for locales."""

    def __init__(self) -> None:
        self.english = Language(ENGLISH, _source(ENGLISH))
        self._known = {ENGLISH: self.english}
        for tag in sorted(_tags()):
            if tag != ENGLISH:
                self._known[tag] = Language(tag, _source(tag), otherwise=self.english)
        # In another country's variety rather than in English.
        self._kin = {tag.partition("-")[0]: language for tag, language in self._known.items()}

    def __iter__(self) -> Iterator[Language]:
        return iter(self._known.values())

    def of(self, locale: str | None) -> Language:
        """Return the language for a locale, or the nearest; English where there is none."""
        if locale is None:
            return self.english
        exact = self._known.get(locale)
        return exact or self._kin.get(locale.partition("-")[0], self.english)

    @property
    def locales(self) -> list[hikari.Locale]:
        """Discord's locales that are answered in something else than English."""
        return [locale for locale in hikari.Locale if self.of(locale) is not self.english]


@cache
def languages() -> Languages:
    """Return the languages of this installation: they are read once, and never change."""
    return Languages()


def _tags() -> Iterator[str]:
    for entry in _HERE.iterdir():
        if entry.name.endswith(SUFFIX):
            yield entry.name.removesuffix(SUFFIX)


def _source(tag: str) -> str:
    return _HERE.joinpath(f"{tag}{SUFFIX}").read_text(encoding="utf-8")
