"""What `seraphim check` does: says what is set and where, and tries every connection.

Nothing is changed by it: no database is made or migrated, no gateway session is used up, no lock is
taken. Secrets are shown as set, never as they are.
"""

import logging
import os
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, cast

import aiohttp
import anyio
import hikari
from dotenv import dotenv_values
from rich.console import Console
from rich.text import Text

from actors.service import FatalService
from seraphim.discord import gateway
from seraphim.environment import SECRETS
from seraphim.operations.redaction import Redaction
from seraphim.settings import DISCORD_API, NodeSettings, Settings
from seraphim.storage import copies
from seraphim.storage.database import FILE
from seraphim.storage.migration import REVISION
from seraphim.values import Secret, entries

ANSWER_SECONDS: Final = 10.0


class Trouble(Exception):
    """A connection does not work; the text says why, and what to do."""


def origins(environ: Mapping[str, str], dotenv: Path | None) -> dict[str, str]:
    """Return where each variable that is set was set."""
    found: dict[str, str] = {}
    written = dotenv_values(dotenv) if dotenv is not None else {}
    for values, where in ((written, str(dotenv)), (environ, "environment")):
        for name, value in values.items():
            plain = name.removesuffix("_FILE")
            if value and plain != name and plain in SECRETS:
                found[plain] = f"file {value}"
            elif value:
                found[name] = where
    return found


def show_settings(
    settings: Settings, origin: Mapping[str, str], console: Console | None = None
) -> None:
    """Print every setting with its value, its secret masked, and where it was set."""
    out = console or Console(highlight=False, soft_wrap=True)
    for name, variable, _ in entries(Settings):
        value = getattr(settings, name)
        where = origin.get(variable, "default")
        out.print(
            Text.assemble(
                f"{variable:<26}",
                (f"{_shown(value):<36}", "bold" if where != "default" else "dim"),
                ("  ", ""),
                (where, "dim" if where == "default" else "cyan"),
            )
        )


def _shown(value: object) -> str:
    if value is None or value == ():
        return "-"
    if isinstance(value, Secret):
        return "[set]"
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        return ", ".join(
            f"{item.name} {_address(item)}" if isinstance(item, NodeSettings) else str(item)
            for item in items
        )
    return str(value)


def run(settings: Settings, console: Console | None = None) -> bool:
    """Try every connection, print how each is, and return whether all work."""
    # It is said once, and by us.
    logging.getLogger("hikari").setLevel(logging.CRITICAL)
    return anyio.run(_run, settings, console or Console(highlight=False, soft_wrap=True))


async def _run(settings: Settings, console: Console) -> bool:
    redaction = Redaction(settings.secrets)
    well = True
    for name, attempt in _attempts(settings):
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                said, style, mark = await attempt(), "green", "✔"
        except Trouble as trouble:
            said, style, mark, well = str(trouble), "red", "✖", False
        except TimeoutError:
            said, style, mark, well = f"no answer in {ANSWER_SECONDS:.0f} s", "red", "✖", False
        console.print(
            Text.assemble((f"{mark} ", style), (f"{name:<14}", "bold"), redaction.text(said))
        )
    return well


def _attempts(settings: Settings) -> list[tuple[str, Callable[[], Awaitable[str]]]]:
    async def discord() -> str:
        return await _discord(settings)

    async def database() -> str:
        return await anyio.to_thread.run_sync(_database, settings)

    async def folder() -> str:
        return _folder(settings.data_dir)

    def node(one: NodeSettings) -> Callable[[], Awaitable[str]]:
        async def attempt() -> str:
            return await _node(one)

        return attempt

    async def embedded() -> str:
        return "the embedded one, which the bot starts"

    nodes = [(f"node {one.name}", node(one)) for one in settings.nodes] or [("node", embedded)]
    return [("Discord", discord), *nodes, ("data folder", folder), ("database", database)]


async def _discord(settings: Settings) -> str:
    url = None if settings.discord_api_url == DISCORD_API else settings.discord_api_url
    try:
        await gateway.check(settings.token, url)
    except FatalService as error:
        raise Trouble(error.message) from None
    except hikari.HikariError as error:
        raise Trouble(
            f"{settings.discord_api_url} cannot be asked ({type(error).__name__}): is this machine"
            " online, and is DISCORD_API_URL right?"
        ) from None
    return f"takes the token of application {settings.application_id}"


async def _node(node: NodeSettings) -> str:
    root = f"{'https' if node.secure else 'http'}://{_address(node)}"
    headers = {"Authorization": node.password.reveal()}
    try:
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{root}/version", headers=headers) as answer:
                refused, version = answer.status in (401, 403), (await answer.text())[:40]
            async with session.get(f"{root}/v4/info", headers=headers) as answer:
                status = answer.status
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Trouble(
            f"{root} cannot be reached ({type(error).__name__}): is Lavalink running there?"
        ) from None
    if refused or status in (401, 403):
        raise Trouble(f"{root} refuses the password: it is the one in its application.yml")
    if status != 200:
        raise Trouble(f"{root} is no Lavalink 4 (/v4/info answers {status})")
    return f"{root} is Lavalink {version}"


def _address(node: NodeSettings) -> str:
    return f"[{node.host}]:{node.port}" if ":" in node.host else f"{node.host}:{node.port}"


def _folder(folder: Path) -> str:
    there = folder
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        raise Trouble(f"{folder} may not be written to by this user: let it, or change DATA_DIR")
    return f"{folder} {'is there' if there == folder else 'will be made'}"


def _database(settings: Settings) -> str:
    if settings.database_url is not None:
        return _judged("the PostgreSQL server answers", _revision(settings.database_url))
    path = settings.data_dir / FILE
    if not path.exists():
        return f"{path} will be made"
    try:
        return _judged(str(path), copies.revision(path))
    except (OSError, sqlite3.Error) as error:
        raise Trouble(f"{path} cannot be read ({error}): restore a backup") from None


def _revision(url: Secret) -> str | None:
    from seraphim.storage.postgresql import PostgresServer

    server = PostgresServer(url.reveal())
    try:
        return server.revision(server.connection())
    except server.errors as error:
        raise Trouble(
            f"the server of DATABASE_URL cannot be used ({type(error).__name__}): is it running,"
            " and are user, password and database right?"
        ) from None
    finally:
        server.close()


def _judged(what: str, found: str | None) -> str:
    if found is None:
        return f"{what}, still empty"
    if found > REVISION:
        raise Trouble(f"{what} was made by a newer Seraphim ({found}): run that one")
    if found < REVISION:
        return f"{what}, revision {found}: the bot migrates it to {REVISION} when it starts"
    return f"{what}, revision {found}, up to date"
