"""Pages that mean harm, read by the real worker."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seraphim.audio_node.extractor import Extractor, Item
from seraphim.audio_node.media import MediaError
from tests.seraphim.audio_node.extractor import shapes
from tests.seraphim.audio_node.extractor.conftest import Authority, Web

pytestmark = pytest.mark.anyio

TRACK = shapes.BANDCAMP_PAGE.removeprefix("https://")
OTHER = "https://ada.bandcamp.com/track/another"
MEMORY = 384 << 20


@pytest.fixture
async def extractor(web: Web, authority: Authority, tmp_path: Path) -> AsyncIterator[Extractor]:
    """One that has little memory, and goes to 127.0.0.2 by itself."""
    proxy = f"http://127.0.0.1:{web.port}"
    extractor = Extractor(
        data_dir=tmp_path,
        trusted_hosts=f"127.0.0.1:{web.port}",
        environment={
            "http_proxy": proxy,
            "https_proxy": proxy,
            "no_proxy": "127.0.0.2",
            "SSL_CERT_FILE": str(authority.file),
        },
        deadline_seconds=60,
        memory_bytes=MEMORY,
    )
    yield extractor
    await extractor.close()


async def test_a_redirect_to_a_private_address_is_not_followed(
    web: Web, extractor: Extractor
) -> None:
    with socket.create_server(("127.0.0.2", 0)) as private:
        private.setblocking(False)
        web.answers[TRACK] = f"-> http://127.0.0.2:{private.getsockname()[1]}/secret"
        with pytest.raises(MediaError) as error:
            await extractor.look(shapes.BANDCAMP_PAGE)
        assert error.value.cause.startswith("guard: ")
        with pytest.raises(BlockingIOError):
            private.accept()


async def test_a_page_that_is_larger_than_the_memory_costs_that_page_alone(
    web: Web, extractor: Extractor
) -> None:
    web.answers[TRACK] = bytes(MEMORY)
    web.answers["ada.bandcamp.com/track/another"] = shapes.bandcamp_track()
    with pytest.raises(MediaError):
        await extractor.look(shapes.BANDCAMP_PAGE)
    assert isinstance(await extractor.look(OTHER), Item)


@pytest.mark.parametrize(
    "url",
    [
        *("ytsearch5:words", "ytsearchall:words", "scsearch:words", ":ytfav", "file:///etc/passwd"),
        *("https://127.0.0.1/", "http://[::1]/", "https://", "https://[", "https://\x00/", ""),
    ],
)
async def test_what_is_no_page_of_a_site_is_nobodys(
    url: str, web: Web, extractor: Extractor
) -> None:
    assert await extractor.look(url) is None
    assert web.requests == []
