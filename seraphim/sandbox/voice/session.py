"""A client's stay in a voice channel: what outlives its websocket and can be resumed.

Messages that a client must not miss are numbered (`seq`) and kept until it acknowledged them in a
heartbeat (`seq_ack`). When a socket breaks off, the session stays for a while, sound included: UDP
knows nothing of sockets. RESUME with the last number seen brings the rest again.
"""

import json
import struct
from collections import deque
from dataclasses import dataclass, field
from typing import Protocol

from seraphim.sandbox.voice.decryption import Decryption
from seraphim.sandbox.voice.rtp import Header
from seraphim.voice import Opcode, Speaking

HEAD = struct.Struct(">HB")
"""What a binary frame begins with: its number and its opcode."""

UNACKNOWLEDGED = 1_000
"""Messages kept for a client. One that acknowledges none of so many cannot resume."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What VOICE_STATE_UPDATE and VOICE_SERVER_UPDATE told a client, and only it."""

    guild_id: int
    user_id: int
    session_id: str = field(repr=False)
    token: str = field(repr=False)


class Link(Protocol):
    """A session's way to its client, while there is one."""

    def send(self, message: str | bytes) -> None:
        """Send a text or a binary frame, after those before it."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Close with a code, after what was sent before."""
        ...

    def abort(self) -> None:
        """Break the connection off without a word."""
        ...


class Session:
    """One client in one channel."""

    def __init__(
        self, credentials: Credentials, channel_id: int, ssrc: int, *, dave_version: int = 0
    ) -> None:
        self.credentials = credentials
        self.dave_version = dave_version
        """The highest version of end-to-end encryption that the client speaks."""
        self.channel_id = channel_id
        self.ssrc = ssrc
        self.decryption: Decryption | None = None
        """None until SELECT_PROTOCOL."""
        self.speaking: Speaking | None = None
        """What the last SPEAKING said; None before the first, without which nothing is heard."""
        self.early: list[tuple[Header, bytes, float]] = []
        """Sound that waits for the first SPEAKING, and when it arrived."""
        self.muted = False
        self.link: Link | None = None
        self._sequence = 0
        self._unacknowledged: deque[tuple[int, str | bytes]] = deque(maxlen=UNACKNOWLEDGED)

    @property
    def user_id(self) -> int:
        """Whose client it is."""
        return self.credentials.user_id

    def send(self, opcode: Opcode, data: object) -> None:
        """Send a numbered message, now or when the client resumes."""
        self._sequence += 1
        self._send(json.dumps({"op": opcode, "d": data, "seq": self._sequence}))

    def send_binary(self, opcode: Opcode, payload: bytes) -> None:
        """The same in a binary frame."""
        self._sequence += 1
        self._send(HEAD.pack(self._sequence % 2**16, opcode) + payload)

    def _send(self, message: str | bytes) -> None:
        self._unacknowledged.append((self._sequence, message))
        if self.link is not None:
            self.link.send(message)

    def acknowledge(self, sequence: int) -> None:
        """Forget messages up to a number."""
        while self._unacknowledged and self._unacknowledged[0][0] <= sequence:
            self._unacknowledged.popleft()

    def missed(self, sequence: int) -> list[str | bytes] | None:
        """The messages after a number; None if they are not all there any more, or never were."""
        oldest = self._unacknowledged[0][0] if self._unacknowledged else self._sequence + 1
        if not oldest - 1 <= max(sequence, 0) <= self._sequence:
            return None
        return [message for number, message in self._unacknowledged if number > sequence]
