"""The node as Seraphim's ports want it: players to change, tracks to find."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import hikari
import ongaku
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
from seraphim.lavalink.player import GuildPlayer
from seraphim.lavalink.session import NodeSession

# An unreachable voice server hangs a voice change in Lavalink; many hang the node.
VOICE_CHANGES_AT_ONCE = 4
GONE = {404, 502, 503, 504}


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
    ) -> None:
        self._client = NodeClient(bot)
        self.session = NodeSession(self._client, name, address, user, on_event)
        self._client.session_handler.add_session(self.session)
        self._players: dict[int, GuildPlayer] = {}
        self._voice_changes = asyncio.Semaphore(VOICE_CHANGES_AT_ONCE)

    @property
    def ready(self) -> bool:
        """Whether the node can be reached now."""
        return self.session.status is SessionStatus.CONNECTED

    async def update(self, guild: int, update: NodeUpdate) -> None:
        """Change the guild's player by one request, tried once; see `AudioNode`."""
        player = self._players.setdefault(guild, GuildPlayer(self.session, guild))
        async with self._answering():
            if update.voice is None:
                await player.apply(update)
                return
            async with self._voice_changes:
                await player.apply(update)

    async def destroy(self, guild: int) -> None:
        """End the guild's player; a node that cannot be reached has lost it or will."""
        player = self._players.pop(guild, None)
        if player is None or not self.ready:
            return
        try:
            async with self._answering():
                await player.destroy()
        except (NodeUnavailable, NodeRefused):
            return

    async def player(self, guild: int) -> NodePlayer | None:
        """Return what the node says of the guild's player; see `AudioNode`."""
        player = self._players.setdefault(guild, GuildPlayer(self.session, guild))
        async with self._answering():
            try:
                return await player.look()
            except errors.RestRequestError as error:
                if error.status == 404:
                    return None
                raise

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
        async with self._answering():
            await self._client.rest.fetch_version(session=self.session)
        return loop.time() - began

    async def close(self) -> None:
        """Let go of the HTTP client, after the link has ended."""
        await self._client.close()

    async def _load(self, query: str) -> Playlist | Sequence[NodeTrack] | NodeTrack | None:
        try:
            async with self._answering():
                return await self._client.rest.load_track(query, session=self.session)
        except NodeRefused as error:
            raise SourceFailed(_refusal(error.__cause__)) from error

    @asynccontextmanager
    async def _answering(self) -> AsyncGenerator[None]:
        """Say a node's failures in the ports' words."""
        if not self.ready:
            raise NodeUnavailable
        try:
            yield
        except (aiohttp.ClientError, TimeoutError, OSError, ongaku.NoSessionsError) as error:
            raise NodeUnavailable from error
        except (errors.RestStatusError, errors.RestRequestError) as error:
            if error.status in GONE:
                raise NodeUnavailable from error
            raise NodeRefused(f"status {error.status}") from error
        except errors.OngakuError as error:
            raise NodeRefused(f"{type(error).__name__}") from error


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
    """Return the code for a load that a source refused."""
    if not isinstance(cause, errors.RestExceptionError):
        return Refused(Code.SOURCE_REFUSED)
    said = f"{cause.message} {cause.cause}".lower()
    if "forbidden" in said or "address" in said:
        return Refused(Code.FORBIDDEN_QUERY)
    if "429" in said or "rate" in said:
        return Refused(Code.SOURCE_BUSY)
    return Refused(Code.TRACK_FAILED, {"why": cause.message or "it could not be loaded"})
