"""One suite for any Lavalink v4 node.

It runs against Seraphim's own node, started once, and with LAVALINK_HOST (LAVALINK_PORT,
LAVALINK_PASSWORD) in the environment against that one. Such a Lavalink must run on this machine,
have the source `http` on, and trust the certificate that is written to SANDBOX_CA_FILE.

What is asserted is what Lavalink 4.2.2 does. Where that is a defect (a bare 500, a request that
hangs) the tests allow for both, and say so beside it.
"""

import os
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from seraphim.sandbox.voice import CertificateAuthority, Heard, VoiceServer
from tests.conformance import media as songs
from tests.conformance import node as nodes
from tests.conformance.client import Client, Seat
from tests.conformance.media import Media
from tests.conformance.node import Node


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def authority() -> CertificateAuthority:
    return CertificateAuthority()


@pytest.fixture(scope="session")
def node(
    authority: CertificateAuthority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Node]:
    """The node under test."""
    folder = tmp_path_factory.mktemp("node")
    named = os.environ.get("SANDBOX_CA_FILE")
    ca_file = authority.ca_file(folder / "ca.pem" if named is None else Path(named))
    if nodes.OUTER:
        yield nodes.outer()
        return
    with nodes.own(folder, ca_file) as own:
        yield own


@pytest.fixture(scope="module")
async def media() -> AsyncIterator[Media]:
    async with songs.serve() as media:
        yield media


@pytest.fixture(scope="module")
def ears() -> defaultdict[int, Heard]:
    """What each channel heard."""
    return defaultdict(Heard)


@pytest.fixture(scope="module")
async def region(
    authority: CertificateAuthority, ears: defaultdict[int, Heard]
) -> AsyncIterator[VoiceServer]:
    async with VoiceServer(authority, ears.__getitem__) as region:
        yield region


@pytest.fixture(scope="module")
async def seats(region: VoiceServer) -> AsyncIterator[list[Seat]]:
    """All seats that were taken; a node leaves them when its clients have gone."""
    seats: list[Seat] = []
    yield seats
    for seat in seats:
        await seat.until_left()
        assert not seat.heard.violations, seat.heard.violations


@pytest.fixture
async def client(node: Node) -> AsyncIterator[Client]:
    """A client that is connected."""
    async with Client(node) as client:
        yield client


@pytest.fixture(scope="module")
def new_seat(
    region: VoiceServer, ears: defaultdict[int, Heard], seats: list[Seat]
) -> Callable[[int], Seat]:
    """Makes a guild with a channel in which a user is expected."""

    def make(user: int = Client.USER) -> Seat:
        seats.append(Seat(region, ears.__getitem__, user))
        return seats[-1]

    return make


@pytest.fixture
def seat(new_seat: Callable[[], Seat]) -> Seat:
    """A guild with a channel in which the client is expected."""
    return new_seat()
