"""One node: players to change, tracks to find, and the connection that its link keeps."""

import asyncio
import re
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NoReturn

import aiohttp
import anyio
import hikari
import ongaku
import structlog
from ongaku import errors
from ongaku.abc.playlist import Playlist
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
from actors.lavalink_node.ports import Opened
from seraphim.lavalink.address import NodeAddress
from seraphim.lavalink.client import NodeClient
from seraphim.lavalink.events import ForPlayer, Stats
from seraphim.lavalink.player import UNREADABLE, GuildPlayer
from seraphim.lavalink.session import NodeSession, Patience

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# An unreachable voice server hangs a voice change in Lavalink; many hang the node.
VOICE_CHANGES_AT_ONCE: Final = 4
# One that hangs says nothing of the node; so many within a minute do.
HANGS_TO_SUSPECT: Final = 3
HANGS_SECONDS: Final = 60.0
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
    """One node, and a `NodeConnection` for its link.

    `home` tells at which node a guild lives, None where that is not known: who has moved away while
    the node could not be reached has left a player behind.
    """

    def __init__(
        self,
        bot: hikari.GatewayBot,
        name: str,
        *,
        address: Callable[[], NodeAddress | None],
        user: int,
        on_event: Callable[[ForPlayer], None],
        on_stats: Callable[[Stats], None],
        home: Callable[[int], str | None],
        patience: Patience | None = None,
    ) -> None:
        self.name = name
        self.draining = False
        self._home = home
        self._patience = patience or Patience()
        self._client = NodeClient(bot)
        self.session = NodeSession(
            self._client,
            name,
            address,
            user=user,
            on_event=on_event,
            on_stats=on_stats,
            patience=self._patience,
        )
        self._client.session_handler.add_session(self.session)
        self._players: dict[int, GuildPlayer] = {}
        self._left_behind: set[int] = set()
        self._voice_changes = asyncio.Semaphore(VOICE_CHANGES_AT_ONCE)
        self._hangs: deque[float] = deque()

    @property
    def connected(self) -> bool:
        """Whether the link is up at this moment."""
        return self.session.connected

    @property
    def reachable(self) -> bool:
        """Whether requests are worth making: the link is up, or broke a moment ago."""
        return self.session.reachable

    # --- the connection ---

    def adopt(self, session: str) -> None:
        """Let the first `open` ask for `session`; see `NodeConnection`."""
        self.session.adopt(session)

    def drain(self, draining: bool) -> None:
        """Be chosen by no guild, or be chosen again; see `NodeConnection`."""
        self.draining = draining

    async def open(self) -> Opened:
        """Connect; see `NodeConnection`."""
        opened = await self.session.open()
        if not opened.resumed:
            self._left_behind.clear()
        self._hangs.clear()
        return opened

    async def run(self) -> NoReturn:
        """Take in what the node says; see `NodeConnection`."""
        await self.session.run()

    async def tidy(self, *, thorough: bool) -> None:
        """End players that nobody wants any more; see `NodeConnection`."""
        try:
            async with self._answering():
                for guild in await self.session.players():
                    home = self._home(guild)
                    lost = home is None and (thorough or guild in self._left_behind)
                    if lost or home not in (None, self.name):
                        log.info("node.player_ended", node=self.name, guild=guild)
                        await self._end(guild)
        except (NodeUnavailable, NodeRefused) as error:
            cause = error.__cause__ or error
            log.info("node.not_tidied", node=self.name, error=type(cause).__name__)

    async def end(self) -> None:
        """End the session and its players; see `NodeConnection`."""
        await self.session.end()

    async def close(self) -> None:
        """End the connection, and give up what is asked; see `NodeConnection`."""
        await self.session.close()

    async def dispose(self) -> None:
        """Let go of the HTTP client, after the link has ended."""
        await self._client.close()

    # --- players ---

    async def update(self, guild: int, update: NodeUpdate) -> None:
        """Change the guild's player by one request, tried once; see `AudioNode`.

        At most `VOICE_CHANGES_AT_ONCE` changes of voice are under way at a time. One that hangs is
        given up after `Patience.change`; then the guild is locked in a real Lavalink, until
        `destroy`.
        """
        self._left_behind.discard(guild)
        player = self._player(guild)
        if update.voice is None:
            async with self._answering(self.session.suspect):
                with anyio.fail_after(self._patience.change):
                    await player.apply(update)
            return
        async with self._answering():
            with anyio.fail_after(self._patience.turn):
                await self._voice_changes.acquire()
        try:
            # It may have gone down while this waited for its turn.
            async with self._answering(self._on_hung_voice):
                with anyio.fail_after(self._patience.change):
                    await player.apply(update)
        finally:
            self._voice_changes.release()

    def _on_hung_voice(self) -> None:
        now = asyncio.get_running_loop().time()
        self._hangs.append(now)
        while self._hangs[0] < now - HANGS_SECONDS:
            self._hangs.popleft()
        if len(self._hangs) >= HANGS_TO_SUSPECT:
            self._hangs.clear()
            self.session.suspect()

    async def destroy(self, guild: int) -> None:
        """End the guild's player; where that does not work now, when the node is back."""
        self._players.pop(guild, None)
        self._left_behind.add(guild)
        if not self.reachable:
            return
        try:
            async with self._answering(self.session.suspect):
                await self._end(guild)
        except (NodeUnavailable, NodeRefused) as error:
            cause = error.__cause__ or error
            log.info("node.player_not_destroyed", guild=guild, error=type(cause).__name__)

    async def _end(self, guild: int) -> None:
        session = self.session
        if session.session_id is None:
            raise ongaku.NoSessionsError
        await session.client.rest.delete_player(session.session_id, guild, session=session)
        self._left_behind.discard(guild)

    async def player(self, guild: int) -> NodePlayer | None:
        """Return what the node says of the guild's player; see `AudioNode`."""
        try:
            async with self._answering(self.session.suspect):
                return await self._player(guild).look()
        except NodeUnavailable as error:
            if _is_without_player(error.__cause__):
                return None
            raise
        except NodeRefused as error:
            # It answered nothing that says how things are.
            raise NodeUnavailable from error

    # --- tracks ---

    def has(self, source: str) -> bool:
        """Whether the node has the source of that name, as far as it says."""
        return self.session.sources is None or source in self.session.sources

    async def load(self, query: str) -> Found:
        """Find what `query` names; of a search, the best match.

        Raises `NodeUnavailable` or `SourceFailed`.
        """
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
        """Return up to `limit` matches of a search, best first; raises as `load`."""
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

    def _player(self, guild: int) -> GuildPlayer:
        player = self._players.get(guild)
        if player is None:
            player = self._players[guild] = GuildPlayer(self.session, guild)
        return player

    async def _load(self, query: str) -> Playlist | Sequence[NodeTrack] | NodeTrack | None:
        try:
            async with self._answering(self.session.suspect):
                return await self._client.rest.load_track(query, session=self.session)
        except NodeRefused as error:
            refused = _refusal(error.__cause__)
            log.info("node.load_failed", code=refused.code, error=str(error))
            raise SourceFailed(refused) from error

    @asynccontextmanager
    async def _answering(self, on_hung: Callable[[], None] | None = None) -> AsyncGenerator[None]:
        """Say a node's failures in the ports' words; `on_hung` is called if it took too long."""
        if not self.reachable:
            raise NodeUnavailable
        try:
            yield
        except TimeoutError as error:
            if on_hung is not None:
                on_hung()
            raise NodeUnavailable from error
        except (aiohttp.ClientError, OSError, ongaku.NoSessionsError) as error:
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
