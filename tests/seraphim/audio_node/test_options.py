from pathlib import Path

import pytest

from seraphim.audio_node.options import NodeOptions, WrongOptions


def test_an_embedded_node_takes_any_port_and_ends_a_minute_after_its_last_client() -> None:
    environment = {
        "DATA_DIR": "/data",
        "MUSIC_DIR": "/music",
        "TRUSTED_MEDIA_HOSTS": "media.local:8000",
        "LAVALINK_HOST": "elsewhere",
        "LAVALINK_PORT": "1",
        "LAVALINK_PASSWORD": "another node's",
    }
    assert NodeOptions.from_environment(environment, embedded=True) == NodeOptions(
        data_dir=Path("/data"),
        music_dir=Path("/music"),
        trusted_media_hosts="media.local:8000",
        exit_when_alone_seconds=60,
    )


def test_a_node_of_its_own_listens_where_it_is_told_and_stays(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("hush\n")
    environment = {"LAVALINK_HOST": "0.0.0.0", "LAVALINK_PASSWORD_FILE": str(secret)}
    options = NodeOptions.from_environment(environment, embedded=False)
    assert options == NodeOptions(data_dir=Path("data"), host="0.0.0.0", port=2333, password="hush")
    assert options.exit_when_alone_seconds is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LAVALINK_PORT", "http"),
        ("LAVALINK_PORT", "70000"),
        ("LAVALINK_PASSWORD_FILE", "/nowhere/at/all"),
        ("TRUSTED_MEDIA_HOSTS", "http://x"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(WrongOptions, match=name):
        NodeOptions.from_environment({name: value}, embedded=False)


def test_the_password_is_never_shown() -> None:
    assert "hush" not in repr(NodeOptions(data_dir=Path(), password="hush"))
