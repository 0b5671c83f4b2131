"""The voice server's UDP port."""

import socket
import struct
import time
from typing import Any

import anyio
import pytest

pytestmark = pytest.mark.anyio

Place = Any


def request(ssrc: int, *, kind: int = 1, length: int = 70) -> bytes:
    return struct.pack(">HHI64sH", kind, length, ssrc, b"", 0)


async def test_discovery_tells_a_client_where_it_is_seen(place: Place) -> None:
    async with place.connect() as client:
        await client.authenticate()
        async with await client.udp() as udp:
            await udp.send(request(client.ssrc))
            with anyio.fail_after(10):
                answer = await udp.receive()
            port = udp.extra(anyio.abc.SocketAttribute.local_port)
    assert len(answer) == 74
    kind, length, ssrc, ip, seen = struct.unpack(">HHI64sH", answer)
    assert (kind, length, ssrc, seen) == (2, 70, client.ssrc, port)
    assert ip == b"127.0.0.1".ljust(64, b"\0")


async def test_discovery_is_for_those_who_identified(place: Place) -> None:
    async with place.connect() as client:
        await client.authenticate()
        async with await client.udp() as udp:
            await udp.send(request(client.ssrc ^ 1))
            place.region.troubles.discovery_ignored = True
            await udp.send(request(client.ssrc))
            await udp.send(b"still there?"[:8])
            with anyio.fail_after(10):
                assert await udp.receive() == b"still th"


async def test_keep_alives_come_back_and_are_counted(place: Place) -> None:
    async with place.connect() as client:
        await client.authenticate()
        async with await client.udp() as udp:
            for counter in range(3):
                await udp.send(counter.to_bytes(8, "little"))
                with anyio.fail_after(10):
                    assert await udp.receive() == counter.to_bytes(8, "little")
    assert place.region.keep_alives == 3
    assert not place.region.violations


@pytest.mark.skipif("sys.platform != 'linux'", reason="only Linux tells when a datagram arrived")
async def test_packets_that_waited_for_a_busy_process_are_not_late(place: Place, tone: Any) -> None:
    heard = place.channels[200]
    async with place.connect() as client:
        await client.join()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            for index, opus in enumerate(tone(440, 0.2)[:2]):
                udp.sendto(client.packet(index, opus), client.address)
                # Nobody reads meanwhile: the loop is held up here.
                time.sleep(0.1)  # noqa: ASYNC251
            read = time.monotonic()
        await heard.until(lambda: len(heard.packets) == 2)
    first, second = heard.packets
    assert second.arrived - first.arrived >= 0.09
    assert read - second.arrived >= 0.09
