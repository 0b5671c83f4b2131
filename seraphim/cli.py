"""The command line. Each command imports what it needs when it runs: `--help` stays quick, and the
audio node's process never loads the bot.

Data goes to stdout, messages to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, 4 not
running, 70 the supervision tree gave up, 78 the configuration is wrong. `health` has its own.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

DOTENV = Path(".env")
CONTAINER = "SERAPHIM_CONTAINER"
"""Set in the image: what is in it is not changed from inside."""
FAILED = 1
NOT_RUNNING = 4
WRONG_CONFIGURATION = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name (the process's own by default); return its exit code.

    Wrong usage ends in SystemExit(2), `--help` in SystemExit(0).
    """
    options = _parser().parse_args(arguments)
    match options.command:
        case "run":
            return _run(handover=options.handover)
        case "sandbox":
            return _sandbox()
        case "audio-node":
            return _audio_node(embedded=options.embedded)
        case "health":
            return _health(as_json=options.json)
        case "drain":
            return _drain(options.node, undo=options.undo)
        case "sources":
            return _update_sources(rollback=options.rollback)
        case _:
            return _tree(as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="seraphim", description="Seraphim, a music bot for Discord that keeps playing."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="run the bot",
        description="Run the bot with the settings in the environment and in .env.",
    )
    run.add_argument(
        "--handover",
        action="store_true",
        help="take over from the bot that uses this DATA_DIR, without a gap in the music",
    )
    commands.add_parser(
        "sandbox",
        help="try the bot in a Discord of its own; no token needed",
        description=(
            "Run the real bot against a Discord on this machine. Type slash commands at the"
            " prompt, or give a script on stdin; then the exit code is 0 or 1."
        ),
    )
    audio_node = commands.add_parser(
        "audio-node",
        help="run an audio node of its own, speaking Lavalink's protocol",
        description=(
            "Run Seraphim's audio node. It takes LAVALINK_HOST (where to listen), LAVALINK_PORT,"
            " LAVALINK_PASSWORD, DATA_DIR, MUSIC_DIR, TRUSTED_MEDIA_HOSTS, SPOTIFY_CLIENT_ID,"
            " SPOTIFY_CLIENT_SECRET and APPLE_MUSIC_TOKEN from the environment and from .env."
        ),
    )
    audio_node.add_argument(
        "--embedded",
        action="store_true",
        help="as the bot starts it: any free port, and it ends a minute after its last client",
    )
    drain = commands.add_parser(
        "drain",
        help="empty a Lavalink node, so that it can be stopped",
        description=(
            "Let everything that plays at a node of LAVALINK_NODES move to the others, and nothing"
            " new go there, until this is undone."
        ),
    )
    drain.add_argument("node", metavar="NODE", help="the node's name")
    drain.add_argument("--undo", action="store_true", help="let it be used again")
    sources = commands.add_parser(
        "sources",
        help="bring what reads YouTube and other sites up to date",
        description="What the audio node reads sites with is yt-dlp, which changes as they do.",
    )
    update = sources.add_subparsers(dest="do", required=True, metavar="WHAT").add_parser(
        "update",
        help="fetch the newest yt-dlp into DATA_DIR",
        description=(
            "Fetch the newest yt-dlp from PyPI into DATA_DIR, its hash checked. A node that runs"
            " takes it at once. In a container, update the image instead."
        ),
    )
    update.add_argument(
        "--rollback", action="store_true", help="go back to the version that was used before"
    )
    health = commands.add_parser(
        "health",
        help="say how the bot that runs is",
        description=(
            "Say how the bot that uses this DATA_DIR is. The exit code is 0 when it is healthy, 1"
            " degraded, 3 unhealthy, 4 not running."
        ),
    )
    health.add_argument("--json", action="store_true", help="everything there is to know, as JSON")
    tree = commands.add_parser(
        "tree",
        help="show the supervision tree of the bot that runs",
        description="Show the live supervision tree of the bot that uses this DATA_DIR.",
    )
    tree.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _refuse(mistakes: Sequence[str]) -> int:
    print("SYS-001 Seraphim cannot start with these settings:", file=sys.stderr)
    for mistake in mistakes:
        print(f"  - {mistake}", file=sys.stderr)
    return WRONG_CONFIGURATION


def _run(*, handover: bool) -> int:
    from seraphim.settings import SettingsError, load

    try:
        settings = load(dotenv=DOTENV)
    except SettingsError as error:
        return _refuse(error.mistakes)
    from seraphim.app import run

    return run(settings, handover=handover)


def _sandbox() -> int:
    from seraphim.sandbox.main import main as sandbox

    return sandbox()


def _audio_node(*, embedded: bool) -> int:
    from seraphim.audio_node.options import NodeOptions, WrongOptions

    try:
        if embedded:
            options = NodeOptions.embedded(os.environ)
        else:
            options = NodeOptions.standalone(os.environ, DOTENV)
    except WrongOptions as error:
        return _refuse(error.mistakes)
    from seraphim.audio_node.process import run

    return run(options)


def _ask(request: Mapping[str, object]) -> dict[str, object] | None:
    """Return what the bot that runs here answers; None, and that is said, if none runs."""
    from seraphim.environment import data_dir
    from seraphim.operations import operator

    path = data_dir(dotenv=DOTENV) / operator.SOCKET
    try:
        return asyncio.run(operator.ask(path, request))
    except OSError:
        print(f"No bot runs on {path.parent}.", file=sys.stderr)
        return None


def _health(*, as_json: bool) -> int:
    from seraphim.environment import data_dir
    from seraphim.operations import health
    from seraphim.operations.operator import SOCKET

    told = health.ask(data_dir(dotenv=DOTENV) / SOCKET)
    return NOT_RUNNING if told is None else health.show(told, as_json=as_json)


def _drain(node: str, *, undo: bool) -> int:
    answer = _ask({"do": "undrain" if undo else "drain", "node": node})
    if answer is None:
        return NOT_RUNNING
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return FAILED
    print(answer["state"])
    return 0


def _update_sources(*, rollback: bool) -> int:
    from seraphim.audio_node.extractor import release
    from seraphim.environment import data_dir

    if os.environ.get(CONTAINER):
        print("In a container the image is updated instead.", file=sys.stderr)
        return FAILED
    folder = data_dir(dotenv=DOTENV)
    try:
        done = release.rollback(folder) if rollback else release.update(folder)
    except release.CannotUpdate as error:
        print(f"Nothing was changed: {error}.", file=sys.stderr)
        return FAILED
    installed = "the one that was installed"
    print(f"yt-dlp {done.version or installed} (before: {done.before or installed})")
    return 0


def _tree(*, as_json: bool) -> int:
    from seraphim.operations import tree

    answer = _ask({"do": "tree"})
    if answer is None:
        return NOT_RUNNING
    if as_json:
        print(json.dumps(answer["tree"], indent=2))
    else:
        tree.show(answer["tree"])
    return 0
