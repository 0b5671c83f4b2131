from pathlib import Path

import pytest

from seraphim.audio_node.instance import fingerprints
from seraphim.audio_node.options import NodeOptions, WrongOptions
from seraphim.audio_node.sources.catalogues import CatalogueKeys
from seraphim.audio_node.sources.spotify import SpotifyCredentials

PASSWORD = {"LAVALINK_PASSWORD": "hush"}


def test_an_embedded_node_takes_any_port_and_ends_a_minute_after_its_last_client() -> None:
    environ = {
        "DATA_DIR": "/data",
        "MUSIC_DIR": "/music",
        "TRUSTED_MEDIA_HOSTS": "media.local:8000",
        "LAVALINK_HOST": "elsewhere",
        "LAVALINK_PORT": "1",
        "LAVALINK_PASSWORD": "another node's",
    }
    assert NodeOptions.embedded(environ) == NodeOptions(
        data_dir=Path("/data"),
        music_dir=Path("/music"),
        trusted_media_hosts="media.local:8000",
        exit_when_alone_seconds=60,
        settings=fingerprints(environ),
    )


def test_a_node_of_its_own_listens_where_it_is_told_and_stays(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hush\n")
    environ = {"LAVALINK_HOST": "0.0.0.0", "LAVALINK_PASSWORD_FILE": str(secret)}
    options = NodeOptions.standalone(environ)
    assert options == NodeOptions(data_dir=Path("data"), host="0.0.0.0", port=2333, password="hush")
    assert options.exit_when_alone_seconds is None


def test_the_settings_may_stand_in_a_file_and_the_environment_wins(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"LAVALINK_PASSWORD=hush\nLAVALINK_PORT=4000\nMUSIC_DIR={tmp_path}\n")
    options = NodeOptions.standalone({"LAVALINK_PORT": "5000"}, dotenv)
    assert (options.password, options.port, options.music_dir) == ("hush", 5000, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAVALINK_PORT", "http"),
        ("LAVALINK_PORT", "70000"),
        ("LAVALINK_PASSWORD_FILE", "/nowhere/at/all"),
        ("TRUSTED_MEDIA_HOSTS", "http://x"),
        ("MUSIC_DIR", "/nowhere/at/all"),
        ("DATA_DIR", __file__),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    environ = {name: value} if name.startswith("LAVALINK_PASSWORD") else {**PASSWORD, name: value}
    with pytest.raises(WrongOptions) as wrong:
        NodeOptions.standalone(environ)
    (mistake,) = wrong.value.mistakes
    assert mistake.startswith(name)


def test_a_node_of_its_own_needs_a_password(tmp_path: Path) -> None:
    with pytest.raises(WrongOptions, match="LAVALINK_PASSWORD is missing: choose one"):
        NodeOptions.standalone({})
    empty = tmp_path / "password"
    empty.write_text("\n")
    with pytest.raises(WrongOptions) as wrong:
        NodeOptions.standalone({"LAVALINK_PASSWORD_FILE": str(empty)})
    assert wrong.value.mistakes == [f"LAVALINK_PASSWORD_FILE: {empty} is empty."]


def test_all_mistakes_are_named_at_once() -> None:
    environ = {"LAVALINK_PORT": "http", "TRUSTED_MEDIA_HOSTS": "http://x", "MUSIC_DIR": "/nowhere"}
    with pytest.raises(WrongOptions) as wrong:
        NodeOptions.standalone(environ)
    assert sorted(mistake.split(" ")[0].rstrip(":") for mistake in wrong.value.mistakes) == [
        "LAVALINK_PASSWORD",
        "LAVALINK_PORT",
        "MUSIC_DIR",
        "TRUSTED_MEDIA_HOSTS",
    ]


def test_the_bots_token_is_not_looked_for() -> None:
    environ = {**PASSWORD, "DISCORD_TOKEN_FILE": "/nowhere/at/all"}
    assert NodeOptions.standalone(environ).password == "hush"


def test_an_embedded_node_does_not_start_with_hosts_that_are_none() -> None:
    with pytest.raises(WrongOptions, match="TRUSTED_MEDIA_HOSTS"):
        NodeOptions.embedded({"TRUSTED_MEDIA_HOSTS": "http://x"})


SPOTIFY = {"SPOTIFY_CLIENT_ID": "abc", "SPOTIFY_CLIENT_SECRET": "hush-1"}


@pytest.mark.parametrize("start", [NodeOptions.embedded, NodeOptions.standalone])
def test_keys_of_music_services_are_taken_and_never_shown(start) -> None:
    options = start({**PASSWORD, **SPOTIFY, "APPLE_MUSIC_TOKEN": "hush-2"})
    keys = options.catalogue_keys
    assert keys.spotify == SpotifyCredentials("abc", "hush-1")
    assert keys.apple_music_token == "hush-2"
    assert "hush" not in repr(options)
    assert start(PASSWORD).catalogue_keys == CatalogueKeys()


def test_the_keys_of_a_node_of_its_own_may_stand_in_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush-1\n")
    environ = {**PASSWORD, "SPOTIFY_CLIENT_ID": "abc", "SPOTIFY_CLIENT_SECRET_FILE": str(secret)}
    keys = NodeOptions.standalone(environ).catalogue_keys
    assert keys.spotify == SpotifyCredentials("abc", "hush-1")


@pytest.mark.parametrize("name", SPOTIFY)
def test_half_of_spotifys_credentials_is_a_mistake(name: str) -> None:
    with pytest.raises(WrongOptions, match="set both, or neither") as wrong:
        NodeOptions.standalone({**PASSWORD, name: SPOTIFY[name]})
    assert "hush" not in str(wrong.value)


def test_a_secret_that_cannot_be_read_is_one_mistake() -> None:
    environ = {**PASSWORD, "SPOTIFY_CLIENT_ID": "abc", "SPOTIFY_CLIENT_SECRET_FILE": "/nowhere"}
    with pytest.raises(WrongOptions) as wrong:
        NodeOptions.standalone(environ)
    assert len(wrong.value.mistakes) == 1


def test_the_password_is_never_shown() -> None:
    assert "hush" not in repr(NodeOptions(data_dir=Path(), password="hush"))
