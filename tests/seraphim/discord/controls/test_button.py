import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.discord.controls.button import Button, Verb


@given(st.none() | st.from_regex(r"[a-z0-9:-]{1,60}", fullmatch=True), st.sampled_from(Verb))
def test_a_button_is_known_again_by_its_name(play: str | None, verb: Verb) -> None:
    assert Button.parse(Button(play, verb).custom_id) == Button(play, verb)


def test_the_verb_is_the_last_part() -> None:
    assert Button("run-1", Verb.SKIP).custom_id == "player:run-1:skip"


@pytest.mark.parametrize("custom_id", ["", "player", "player:x", "other:x:skip", "player:x:dance"])
def test_what_is_not_ours_is_left_alone(custom_id: str) -> None:
    assert Button.parse(custom_id) is None
