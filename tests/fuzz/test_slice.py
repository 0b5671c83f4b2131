"""A slice of what `make fuzz` does, so that what it once found stays mended."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaError, MediaSource
from tests.fuzz import hostile, servers
from tests.fuzz.corpus import SECONDS, Seed, seeds
from tests.fuzz.media import Report, run
from tests.fuzz.mutation import mutant
from tests.fuzz.readers import READERS, Reader
from tests.fuzz.servers import Server

pytestmark = pytest.mark.anyio

FILES = 500


@pytest.fixture
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders() as decoders:
        yield decoders


async def test_the_corpus_is_well(decoders: Decoders, tmp_path) -> None:
    async def opened(seed: Seed) -> None:
        path = tmp_path / seed.name
        path.write_bytes(seed.data)
        source = MediaSource("file", str(path))
        if not seed.plays:
            with pytest.raises(MediaError):
                await decoders.probe(source)
            return
        feed = decoders.open(source)
        frames = 0
        while not feed.ended:
            await feed.wait()
            assert feed.error is None, (seed.name, feed.error.cause)
            frames += feed.take() is not None
        assert frames == pytest.approx(SECONDS * 50, abs=8), seed.name

    await asyncio.gather(*map(opened, seeds()))


def test_a_broken_file_is_the_same_each_time() -> None:
    assert [mutant(7, n) for n in range(50)] == [mutant(7, n) for n in range(50)]
    assert len({mutant(7, n).data for n in range(50)}) > 40
    assert mutant(7, 1) != mutant(8, 1)


async def test_broken_files_cost_themselves_alone() -> None:
    told: list[Report] = []
    report = await run((mutant(1, n) for n in range(FILES)), told=told.append)
    assert report.mistakes == []
    assert report.files == FILES
    assert told
    # They are neither all well nor all broken beyond being looked at.
    assert report.outcomes["played"] > FILES // 10
    assert report.outcomes["refused"] > FILES // 10


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_what_is_spoilt_in_one_place_is_read_or_refused(reader: Reader) -> None:
    for data in reader.seeds:
        reader.try_(data)


@pytest.mark.parametrize(
    ("start", "path"),
    [
        pytest.param(servers.node, "/version", id="node"),
        pytest.param(partial(servers.bot, token=True), "/livez", id="bot"),
    ],
)
async def test_hostile_requests_cost_themselves_alone(
    start: Callable[[Path], AbstractContextManager[Server]], path: str, tmp_path: Path
) -> None:
    with start(tmp_path) as server:
        visits = await hostile.visit(server, path, seconds=3, seed=1)
        assert visits.findings == []
        assert visits.said >= hostile.AT_ONCE
        assert server.alive
        assert server.complaints == []
