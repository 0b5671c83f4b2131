"""The HTTP server against visitors of all kinds, over real sockets."""

import asyncio
import json
import random
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass

import aiohttp
import pytest
import structlog

from seraphim.operations import http
from seraphim.operations.http import Endpoint, HttpServer, Page

pytestmark = pytest.mark.anyio

TOKEN = "open-sesame-4711"
SECONDS = 10.0


async def well() -> Page:
    return Page('{"status": "well"}')


async def private() -> Page:
    return Page("a guild", kind="text/plain; charset=utf-8")


async def broken() -> Page:
    raise RuntimeError(f"the token is {TOKEN}")


ENDPOINTS: Mapping[str, Endpoint] = {
    "/well": Endpoint(well, open=True),
    "/private": Endpoint(private),
    "/broken": Endpoint(broken, open=True),
}


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@dataclass
class Site:
    server: HttpServer
    port: int
    running: asyncio.Task[None]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def say(self, words: bytes) -> bytes:
        """Say something, and return all that is answered until the connection ends."""
        reader, writer = await self.connect()
        with closing(writer):
            try:
                writer.write(words)
                await writer.drain()
                async with asyncio.timeout(SECONDS):
                    return await reader.read()
            except ConnectionError:
                return b""

    async def until_empty(self) -> None:
        """Wait until no connection is left."""
        async with asyncio.timeout(SECONDS):
            while True:
                if not self.server.visitors:
                    return
                await asyncio.sleep(0.01)

    async def is_well(self) -> bool:
        answer = await self.say(b"GET /well HTTP/1.1\r\nHost: x\r\n\r\n")
        return answer.endswith(b'{"status": "well"}')


async def opened(token: str | None = None) -> Site:
    server = HttpServer("127.0.0.1", 0, token, ENDPOINTS)
    with structlog.testing.capture_logs() as log:
        await server.start()
    return Site(server, log[0]["port"], asyncio.create_task(server.run()))


async def closed(site: Site) -> None:
    site.running.cancel()
    await asyncio.gather(site.running, return_exceptions=True)
    await site.server.stop()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = await opened()
    yield site
    await closed(site)


@pytest.fixture
async def guarded() -> AsyncIterator[Site]:
    site = await opened(TOKEN)
    yield site
    await closed(site)


@pytest.fixture
async def visitor() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_a_page_is_shown_and_not_to_be_kept(site: Site, visitor: aiohttp.ClientSession):
    async with visitor.get(f"{site.url}/well?and=more") as answer:
        assert answer.status == 200
        assert await answer.json() == {"status": "well"}
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Connection"] == "close"
        # What runs here is nobody's business, and other sites' scripts may not read it.
        assert answer.headers["Server"] == "seraphim"
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_head_has_the_headers_alone(site: Site, visitor: aiohttp.ClientSession):
    async with visitor.head(f"{site.url}/well") as answer:
        assert answer.status == 200
        assert answer.content_length == len('{"status": "well"}')
        assert await answer.read() == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
async def test_nothing_can_be_changed(method: str, site: Site, visitor: aiohttp.ClientSession):
    async with visitor.request(method, f"{site.url}/well") as answer:
        assert answer.status == 405
        assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["/", "/nope", "/well/", "/../well", "/WELL", "/static/%2e%2e/etc/passwd"]
)
async def test_nothing_else_is_there(path: str, site: Site):
    answer = await site.say(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404 ")


async def test_without_a_token_everything_is_shown(site: Site, visitor: aiohttp.ClientSession):
    async with visitor.get(f"{site.url}/private") as answer:
        assert (answer.status, await answer.text()) == (200, "a guild")


@pytest.mark.parametrize(
    "shown",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer \N{SNOWMAN}"},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"X-Token": TOKEN},
    ],
)
async def test_the_wrong_token_or_none_shows_nothing(
    shown: dict[str, str], guarded: Site, visitor: aiohttp.ClientSession
):
    async with visitor.get(f"{guarded.url}/private", headers=shown) as answer:
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert "guild" not in await answer.text()


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens(scheme: str, guarded: Site, visitor: aiohttp.ClientSession):
    shown = {"Authorization": f"{scheme} {TOKEN}"}
    async with visitor.get(f"{guarded.url}/private", headers=shown) as answer:
        assert (answer.status, await answer.text()) == (200, "a guild")


async def test_an_open_page_needs_no_token(guarded: Site, visitor: aiohttp.ClientSession):
    async with visitor.get(f"{guarded.url}/well") as answer:
        assert answer.status == 200


async def test_what_goes_wrong_stays_inside(site: Site, visitor: aiohttp.ClientSession):
    with structlog.testing.capture_logs() as log:
        async with visitor.get(f"{site.url}/broken", headers={"Accept": "text/html"}) as answer:
            assert answer.status == 500
            assert json.loads(await answer.text()) == {
                "error": "the answer cannot be made; the log says why"
            }
    assert [line["event"] for line in log] == ["http.failed"]


