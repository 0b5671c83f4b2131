from dataclasses import replace
from pathlib import Path

import pytest

from seraphim.audio_node.instance import FILE_NAME, Instance, fingerprints, new_password

CARD = Instance(
    instance="i",
    host="127.0.0.1",
    port=1,
    pid=2,
    password="hush",
    settings={"MUSIC_DIR": "hashed"},
)


def test_what_was_saved_is_loaded_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    CARD.save(tmp_path / "data")
    assert Instance.load(tmp_path / "data") == CARD
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]
    assert (tmp_path / "data" / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_card_of_before_there_were_settings_in_it_is_still_one(tmp_path: Path) -> None:
    text = '{"instance": "i", "host": "127.0.0.1", "port": 1, "pid": 2, "password": "hush"}'
    (tmp_path / FILE_NAME).write_text(text)
    card = Instance.load(tmp_path)
    assert card is not None
    assert card.settings == {}


def test_other_keys_of_music_services_are_other_settings_and_not_shown() -> None:
    names = ("SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET", "APPLE_MUSIC_TOKEN")
    first = fingerprints(dict.fromkeys(names, "hush-one"))
    assert set(first) == set(names)
    assert "hush" not in str(first)
    assert fingerprints(dict.fromkeys(names, "hush-two")).items().isdisjoint(first.items())


def test_settings_are_told_apart_by_their_fingerprints_and_not_shown(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("one")
    environ = {"MUSIC_DIR": "/music", "SSL_CERT_FILE": str(bundle), "TRUSTED_MEDIA_HOSTS": ""}
    first = fingerprints({**environ, "PATH": "/bin"})
    assert first == fingerprints(environ)
    assert set(first) == {"MUSIC_DIR", "SSL_CERT_FILE"}
    assert "/music" not in str(first)
    assert fingerprints({**environ, "MUSIC_DIR": "/other"})["MUSIC_DIR"] != first["MUSIC_DIR"]
    # Another bundle under the same name is another.
    bundle.write_text("two")
    assert fingerprints(environ)["SSL_CERT_FILE"] != first["SSL_CERT_FILE"]
    bundle.unlink()
    assert set(fingerprints(environ)) == set(first)


@pytest.mark.parametrize(("port", "pid"), [(0, 1), (99_999_999, 1), (-1, 1), (2333, 0), (2333, -1)])
def test_a_card_that_names_no_port_or_no_process_is_taken_for_none(
    port: int, pid: int, tmp_path: Path
) -> None:
    replace(CARD, port=port, pid=pid).save(tmp_path)
    assert Instance.load(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"instance": "i"}', '{"port": "1"}', "\xff"])
def test_a_file_that_is_no_card_is_taken_for_none(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(text, "latin-1")
    assert Instance.load(tmp_path) is None


def test_no_file_is_no_card(tmp_path: Path) -> None:
    assert Instance.load(tmp_path) is None


def test_the_password_is_never_shown_and_never_the_same() -> None:
    assert "hush" not in repr(CARD)
    assert len({new_password() for _ in range(100)}) == 100
