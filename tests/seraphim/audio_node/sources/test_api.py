import asyncio
import socket
import time

import pytest

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.api import MOST_TRACKS, Api, Page, Refused, Reply, collect
from seraphim.audio_node.sources.document import Document
from tests.seraphim.audio_node.sources.service import Answer

pytestmark = pytest.mark.anyio

SECRET = "hush-hush"


@pytest.fixture
def api(http) -> Api:
    return Api(http, "Muse")


def told(error: MediaError) -> str:
    return f"{error} {error.cause} {error!r} {error.__cause__!r}"


async def test_json_is_read(api, service) -> None:
    service.at("/song", {"title": "Hello"})
    answer = await api.document(
        f"{service.url}/song", params={"q": "a&b=c ü"}, headers={"Authorization": SECRET}
    )
    assert answer["title"].text == "Hello"
    assert service.asked[0].query == {"q": "a&b=c ü"}
    assert service.asked[0].headers["Authorization"] == SECRET


@pytest.mark.parametrize(
    ("status", "severity", "says"),
    [
        (404, "common", "nothing there"),
        (403, "common", "does not give"),
        (500, "suspicious", "problem of its own"),
        (418, "suspicious", "refused"),
    ],
)
async def test_a_status_has_its_reason(api, service, status, severity, says) -> None:
    service.at("/song", Answer({"error": SECRET}, status))
    with pytest.raises(Refused, match=says) as refused:
        await api.document(f"{service.url}/song?key={SECRET}")
    assert (refused.value.status, refused.value.severity) == (status, severity)
    assert SECRET not in told(refused.value)


async def test_redirects_are_not_followed(api, service) -> None:
    service.at("/song", Answer(None, 302, {"Location": f"{service.url}/inside"}))
    with pytest.raises(Refused):
        await api.document(f"{service.url}/song")
    assert service.paths() == ["/song"]
    assert (await api.get(f"{service.url}/song")).location == f"{service.url}/inside"


async def test_asked_to_wait_it_waits_and_asks_once_more(api, service) -> None:
    service.once("/song", Answer(None, 429, {"Retry-After": "1"}))
    service.at("/song", {"title": "Hello"})
    began = time.monotonic()
    assert (await api.document(f"{service.url}/song"))["title"].text == "Hello"
    assert time.monotonic() - began >= 1
    assert service.paths() == ["/song", "/song"]


async def test_asked_to_wait_again_it_gives_up_and_leaves_the_service_alone(api, service) -> None:
    service.at("/song", Answer(None, 429, {"Retry-After": "0"}))
    service.once("/other", Answer(None, 429, {"Retry-After": "3600"}))
    service.at("/other", {})
    with pytest.raises(Refused, match="too often"):
        await api.document(f"{service.url}/song")
    assert service.paths() == ["/song", "/song"]
    with pytest.raises(Refused, match="too often"):
        await api.document(f"{service.url}/other")
    with pytest.raises(Refused, match="too often"):
        await api.document(f"{service.url}/other")
    assert service.paths() == ["/song", "/song", "/other"]


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff\xfe\xfd", b""])
async def test_what_is_no_json_is_refused(api, service, body) -> None:
    service.at("/song", body)
    with pytest.raises(MediaError, match="unexpected"):
        await api.document(f"{service.url}/song")


async def test_too_much_is_refused(http, service) -> None:
    api = Api(http, "Muse", most_bytes=1000)
    service.at("/song", b'"' + b"x" * 1000 + b'"')
    with pytest.raises(MediaError, match="unexpected"):
        await api.document(f"{service.url}/song")


async def test_a_service_that_says_nothing_is_given_up(http) -> None:
    api = Api(http, "Muse", seconds=0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(MediaError, match="in time") as failed:
            await api.document(f"http://127.0.0.1:{port}/?key={SECRET}")
        assert SECRET not in told(failed.value)


async def test_a_service_that_is_not_there_is_told_without_its_address(api) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(MediaError, match="cannot be reached") as failed:
        await api.document(f"http://127.0.0.1:{port}/?key={SECRET}")
    assert SECRET not in told(failed.value)


async def test_a_key_that_no_header_can_have_is_told_without_it(api, service) -> None:
    with pytest.raises(MediaError, match="cannot be reached") as failed:
        await api.document(f"{service.url}/", headers={"Authorization": f"{SECRET}\r\nX: y"})
    assert SECRET not in told(failed.value)
    assert service.asked == []


def test_a_reply_does_not_show_its_body() -> None:
    assert SECRET not in repr(Reply(200, SECRET.encode(), SECRET))


async def test_only_a_few_are_asked_at_once(api, http) -> None:
    under_way, most = 0, 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        await reader.readuntil(b"\r\n\r\n")
        under_way += 1
        most = max(most, under_way)
        for _ in range(20):
            await asyncio.sleep(0)
        under_way -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(api.document(f"http://127.0.0.1:{port}/"))
    assert 1 < most <= 4


def numbers(total: int, step: int, *, says: bool, asked: list[int]):
    async def fetch(offset: int) -> Page:
        asked.append(offset)
        items = [Document(n) for n in range(offset, min(offset + step, total))]
        return Page(items, total if says else None, more=offset + step < total)

    return fetch


@pytest.mark.parametrize("says", [True, False])
@pytest.mark.parametrize("total", [0, 1, 49, 50, 51, 500, MOST_TRACKS, MOST_TRACKS + 300])
async def test_a_list_is_got_whole_and_in_order_up_to_the_most(total, says) -> None:
    asked: list[int] = []
    fetch = numbers(total, 50, says=says, asked=asked)
    items = await collect(fetch, step=50, service="Muse")
    assert [item.number for item in items] == list(range(min(total, MOST_TRACKS)))
    assert len(asked) == max(1, -(-min(total, MOST_TRACKS) // 50))


async def test_a_list_without_an_end_is_cut() -> None:
    async def fetch(offset: int) -> Page:
        return Page([Document(offset)] * 50, None, more=True)

    assert len(await collect(fetch, step=50, service="Muse")) == MOST_TRACKS


async def test_a_page_that_fails_is_the_lists_failure() -> None:
    async def fetch(offset: int) -> Page:
        if offset:
            raise MediaError("No.")
        return Page([Document(0)] * 50, 200)

    with pytest.raises(MediaError, match=r"No\."):
        await collect(fetch, step=50, service="Muse")


def test_a_document_misses_quietly() -> None:
    document = Document.parse(b'{"a": [{"b": 1.6}, null], "t": true, "n": NaN, "i": Infinity}')
    assert document["a"].first["b"].number == 2
    assert [bool(item) for item in document["a"]] == [True, False]
    missed = document["x"]["y"].first["z"]
    assert (missed.text, missed.number, list(missed), bool(missed)) == ("", None, [], False)
    assert (document["t"].number, document["t"].text, document["t"].is_true) == (None, "", True)
    assert document["n"].number is None
    assert document["i"].number is None


def test_a_line_is_fit_to_be_shown() -> None:
    shown = Document(" a\n\tb\u202e\u200bc\0\ud800 " + "x" * 1000).line
    assert shown.startswith("a b c x")
    assert len(shown) == 250
