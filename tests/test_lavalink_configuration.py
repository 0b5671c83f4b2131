"""The configuration for Lavalink says things in the places where Lavalink 4 reads them."""

import re
from pathlib import Path
from typing import Any

import yaml

from actors.guild.settings import SOURCES, GuildSettings
from seraphim.lavalink.searching import PREFIXES, manager

FILE = Path(__file__).parents[1] / "config" / "lavalink" / "application.yml"
TEXT = FILE.read_text("utf-8")
CONFIGURATION: dict[str, Any] = yaml.safe_load(TEXT)
SERVER = CONFIGURATION["lavalink"]["server"]
PLUGINS = CONFIGURATION["plugins"]
BROUGHT_BY_LAVASRC = {"spotify", "applemusic", "deezer"}


def test_plugins_are_fetched_below_lavalink_and_told_at_the_top_level():
    fetched = [
        plugin["dependency"].split(":")[1] for plugin in CONFIGURATION["lavalink"]["plugins"]
    ]
    assert fetched == ["youtube-plugin", "lavasrc-plugin"]
    assert set(PLUGINS) == {"youtube", "lavasrc"}
    assert not {"plugins", "youtube", "lavasrc"} & set(SERVER)


def test_lavalinks_own_youtube_source_leaves_it_to_the_plugin():
    assert SERVER["sources"]["youtube"] is False
    assert PLUGINS["youtube"]["enabled"] is True
    assert PLUGINS["youtube"]["allowSearch"] is True


def test_every_source_that_can_be_searched_is_there_or_can_be_switched_on():
    there = {name for name, on in SERVER["sources"].items() if on is True} | {"youtube"}
    switched = {
        name
        for name, on in PLUGINS["lavasrc"]["sources"].items()
        if re.fullmatch(r"\$\{[A-Z_]+:false\}", str(on))
    }
    assert switched == BROUGHT_BY_LAVASRC
    # The library is the embedded node's.
    assert {manager(source) for source in PREFIXES} - {"library"} <= there | switched
    assert {manager(source) for source in SOURCES} - {"library"} <= there | switched


def test_a_playlist_as_long_as_a_queue_is_loaded_whole():
    longest = GuildSettings().longest_queue
    lavasrc = PLUGINS["lavasrc"]
    assert SERVER["youtubePlaylistLoadLimit"] * 100 >= longest
    assert lavasrc["spotify"]["playlistLoadLimit"] * 100 >= longest
    assert lavasrc["spotify"]["albumLoadLimit"] * 50 >= longest
    assert lavasrc["applemusic"]["playlistLoadLimit"] * 300 >= longest
    assert lavasrc["applemusic"]["albumLoadLimit"] * 300 >= longest


def test_links_are_off_until_somebody_says_otherwise():
    assert SERVER["sources"]["http"] == "${LAVALINK_HTTP_SOURCE:false}"
    assert SERVER["sources"]["local"] is False


def test_no_secret_stands_in_it_and_no_password_is_given_away():
    assert SERVER["password"] == "${LAVALINK_PASSWORD}"
    for path in (
        PLUGINS["youtube"]["oauth"]["refreshToken"],
        PLUGINS["lavasrc"]["spotify"]["clientId"],
        PLUGINS["lavasrc"]["spotify"]["clientSecret"],
        PLUGINS["lavasrc"]["applemusic"]["mediaAPIToken"],
        PLUGINS["lavasrc"]["deezer"]["arl"],
        PLUGINS["lavasrc"]["deezer"]["masterDecryptionKey"],
    ):
        assert re.fullmatch(r"\$\{[A-Z_]+:\}", path)
