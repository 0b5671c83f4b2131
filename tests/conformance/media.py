"""Songs on the web for a node to load: tones in WAV, which every node can play."""

import asyncio
import contextlib
import math
import struct
import wave
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO

from aiohttp import web

RATE = 48_000
LONG, LONG_PITCH, LONG_SECONDS = "long.wav", 440, 20
OTHER, OTHER_PITCH, OTHER_SECONDS = "other.wav", 660, 20
SHORT, SHORT_PITCH, SHORT_SECONDS = "short.wav", 550, 1
HALF_SECONDS = 9


def tone(hertz: int, seconds: float) -> bytes:
    """A WAV file with a sine in it."""
    turn = 2 * math.pi * hertz / RATE
    second = array("h", (int(12_000 * math.sin(turn * n)) for n in range(RATE)))
    file = BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 2, RATE, 0, "NONE", ""))
        written.writeframes((second * math.ceil(seconds))[: int(seconds * RATE)].tobytes())
    return file.getvalue()


@dataclass(frozen=True, slots=True)
class Media:
    """A web server with songs, and with what the web has besides."""

    address: str

    def url(self, path: str) -> str:
        return f"http://{self.address}/{path}"


@asynccontextmanager
async def serve() -> AsyncIterator[Media]:
    """Serve songs; `text.mp3` and `tune.flac` are none, and others are not there.

    `tear.wav` breaks off after some seconds of what `long.wav` is, and `hang.wav` stands still.
    """
    over = asyncio.Event()
    connections: set[asyncio.Transport] = set()
    songs = {
        LONG: tone(LONG_PITCH, LONG_SECONDS),
        OTHER: tone(OTHER_PITCH, OTHER_SECONDS),
        SHORT: tone(SHORT_PITCH, SHORT_SECONDS),
    }

    async def write(request: web.Request, data: bytes, end: int) -> web.StreamResponse:
        """Answer with a song from where it was asked for, and stop at `end`, before its own."""
        start = request.http_range.start or 0
        response = web.StreamResponse(headers={"Content-Length": str(len(data) - start)})
        response.content_type = "audio/wav"
        if request.transport is not None:
            connections.add(request.transport)
        if "Range" in request.headers:
            response.set_status(206)
            response.headers["Content-Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        # Who has heard enough hangs up.
        with contextlib.suppress(ConnectionError):
            await response.prepare(request)
            await response.write(data[start:end])
        return response

    async def song(request: web.Request) -> web.StreamResponse:
        data = songs.get(request.path[1:])
        if data is None:
            raise web.HTTPNotFound
        return await write(request, data, len(data))

    async def half(request: web.Request) -> web.StreamResponse:
        response = await write(request, songs[LONG], HALF_SECONDS * 2 * RATE)
        if request.path == "/hang.wav":
            await over.wait()
        elif request.transport is not None:
            request.transport.abort()
        return response

    async def text(_: web.Request) -> web.Response:
        return web.Response(text="not a song\n" * 1000, content_type="audio/mpeg")

    async def noise(_: web.Request) -> web.Response:
        head = struct.pack(">4sI", b"fLaC", 0)
        return web.Response(body=head + bytes(range(256)) * 16, content_type="audio/flac")

    application = web.Application()
    application.router.add_get("/tear.wav", half)
    application.router.add_get("/hang.wav", half)
    application.router.add_get("/text.mp3", text)
    application.router.add_get("/tune.flac", noise)
    application.router.add_get("/{song}", song)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield Media(f"{host}:{port}")
    finally:
        over.set()
        await site.stop()
        # Who plays no more reads no more, and what is left to be written would wait for them.
        for connection in connections:
            connection.abort()
        await runner.cleanup()
