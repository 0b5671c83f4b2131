"""HTTP as nobody should speak it: half of it, too much of it, all at once, or not HTTP at all.

`visit` sends it over connections of their own, and looks after each round whether whoever has a
question is still answered.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from tests.fuzz.mutation import broken
from tests.fuzz.servers import Server

AT_ONCE = 20
ANSWER_SECONDS = 5.0
"""How long whoever asks well may have to wait."""

SAYING_SECONDS = 0.3
"""How long an answer to nonsense is waited for; most of it gets none."""


@dataclass(slots=True)
class Visits:
    """What came of it."""

    said: int = 0
    findings: list[str] = field(default_factory=list[str])


async def visit(server: Server, path: str, *, seconds: float, seed: int) -> Visits:
    """Say hostile things for so long; `path` is what is there for everybody with the key."""
    visits = Visits()
    chance = random.Random(seed)
    phrases = _phrases(path, server.key)
    end = monotonic() + seconds
    nasty = list(phrases)
    while monotonic() < end and not visits.findings:
        round_ = [nasty.pop() if nasty else _spoil(chance, phrases) for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*(_say(server, words, chance.random()) for words in round_))
        visits.said += len(round_)
        for words, answer in zip(round_, answers, strict=True):
            if answer.startswith(b"HTTP/") and answer[9:10] == b"5":
                visits.findings.append(f"{answer.splitlines()[0]!r} to {words[:2000]!r}")
        if not await _answers(server, path):
            visits.findings.append(f"no answer any more after {[one[:500] for one in round_]!r}")
    return visits


def _phrases(path: str, key: str | None) -> Sequence[bytes]:
    shown = b"" if key is None else f"Authorization: {key}\r\n".encode()
    host = b"Host: x\r\n" + shown
    get = f"GET {path} HTTP/1.1\r\n".encode() + host
    patch = b"PATCH /v4/sessions/x HTTP/1.1\r\n" + host
    post = b"POST /v4/decodetracks HTTP/1.1\r\n" + host
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    upgrade = (
        b"GET /v4/websocket HTTP/1.1\r\n"
        + host
        + b"User-Id: 7\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    )
    return (
        get + b"\r\n",
        (get + b"\r\n") * 500,
        get,
        get + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        get + b"X: a\r\n" * 10_000 + b"\r\n",
        get + b"Content-Length: 9\r\nContent-Length: 1\r\n\r\na",
        get + b"Content-Length: 5\r\n" + chunked + b"0\r\n\r\n",
        get + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\n" + host + b"\r\n",
        b"GET * HTTP/1.1\r\n" + host + b"\r\n",
        b"CONNECT x:1 HTTP/1.1\r\n" + host + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc" * 100,
        b"\r\n" * 40_000,
        bytes(1000),
        post + b"Content-Length: 2\r\n\r\n[]",
        post + b"Content-Length: 1000\r\n\r\n[",
        post + b"Content-Length: 3000000\r\n\r\n[" + b'"",' * 1_000_000,
        post + b"Content-Type: application/json; charset=punycode\r\nContent-Length: 2\r\n\r\n[]",
        post + chunked + b"2\r\n[]\r\n0\r\n\r\n",
        post + chunked + b"zz\r\n[]\r\n0\r\n\r\n",
        post + chunked + b"ffffffffffffffffff\r\n[]",
        patch + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        patch + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\nabcd",
        patch + b"Content-Encoding: br\r\nContent-Length: 4\r\n\r\nabcd",
        post + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        post + b"Content-Encoding: deflate\r\nContent-Length: 4\r\n\r\nabcd",
        upgrade + b"\r\n",
        upgrade + b"\r\n" + b"\x81\x7f" + b"\xff" * 8,
        upgrade + b"\r\n" + b"\x01\x80\0\0\0\0" * 500,
        upgrade + b"\r\n" + b"\x89\xfe\xff\xff" + bytes(70_000),
        upgrade + b"\r\n" + b"\x88\x81\0\0\0\0\x01",
        upgrade + b"\r\n" + b"\xf1\x80\0\0\0\0",
        upgrade + b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n\xc1\x84\0\0\0\0abcd",
        upgrade.replace(b"13", b"14") + b"\r\n",
        upgrade.replace(b"AAAA==", b"A") + b"\r\n",
        upgrade.replace(b"HTTP/1.1", b"HTTP/1.0") + b"\r\n",
        upgrade.replace(b": 7", b": " + b"9" * 5000) + b"\r\n",
        upgrade + b"Session-Id: \xff\xfe\r\nClient-Name: \xff\x00\r\n\r\n",
    )


def _spoil(chance: random.Random, phrases: Sequence[bytes]) -> bytes:
    return broken(chance, chance.choice(phrases)[: 1 << 16])


async def _say(server: Server, words: bytes, slowly: float) -> bytes:
    """Say it, some of it in two goes, and return what is answered at first."""
    with suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        try:
            async with asyncio.timeout(SAYING_SECONDS):
                half = len(words) // 2 if slowly < 0.2 else len(words)
                writer.write(words[:half])
                await writer.drain()
                if half < len(words):
                    await asyncio.sleep(SAYING_SECONDS / 4)
                    writer.write(words[half:])
                return await reader.read(4096)
        finally:
            # Some leave in the middle, some as one should.
            if slowly > 0.8:
                writer.transport.abort()
            writer.close()
    return b""


async def _answers(server: Server, path: str) -> bool:
    key = "" if server.key is None else f"Authorization: {server.key}\r\n"
    ask = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{key}\r\n"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(ask.encode())
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return answer.startswith(b"HTTP/1.1 200 ")


__all__ = ["Visits", "visit"]
