from pathlib import Path

import pytest

from seraphim.audio_node.instance import FILE_NAME, Instance, new_password

CARD = Instance(instance="i", host="127.0.0.1", port=1, pid=2, password="hush")


def test_what_was_saved_is_loaded_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    CARD.save(tmp_path / "data")
    assert Instance.load(tmp_path / "data") == CARD
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE_NAME]
    assert (tmp_path / "data" / FILE_NAME).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("text", ["", "[]", "{", '{"instance": "i"}', '{"port": "1"}', "\xff"])
def test_a_file_that_is_no_card_is_taken_for_none(text: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text(text, "latin-1")
    assert Instance.load(tmp_path) is None


def test_no_file_is_no_card(tmp_path: Path) -> None:
    assert Instance.load(tmp_path) is None


def test_the_password_is_never_shown_and_never_the_same() -> None:
    assert "hush" not in repr(CARD)
    assert len({new_password() for _ in range(100)}) == 100
