"""A queue as a file to keep, and back."""

import asyncio
from collections.abc import Collection, Sequence

import aiohttp
import arc
import hikari
import structlog
from yarl import URL

from actors.guild.board import Board
from actors.guild.player.messages import Play, PlayerView
from actors.guild.player.ports import Catalogue, NodeUnavailable, SourceFailed
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from seraphim.addresses import is_loopback
from seraphim.discord.caller import Caller, unplayable
from seraphim.discord.commands.client import Command, Context
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.queue import export_card
from seraphim.discord.presenters.refusals import refusal
from seraphim.discord.transfer import LARGEST_FILE, exported, queries

UPLOADS = frozenset({"cdn.discordapp.com", "media.discordapp.net"})
"""Where Discord keeps what people upload (Discord's reference, "CDN endpoints")."""
AT_ONCE = 4
UPLOAD_SECONDS = 10.0
SECONDS = 30.0
"""How long all tracks of a file may be looked for."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def transfer_commands(
    catalogue: Catalogue,
    trusted: Collection[str],
    board: Board,
    interpreter: Interpreter,
    *,
    inside_allowed: bool,
) -> list[Command]:
    """Return the commands by which a queue leaves and comes back.

    `inside_allowed`: Discord itself is on this machine, and so is what people upload.
    """
    say = interpreter.languages.english

    @arc.slash_command("export", say("command-export"))
    async def export(ctx: Context) -> None:
        def page(view: PlayerView, say: Language) -> Card:
            current = [] if view.current is None else [view.current.entry]
            entries = [*current, *view.queue]
            if not entries:
                return refusal(Refused(Code.QUEUE_EMPTY), say)
            return export_card(exported(entries), len(entries), say)

        await ctx.client.show(ctx, page)

    @arc.slash_command("import", say("command-import"))
    async def bring(
        ctx: Context,
        attachment: arc.Option[
            hikari.Attachment, arc.AttachmentParams(say("option-import-attachment"))
        ],
    ) -> None:
        async def message(caller: Caller) -> Play | Refused:
            refused = unplayable(ctx.interaction, caller)
            if refused is not None:
                return refused
            content = await _read(attachment, inside_allowed=inside_allowed)
            if isinstance(content, Refused):
                return content
            wanted, left_out = queries(content, trusted)
            sources = board.settings(caller.guild).sources
            tracks = await _found(catalogue, wanted, sources)
            if not tracks:
                return Refused(Code.NOTHING_FOUND)
            missing = left_out + len(wanted) - len(tracks)
            say = interpreter.audience(ctx.interaction).guild
            name = say("import-name", count=missing) if missing else say("import-name-whole")
            return Play(caller.member, "", caller.text_channel, tracks=tuple(tracks), playlist=name)

        await ctx.client.control(ctx, message, heavy=True)

    return [export, bring]


async def _read(attachment: hikari.Attachment, *, inside_allowed: bool) -> bytes | Refused:
    """Return what somebody has uploaded: from Discord's own servers, and no more than a queue.

    Not by hikari: it knows no deadline, follows wherever it is sent, and where nobody answers it
    loses its connection and the reason.
    """
    too_large = Refused(Code.QUERY_TOO_LONG, {"highest": LARGEST_FILE})
    try:
        address = URL(attachment.url)
    except ValueError:
        return Refused(Code.FORBIDDEN_QUERY)
    host = address.host or ""
    if host not in UPLOADS and not (inside_allowed and is_loopback(host)):
        return Refused(Code.FORBIDDEN_QUERY)
    if attachment.size > LARGEST_FILE:
        return too_large
    content = bytearray()
    try:
        async with (
            asyncio.timeout(UPLOAD_SECONDS),
            aiohttp.ClientSession(raise_for_status=True) as session,
            session.get(address, allow_redirects=False) as response,
        ):
            async for chunk in response.content.iter_chunked(LARGEST_FILE):
                content += chunk
                if len(content) > LARGEST_FILE:
                    return too_large
    except (aiohttp.ClientError, TimeoutError) as error:
        # The address opens the file to anybody who has it.
        log.info("import.unreadable", error=type(error).__name__)
        return Refused(Code.DISCORD_REFUSED)
    return bytes(content)


async def _found(
    catalogue: Catalogue, wanted: Sequence[str], sources: Sequence[str]
) -> list[Track]:
    """Return the first track for each query, in order, as far as there is one in time."""
    found: dict[int, Track] = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def look(number: int, query: str) -> None:
        async with turns:
            try:
                tracks = (await catalogue.load(query, sources)).tracks
            except (NodeUnavailable, SourceFailed) as error:
                log.info("import.not_found", error=repr(error))
                return
        if tracks:
            found[number] = tracks[0]

    try:
        async with asyncio.timeout(SECONDS), asyncio.TaskGroup() as tasks:
            for number, query in enumerate(wanted):
                tasks.create_task(look(number, query))
    except TimeoutError:
        log.info("import.incomplete", found=len(found), wanted=len(wanted))
    return [found[number] for number in sorted(found)]
