"""Which commands Discord has from us: those that are meant, with their options, and no other."""

from collections.abc import Iterable, Iterator

import pytest

from seraphim.sandbox import Guild, Sandbox
from seraphim.sandbox.commands import NESTING, Option
from tests.seraphim.discord.house import House

pytestmark = pytest.mark.anyio

# As it is typed; what stands in brackets may be left out.
PLAY = """
/play query [source] [when] [shuffle] [start]
/search query [source]
/play-file attachment
/radio play station
/radio add name address
/radio remove name
/radio list
"""
CONTROL = """
/pause
/resume
/skip [count]
/skip-to position
/back
/replay
/seek time
/forward [seconds]
/rewind [seconds]
/stop
/join
/leave
/nowplaying
"""
QUEUE = """
/queue [page]
/remove positions
/move position target
/swap first second
/clear
/shuffle
/unshuffle
/dedupe
/clean
/history [page]
/export
/import attachment
"""
SOUND = """
/volume level
/loop what
/filter preset
/speed percent
/pitch percent
/autoplay on
/stay on
"""
GOVERN = """
/settings [dj_role] [default_volume] [maximum_volume] [vote_share] [alone_minutes] [stay] \
[announce] [language] [request_channel] [allowed_channels] [longest_track_minutes] \
[longest_queue] [sources] [fair] [channel_status] [reset]
/dj add member
/dj remove member
"""
ABOUT = """
/ping
/help
/about
"""
FAVOURITE = """
/favourite add
/favourite list [page]
/favourite play [track]
/favourite remove track
"""
OF_A_SERVER = (PLAY, CONTROL, QUEUE, SOUND, GOVERN, FAVOURITE)
# What is completed while it is typed.
COMPLETED = """
/play query
/radio play station
/radio remove name
/skip-to position
/remove positions
/move position
/swap first
/swap second
/settings allowed_channels
/settings sources
/favourite play track
/favourite remove track
"""
IN_A_SERVER = 0


def lines(*groups: str) -> list[str]:
    return [line for group in groups for line in group.strip().splitlines()]


def leaves(name: str, options: tuple[Option, ...]) -> Iterator[tuple[str, tuple[Option, ...]]]:
    """Return everything that can be typed, with what it takes."""
    nested = [option for option in options if option.kind in NESTING]
    for option in nested:
        yield from leaves(f"{name} {option.name}", option.options)
    if not nested:
        yield name, options


def typed(name: str, options: Iterable[Option]) -> str:
    words = [option.name if option.required else f"[{option.name}]" for option in options]
    return " ".join((name, *words))


async def test_the_commands_are_those_that_are_meant_with_their_options(
    house: House, sandbox: Sandbox, guild: Guild
) -> None:
    registered = [
        typed(name, options)
        for command in sandbox.commands(guild)
        for name, options in leaves(f"/{command.name}", command.options)
    ]
    assert sorted(registered) == sorted(lines(*OF_A_SERVER, ABOUT))


async def test_what_can_be_completed_while_it_is_typed_is(
    house: House, sandbox: Sandbox, guild: Guild
) -> None:
    completed = [
        f"{name} {option.name}"
        for command in sandbox.commands(guild)
        for name, options in leaves(f"/{command.name}", command.options)
        for option in options
        if option.autocomplete
    ]
    assert sorted(completed) == sorted(lines(COMPLETED))


async def test_only_what_is_about_seraphim_itself_is_offered_outside_of_servers(
    house: House, sandbox: Sandbox, guild: Guild
) -> None:
    everywhere = [
        f"/{command.name}"
        for command in sandbox.commands(guild)
        if command.raw["contexts"] != [IN_A_SERVER]
    ]
    assert sorted(everywhere) == sorted(lines(ABOUT))
