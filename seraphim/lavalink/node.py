"""The node as Seraphim's ports want it: players to change, tracks to find."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

import aiohttp
import anyio
import hikari
import ongaku
import structlog
from ongaku import errors
from ongaku.abc.playlist import Playlist
from ongaku.abc.session import SessionStatus
from ongaku.abc.track import Track as NodeTrack

from actors.guild.player.messages import NodePlayer
from actors.guild.player.ports import (
    Found,
    NodeRefused,
    NodeUnavailable,
    NodeUpdate,
    SourceFailed,
)
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.client import NodeClient
from seraphim.lavalink.events import ForPlayer
from seraphim.lavalink.player import UNREADABLE, GuildPlayer
from seraphim.lavalink.session import NodeSession, Patience

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# An unreachable voice server hangs a voice change in Lavalink; many hang the node.
VOICE_CHANGES_AT_ONCE: Final = 4
GONE: Final = {404, 502, 503, 504}

# Lavalink tells people why a load failed in words alone; these are the words of the sources and of
# the embedded node's address guard. What fits none is a track that cannot be played.
REFUSALS: Final = {
    Code.FORBIDDEN_QUERY: (
        r"is not public|private address|URLs? (that )?can be played|password in it is not played"
    ),
    Code.SOURCE_BUSY: r"\b429\b|too many requests|\brate.?limit",
    Code.SOURCE_REFUSED: (
        r"\b(401|403|451)\b|\bforbidden|unauthori[sz]ed|\b(sign|log) ?in\b|not available in"
        r"|age.restricted"
    ),
}


class LavalinkNode:
    """One node: implements `AudioNode` and `Catalogue`; `session` is its link's connection."""

    def __init__(
        self,
        bot: hikari.GatewayBot,
        name: str,
        *,
        address: Callable[[], NodeAddress | None],
        user: int,
        on_event: Callable[[ForPlayer], None],
        patience: Patience | None = None,
    ) -> None:
        self._patience = patience or Patience()
        self._client = NodeClient(bot)
        self.session = NodeSession(
            self._client, name, address, user=user, on_event=on_event, patience=self._patience
        )
        self._client.session_handler.add_session(self.session)
        self._players: dict[int, GuildPlayer] = {}
        self._voice_changes = asyncio.Semaphore(VOICE_CHANGES_AT_ONCE)

    @property
    def ready(self) -> bool:
        """Whether the node can be reached now."""
        return self.session.status is SessionStatus.CONNECTED

    async def update(self, guild: int, update: NodeUpdate) -> None:
        """Change the guild's player by one request, tried once; see `AudioNode`.

        At most `VOICE_CHANGES_AT_ONCE` changes of voice are under way at a time. One that hangs is
        given up after `Patience.change`; then the guild is locked in a real Lavalink, until
        `destroy`.
        """
        player = self._player(guild)
        async with self._answering():
            if update.voice is None:
                with anyio.fail_after(self._patience.change):
                    await player.apply(update)
                return
            with anyio.fail_after(self._patience.turn):
                await self._voice_changes.acquire()
            try:
                with anyio.fail_after(self._patience.change):
                    await player.apply(update)
            finally:
                self._voice_changes.release()

    async def destroy(self, guild: int) -> None:
        """End the guild's player; a node that cannot be reached has lost it or will."""
        player = self._players.pop(guild, None)
        if player is None or not self.ready:
            return
        try:
            async with self._answering():
                await player.destroy()
        except (NodeUnavailable, NodeRefused) as error:
            cause = error.__cause__ or error
            log.info("node.player_not_destroyed", guild=guild, error=type(cause).__name__)

    async def player(self, guild: int) -> NodePlayer | None:
        """Return what the node says of the guild's player; see `AudioNode`."""
        try:
            async with self._answering():
                return await self._player(guild).look()
        except NodeUnavailable as error:
            if _is_without_player(error.__cause__):
                return None
            raise
        except NodeRefused as error:
            # It answered nothing that says how things are.
            raise NodeUnavailable from error

    async def load(self, query: str) -> Found:
        """Find tracks; see `Catalogue`."""
        found = await self._load(query)
        match found:
            case None:
                return Found(())
            case Playlist():
                return Found(tuple(map(_track, found.tracks)), found.info.name)
            case NodeTrack():
                return Found((_track(found),))
            case _:
                return Found(tuple(map(_track, found[:1])))

    async def suggest(self, query: str, limit: int) -> tuple[Track, ...]:
        """Return the best matches; see `Catalogue`."""
        found = await self._load(query)
        match found:
            case None:
                return ()
            case Playlist():
                tracks = found.tracks
            case NodeTrack():
                tracks = (found,)
            case _:
                tracks = found
        return tuple(map(_track, tracks[:limit]))

    async def ping(self) -> float:
        """Return the seconds that a small request takes. Raises `NodeUnavailable`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with self._answering():
                await self._client.rest.fetch_version(session=self.session)
        except NodeRefused as error:
            raise NodeUnavailable from error
        return loop.time() - began

    async def close(self) -> None:
        """Let go of the HTTP client, after the link has ended."""
        await self._client.close()

    def _player(self, guild: int) -> GuildPlayer:
        player = self._players.get(guild)
        if player is None:
            player = self._players[guild] = GuildPlayer(self.session, guild)
        return player

    async def _load(self, query: str) -> Playlist | Sequence[NodeTrack] | NodeTrack | None:
        try:
            async with self._answering():
                return await self._client.rest.load_track(query, session=self.session)
        except NodeRefused as error:
            refused = _refusal(error.__cause__)
            log.info("node.load_failed", code=refused.code, error=str(error))
            raise SourceFailed(refused) from error

    @asynccontextmanager
    async def _answering(self) -> AsyncGenerator[None]:
        """Say a node's failures in the ports' words."""
        if not self.ready:
            raise NodeUnavailable
        try:
            yield
        except (aiohttp.ClientError, OSError, ongaku.NoSessionsError) as error:
            # TimeoutError is an OSError.
            raise NodeUnavailable from error
        except (errors.RestStatusError, errors.RestRequestError) as error:
            if error.status in GONE:
                raise NodeUnavailable from error
            raise NodeRefused(f"status {error.status}") from error
        except errors.RestExceptionError as error:
            raise NodeRefused(f"{error.message} ({error.cause})") from error
        except UNREADABLE as error:
            raise NodeRefused(f"an answer that cannot be read: {type(error).__name__}") from error


def _is_without_player(cause: BaseException | None) -> bool:
    """Whether the node has the session, and no player of the guild in it."""
    return (
        isinstance(cause, errors.RestRequestError)
        and cause.status == 404
        and "session" not in cause.message.lower()
    )


def _track(track: NodeTrack) -> Track:
    info = track.info
    return Track(
        encoded=track.encoded,
        identifier=info.identifier,
        title=info.title or info.identifier,
        author=info.author,
        length_ms=None if info.is_stream else info.length,
        seekable=info.is_seekable,
        source=info.source_name,
        uri=info.uri,
        artwork=info.artwork_url,
        isrc=info.isrc,
    )


def _refusal(cause: BaseException | None) -> Refused:
    """Return the code for a load that failed, by what the node says of it."""
    if not isinstance(cause, errors.RestExceptionError):
        return Refused(Code.TRACK_FAILED)
    said = f"{cause.message} {cause.cause}"
    for code, words in REFUSALS.items():
        if re.search(words, said, re.IGNORECASE):
            return Refused(code)
    return Refused(Code.TRACK_FAILED, {"why": cause.message or "it could not be loaded"})