async def test_an_answer_that_does_not_come_is_given_up(monkeypatch: pytest.MonkeyPatch):
    async def never() -> Page:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.05)
    server = HttpServer("127.0.0.1", 0, None, {"/never": Endpoint(never)})
    with structlog.testing.capture_logs() as log:
        await server.start()
    site = Site(server, log[0]["port"], asyncio.create_task(server.run()))
    answer = await site.say(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
    await closed(site)
    assert answer.startswith(b"HTTP/1.1 503 ")


# --- those who mean no good ---


async def test_whoever_says_nothing_is_shown_out(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "VISIT_SECONDS", 0.1)
    assert await site.say(b"") == b""


async def test_whoever_says_it_too_slowly_is_shown_out(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "VISIT_SECONDS", 0.3)
    reader, writer = await site.connect()
    writer.write(b"GET /well HTTP/1.1\r\n")

    async def drip() -> None:
        while True:
            writer.write(b"X-A: b\r\n")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    try:
        async with asyncio.timeout(SECONDS):
            assert await reader.read() == b""
    except ConnectionError:
        pass
    finally:
        dripping.cancel()
        writer.close()
    assert await site.is_well()


async def test_whoever_never_reads_is_shown_out(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http, "VISIT_SECONDS", 0.3)

    async def huge() -> Page:
        return Page("x" * 50_000_000)

    server = HttpServer("127.0.0.1", 0, None, {"/huge": Endpoint(huge), **ENDPOINTS})
    with structlog.testing.capture_logs() as log:
        await server.start()
    site = Site(server, log[0]["port"], asyncio.create_task(server.run()))
    reader, writer = await site.connect()
    writer.write(b"GET /huge HTTP/1.1\r\nHost: x\r\n\r\n")
    await site.until_empty()
    assert await site.is_well()
    # The rest was never sent.
    read = 0
    with suppress(ConnectionError):
        while chunk := await reader.read(1 << 20):
            read += len(chunk)
    assert read < 50_000_000
    writer.close()
    await closed(site)


@pytest.mark.parametrize(
    "words",
    [
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /well HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET /well HTTP/1.1\r\n" + b"X: a\r\n" * 10_000 + b"\r\n",
        b"GET /well HTTP/1.1\r\n" + b"X: a\r\n" * 200 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 100,
        b"\r\n" * 40_000,
        b"GET /well HTTP/9.9\r\n\r\n",
        b"BREW /well HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /well HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /well HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"\x00" * 1000,
    ],
    ids=[
        "path", "header", "headers", "many headers", "tls", "newlines", "version", "method",
        "address", "length", "two lengths", "zeros",
    ],
)  # fmt: skip
async def test_nonsense_is_refused_and_fills_no_log(
    words: bytes, site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "VISIT_SECONDS", 1.0)
    with structlog.testing.capture_logs() as log:
        answer = await site.say(words)
    assert not answer or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
    assert b"aiohttp" not in answer
    assert not log
    assert not caplog.records
    assert await site.is_well()


async def test_random_words_do_no_harm(
    site: Site, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(http, "VISIT_SECONDS", 0.5)
    chance = random.Random(4711)
    good = b"GET /well?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nX: y\r\n\r\nabc"

    def bad() -> bytes:
        words = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            place = chance.randrange(len(words))
            match chance.randrange(3):
                case 0:
                    words[place] = chance.randrange(256)
                case 1:
                    del words[place : place + chance.randrange(8)]
                case _:
                    words[place:place] = chance.randbytes(chance.randrange(8))
        return bytes(words) or b"x"

    with structlog.testing.capture_logs() as log:
        for _ in range(20):
            answers = await asyncio.gather(*(site.say(bad()) for _ in range(30)))
            for answer in answers:
                assert not answer or answer[9:12] in (b"200", b"400", b"404", b"405"), answer
    assert not log
    assert not caplog.records
    await site.until_empty()
    assert await site.is_well()


async def test_a_body_is_not_waited_for(site: Site):
    answer = await site.say(
        b"GET /well HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n" + b"a" * 1000
    )
    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_one_visitor_is_answered_once(site: Site):
    answer = await site.say(b"GET /well HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
    assert answer.count(b"HTTP/1.1 200 ") == 1


async def test_a_crowd_keeps_nobody_out_who_has_a_question(site: Site):
    crowd = [await site.connect() for _ in range(3 * http.MOST_VISITORS)]
    assert await site.is_well()
    assert site.server.visitors <= http.MOST_VISITORS
    for _, writer in crowd:
        writer.close()


async def test_whoever_has_left_is_forgotten(site: Site):
    for _ in range(100):
        assert await site.is_well()
    await site.until_empty()


# --- the service ---


async def test_a_port_that_is_taken_is_said_and_listened_on_once_it_is_free(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(http, "AGAIN_SECONDS", 0.02)
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = HttpServer("127.0.0.1", port, None, ENDPOINTS)
        with structlog.testing.capture_logs() as log:
            await server.start()
        assert [line["event"] for line in log] == ["http.unavailable"]
        assert "HTTP_PORT" in log[0]["remedy"]
        site = Site(server, port, asyncio.create_task(server.run()))
        await asyncio.sleep(0.05)
        assert not site.running.done()
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                if await site.is_well():
                    break
            except OSError:
                await asyncio.sleep(0.01)
    await closed(site)


async def test_it_can_be_started_again_after_a_stop(site: Site):
    await closed(site)
    with pytest.raises(OSError, match=r".*"):
        await site.connect()
    await site.server.start()
    again = Site(site.server, site.port, asyncio.create_task(site.server.run()))
    # Nobody has to be told of another port.
    assert await again.is_well()
    await closed(again)


async def test_visitors_that_linger_do_not_hold_up_a_stop(site: Site):
    _, writer = await site.connect()
    writer.write(b"GET /well HTTP/1.1\r\n")
    async with asyncio.timeout(SECONDS / 2):
        await closed(site)
    writer.close()
