"""A Lavalink for benchmarks: a process apart, so that its work is not counted as ours.

`python -m benchmarks.lavalink` prints its port. It keeps players as far as a client can tell, and
does at once what a real one takes its time for. Beyond Lavalink's protocol it understands

    POST /flood?updates=N       N playerUpdates, of each player in turn; then a `TrackStuckEvent`
                                for `LAST_GUILD`, so that whoever listens knows that it is over
    GET  /started?players=N     answered when so many players have been started: `time.monotonic()`
                                of when that was, which is one clock for all processes
    GET  /begun?guild=G&after=T the same, of when a track was begun in a guild after that
    POST /end?guild=G           the guild's track ends; answered with the ms until the next began
    POST /live?seconds=S        lets every player tell its position each 5 s and end its track each
                                10 s, evenly spread, and is answered when that is over

Whatever ends with `.mp3` is one track, a search finds `FOUND`, and all else is a playlist: of as
many as stand behind its last slash, or `PLAYLIST`. A search for something `SLOW` is answered when
nobody waits for it any more.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterable
from typing import Any

from aiohttp import web

PASSWORD = "benchmark"
LAST_GUILD = 1
BATCH, PAUSE_SECONDS = 10, 0.004
"""Updates come in small bunches, as they do from a node with many players."""

PLAYLIST = 1_000
FOUND = 10
SLOW, SLOW_SECONDS = "slow", 2.0
ONE = ".mp3"
UPDATE_SECONDS, TRACK_SECONDS = 5, 10


class Lavalink:
    """The server: one session, one client."""

    def __init__(self) -> None:
        self.playing: dict[str, dict[str, Any]] = {}
        self.began: dict[str, float] = {}
        self.begun: dict[str, float] = {}
        """When the last track was begun in a guild, by `time.monotonic`."""
        self.changed = asyncio.Condition()
        self.socket: web.WebSocketResponse | None = None
        self.playlist = _playlist(PLAYLIST)

    def application(self) -> web.Application:
        application = web.Application()
        session, player = "/v4/sessions/{session}", "/v4/sessions/{session}/players/{guild}"
        application.add_routes(
            [
                web.get("/version", self._version),
                web.get("/v4/websocket", self._talk),
                web.patch(session, self._session),
                web.get(f"{session}/players", self._players),
                web.patch(player, self._update),
                web.delete(player, self._destroy),
                web.get("/v4/loadtracks", self._load),
                web.post("/flood", self._flood),
                web.get("/started", self._started),
                web.get("/begun", self._begun),
                web.post("/end", self._end),
                web.post("/live", self._live),
            ]
        )
        return application

    async def _version(self, _: web.Request) -> web.Response:
        return web.Response(text="4.2.2")

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"op": "ready", "resumed": False, "sessionId": "s"})
        async for _ in socket:
            pass
        return socket

    async def _session(self, _: web.Request) -> web.Response:
        return web.json_response({"resuming": True, "timeout": 60})

    async def _players(self, _: web.Request) -> web.Response:
        return web.json_response([])

    async def _update(self, request: web.Request) -> web.Response:
        arrived = time.monotonic()
        guild = request.match_info["guild"]
        body = await request.json()
        track = body.get("track")
        if track and track.get("encoded"):
            self.begun[guild] = arrived
            self.playing[guild] = track
            self.began[guild] = time.time() - body.get("position", 0) / 1000
            await self._say({"op": "event", "type": "TrackStartEvent", **self._about(guild)})
            async with self.changed:
                self.changed.notify_all()
        voice = {"token": "t", "endpoint": "e", "sessionId": "s", "channelId": "1"}
        state = {"time": round(time.time() * 1000), "position": 0, "connected": True, "ping": 1}
        player = {"guildId": guild, "volume": 50, "paused": False, "voice": voice, "state": state}
        return web.json_response({**player, "track": None, "filters": {}})

    async def _destroy(self, request: web.Request) -> web.Response:
        self.playing.pop(request.match_info["guild"], None)
        return web.Response(status=204)

    async def _load(self, request: web.Request) -> web.Response:
        identifier = request.query["identifier"]
        if identifier.endswith(ONE):
            return web.json_response({"loadType": "track", "data": _track("Song")})
        source, _, words = identifier.partition("search:")
        if words and source.isalpha():
            if words.startswith(SLOW):
                await asyncio.sleep(SLOW_SECONDS)
            found = [_track(f"{words} {number}") for number in range(FOUND)]
            return web.json_response({"loadType": "search", "data": found})
        size = identifier.rpartition("/")[2]
        playlist = _playlist(int(size)) if size.isdigit() else self.playlist
        return web.Response(body=playlist, content_type="application/json")

    async def _flood(self, request: web.Request) -> web.Response:
        guilds = list(self.playing)
        for number in range(int(request.query["updates"])):
            await self._tell_position(guilds[number % len(guilds)])
            if number % BATCH == BATCH - 1:
                await asyncio.sleep(PAUSE_SECONDS)
        last = {"guildId": str(LAST_GUILD), "thresholdMs": 1, "track": {}}
        await self._say({"op": "event", "type": "TrackStuckEvent", **last})
        return web.Response()

    async def _started(self, request: web.Request) -> web.Response:
        async with self.changed:
            wanted = int(request.query["players"])
            await self.changed.wait_for(lambda: len(self.playing) >= wanted)
        return web.json_response(time.monotonic())

    async def _begun(self, request: web.Request) -> web.Response:
        guild, after = request.query["guild"], float(request.query["after"])
        return web.json_response(await self._next_begun(guild, after))

    async def _next_begun(self, guild: str, after: float) -> float:
        async with self.changed:
            await self.changed.wait_for(lambda: self.begun.get(guild, 0) > after)
        return self.begun[guild]

    async def _end(self, request: web.Request) -> web.Response:
        guild = request.query["guild"]
        ended = time.monotonic()
        await self._finish(guild)
        return web.json_response(1000 * (await self._next_begun(guild, ended) - ended))

    async def _finish(self, guild: str) -> None:
        about = self._about(guild)
        await self._say({"op": "event", "type": "TrackEndEvent", "reason": "finished", **about})

    async def _live(self, request: web.Request) -> web.Response:
        guilds = list(self.playing)
        began = time.monotonic()
        for second in range(int(request.query["seconds"])):
            for number, guild in enumerate(guilds):
                due = began + second + number / len(guilds)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if (second + number) % UPDATE_SECONDS == 0:
                    await self._tell_position(guild)
                if (second + number) % TRACK_SECONDS == 0:
                    await self._finish(guild)
        return web.Response()

    async def _tell_position(self, guild: str) -> None:
        now = time.time()
        position = round((now - self.began[guild]) * 1000)
        state = {"time": round(now * 1000), "position": position, "connected": True, "ping": 9}
        await self._say({"op": "playerUpdate", "state": state, "guildId": guild})

    def _about(self, guild: str) -> dict[str, Any]:
        return {"guildId": guild, "track": {**self.playing[guild], "info": {}}}

    async def _say(self, frame: object) -> None:
        if self.socket is not None and not self.socket.closed:
            await self.socket.send_str(json.dumps(frame, separators=(",", ":")))


def _playlist(size: int) -> bytes:
    tracks = [_track(f"Song {number}") for number in range(size)]
    info = {"name": "Songs", "selectedTrack": -1}
    data = {"info": info, "pluginInfo": {}, "tracks": tracks}
    return json.dumps({"loadType": "playlist", "data": data}).encode()


def _track(title: str) -> dict[str, Any]:
    info = {
        "identifier": f"https://music.example/{title}.mp3",
        "isSeekable": True,
        "author": "The Choir",
        "length": 185_000,
        "isStream": False,
        "position": 0,
        "title": title,
        "uri": f"https://music.example/{title}.mp3",
        "sourceName": "http",
        "artworkUrl": None,
        "isrc": None,
    }
    plugin = {"probeInfo": "mp3"}
    return {"encoded": "QAAA" + "x" * 200, "info": info, "pluginInfo": plugin, "userData": {}}


async def serve() -> None:
    runner = web.AppRunner(Lavalink().application())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address: Iterable[Any] = runner.addresses[0]
    print(list(address)[1], flush=True)
    # It ends with whoever started it, however that ends.
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve())
