"""What `seraphim check` says of settings and of connections that do not work."""

import base64
import io
from pathlib import Path

import pytest
from rich.console import Console

from seraphim.operations import check
from seraphim.settings import Settings, load
from seraphim.values import entries

NAME = base64.b64encode(b"1234567890123456789").decode().rstrip("=")
TOKEN = f"{NAME}.Gabcde.{'a' * 38}"


def settings(folder: Path, **more: str) -> Settings:
    return load(
        {
            "DISCORD_TOKEN": TOKEN,
            "DISCORD_API_URL": "http://127.0.0.1:1/api/v10",
            "DATA_DIR": str(folder / "data"),
            **more,
        }
    )


def test_it_is_said_where_each_setting_comes_from(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("LOG_LEVEL=DEBUG\nDEFAULT_VOLUME=7\nLAVALINK_PASSWORD_FILE=/run/p\n")
    found = check.origins({"DEFAULT_VOLUME": "9", "LOG_FORMAT": ""}, dotenv)
    assert found == {
        "LOG_LEVEL": str(dotenv),
        "DEFAULT_VOLUME": "environment",
        "LAVALINK_PASSWORD": "file /run/p",
    }


def test_every_setting_is_shown_and_no_secret(tmp_path: Path):
    nodes = '[{"name": "one", "host": "a.example", "password": "hunter2"}]'
    out = io.StringIO()
    made = settings(tmp_path, LAVALINK_NODES=nodes, HTTP_TOKEN="let-me-see")
    check.show_settings(made, {"HTTP_TOKEN": "environment"}, Console(file=out, width=200))
    text = out.getvalue()
    assert len(text.splitlines()) == len(list(entries(Settings)))
    assert "one a.example:2333" in text
    for secret in made.secrets:
        assert secret not in text
    (line,) = [line for line in text.splitlines() if line.startswith("HTTP_TOKEN")]
    assert line.split() == ["HTTP_TOKEN", "[set]", "environment"]


@pytest.mark.parametrize("database", [b"", b"no database" * 500])
def test_every_connection_is_tried_and_nothing_is_changed(tmp_path: Path, database: bytes):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "seraphim.db").write_bytes(database)
    out = io.StringIO()
    made = settings(
        tmp_path, LAVALINK_HOST="127.0.0.1", LAVALINK_PORT="1", LAVALINK_PASSWORD="hunter2"
    )
    assert not check.run(made, Console(file=out, width=200, soft_wrap=True))
    lines = out.getvalue().splitlines()
    assert [line[0] for line in lines] == ["✖", "✖", "✔", "✖" if database else "✔"]
    assert "DISCORD_API_URL" in lines[0]
    assert "is Lavalink running there?" in lines[1]
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["seraphim.db"]
    assert (tmp_path / "data" / "seraphim.db").read_bytes() == database
