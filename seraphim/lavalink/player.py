"""A guild's player at a node: ongaku's class, without a will of its own.

ongaku's player listens to every event of every guild, plays on by itself and toggles what it is
told to set. Here the guild's actor decides, and this carries one decision to the node: one change,
one request.
"""

from collections.abc import Mapping
from typing import Any

import hikari
import ongaku
import structlog
from ongaku import errors
from ongaku.impl.player import Voice
from ongaku.impl.track import Track, TrackInfo

from actors.guild.player.messages import NodePlayer
from actors.guild.player.ports import NodeUpdate, Start, VoiceCredentials
from seraphim.lavalink.events import PLAY
from seraphim.lavalink.filters import filters
from seraphim.lavalink.session import NodeSession

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# What ongaku raises for an answer without an error that it cannot make anything of.
UNREADABLE = (errors.BuildError, errors.RestEmptyError, LookupError, TypeError, ValueError)
# Lavalink's length of a stream: Java's greatest long.
STREAM_LENGTH = 2**63 - 1


class GuildPlayer(ongaku.Player):
    """The player of one guild."""

    def __init__(self, session: NodeSession, guild: int) -> None:
        # Not super().__init__: it would listen to every event of every guild.
        self._session: NodeSession = session
        self._guild_id = hikari.Snowflake(guild)

    async def apply(self, update: NodeUpdate) -> None:
        """Carry out `update`; filters, and what is to follow, are requests of their own.

        Raises what the session's requests raise.
        """
        session = self._session
        if session.session_id is None:
            raise ongaku.NoSessionsError
        path = f"/sessions/{session.session_id}/players/{self._guild_id}"
        fields: dict[str, Any] = {}
        if update.voice is not None:
            fields["voice"] = _voice(update.voice)
        if update.start is not None:
            fields["track"] = _track(update.start)
            fields["position"] = update.start.position_ms
        elif update.silence:
            fields["track"] = None
        elif update.position_ms is not None:
            fields["position"] = update.position_ms
        if update.paused is not None:
            fields["paused"] = update.paused
        if update.volume is not None:
            fields["volume"] = update.volume
        try:
            if update.filters is not None:
                # First: a position that follows it lets it be heard at once.
                sound = {"filters": filters(update.filters)}
                await session.request("PATCH", path, dict, json=sound)
            if fields:
                await session.client.rest.update_player(
                    session.session_id, self._guild_id, no_replace=False, session=session, **fields
                )
            if session.follows and (update.alone or update.following is not None):
                await session.request(
                    "PATCH",
                    path,
                    dict,
                    json={"next": _following(update.following)},
                )
        except UNREADABLE as error:
            # The node has carried it out; nobody needs what it says about it.
            log.warning(
                "node.not_understood", node=session.name, what=f"an answer: {type(error).__name__}"
            )

    async def look(self) -> NodePlayer:
        """Return what the node says of this player. Raises what the session's requests raise."""
        session = self._session
        if session.session_id is None:
            raise ongaku.NoSessionsError
        player = await session.client.rest.fetch_player(
            session.session_id, self._guild_id, session=session
        )
        user_data: Mapping[str, Any] = player.track.user_data if player.track else {}
        play = user_data.get(PLAY)
        return NodePlayer(
            play=play if isinstance(play, str) else None,
            position_ms=player.state.position,
            at_ms=session.clock.ours(round(player.state.time.timestamp() * 1000)),
            paused=player.is_paused,
            volume=player.volume,
            connected=player.state.connected,
        )


def _voice(credentials: VoiceCredentials) -> Voice:
    return Voice(
        credentials.token,
        credentials.endpoint,
        credentials.session,
        hikari.Snowflake(credentials.channel),
    )


def _following(start: Start | None) -> dict[str, Any] | None:
    """Return Seraphim's own extension of Lavalink's protocol, which ongaku does not know."""
    if start is None:
        return None
    return {
        "encoded": start.track.encoded,
        "userData": {PLAY: start.play},
        "position": start.position_ms,
    }


def _track(start: Start) -> Track:
    track = start.track
    info = TrackInfo(
        identifier=track.identifier,
        is_seekable=track.seekable,
        author=track.author,
        length=STREAM_LENGTH if track.length_ms is None else track.length_ms,
        is_stream=track.length_ms is None,
        position=0,
        title=track.title,
        source_name=track.source,
        uri=track.uri,
        artwork_url=track.artwork,
        isrc=track.isrc,
    )
    return Track(track.encoded, info, {}, {PLAY: start.play}, None)
