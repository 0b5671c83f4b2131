import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from seraphim.sandbox.terminal import prompt
from seraphim.sandbox.terminal.stage import Stage

pytestmark = pytest.mark.anyio
CTRL_C, CTRL_D = "\x03", "\x04"


async def typed(stage: Stage, keys: str) -> None:
    """Everything is typed at once, ahead of the prompt; returns when the prompt is done."""
    with create_pipe_input() as keyboard, create_app_session(keyboard, DummyOutput()):
        keyboard.send_text(keys)
        await prompt.run(stage)


async def test_what_is_typed_is_done_until_somebody_quits(stage, singer) -> None:
    await typed(stage, "as Grace\njoin Loft\nquit\n")
    assert stage.me.name == "Grace"
    assert stage.channels["Loft"].present == ["Ada", "Grace"]


async def test_commands_reach_the_bot(stage, singer) -> None:
    await typed(stage, "/play Aurora\nquit\n")
    assert singer.queries == ["Aurora"]


async def test_the_end_of_input_ends_it(stage, singer) -> None:
    await typed(stage, CTRL_D)


async def test_an_interrupt_throws_the_line_away_and_no_more(stage, singer) -> None:
    await typed(stage, f"as Linus{CTRL_C}as Grace\nquit\n")
    assert stage.me.name == "Grace"


async def test_what_cannot_be_done_is_told_and_ends_nothing(stage, singer) -> None:
    await typed(stage, "nonsense\n/nope\n!nope\nas Nobody\nas Grace\nquit\n")
    assert stage.me.name == "Grace"
