"""Lists that are typed into one option, and what is offered while they are."""

import pytest

from seraphim.discord.commands.channels import Channel, meant
from seraphim.discord.commands.lists import LONGEST_CHOICE, completed, items

KNOWN = ("library", "youtube", "youtubemusic", "bandcamp")


def offered(typed: str, known: tuple[str, ...] = KNOWN) -> list[str]:
    choices = completed(typed, known)
    assert all(choice.name == choice.value for choice in choices)
    return [str(choice.value) for choice in choices]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("a,b", ["a", "b"]),
        (" a  b,,\tc ,", ["a", "b", "c"]),
        ("a, b, a", ["a", "b"]),
        (" , ", []),
        ("", []),
    ],
)
def test_things_stand_in_their_order_each_once(typed: str, read: list[str]) -> None:
    assert items(typed) == read


def test_the_last_thing_is_completed_and_what_stands_before_it_is_kept() -> None:
    assert offered("bandcamp, lib") == ["bandcamp, library"]
    assert offered("bandcamp LIB") == ["bandcamp, library"]


def test_who_has_typed_nothing_yet_is_offered_everything() -> None:
    assert offered("") == list(KNOWN)


def test_after_a_comma_is_offered_what_is_not_in_the_list_yet() -> None:
    assert offered("youtube, library,") == [
        "youtube, library, youtubemusic",
        "youtube, library, bandcamp",
    ]


def test_what_begins_with_the_letters_comes_first() -> None:
    assert offered("mus", ("youtubemusic", "music")) == ["music", "youtubemusic"]


def test_where_nothing_fits_nothing_is_offered() -> None:
    assert offered("napster") == []


def test_what_discord_would_not_take_is_not_offered() -> None:
    many = tuple(f"source{number}" for number in range(60))
    assert len(offered("", many)) == 25
    assert offered("x" * (LONGEST_CHOICE - 9) + ", lib") == [
        "x" * (LONGEST_CHOICE - 9) + ", library"
    ]
    assert offered("x" * (LONGEST_CHOICE - 8) + ", lib") == []


CHANNELS = [Channel(1, "#general"), Channel(2, "#general"), Channel(3, "#songs"), Channel(4, None)]


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("#songs", {"#songs": [3]}),
        ("Songs", {"Songs": [3]}),
        ("#general", {"#general": [1, 2]}),
        ("<#2><#4>", {"<#2>": [2], "<#4>": [4]}),
        ("<#5>, #nowhere", {"<#5>": [], "#nowhere": []}),
        ("#", {"#": []}),
        (",", {}),
    ],
)
def test_a_channel_is_meant_by_a_mention_or_by_its_name(
    typed: str, means: dict[str, list[int]]
) -> None:
    assert meant(typed, CHANNELS) == means
