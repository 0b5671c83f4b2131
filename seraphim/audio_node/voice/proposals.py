"""Reading the proposals of op 27, as far as a committer must: which there are, and who is added.

davey tells a welcome with its commit only if the last thing that it was told adds somebody. So that
nobody is left out who was proposed before, they are told to it again, and for that the messages of
a proposal and their names (RFC 9420's references) must be known.

Everything is TLS presentation language with MLS's vectors: a length of one, two or four bytes, told
by its first two bits, and as many bytes.
"""

import hashlib
from collections.abc import Iterator
from typing import Final, NamedTuple

ADD: Final = 1
REFERENCE_LABEL: Final = b"MLS 1.0 Proposal Reference"

_LENGTH_BYTES: Final = (1, 2, 4)
_MESSAGE_HEAD: Final = 2 + 2
_EPOCH_AND_SENDER: Final = 8 + 1 + 4
_CONTENT_TYPE: Final = 1
_LIFETIME: Final = 1 + 8 + 8


class Unreadable(ValueError):
    """It ends too early, or is no vector."""


class Proposal(NamedTuple):
    """One proposal: its message as it came, by which name it is revoked, and what it does."""

    message: bytes
    reference: bytes
    adds: bool


def proposals(messages: bytes) -> Iterator[Proposal]:
    """Read what was proposed: `messages` is a vector of public messages. Raises `Unreadable`."""
    reader = _Reader(_Reader(messages).vector())
    while not reader.at_end:
        start = reader.offset
        reader.skip(_MESSAGE_HEAD)
        reader.vector()  # group id
        reader.skip(_EPOCH_AND_SENDER)
        reader.vector()  # authenticated data
        reader.skip(_CONTENT_TYPE)
        adds = reader.integer(2) == ADD
        if adds:
            _skip_key_package(reader)
        else:
            reader.skip(4)  # the leaf that is removed
        reader.vector()  # signature
        message = reader.since(start)
        yield Proposal(message, _reference(message), adds)


def references(names: bytes) -> Iterator[bytes]:
    """Read what was revoked: `names` is a vector of references. Raises `Unreadable`."""
    reader = _Reader(_Reader(names).vector())
    while not reader.at_end:
        yield reader.vector()


def vector(content: bytes) -> bytes:
    """Put the length before `content`."""
    length = len(content)
    for prefix, size in enumerate(_LENGTH_BYTES):
        if length < 1 << (8 * size - 2):
            return (prefix << (8 * size - 2) | length).to_bytes(size, "big") + content
    raise Unreadable("too long for a vector")


def _reference(message: bytes) -> bytes:
    # What is named is the authenticated content: the message without its version.
    return hashlib.sha256(vector(REFERENCE_LABEL) + vector(message[2:])).digest()


def _skip_key_package(reader: "_Reader") -> None:
    reader.skip(2 + 2)  # version, cipher suite
    reader.vector()  # init key
    reader.vector()  # encryption key
    reader.vector()  # signature key
    reader.skip(2)  # credential type: basic
    reader.vector()  # identity
    for _ in range(5):  # capabilities
        reader.vector()
    reader.skip(_LIFETIME)
    reader.vector()  # the leaf's extensions
    reader.vector()  # the leaf's signature
    reader.vector()  # the package's extensions
    reader.vector()  # the package's signature


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    @property
    def at_end(self) -> bool:
        return self.offset == len(self._data)

    def since(self, start: int) -> bytes:
        return self._data[start : self.offset]

    def skip(self, size: int) -> bytes:
        end = self.offset + size
        if end > len(self._data):
            raise Unreadable("it ends too early")
        found = self._data[self.offset : end]
        self.offset = end
        return found

    def integer(self, size: int) -> int:
        return int.from_bytes(self.skip(size), "big")

    def vector(self) -> bytes:
        first = self.integer(1)
        if first >> 6 >= len(_LENGTH_BYTES):
            raise Unreadable("a vector with an impossible length")
        more = _LENGTH_BYTES[first >> 6] - 1
        return self.skip((first & 0x3F) << (8 * more) | self.integer(more))
