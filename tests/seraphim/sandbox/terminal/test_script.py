import pytest

from seraphim.sandbox.terminal import script
from seraphim.sandbox.terminal import stage as stage_module
from seraphim.sandbox.terminal.script import Script
from seraphim.sandbox.terminal.stage import Stage
from tests.seraphim.sandbox.terminal.conftest import Singer, lines_of

pytestmark = pytest.mark.anyio


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never comes is not waited for as long as people would."""
    monkeypatch.setattr(script, "EFFECT_SECONDS", 0.5)
    monkeypatch.setattr(script, "CHANGE_SECONDS", 0.5)
    monkeypatch.setattr(stage_module, "HEAR_SECONDS", 0.5)
    monkeypatch.setattr(stage_module, "WAIT_SECONDS", 0.5)


class Output:
    """What was printed on the way."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        captured = capsys.readouterr()
        self.seen = captured.out
        self.wrong = captured.err.replace("\n", " ")

    @property
    def heard(self) -> list[str]:
        return [line for line in self.seen.splitlines() if line.startswith("♪")]


async def run(stage: Stage, *lines: str) -> bool:
    return await Script(stage).run(lines_of(lines))


async def test_what_is_seen_and_heard_is_printed_in_order(stage, singer, capsys) -> None:
    assert await run(stage, "# a song", "", "/play Aurora", "/play Ember", "/skip", "/stop")
    output = Output(capsys)
    assert [line.split(" at ")[0] for line in output.heard] == [
        "♪ Loft hears Aurora: 440 Hz",
        "♪ Loft hears Aurora: 440 Hz",
        "♪ Loft hears Ember: 220 Hz",
        "♪ Loft hears silence",
    ]
    assert output.seen.startswith("Ada> /play Aurora\n╭─ Seraphim to Ada ─")
    assert output.seen.count("As you wish.") == 4
    assert output.wrong == ""


async def test_a_refusal_is_a_failure_and_the_script_goes_on(stage, singer, capsys) -> None:
    assert not await run(stage, "/play nothing", "/play Aurora")
    output = Output(capsys)
    assert "only Ada sees this" in output.seen
    assert "line 1: the bot refused that with PLAY-003" in output.wrong
    assert len(output.heard) == 1


async def test_a_refusal_that_is_expected_is_none(stage, singer) -> None:
    assert await run(stage, "? /play nothing")


async def test_an_expected_refusal_that_does_not_come_is_a_failure(stage, singer, capsys) -> None:
    assert not await run(stage, "? /play Aurora")
    assert "line 1: the bot did not refuse that" in Output(capsys).wrong


async def test_a_song_that_is_announced_but_not_heard_is_a_failure(
    stage: Stage, singer: Singer, impatient: None, capsys
) -> None:
    singer.hoarse = True
    assert not await run(stage, "/play Aurora")
    assert "line 1: Loft still hears nothing" in Output(capsys).wrong


async def test_what_should_be_heard_is_waited_for(stage, singer, impatient, capsys) -> None:
    assert await run(stage, "hear silence", "/play Aurora", "hear aurora")
    assert not await run(stage, "hear Ember")
    assert not await run(stage, "hear Beethoven")
    wrong = Output(capsys).wrong
    assert "and not Ember" in wrong
    assert "not 'Beethoven'" in wrong


async def test_waiting_ends_with_another_sound(stage, singer, impatient, capsys) -> None:
    assert not await run(stage, "wait")
    assert "nothing but silence was heard" in Output(capsys).wrong


async def test_people_act_in_turn_and_are_where_they_were_told_to_be(stage, singer) -> None:
    assert await run(stage, "as grace", "join loft", "as Ada", "leave", "as Grace")
    assert stage.me.name == "Grace"
    assert stage.channels["Loft"].present == ["Grace"]


async def test_what_cannot_be_done_is_a_failure_that_says_why(stage, singer, capsys) -> None:
    for line, why in (
        ("as Nobody", "there is no member 'Nobody', only: Ada, Grace, Linus"),
        ("join Nowhere", "there is no channel 'Nowhere', only: Loft, General"),
        ("/nope", "the bot has no command /nope"),
        ("/play", "/play needs query"),
        ("!skip", "Ada sees no button 'skip', only: none"),
        ("panel", "Ada sees no message with buttons yet"),
    ):
        assert not await run(stage, line)
        assert f"line 1: {why}" in Output(capsys).wrong


async def test_a_button_is_pressed_once_it_belongs_to_what_is_heard(
    stage: Stage, singer: Singer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await run(stage, "/play Aurora", "/play Ember", "!skip", "hear Ember", "!Skip")
    assert singer.pressed == ["Aurora:skip", "Ember:skip"]
    assert "│ [Skip]" in Output(capsys).seen


async def test_quit_ends_the_script_and_what_is_behind_it_is_not_done(stage, singer) -> None:
    assert await run(stage, "quit", "/nope")


async def test_the_log_and_the_help_can_be_seen(stage, singer, capsys) -> None:
    assert await run(stage, "log", "help")
    seen = Output(capsys).seen
    assert "system.ready" in seen
    assert "/play query [when:…]" in seen
    assert "People: Ada (Loft), Grace, Linus (General)." in seen
