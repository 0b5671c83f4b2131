"""Lavalink's REST routes, the part of them that Seraphim uses.

A PATCH of a player is read as a whole first, then carried out in Lavalink's order: voice, then what
concerns the player, then the track. No request waits for a voice server, nor to find out where a
track's bytes are: what comes of that is told as what comes of opening them is.
"""

import asyncio
import json
import math
import platform
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, NamedTuple, cast

from aiohttp import web
from aiohttp.http_exceptions import PayloadEncodingError

from seraphim.audio_node import payloads
from seraphim.audio_node.filters import NAMES as FILTERS
from seraphim.audio_node.media import MediaError, Place
from seraphim.audio_node.payloads import JsonObject, dumps
from seraphim.audio_node.playback import Start
from seraphim.audio_node.player import Player
from seraphim.audio_node.server.updates import (
    OMITTED,
    BadRequest,
    NextUpdate,
    OmittedType,
    PlayerUpdate,
    SessionUpdate,
    TrackUpdate,
    snowflake,
)
from seraphim.audio_node.session import Session, Sessions
from seraphim.audio_node.sources import (
    LoadFailed,
    LoadResult,
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    Sources,
    TrackLoaded,
)
from seraphim.audio_node.track import (
    TrackInfo,
    UndecodableTrack,
    UnencodableTrack,
    decode,
    encode,
)

LAVALINK: Final = (4, 2, 2)
"""The version of Lavalink whose ways these are; clients ask for it."""

PLUGINS: Final = (
    {"name": "seraphim-next", "version": "1.0.0"},
    {"name": "seraphim-stream-title", "version": "1.0.0"},
)
"""What there is beyond Lavalink: `next`, the track that a player goes on with by itself, and
`streamTitle` in a player's state, what a radio says is heard now."""

TRACKS_AT_ONCE: Final = 50

DEEPEST: Final = 100
"""How many lists and objects of a body may lie within each other."""

FLAGS: Final = {
    **dict.fromkeys(("true", "on", "yes", "1"), True),
    **dict.fromkeys(("false", "off", "no", "0"), False),
}
"""How a query says yes or no."""

BUILD: Final = "seraphim"
"""How `/v4/info` tells that this is no Lavalink."""


