"""A client with end-to-end encryption: VoiceClient's protocol, spoken by a task, and davey."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import aiohttp
from davey import DaveSession, ProposalsOperationType

from seraphim.voice import SILENCE, Opcode


class Speaker:
    """Does all that DAVE asks of a client, unless told not to; what it was told is kept.

    Made by the fixture `speak`, which connects it and leaves when the test is over.
    """

    def __init__(self, client: Any, user_id: int, channel_id: int) -> None:
        self.client = client
        self.user_id = user_id
        self.channel_id = channel_id
        self.udp: Any = None
        self.session = DaveSession(1, user_id, channel_id)
        self.version = 1
        self.told: list[tuple[int, Any]] = []
        self.failed = 0
        """Commits and welcomes that davey refused."""
        self.answers: set[int] = {
            Opcode.DAVE_MLS_KEY_PACKAGE,
            Opcode.DAVE_MLS_COMMIT_WELCOME,
            Opcode.DAVE_TRANSITION_READY,
        }
        """What it says by itself."""
        self.index = 0
        self._announced: dict[int, int] = {}
        self._changed = asyncio.Condition()

    def opcodes(self) -> list[int]:
        return [opcode for opcode, _ in self.told]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10), self._changed:
            await self._changed.wait_for(condition)

    async def until_told(self, opcode: int, times: int = 1) -> Any:
        """The data of the `times`th message with an opcode."""
        await self.until(lambda: self.opcodes().count(opcode) >= times)
        return [data for told, data in self.told if told == opcode][times - 1]

    async def until_ready(self) -> None:
        await self.until(lambda: self.version == 1 and self.session.ready)

    async def introduce(self, **changes: Any) -> None:
        """HELLO to the key and SPEAKING, by when its packets are heard."""
        await self._until_heard(Opcode.HELLO)
        version = {"max_dave_protocol_version": 1}
        await self.client.identify(**{"user_id": str(self.user_id), **version, **changes})
        ready = await self._until_heard(Opcode.READY)
        self.client.ssrc, self.client.address = ready["ssrc"], (ready["ip"], ready["port"])
        await self.client.select(self.client.mode)
        description = await self._until_heard(Opcode.SESSION_DESCRIPTION)
        self.client.key = bytes(description["secret_key"])
        self.version = description["dave_protocol_version"]
        if self.version:
            await self.begin()
        await self.client.send(Opcode.SPEAKING, {"speaking": 1, "ssrc": self.client.ssrc})

    async def _until_heard(self, opcode: int) -> Any:
        while not self.told or self.told[-1][0] != opcode:
            message = await self.client.receive()
            self.told.append((message["op"], message["d"]))
        return self.told[-1][1]

    async def run(self) -> None:
        """Read and answer until the connection ends."""
        while True:
            message = await self.client.socket.receive()
            async with self._changed:
                if message.type is aiohttp.WSMsgType.TEXT:
                    content = json.loads(message.data)
                    self.client.seq_ack = content.get("seq", self.client.seq_ack)
                    self.told.append((content["op"], content["d"]))
                    await self._text(content["op"], content["d"])
                elif message.type is aiohttp.WSMsgType.BINARY:
                    self.client.seq_ack = int.from_bytes(message.data[:2], "big")
                    self.told.append((message.data[2], message.data[3:]))
                    await self._binary(message.data[2], message.data[3:])
                else:
                    self.told.append((-1, message.data))
                    self._changed.notify_all()
                    return
                self._changed.notify_all()

    async def _text(self, opcode: int, data: Any) -> None:
        match opcode:
            case Opcode.DAVE_PREPARE_EPOCH if data["epoch"] == 1:
                self.version = data["protocol_version"]
                await self.begin()
            case Opcode.DAVE_PREPARE_TRANSITION:
                await self._prepared(data["transition_id"], data["protocol_version"])
            case Opcode.DAVE_EXECUTE_TRANSITION:
                self.version = self._announced.pop(data["transition_id"])
            case _:
                pass

    async def _binary(self, opcode: int, data: bytes) -> None:
        number = int.from_bytes(data[:2], "big")
        match opcode:
            case Opcode.DAVE_MLS_EXTERNAL_SENDER:
                self.session.set_external_sender(data)
            case Opcode.DAVE_MLS_PROPOSALS:
                revoke = ProposalsOperationType.revoke
                kind = revoke if data[0] else ProposalsOperationType.append
                made = self.session.process_proposals(kind, data[1:])
                if made is not None:
                    content = made.commit + (made.welcome or b"")
                    await self.say_binary(Opcode.DAVE_MLS_COMMIT_WELCOME, content)
            case Opcode.DAVE_MLS_ANNOUNCE_COMMIT_TRANSITION:
                await self._enter(self.session.process_commit, data[2:], number)
            case Opcode.DAVE_MLS_WELCOME:
                await self._enter(self.session.process_welcome, data[2:], number)
            case _:
                pass

    async def _enter(self, process: Any, data: bytes, number: int) -> None:
        try:
            process(data)
        except (RuntimeError, ValueError):
            self.failed += 1
            await self.say(Opcode.DAVE_MLS_INVALID_COMMIT_WELCOME, {"transition_id": number})
            await self.begin()
        else:
            await self._prepared(number, 1)

    async def _prepared(self, number: int, version: int) -> None:
        if number:
            self._announced[number] = version
            await self.say(Opcode.DAVE_TRANSITION_READY, {"transition_id": number})
        else:
            self.version = version

    async def begin(self) -> None:
        """A group of its own, and a key package."""
        self.session.reinit(1, self.user_id, self.channel_id)
        package = self.session.get_serialized_key_package()
        await self.say_binary(Opcode.DAVE_MLS_KEY_PACKAGE, package)

    async def say(self, opcode: int, data: Any) -> None:
        if opcode in self.answers or opcode == Opcode.DAVE_MLS_INVALID_COMMIT_WELCOME:
            await self.client.send(opcode, data)

    async def say_binary(self, opcode: int, data: bytes) -> None:
        if opcode in self.answers:
            await self.client.socket.send_bytes(bytes([opcode]) + data)

    async def play(self, *frames: bytes, clear: bool = False) -> None:
        """Send frames, encrypted unless that is off."""
        for frame in frames:
            sealed = not clear and self.version == 1 and self.session.ready and frame != SILENCE
            payload = self.session.encrypt_opus(frame) if sealed else frame
            await self.udp.send(self.client.packet(self.index, payload))
            self.index += 1

    @property
    def privacy_code(self) -> str | None:
        """What members compare to know that they are in one group."""
        return self.session.voice_privacy_code
