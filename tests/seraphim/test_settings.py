"""Settings: what is taken from where, and that every mistake is named at once."""

import base64
from pathlib import Path

import pytest

from seraphim.settings import SettingsError, is_loopback, load

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


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]", "::1"])
def test_plain_http_is_for_loopback(host: str):
    assert is_loopback(host)
    written = f"[{host}]" if host == "::1" else host
    assert load({**GOOD, "DISCORD_API_URL": f"http://{written}:8000/api/v10"}).talks_to_loopback


def test_trusted_hosts_are_a_list():
    settings = load({**GOOD, "TRUSTED_MEDIA_HOSTS": "nas.local, Radio.example:8000"})
    assert settings.trusted_media_hosts == ("nas.local", "radio.example:8000")