class Rest:
    """The routes; `add_to` an application."""

    def __init__(self, sessions: Sessions, sources: Sources) -> None:
        self._sessions = sessions
        self._sources = sources

    def add_to(self, application: web.Application) -> None:
        """Register the routes."""
        session, player = "/v4/sessions/{session}", "/v4/sessions/{session}/players/{guild}"
        route = application.router.add_route
        route("GET", "/version", self._version)
        route("GET", "/v4/info", self._info)
        route("GET", "/v4/stats", self._stats)
        route("GET", "/v4/loadtracks", self._load_tracks)
        route("GET", "/v4/decodetrack", self._decode_track)
        route("POST", "/v4/decodetracks", self._decode_tracks)
        route("GET", "/v4/routeplanner/status", self._route_planner)
        route("POST", "/v4/routeplanner/free/address", self._free_address)
        route("POST", "/v4/routeplanner/free/all", self._free_address)
        route("PATCH", session, self._update_session)
        route("GET", f"{session}/players", self._players)
        route("GET", player, self._player)
        route("PATCH", player, self._update_player)
        route("DELETE", player, self._destroy_player)

    async def _version(self, _: web.Request) -> web.Response:
        return web.Response(text=_semver())

    async def _info(self, _: web.Request) -> web.Response:
        major, minor, patch = LAVALINK
        return _json(
            {
                "version": {
                    "semver": _semver(),
                    "major": major,
                    "minor": minor,
                    "patch": patch,
                    "preRelease": None,
                    "build": BUILD,
                },
                "buildTime": 0,
                "git": {"branch": BUILD, "commit": BUILD, "commitTime": 0},
                "jvm": f"{platform.python_implementation()} {platform.python_version()}",
                "lavaplayer": BUILD,
                "sourceManagers": list(self._sources.names),
                "filters": list(FILTERS),
                "plugins": list(PLUGINS),
            }
        )

    async def _stats(self, _: web.Request) -> web.Response:
        return _json({"frameStats": None, **self._sessions.statistics.now()})

    async def _load_tracks(self, request: web.Request) -> web.Response:
        result = await self._sources.load(_query(request, "identifier"))
        try:
            return _json(await _loaded(result))
        except UnencodableTrack as error:
            message = "The track's description is too long."
            return _json(await _loaded(LoadFailed(MediaError(message, "suspicious", str(error)))))

    async def _decode_track(self, request: web.Request) -> web.Response:
        encoded = request.query.get("encodedTrack", request.query.get("track"))
        if encoded is None:
            raise BadRequest("No track to decode provided")
        return _json(payloads.track(_decode(encoded), encoded=encoded))

    async def _decode_tracks(self, request: web.Request) -> web.Response:
        body = await _body(request)
        if not isinstance(body, list) or not body:
            raise BadRequest("No tracks to decode provided")
        tracks: list[JsonObject] = []
        for encoded in cast("list[object]", body):
            if not isinstance(encoded, str):
                raise BadRequest("Tracks to decode must be texts")
            tracks.append(payloads.track(_decode(encoded), encoded=encoded))
        return _json(tracks)

    async def _route_planner(self, _: web.Request) -> web.Response:
        """Tell, as Lavalink does where none is configured, that there is no route planner."""
        return web.Response(status=204)

    async def _free_address(self, _: web.Request) -> web.Response:
        raise web.HTTPInternalServerError(text="Can't access disabled route planner")

    async def _update_session(self, request: web.Request) -> web.Response:
        session = self._session(request)
        update = SessionUpdate.read(await _body(request))
        if update.resuming is not OMITTED:
            session.resuming = update.resuming
        if update.timeout is not OMITTED:
            session.timeout = update.timeout
        return _json({"resuming": session.resuming, "timeout": session.timeout})

    async def _players(self, request: web.Request) -> web.Response:
        return _json([_told(player) for player in self._session(request).players.values()])

    async def _player(self, request: web.Request) -> web.Response:
        player = self._session(request).players.get(_guild(request))
        if player is None:
            raise web.HTTPNotFound(text="Player not found")
        return _json(_told(player))

    async def _destroy_player(self, request: web.Request) -> web.Response:
        await self._session(request).destroy_player(_guild(request))
        return web.Response(status=204)

    async def _update_player(self, request: web.Request) -> web.Response:
        session, guild = self._session(request), _guild(request)
        no_replace = _flag(request, "noReplace")
        update = PlayerUpdate.read(await _body(request))
        _check_next(update)
        player = session.player(guild)
        if update.voice is not OMITTED:
            player.set_voice(update.voice)
        if update.volume is not OMITTED:
            player.set_volume(update.volume)
        if update.filters is not OMITTED:
            player.set_filters(update.filters)
        if update.track.replaces:
            async with player.turn:
                if not (no_replace and player.has_track):
                    found = await self._find(update.track)
                    if session.players.get(guild) is not player:
                        raise web.HTTPNotFound(text="Player not found")
                    _begin(player, update, found)
        else:
            _change_track(player, update)
        if update.next is None:
            player.follow_nothing()
        elif update.next is not OMITTED:
            await self._follow(player, update.next)
        return _json(_told(player))

    async def _follow(self, player: Player, update: NextUpdate) -> None:
        """Say what comes next, unless what it was to come after is over by then."""
        before = player.playback
        if before is None:
            return
        async with player.next_turn:
            found = await self._find(update.track)
            if found is not None and player.playback is before:
                start = _start(found, update.track, update.position_ms, update.end_ms)
                player.follow(start, found.place)

    async def _find(self, update: TrackUpdate) -> "_Found | None":
        if update.identifier is not OMITTED:
            info = await self._find_identifier(update.identifier)
            encoded = encode(info)
        elif update.encoded is not OMITTED and update.encoded is not None:
            encoded = update.encoded
            info = _decode(encoded)
        else:
            return None
        return _Found(info, encoded, self._sources.place(info))

    async def _find_identifier(self, identifier: str) -> TrackInfo:
        match await self._sources.load(identifier):
            case TrackLoaded(info):
                return info
            case LoadFailed(error):
                raise BadRequest(error.message)
            case NothingFound():
                raise BadRequest("No matches found for identifier")
            case PlaylistLoaded() | SearchLoaded():
                raise BadRequest("Cannot play a playlist or search result")

    def _session(self, request: web.Request) -> Session:
        session = self._sessions.get(request.match_info["session"])
        if session is None:
            raise web.HTTPNotFound(text="Session not found")
        return session


class _Found(NamedTuple):
    """A track, its `encoded`, and where its bytes are to be found."""

    info: TrackInfo
    encoded: str
    place: Place


def _change_track(player: Player, update: PlayerUpdate) -> None:
    """Change how the current track is played."""
    if update.track.user_data is not OMITTED:
        player.set_user_data(update.track.user_data)
    if update.end_ms is not OMITTED:
        player.set_end(update.end_ms)
    if update.position_ms is not OMITTED:
        player.seek(update.position_ms)
    if update.paused is not OMITTED:
        player.pause(update.paused)


