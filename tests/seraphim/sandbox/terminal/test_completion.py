import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from seraphim.sandbox import Timing
from seraphim.sandbox.terminal.actions import Use
from seraphim.sandbox.terminal.completion import StageCompleter
from seraphim.sandbox.terminal.stage import Stage
from tests.seraphim.sandbox.terminal.conftest import Singer

pytestmark = pytest.mark.anyio


async def completed(completer: StageCompleter, line: str) -> list[str]:
    """The lines that the completions of `line` would make of it."""
    document = Document(line)
    return [
        line[: len(line) + each.start_position] + each.text
        async for each in completer.get_completions_async(document, CompleteEvent())
    ]


async def test_a_line_is_completed(stage: Stage, singer: Singer) -> None:
    completer = StageCompleter(stage)
    for line, lines in (
        ("/", ["/play", "/skip", "/stop"]),
        ("/s", ["/skip", "/stop"]),
        ("? /sk", ["? /skip"]),
        ("/play A", ["/play Aurora!"]),
        ("/play query:em", ["/play query:Ember!"]),
        ("/play Aurora wh", ["/play Aurora when:"]),
        ("/play Aurora when:", ["/play Aurora when:Now", "/play Aurora when:Next"]),
        ("/play Aurora when:ne", ["/play Aurora when:Next"]),
        ("/skip ", []),
        ("/nope ", []),
        ("as g", ["as Grace"]),
        ("join ", ["join Loft", "join General"]),
        ("hear s", ["hear Solstice", "hear silence"]),
        ("pa", ["panel"]),
        ("!", []),
        ("# /", []),
    ):
        assert await completed(completer, line) == lines


async def test_buttons_are_completed_as_they_are_labelled(stage: Stage, singer) -> None:
    await stage.perform(Use("play", {"query": "Aurora"}))
    assert await stage.until_told(0.1, 5.0)
    assert await completed(StageCompleter(stage), "!s") == ["!Skip"]


async def test_what_was_offered_by_name_is_sent_by_value(stage, singer) -> None:
    completer = StageCompleter(stage)
    await completed(completer, "/play Aur")
    typed = Use("play", {"query": "Aurora!"})
    assert completer.meant(typed) == Use("play", {"query": "aurora.opus"})
    # For this line only.
    assert completer.meant(typed) == typed


async def test_what_was_typed_by_hand_is_sent_as_it_is(stage, singer) -> None:
    completer = StageCompleter(stage)
    await completed(completer, "/play Aur")
    typed = Use("play", {"query": "Aur"})
    assert completer.meant(typed) == typed


@pytest.mark.parametrize("timing", [Timing(first_answer=0.2)])
async def test_a_bot_that_does_not_answer_offers_nothing(stage, singer, bot) -> None:
    await bot.close()
    assert await completed(StageCompleter(stage), "/play A") == []
