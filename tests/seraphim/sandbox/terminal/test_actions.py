from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.commands import Command, CommandRegistry
from seraphim.sandbox.snowflakes import Snowflakes
from seraphim.sandbox.terminal.actions import (
    HELP,
    Action,
    Become,
    Hear,
    Help,
    Join,
    Leave,
    Mistyped,
    Press,
    Quit,
    Refused,
    ShowLog,
    ShowPanel,
    Use,
    Wait,
    parse,
)

STRING, INTEGER, BOOLEAN, NUMBER, SUB_COMMAND = 3, 4, 5, 10, 1


def option(name: str, kind: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "description": "An option", "type": kind, **more}


def registered(*commands: dict[str, Any]) -> list[Command]:
    bodies = [{"description": "A command", **command} for command in commands]
    return CommandRegistry(Snowflakes()).overwrite(None, bodies)


COMMANDS = registered(
    {
        "name": "play",
        "options": [
            option("query", STRING, required=True),
            option("when", STRING, choices=[{"name": "At the end", "value": "end"}]),
            option("shuffle", BOOLEAN),
        ],
    },
    {"name": "skip"},
    {"name": "queue", "options": [option("page", INTEGER)]},
    {"name": "speed", "options": [option("times", NUMBER)]},
    {
        "name": "settings",
        "options": [
            option("volume", SUB_COMMAND, options=[option("level", INTEGER, required=True)]),
            option("show", SUB_COMMAND),
        ],
    },
)


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("/skip", Use("skip")),
        ("  /skip  ", Use("skip")),
        ("/play aurora", Use("play", {"query": "aurora"})),
        ("/play the  quiet   hours", Use("play", {"query": "the  quiet   hours"})),
        ("/play query:aurora", Use("play", {"query": "aurora"})),
        (
            "/play https://example.org/when:now.mp3",
            Use("play", {"query": "https://example.org/when:now.mp3"}),
        ),
        (
            "/play two words when:at the end shuffle:true",
            Use("play", {"query": "two words", "when": "end", "shuffle": True}),
        ),
        ("/play when:end query:a b", Use("play", {"when": "end", "query": "a b"})),
        ("/queue", Use("queue")),
        ("/queue 2", Use("queue", {"page": 2})),
        ("/queue page:-2", Use("queue", {"page": -2})),
        ("/speed 1.5", Use("speed", {"times": 1.5})),
        ("/settings volume 40", Use("settings volume", {"level": 40})),
        ("/settings show", Use("settings show")),
        ("!skip", Press("skip")),
        ("! Volume up", Press("Volume up")),
        ("as Grace", Become("Grace")),
        ("AS Grace", Become("Grace")),
        ("join", Join(None)),
        ("join The Loft", Join("The Loft")),
        ("leave", Leave()),
        ("wait", Wait()),
        ("hear Aurora", Hear("Aurora")),
        ("panel", ShowPanel()),
        ("log", ShowLog()),
        ("help", Help()),
        ("/help", Help()),
        ("quit", Quit()),
        ("? /skip", Refused(Use("skip"))),
        ("?!skip", Refused(Press("skip"))),
        ("", None),
        ("   ", None),
        ("# /skip", None),
    ],
)
def test_a_line_means(line: str, action: Action | None) -> None:
    assert parse(line, COMMANDS) == action


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("skip", "commands begin with /"),
        ("/nope", "no command /nope"),
        ("/", "no command /"),
        ("/skip it", "'it' is too much"),
        ("/queue two", "/queue page takes a whole number, not 'two'"),
        ("/queue 1.5", "a whole number"),
        ("/speed fast", "a number, not 'fast'"),
        ("/play a shuffle:maybe", "true or false, not 'maybe'"),
        ("/settings", "wants one of: volume, show"),
        ("/settings nope", "wants one of: volume, show"),
        ("!", "wants a name"),
        ("as", "wants a name"),
        ("hear", "wants a name"),
        ("leave now", "takes nothing behind it"),
        ("? leave", "only a /COMMAND or a !BUTTON"),
        ("? # /skip", "only a /COMMAND or a !BUTTON"),
        ("? ? /skip", "only a /COMMAND or a !BUTTON"),
    ],
)
def test_a_line_without_meaning_says_what_is_wrong(line: str, why: str) -> None:
    with pytest.raises(Mistyped) as caught:
        parse(line, COMMANDS)
    assert why in str(caught.value)


def test_a_bot_that_has_a_command_help_is_asked_itself() -> None:
    commands = registered({"name": "help"})
    assert parse("/help", commands) == Use("help")
    assert parse("help", commands) == Help()


def test_everything_that_help_lists_can_be_typed() -> None:
    fill = {"…": "", "[": "", "]": "", "COMMAND": "skip", "LINE": "!skip"}
    for typed in HELP:
        line = typed
        for placeholder, value in fill.items():
            line = line.replace(placeholder, value)
        assert parse(line, COMMANDS) is not None


@given(st.text(), st.sampled_from(["", "/", "!", "?", "/play ", "/queue ", "/settings ", "as "]))
def test_any_line_means_something_or_says_why_not(text: str, start: str) -> None:
    # Whatever else it might raise would end the sandbox.
    with suppress(Mistyped):
        parse(start + text, COMMANDS)
