"""Settings: what is taken from where, and that every mistake is named at once."""

import base64
import json
from pathlib import Path

import pytest

from seraphim.addresses import is_loopback
from seraphim.lavalink.address import NodeAddress
from seraphim.settings import SettingsError, load

ID = 123456789012345678
TOKEN = f"{base64.b64encode(str(ID).encode()).decode().rstrip('=')}.abcdef.secret-part"
GOOD = {"DISCORD_TOKEN": TOKEN}


def mistakes(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load(environ)
    assert TOKEN not in str(caught.value)
    assert "secret-part" not in repr(caught.value)
    return str(caught.value)


def test_a_token_is_enough():
    settings = load(GOOD)
    assert settings.application_id == ID
    assert settings.token == TOKEN
    assert settings.default_volume == 50
    assert settings.lavalink_host is None
    assert not settings.talks_to_loopback


def test_all_mistakes_are_named_at_once_with_their_remedy():
    said = mistakes(
        {
            "DISCORD_API_URL": "http://evil.example/api",
            "LAVALINK_PORT": "many",
            "DEFAULT_VOLUME": "101",
            "ENVIRONMENT": "staging",
        }
    )
    for name in ("DISCORD_TOKEN", "DISCORD_API_URL", "LAVALINK_PORT", "DEFAULT_VOLUME"):
        assert name in said
    assert "ENVIRONMENT" in said
    assert "developer portal" in said
    assert "a number from 0 to 100" in said


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"DISCORD_TOKEN": "hello"}, "DISCORD_TOKEN"),
        ({"DISCORD_TOKEN": "!!.a.b"}, "DISCORD_TOKEN"),
        ({"CLIENT_ID": "1"}, "CLIENT_ID"),
        ({"LAVALINK_HOST": "node.example"}, "LAVALINK_PASSWORD"),
        ({"MUSIC_DIR": "/nowhere/at/all"}, "MUSIC_DIR"),
        ({"SHUTDOWN_TIMEOUT_SECONDS": "0"}, "SHUTDOWN_TIMEOUT_SECONDS"),
        ({"DATA_DIR": "/" + "x" * 120}, "DATA_DIR"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"TRUSTED_MEDIA_HOSTS": "http://nas/"}, "TRUSTED_MEDIA_HOSTS"),
        ({"TRUSTED_MEDIA_HOSTS": "nas:many"}, "TRUSTED_MEDIA_HOSTS"),
        ({"TRUSTED_MEDIA_HOSTS": "me@nas"}, "TRUSTED_MEDIA_HOSTS"),
        ({"SPOTIFY_CLIENT_ID": "abc"}, "set both, or neither"),
        ({"SPOTIFY_CLIENT_SECRET": "abc"}, "set both, or neither"),
        ({"SPOTIFY_CLIENT_ID": "a\nb", "SPOTIFY_CLIENT_SECRET": "abc"}, "SPOTIFY_CLIENT_ID"),
        ({"APPLE_MUSIC_TOKEN": "Bearer abc"}, "APPLE_MUSIC_TOKEN"),
    ],
)
def test_what_cannot_work_is_named(extra: dict[str, str], named: str):
    assert named in mistakes(GOOD | extra)


