"""The talk between a process that goes and one that comes, and every way in which it fails."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from actors.runtime import SupervisorSpec, System
from seraphim.operations import handover
from seraphim.operations.handover import Handover, HandoverRefused, take_over
from seraphim.operations.journal import Journal
from seraphim.operations.operator import SOCKET, OperatorSocket, ask

pytestmark = pytest.mark.anyio


@dataclass
class Old:
    """The process that is to go, and what it was made to do."""

    path: Path
    did: list[str] = field(default_factory=list[str])
    preparing: asyncio.Event = field(default_factory=asyncio.Event)
    hold: asyncio.Event | None = None
    failure: Exception | None = None
    resumed: asyncio.Event = field(default_factory=asyncio.Event)

    async def prepare(self) -> None:
        self.did.append("prepared")
        self.preparing.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failure is not None:
            raise self.failure

    def resume(self) -> None:
        self.did.append("resumed")
        self.resumed.set()

    def go(self) -> None:
        self.did.append("gone")


@pytest.fixture
async def old(tmp_path: Path) -> AsyncIterator[Old]:
    old = Old(tmp_path / SOCKET)
    system = System(SupervisorSpec(id="root", dynamic=True))

    async def status() -> dict[str, object]:
        raise AssertionError("nobody asked how it is")

    async def synchronise() -> None:
        pass

    socket = OperatorSocket(
        old.path,
        lambda: system,
        may_crash=False,
        handover=Handover(prepare=old.prepare, resume=old.resume, go=old.go),
        status=status,
        journal=Journal(),
        synchronise=synchronise,
    )
    await socket.start()
    yield old
    await socket.stop()


class New:
    """A new process that says what it is told to."""

    async def connect(self, old: Old) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(old.path)

    def say(self, word: str) -> None:
        self._writer.write(word.encode() + b"\n")

    async def hears(self) -> object:
        line = await self._reader.readline()
        return json.loads(line) if line else None

    def hang_up(self) -> None:
        self._writer.close()


@pytest.fixture
async def new(old: Old) -> AsyncIterator[New]:
    new = New()
    await new.connect(old)
    yield new
    new.hang_up()


async def test_the_old_one_prepares_and_goes_when_it_is_told_to(old: Old) -> None:
    await take_over(old.path)
    assert old.did == ["prepared", "gone"]


async def test_it_does_not_go_before_it_is_told_to(old: Old, new: New) -> None:
    new.say('{"do": "handover"}')
    assert await new.hears() == {"handover": "prepared"}
    assert old.did == ["prepared"]
    new.say('{"do": "go"}')
    assert await new.hears() == {"handover": "going"}
    assert old.did == ["prepared", "gone"]


@pytest.mark.parametrize("word", ['{"do": "stay"}', "nonsense", "[]", '"go"'])
async def test_any_other_word_leaves_it_as_it_was(old: Old, new: New, word: str) -> None:
    new.say('{"do": "handover"}')
    await new.hears()
    new.say(word)
    assert "error" in str(await new.hears())
    assert old.did == ["prepared", "resumed"]


async def test_a_new_process_that_dies_leaves_it_as_it_was(old: Old, new: New) -> None:
    new.say('{"do": "handover"}')
    await new.hears()
    new.hang_up()
    await old.resumed.wait()
    assert old.did == ["prepared", "resumed"]


async def test_a_new_process_that_says_nothing_leaves_it_as_it_was(
    monkeypatch: pytest.MonkeyPatch, old: Old, new: New
) -> None:
    monkeypatch.setattr(handover, "ANSWER_SECONDS", 0.05)
    new.say('{"do": "handover"}')
    await new.hears()
    assert "error" in str(await new.hears())
    assert old.did == ["prepared", "resumed"]


async def test_preparations_that_fail_leave_it_as_it_was(old: Old) -> None:
    old.failure = RuntimeError("the disk is full")
    with pytest.raises(HandoverRefused, match="called off"):
        await take_over(old.path)
    assert old.did == ["prepared", "resumed"]


async def test_preparations_that_take_too_long_leave_it_as_it_was(
    monkeypatch: pytest.MonkeyPatch, old: Old
) -> None:
    monkeypatch.setattr(handover, "ANSWER_SECONDS", 0.05)
    old.hold = asyncio.Event()
    with pytest.raises(HandoverRefused):
        await take_over(old.path)
    await old.resumed.wait()
    assert old.did == ["prepared", "resumed"]


async def test_after_one_that_was_called_off_the_next_one_works(old: Old) -> None:
    old.failure = RuntimeError("the disk is full")
    with pytest.raises(HandoverRefused):
        await take_over(old.path)
    old.failure = None
    await take_over(old.path)
    assert old.did == ["prepared", "resumed", "prepared", "gone"]


async def test_two_at_once_are_one_too_many(old: Old) -> None:
    old.hold = asyncio.Event()
    first = asyncio.create_task(take_over(old.path))
    await old.preparing.wait()
    with pytest.raises(HandoverRefused, match="another handover"):
        await take_over(old.path)
    old.hold.set()
    await first
    assert old.did == ["prepared", "gone"]


async def test_one_that_goes_does_not_go_twice(old: Old) -> None:
    await take_over(old.path)
    with pytest.raises(HandoverRefused, match="another handover"):
        await take_over(old.path)
    assert old.did == ["prepared", "gone"]


async def test_the_terminal_is_answered_meanwhile(old: Old) -> None:
    old.hold = asyncio.Event()
    first = asyncio.create_task(take_over(old.path))
    await old.preparing.wait()
    assert await ask(old.path, {"do": "nonsense"}) == {"error": "not understood"}
    old.hold.set()
    await first


async def test_where_nobody_listens_nobody_hands_over(tmp_path: Path) -> None:
    with pytest.raises(HandoverRefused, match="cannot be reached"):
        await take_over(tmp_path / SOCKET)


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        (b'{"error": "not understood"}\n', "not understood"),
        (b"", "hung up"),
        (b"nonsense\n", "hung up"),
        (b'{"handover": "prepared"}\n', "hung up"),
    ],
)
async def test_an_old_process_that_cannot_hand_over_is_left_alone(
    tmp_path: Path, answers: bytes, why: str
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(answers)
        writer.close()

    server = await asyncio.start_unix_server(serve, tmp_path / SOCKET)
    try:
        with pytest.raises(HandoverRefused, match=why):
            await take_over(tmp_path / SOCKET)
    finally:
        server.close()


async def test_an_old_process_that_hangs_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(handover, "ANSWER_SECONDS", 0.05)

    hung_up = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    server = await asyncio.start_unix_server(serve, tmp_path / SOCKET)
    try:
        with pytest.raises(HandoverRefused, match="does not answer"):
            await take_over(tmp_path / SOCKET)
        await hung_up.wait()
    finally:
        server.close()
