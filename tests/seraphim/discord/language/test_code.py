"""What the code has to do with words: it names messages, and says nothing by itself."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import seraphim.discord
from seraphim.discord.language.languages import languages

HERE = Path(seraphim.discord.__file__).parent
MODULES = sorted(HERE.rglob("*.py"))
each_module = pytest.mark.parametrize("module", MODULES, ids=lambda m: str(m.relative_to(HERE)))
MESSAGES = languages().english.placeholders
# Two words in a row, or one that begins as a sentence or a label does.
PROSE = re.compile(r"[^\W\d_]{2,}[,.!?:;]? +[^\W\d_]{2,}|^[A-Z][a-z]{2,}[.!?:]?$")
# Whoever runs Seraphim reads these; nobody in Discord does.
FOR_OPERATORS = {"gateway.py"}


def parsed(module: Path) -> ast.Module:
    return ast.parse(module.read_text(encoding="utf-8"))


def unseen(tree: ast.AST) -> Iterator[ast.AST]:
    """What is not shown to anybody in Discord: docstrings, errors, log lines, annotations."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                yield node
            case ast.Raise():
                yield node
            case ast.Assert(msg=ast.AST() as message):
                yield message
            case ast.Call(func=ast.Attribute(value=ast.Name(id="log"))):
                yield node
            case ast.Call(func=ast.Name(id="TypeVar" | "ContextVar" | "cast")):
                yield node
            case ast.arg(annotation=ast.AST() as annotation):
                yield from annotated(annotation)
            case ast.AnnAssign(annotation=annotation):
                yield from annotated(annotation)
            case ast.FunctionDef(returns=ast.AST() as returns):
                yield from annotated(returns)
            case ast.AsyncFunctionDef(returns=ast.AST() as returns):
                yield from annotated(returns)
            case _:
                pass


def annotated(annotation: ast.AST) -> Iterator[ast.AST]:
    """A forward reference; what stands in the annotation of an option is shown."""
    if isinstance(annotation, ast.Constant):
        yield annotation


def said_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    hidden = {id(inner) for node in unseen(tree) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in hidden
        ):
            yield node.lineno, node.value


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        if isinstance(node.func, ast.Name):
            name = node.func.id
        if name is not None and re.fullmatch(r"say|english|asker", name):
            yield node


def names(argument: ast.expr) -> list[str]:
    """The messages that an argument may name; a beginning of one ends in a star."""
    match argument:
        case ast.Constant(value=str() as name):
            return [name]
        case ast.IfExp(body=body, orelse=orelse):
            return names(body) + names(orelse)
        case ast.JoinedStr(values=[ast.Constant(value=str() as beginning), *_]):
            return [f"{beginning}*"]
        case _:
            return []


@each_module
def test_nothing_is_said_that_is_not_in_the_languages(module: Path) -> None:
    if module.name in FOR_OPERATORS:
        pytest.skip("it says nothing in Discord")
    prose = [(line, text) for line, text in said_in(parsed(module)) if PROSE.search(text)]
    assert not prose


def test_words_in_code_would_be_found() -> None:
    code = 'def f(say):\n    "A doc."\n    log.info("not this one")\n'
    code += '    return card("Oh no", f"It is {say}")'
    assert [text for _, text in said_in(ast.parse(code)) if PROSE.search(text)] == [
        "Oh no",
        "It is ",
    ]
    assert PROSE.search("Back")
    assert not PROSE.search("phrase-error")


@each_module
def test_every_message_that_is_named_is_there_and_gets_what_it_needs(module: Path) -> None:
    for call in calls(parsed(module)):
        given = {keyword.arg for keyword in call.keywords}
        for name in names(call.args[0]):
            if name.endswith("*"):
                assert any(message.startswith(name[:-1]) for message in MESSAGES), name
            else:
                assert name in MESSAGES
                assert None in given or MESSAGES[name] <= given, name


def test_no_message_is_there_for_nothing() -> None:
    named: set[str] = set()
    for module in MODULES:
        for node in ast.walk(parsed(module)):
            if isinstance(node, ast.JoinedStr | ast.Constant):
                named.update(names(node))
    beginnings = tuple(name[:-1] for name in named if name.endswith("-*"))
    idle = [name for name in MESSAGES if name not in named and not name.startswith(beginnings)]
    assert not idle