def test_secrets_may_stand_in_files(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert load({"DISCORD_TOKEN_FILE": str(file)}).token == TOKEN


def test_a_secret_given_twice_or_in_a_missing_file_is_a_mistake(tmp_path: Path):
    assert "both set" in mistakes({**GOOD, "DISCORD_TOKEN_FILE": str(tmp_path / "x")})
    said = mistakes({"DISCORD_TOKEN_FILE": str(tmp_path / "x")})
    assert "cannot be read" in said
    assert len(said.splitlines()) == 1


def test_a_secret_in_an_empty_file_is_a_mistake(tmp_path: Path):
    file = tmp_path / "token"
    file.touch()
    assert mistakes({"DISCORD_TOKEN_FILE": str(file)}) == f"DISCORD_TOKEN_FILE: {file} is empty."


def test_the_environment_wins_over_the_file(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text(f"DISCORD_TOKEN={TOKEN}\nDEFAULT_VOLUME=10\nLOG_FORMAT=json\n")
    settings = load({"DEFAULT_VOLUME": "20"}, dotenv)
    assert settings.default_volume == 20
    assert settings.log_format == "json"


def test_an_empty_value_counts_as_not_set():
    assert load({**GOOD, "LAVALINK_HOST": "", "DEFAULT_VOLUME": ""}).lavalink_host is None


def test_secrets_stand_in_no_repr():
    settings = load({**GOOD, "LAVALINK_HOST": "n", "LAVALINK_PASSWORD": "hunter2"})
    assert "secret-part" not in repr(settings)
    assert "hunter2" not in repr(settings)
    assert settings.secrets == (TOKEN, "hunter2")


SPOTIFY = {"SPOTIFY_CLIENT_ID": "abc", "SPOTIFY_CLIENT_SECRET": "hush"}


def test_keys_of_music_services_are_handed_on_and_shown_to_nobody(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("ey.hush.hush\n")
    settings = load({**GOOD, **SPOTIFY, "APPLE_MUSIC_TOKEN_FILE": str(file)})
    assert settings.service_keys == {**SPOTIFY, "APPLE_MUSIC_TOKEN": "ey.hush.hush"}
    assert settings.secrets == (TOKEN, "hush", "ey.hush.hush")
    assert "hush" not in repr(settings)
    assert load(GOOD).service_keys == {}


def test_a_key_that_no_header_can_have_is_refused_unseen():
    said = mistakes({**GOOD, **SPOTIFY, "SPOTIFY_CLIENT_SECRET": "hush hush"})
    assert said.startswith("SPOTIFY_CLIENT_SECRET has spaces")
    assert "hush" not in said


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "::1"])
def test_plain_http_is_for_loopback(host: str):
    assert is_loopback(host)
    written = f"[{host}]" if host == "::1" else host
    assert load({**GOOD, "DISCORD_API_URL": f"http://{written}:8000/api/v10"}).talks_to_loopback


def test_trusted_hosts_are_a_list():
    settings = load({**GOOD, "TRUSTED_MEDIA_HOSTS": "nas.local, Radio.example:8000"})
    assert settings.trusted_media_hosts == ("nas.local", "radio.example:8000")


ONE = {"name": "one", "host": "lava1.example", "password": "hunter2-one"}
TWO = {
    "name": "Two",
    "host": "[2001:db8::1]",
    "port": 443,
    "password": "hunter2-two",
    "secure": True,
    "regions": ["rotterdam", "frankfurt"],
}


def nodes(*given: object) -> dict[str, str]:
    return {**GOOD, "LAVALINK_NODES": json.dumps(given)}


def test_without_a_node_the_embedded_one_runs():
    assert load(GOOD).nodes == ()


def test_one_node_is_called_main():
    settings = load({**GOOD, "LAVALINK_HOST": "lava.example", "LAVALINK_PASSWORD": "hunter2"})
    [node] = settings.nodes
    assert (node.name, node.regions) == ("main", ())
    assert node.address == NodeAddress("lava.example", 2333, "hunter2", secure=False)


def test_several_nodes_are_a_list():
    settings = load(nodes(ONE, TWO))
    assert [node.name for node in settings.nodes] == ["one", "Two"]
    assert [node.address for node in settings.nodes] == [
        NodeAddress("lava1.example", 2333, "hunter2-one", secure=False),
        NodeAddress("2001:db8::1", 443, "hunter2-two", secure=True),
    ]
    assert settings.nodes[1].regions == ("rotterdam", "frankfurt")
    assert "hunter2" not in repr(settings)
    assert settings.secrets == (TOKEN, "hunter2-one", "hunter2-two")


def test_the_list_may_stand_in_a_file(tmp_path: Path):
    file = tmp_path / "nodes.json"
    file.write_text(json.dumps([ONE]))
    assert [node.name for node in load({**GOOD, "LAVALINK_NODES_FILE": str(file)}).nodes] == ["one"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("one two", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("{}", "is no list of nodes"),
        ("[]", "is no list of nodes"),
        ('["one"]', "node 1 is no object"),
        (json.dumps([ONE, {"name": "x"}]), "node 2 has no host; node 2 has no password"),
        (json.dumps([{**ONE, "colour": "red"}]), "node 1 has a colour, which means nothing"),
        (json.dumps([{**ONE, "port": 0}]), "the port of node 1 must be a whole number from 1"),
        (json.dumps([{**ONE, "port": "many"}]), "the port of node 1 must be a whole number"),
        (json.dumps([{**ONE, "name": "a/b"}]), "the name of node 1 must be 1 to 32 letters"),
        (json.dumps([{**ONE, "host": "http://x"}]), "the host of node 1 must be a host alone"),
        (json.dumps([{**ONE, "host": "x:2333"}]), "the host of node 1 must be a host alone"),
        (json.dumps([{**ONE, "host": ""}]), "the host of node 1 must be a host alone"),
        (json.dumps([{**ONE, "password": ""}]), "the password of node 1 is empty"),
        (json.dumps([{**ONE, "regions": "x"}]), "the regions of node 1 must be a list"),
        (json.dumps([{**ONE, "secure": "perhaps"}]), "the secure of node 1 must be true or false"),
        (json.dumps([ONE, TWO, {**ONE, "name": "ONE"}]), "names two nodes alike: one"),
    ],
)
def test_each_mistake_in_the_nodes_is_named_without_their_passwords(given: str, said: str):
    named = mistakes({**GOOD, "LAVALINK_NODES": given})
    assert named.startswith("LAVALINK_NODES ")
    assert said in named
    assert "It wants: several Lavalink nodes" in named
    assert "hunter2" not in named


def test_one_node_and_several_contradict_each_other():
    host = {"LAVALINK_HOST": "lava.example", "LAVALINK_PASSWORD": "hunter2"}
    said = mistakes({**nodes(ONE), **host})
    assert "LAVALINK_HOST and LAVALINK_NODES are both set" in said


@pytest.mark.parametrize("host", ["http://lava.example", "lava.example:2333", "me@lava", "a b"])
def test_a_nodes_host_is_a_host_alone(host: str):
    said = mistakes({**GOOD, "LAVALINK_HOST": host, "LAVALINK_PASSWORD": "hunter2"})
    assert said.startswith("LAVALINK_HOST must be a host alone")


def test_whoever_watches_is_served_on_this_machine_alone_unless_it_is_said():
    settings = load(GOOD)
    assert (settings.http_host, settings.http_port, settings.http_token) == (
        "127.0.0.1",
        8080,
        None,
    )
    assert settings.health_interval_seconds == 300


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "seraphim.example"])
def test_off_loopback_http_wants_a_token(host: str):
    said = mistakes(GOOD | {"HTTP_HOST": host})
    assert "HTTP_TOKEN is missing" in said
    assert host in said
    assert "long random word" in said
    settings = load(GOOD | {"HTTP_HOST": host, "HTTP_TOKEN": "a-word"})
    assert settings.http_host == host
    assert "a-word" in settings.secrets
    assert "a-word" not in repr(settings)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_on_loopback_http_needs_no_token(host: str):
    assert load(GOOD | {"HTTP_HOST": host}).http_token is None


def test_the_http_token_may_come_from_a_file(tmp_path: Path):
    file = tmp_path / "token"
    file.write_text("from-a-file\n")
    settings = load(GOOD | {"HTTP_TOKEN_FILE": str(file)})
    assert settings.http_token is not None
    assert settings.http_token.reveal() == "from-a-file"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PORT", "-1"),
        ("HTTP_PORT", "65536"),
        ("HTTP_PORT", "http"),
        ("HTTP_HOST", "http://0.0.0.0"),
        ("HTTP_TOKEN", "two words"),
        ("HEALTH_INTERVAL_SECONDS", "0"),
        ("HEALTH_INTERVAL_SECONDS", "often"),
        ("RATE_LIMIT_COMMANDS", "0"),
        ("RATE_LIMIT_COMMANDS", "2.5"),
        ("RATE_LIMIT_WINDOW_SECONDS", "0"),
        ("RATE_LIMIT_WINDOW_SECONDS", "nan"),
    ],
)
def test_what_is_out_of_range_is_named(name: str, value: str):
    assert name in mistakes(GOOD | {name: value})
