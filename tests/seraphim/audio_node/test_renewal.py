"""A track whose address has to be looked for, and expires while it plays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from seraphim.audio_node.decoders import Decoders, Feed
from seraphim.audio_node.media import MediaError, MediaSource

pytestmark = pytest.mark.anyio

DEADLINE = 30.0


class Page:
    """A page with a song, whose address is good for `good_for` bytes and is another each time."""

    def __init__(self, server: Any, data: bytes, *, good_for: int = 1 << 30) -> None:
        self.asked = 0
        """How often it was looked for."""
        self.missing = False
        self._server = server
        self._data = data
        self._left = good_for
        self._known: MediaSource | None = None
        self._url = server.answer("/song", self._answer)
        self._signature = 0

    async def find(self) -> MediaSource:
        await asyncio.sleep(0)
        if self.missing:
            raise MediaError("The video is private.", "common", "private")
        if self._known is None:
            self.asked += 1
            self._signature += 1
            if self.asked > 1:
                self._left = 1 << 30
            self._known = MediaSource("http", f"{self._url}?signature={self._signature}")
        return self._known

    def forget(self) -> None:
        self._known = None

    def _answer(self, request: Any) -> None:
        if not request.path.endswith(f"={self._signature}") or self._left <= 0:
            request.head("403 Forbidden", Content_Length=0)
            return
        start = int(request.headers["range"].removeprefix("bytes=").removesuffix("-"))
        size, data = len(self._data), self._data[start:]
        request.head(
            "206 Partial Content",
            Content_Range=f"bytes {start}-{size - 1}/{size}",
            Content_Length=len(data),
        )
        sent, self._left = data[: self._left], self._left - len(data)
        request.send(sent)


@pytest.fixture
async def decoders(server: Any) -> AsyncIterator[Decoders]:
    async with Decoders(trusted_hosts=server.host) as decoders:
        yield decoders


async def take_all(feed: Feed) -> list[bytes]:
    frames: list[bytes] = []
    async with asyncio.timeout(DEADLINE):
        while not feed.ended and feed.error is None:
            await feed.wait()
            frame = feed.take()
            if frame is not None:
                frames.append(frame)
    return frames


async def test_a_track_is_looked_for_when_it_is_opened(
    server: Any, tones: Any, decoders: Decoders, opus: Any
) -> None:
    page = Page(server, tones.tone("mp3").read_bytes())
    feed = decoders.open(page)
    assert not feed.ready
    frames = await take_all(feed)
    assert feed.ended
    assert page.asked == 1
    assert opus(frames).pitch(0.5, 1) == pytest.approx(440, rel=0.01)


async def test_what_cannot_be_found_fails_with_the_reason(
    server: Any, tones: Any, decoders: Decoders
) -> None:
    page = Page(server, tones.tone("mp3").read_bytes())
    page.missing = True
    feed = decoders.open(page)
    assert await take_all(feed) == []
    assert feed.error is not None
    assert feed.error.cause == "private"


async def test_an_address_that_expires_is_replaced_and_nobody_hears_it(
    server: Any, tones: Any, decoders: Decoders, opus: Any
) -> None:
    file = tones.melody("mp3")
    data = file.read_bytes()
    whole = await take_all(decoders.open(MediaSource("http", server.file(file))))
    page = Page(server, data, good_for=len(data) * 2 // 3)
    feed = decoders.open(page)
    frames = await take_all(feed)
    assert feed.error is None
    assert page.asked == 2
    assert abs(len(frames) - len(whole)) <= 1
    heard = opus(frames)
    for second in range(1, 11):
        assert heard.pitch(second + 0.2, second + 0.8) == pytest.approx(
            300 + 100 * second, rel=0.02
        )


async def test_a_page_that_is_gone_by_then_ends_the_track_where_it_is(
    server: Any, tones: Any, decoders: Decoders
) -> None:
    data = tones.melody("mp3").read_bytes()
    page = Page(server, data, good_for=len(data) // 2)
    feed = decoders.open(page)
    await feed.wait()
    page.missing = True
    frames = await take_all(feed)
    assert len(frames) > 100
    assert feed.error is not None
    assert feed.error.cause == "private"


async def test_a_track_that_nobody_wants_any_more_is_not_looked_for(
    server: Any, tones: Any, decoders: Decoders
) -> None:
    page = Page(server, tones.tone("mp3").read_bytes())
    feed = decoders.open(page)
    feed.close()
    frames = await take_all(decoders.open(page))
    assert page.asked == 1
    assert len(frames) > 100
    assert server.requests