def _begin(player: Player, update: PlayerUpdate, found: _Found | None) -> None:
    """Replace the current track, by nothing where nothing was found to be asked for."""
    paused = update.paused is True
    if found is None:
        player.stop()
        player.pause(paused)
        return
    start = _start(found, update.track, update.position_ms, update.end_ms)
    player.play(start, found.place, paused=paused)


def _start(
    found: _Found,
    update: TrackUpdate,
    position_ms: int | OmittedType,
    end_ms: int | OmittedType | None,
) -> Start:
    info = found.info
    if position_ms is not OMITTED:
        info = replace(info, position_ms=position_ms)
    return Start(
        info,
        found.encoded,
        {} if update.user_data is OMITTED else update.user_data,
        None if end_ms is OMITTED else end_ms,
    )


def _check_next(update: PlayerUpdate) -> None:
    """Refuse what can be told to be wrong before anything is done."""
    if isinstance(update.next, NextUpdate) and isinstance(update.next.track.encoded, str):
        _decode(update.next.track.encoded)


def _told(player: Player) -> JsonObject:
    voice = player.credentials
    following = player.next_track
    return {
        "guildId": str(player.guild_id),
        "track": player.track,
        "volume": player.volume,
        "paused": player.paused,
        "state": player.state,
        "voice": {
            "token": "" if voice is None else voice.token,
            "endpoint": "" if voice is None else voice.endpoint,
            "sessionId": "" if voice is None else voice.session_id,
            "channelId": None if voice is None else str(voice.channel_id),
        },
        "filters": player.filters.json,
        # Whoever never says what comes next never sees the field either.
        **({} if following is None else {"next": following}),
    }


async def _loaded(result: LoadResult) -> JsonObject:
    match result:
        case TrackLoaded(info):
            return {"loadType": "track", "data": payloads.track(info)}
        case PlaylistLoaded(name, tracks, selected):
            data = {
                "info": {"name": name, "selectedTrack": selected},
                "pluginInfo": {},
                "tracks": await _tracks(tracks),
            }
            return {"loadType": "playlist", "data": data}
        case SearchLoaded(tracks):
            return {"loadType": "search", "data": await _tracks(tracks)}
        case NothingFound():
            return {"loadType": "empty", "data": {}}
        case LoadFailed(error):
            return {"loadType": "error", "data": payloads.exception(error)}


async def _tracks(tracks: Sequence[TrackInfo]) -> list[JsonObject]:
    """Describe tracks, a few at a time: a thousand at once take longer than a frame lasts."""
    described: list[JsonObject] = []
    for number, info in enumerate(tracks, start=1):
        described.append(payloads.track(info))
        if number % TRACKS_AT_ONCE == 0:
            await asyncio.sleep(0)
    return described


def _decode(encoded: str) -> TrackInfo:
    try:
        return decode(encoded)
    except UndecodableTrack as error:
        raise BadRequest(f"The track cannot be decoded: {error}") from error


def _guild(request: web.Request) -> int:
    return snowflake(request.match_info["guild"], "The guild's id")


def _query(request: web.Request, name: str) -> str:
    value = request.query.get(name)
    if value is None:
        raise BadRequest(f"Required parameter '{name}' is not present.")
    return value


def _flag(request: web.Request, name: str) -> bool:
    value = request.query.get(name, "false")
    flag = FLAGS.get(value.lower())
    if flag is None:
        raise BadRequest(f"The parameter '{name}' must be true or false")
    return flag


async def _body(request: web.Request) -> object:
    try:
        body = await request.read()
    except (ConnectionError, PayloadEncodingError) as error:
        raise BadRequest("The body is cut off") from error
    return _read(body)


def _read(body: bytes) -> object:
    """Read JSON; what Python takes for numbers and JSON does not is refused: it may be told on.

    JSON says by itself how it is encoded: what a header has of it is not asked. Raises
    `BadRequest`.
    """

    def finite(number: str) -> float:
        value = float(number)
        if not math.isfinite(value):
            raise ValueError(f"not a number: {number}")
        return value

    try:
        read: object = json.loads(body, parse_float=finite, parse_constant=finite)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON") from error
    # It is told on within more than it came in, and what writes JSON has a last depth, too.
    level = [read]
    for _ in range(DEEPEST):
        level = [part for one in level for part in _parts(one)]
        if not level:
            return read
    raise BadRequest("The body is nested too deep")


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _json(payload: object) -> web.Response:
    return web.json_response(payload, dumps=dumps)


def _semver() -> str:
    return f"{'.'.join(map(str, LAVALINK))}+{BUILD}"
