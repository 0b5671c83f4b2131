"""Every language says everything, with everything it is given, as its people write it."""

import re
from importlib.resources import files

import hikari
import pytest
from structlog.testing import capture_logs

from actors.guild.refusal import Code
from seraphim.discord.language.language import Fact, Language
from seraphim.discord.language.languages import languages
from seraphim.discord.presenters.prose import width

ALL = list(languages())
ENGLISH = languages().english
each_language = pytest.mark.parametrize("say", ALL, ids=lambda say: say.tag)
# Fluent's marks, and what a broken placeholder leaves behind.
NOT_FOR_EYES = re.compile(r"[\u2066-\u2069{}]|\?\?\?")


def test_english_german_and_spanish_are_spoken() -> None:
    assert {say.tag for say in ALL} == {"en", "de", "es-ES"}


@each_language
def test_a_language_has_every_message_with_every_placeholder_and_no_other(say: Language) -> None:
    assert dict(say.placeholders) == dict(ENGLISH.placeholders)


@each_language
def test_no_message_is_defined_twice(say: Language) -> None:
    source = files("seraphim.discord.language").joinpath(f"{say.tag}.ftl").read_text("utf-8")
    names = re.findall(r"^([a-z][\w-]*) *=", source, re.MULTILINE)
    assert len(names) == len(set(names))


@each_language
@pytest.mark.parametrize("fact", [0, 1, 2, 5, 1_000_000, "**Aurora**"])
def test_every_message_can_be_said_whatever_it_is_about(say: Language, fact: Fact) -> None:
    with capture_logs() as logged:
        for name, placeholders in say.placeholders.items():
            text = say(name, **dict.fromkeys(placeholders, fact))
            assert text.strip() == text != ""
            assert not NOT_FOR_EYES.search(text), name
    assert not logged


@each_language
def test_what_describes_commands_and_their_options_fits_discords_limit(say: Language) -> None:
    described = [name for name in say.placeholders if re.match("(command|option|choice)-", name)]
    assert described
    for name in described:
        assert not say.placeholders[name]
        assert 1 <= width(say(name)) <= 100, name


@each_language
def test_what_stands_on_buttons_fits_discords_limit(say: Language) -> None:
    for name in say.placeholders:
        if name.startswith("button-"):
            assert 1 <= width(say(name)) <= 80


@each_language
@pytest.mark.parametrize("code", Code)
def test_every_code_is_explained_with_a_remedy(say: Language, code: Code) -> None:
    name = f"refusal-{code.name.lower().replace('_', '-')}"
    assert {name, f"{name}.remedy"} <= say.placeholders.keys()


@pytest.mark.parametrize(
    ("locale", "tag"),
    [
        ("de", "de"),
        ("es-ES", "es-ES"),
        ("es-419", "es-ES"),
        ("en-GB", "en"),
        ("en-US", "en"),
        ("ja", "en"),
        ("", "en"),
        ("x" * 1000, "en"),
        (None, "en"),
    ],
)
def test_a_locale_is_answered_in_the_nearest_language(locale: str | None, tag: str) -> None:
    assert languages().of(locale).tag == tag


def test_commands_are_described_in_every_locale_that_is_not_english() -> None:
    assert set(languages().locales) == {
        hikari.Locale.DE,
        hikari.Locale.ES_ES,
        hikari.Locale.ES_LATAM,
    }


def test_what_a_language_lacks_is_said_in_english() -> None:
    poor = Language("fr", "button-back = Retour", otherwise=ENGLISH)
    assert poor("button-back") == "Retour"
    assert poor("button-skip") == "Skip"
    assert poor("resumed", track="Aurora") == "Aurora goes on."


def test_a_message_that_nobody_has_is_a_mistake() -> None:
    with pytest.raises(LookupError):
        languages().of("de")("no-such-message")


def test_a_file_with_a_mistake_in_it_is_not_taken() -> None:
    with pytest.raises(ValueError, match="broken"):
        Language("fr", "fine = bien\nbroken { = ?\n")


def test_a_fact_that_is_not_given_leaves_a_sentence() -> None:
    assert ENGLISH("refusal-out-of-range.remedy", lowest=1) == "Give a number from 1 to …."


@pytest.mark.parametrize(
    "title", ["{ $track }", "{{", '{ "x" }', "a\n.remedy = b", "\\u0041", "[other]"]
)
def test_what_fills_a_placeholder_is_not_read(title: str) -> None:
    assert ENGLISH("resumed", track=title) == f"{title} goes on."


def test_numbers_are_written_as_the_language_writes_them() -> None:
    german, spanish = languages().of("de"), languages().of("es-ES")
    assert ENGLISH("shuffled", count=1234567) == "Waiting in another order: 1,234,567."
    assert german("shuffled", count=1234567) == "In anderer Reihenfolge warten: 1.234.567."
    assert german.number(12345) == "12.345"
    assert ENGLISH.percent(50) == "50%"
    assert german.percent(50) == "50\N{NO-BREAK SPACE}%"
    assert spanish.listed(["a", "b", "c"]) == "a, b y c"
    assert german.listed(["a", "b"]) == "a und b"
    assert ENGLISH.listed([]) == ""
    assert german.minutes(1) == "1 Minute"
    assert spanish.minutes(5) == "5 minutos"
    assert ENGLISH.milliseconds(1200) == "1,200 ms"
