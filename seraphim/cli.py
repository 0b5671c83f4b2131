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
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import cast

DOTENV = Path(".env")
CONTAINER = "SERAPHIM_CONTAINER"
"""Set in the image: what is in it is not changed from inside."""
CONNECTING = frozenset({"run", "audio-node", "check", "sources"})
"""The commands that go out to others over TLS."""
FAILED = 1
NOT_RUNNING = 4
WRONG_CONFIGURATION = 78


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name (the process's own by default); return its exit code.

    Wrong usage ends in SystemExit(2), `--help` in SystemExit(0).
    """
    options = _parser().parse_args(arguments)
    if options.command in CONNECTING:
        from seraphim.environment import hand_to_openssl

        hand_to_openssl(os.environ, DOTENV)
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
        case "logs":
            return _logs(options)
        case "check":
            return _check()
        case "commands":
            return _synchronise()
        case "backup":
            return _backup(options.file)
        case "restore":
            return _restore(options.file)
        case _:
            return _tree(as_json=options.json, watch=options.watch)


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
    how = tree.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="as JSON")
    how.add_argument(
        "--watch", action="store_true", help="full-screen, as it changes, troubled actors first"
    )
    _add_log_options(
        commands.add_parser(
            "logs",
            help="show the log, as it comes or as it was",
            description=(
                "Show the log of the bot that uses this DATA_DIR, one line an event; what it no"
                " longer keeps, or when none runs, from LOG_FILE."
            ),
        )
    )
    commands.add_parser(
        "check",
        help="show the settings, and try every connection",
        description=(
            "Show every setting and where it was set, secrets masked, and try Discord, the nodes"
            " and the database. Changes nothing. The exit code is 0 when all is well, 1 when a"
            " connection does not work, 78 when the settings are wrong."
        ),
    )
    commands.add_parser(
        "commands", help="publish the slash commands again", description="The slash commands."
    ).add_subparsers(dest="do", required=True, metavar="WHAT").add_parser(
        "sync",
        help="have the bot that runs publish them",
        description="Have the bot that uses this DATA_DIR publish its slash commands again.",
    )
    backup = commands.add_parser(
        "backup",
        help="copy the database into one file, also while the bot runs",
        description="Copy the SQLite database of this DATA_DIR into one new file.",
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="a file that is not there yet")
    restore = commands.add_parser(
        "restore",
        help="put a backup in the place of the database, while the bot does not run",
        description="Put a backup in the place of the database, and that aside.",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="what `seraphim backup` wrote")
    return parser


def _add_log_options(logs: argparse.ArgumentParser) -> None:
    logs.add_argument("-f", "--follow", action="store_true", help="go on as it comes")
    logs.add_argument("--guild", type=int, metavar="ID", help="of this server alone")
    logs.add_argument("--actor", metavar="NAME", help="of actors with this in their path")
    logs.add_argument(
        "--level",
        metavar="LEVEL",
        type=str.lower,
        choices=("debug", "info", "warning", "error"),
        help="of this level and above: debug, info, warning, error",
    )
    logs.add_argument(
        "--since", metavar="T", type=_since, help="from then on: 10m, 2h, 7d, 14:30, 2026-01-31"
    )
    logs.add_argument("--text", metavar="T", help="with this in it")
    logs.add_argument("--traces", action="store_true", help="with the stack traces unfolded")


def _since(text: str) -> datetime:
    from seraphim.operations.logs import since

    try:
        return since(text)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: 10m, 2h, 7d, 14:30, 2026-01-31 are"
        ) from None


def _refuse(mistakes: Sequence[str]) -> int:
    print("SYS-001 Seraphim cannot start with these settings:", file=sys.stderr)
    for mistake in mistakes:
        print(f"  - {mistake}", file=sys.stderr)
    return WRONG_CONFIGURATION


def _leave_out_rich() -> None:
    # structlog would load it for tracebacks that we print plainly: 3 MB, for as long as we run.
    sys.modules.setdefault("rich", cast("ModuleType", None))


def _run(*, handover: bool) -> int:
    _leave_out_rich()
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
    _leave_out_rich()
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


def _logs(options: argparse.Namespace) -> int:
    from seraphim.environment import data_dir, variables
    from seraphim.operations import logs
    from seraphim.operations.operator import SOCKET

    wanted = logs.Wanted(options.guild, options.actor, options.level, options.since, options.text)
    page = logs.Page(wanted, traces=options.traces)
    folder = data_dir(dotenv=DOTENV)
    name = variables(os.environ, DOTENV)[0].get("LOG_FILE")
    file = None if name is None else Path(name)

    def earlier(before: datetime | None) -> None:
        if file is not None:
            logs.show_stored(page, file, options.since, before)

    everything = not options.follow or options.since is not None
    live = logs.show_live(
        page, folder / SOCKET, follow=options.follow, everything=everything, earlier=earlier
    )
    try:
        runs = asyncio.run(live)
        if not runs and file is not None and not options.follow and file.exists():
            earlier(None)
            return 0
    except KeyboardInterrupt:
        return 0
    except BrokenPipeError:
        # Whoever read has had enough. Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if runs:
        return 0
    print(f"No bot runs on {folder}, and there is no LOG_FILE to read.", file=sys.stderr)
    return NOT_RUNNING


def _check() -> int:
    from seraphim.settings import SettingsError, load

    try:
        settings = load(dotenv=DOTENV)
    except SettingsError as error:
        return _refuse(error.mistakes)
    from seraphim.operations import check

    check.show_settings(settings, check.origins(os.environ, DOTENV))
    print()
    return 0 if check.run(settings) else FAILED


def _synchronise() -> int:
    answer = _ask({"do": "synchronise"})
    if answer is None:
        return NOT_RUNNING
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return FAILED
    print("Discord has the commands.")
    return 0


def _backup(copy: Path) -> int:
    folder = _own_database()
    if folder is None:
        return FAILED
    from seraphim.storage import copies

    try:
        size = copies.backup(folder, copy)
    except copies.CannotCopy as error:
        print(f"Nothing was written: {error}.", file=sys.stderr)
        return FAILED
    print(f"{copy}  {size:,} bytes")
    return 0


def _restore(copy: Path) -> int:
    folder = _own_database()
    if folder is None:
        return FAILED
    from seraphim.operations.lock import DataLock
    from seraphim.storage import copies

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = DataLock(folder)
        if not lock.take():
            print(f"A bot runs on {folder}: stop it first. Nothing was changed.", file=sys.stderr)
            return FAILED
        try:
            aside = copies.restore(folder, copy)
        finally:
            lock.release()
    except OSError as error:
        print(f"Nothing was changed: {folder}: {error.strerror}.", file=sys.stderr)
        return FAILED
    except copies.CannotCopy as error:
        print(f"Nothing was changed: {error}.", file=sys.stderr)
        return FAILED
    print(f"Restored {copy}." + (f" What was there is {aside} now." if aside else ""))
    return 0


def _own_database() -> Path | None:
    """Return the folder of the SQLite file; None, and that is said, where it is PostgreSQL."""
    from seraphim.environment import data_dir, variables

    if variables(os.environ, DOTENV)[0].get("DATABASE_URL"):
        print(
            "The database is PostgreSQL (DATABASE_URL): use pg_dump and pg_restore.",
            file=sys.stderr,
        )
        return None
    return data_dir(dotenv=DOTENV)


def _watch() -> int:
    from seraphim.operations import tree

    def ask() -> object:
        answer = _ask({"do": "tree"})
        return None if answer is None else answer["tree"]

    first = ask()
    if first is None:
        return NOT_RUNNING
    try:
        tree.watch(ask)
    except KeyboardInterrupt:
        return 0
    return NOT_RUNNING


def _tree(*, as_json: bool, watch: bool) -> int:
    if watch:
        return _watch()
    from seraphim.operations import tree

    answer = _ask({"do": "tree"})
    if answer is None:
        return NOT_RUNNING
    if as_json:
        print(json.dumps(answer["tree"], indent=2))
    else:
        tree.show(answer["tree"])
    return 0
