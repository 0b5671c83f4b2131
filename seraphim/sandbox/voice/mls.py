"""Reading MLS (RFC 9420) as far as a voice gateway must: who commits what, and who is welcomed.

A delivery service holds no keys of the group. It reads key packages and the commits that travel as
public messages, checks what can be checked without the group's secrets, and passes them on as they
came. Everything is TLS presentation language with MLS's vectors: a length of one, two or four
bytes, told by its first two bits, and as many bytes.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PROTOCOL_VERSION = 1
PUBLIC_MESSAGE = 1
CIPHER_SUITE = 2
"""DHKEM P-256, AES-128-GCM, SHA-256, ECDSA P-256: the one that DAVE's version 1 uses."""

BASIC_CREDENTIAL = 1
NEVER = (1 << 64) - 1

_LENGTH_BITS = {0: 6, 1: 14, 2: 30}


class SenderType(IntEnum):
    """Who sent a public message."""

    MEMBER = 1
    EXTERNAL = 2


class ContentType(IntEnum):
    """What a public message is."""

    PROPOSAL = 2
    COMMIT = 3


class ProposalType(IntEnum):
    """The two that Discord uses."""

    ADD = 1
    REMOVE = 3


class LeafSource(IntEnum):
    """What a leaf node was made for."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


class MalformedMlsError(Exception):
    """Not of the shape, or not signed, as RFC 9420 and Discord's protocol demand."""


class Reader:
    """Takes values off the front of some bytes. Every method raises `MalformedMlsError`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.offset = 0

    @property
    def rest(self) -> bytes:
        """What was not read yet."""
        return self._data[self.offset :]

    def since(self, start: int) -> bytes:
        """What was read from an offset on."""
        return self._data[start : self.offset]

    def raw(self, size: int) -> bytes:
        """So many bytes."""
        end = self.offset + size
        if end > len(self._data):
            raise MalformedMlsError("it ends too early")
        found = self._data[self.offset : end]
        self.offset = end
        return found

    def integer(self, size: int) -> int:
        """An unsigned number of so many bytes."""
        return int.from_bytes(self.raw(size), "big")

    def vector(self) -> bytes:
        """A vector's content."""
        first = self.integer(1)
        bits = _LENGTH_BITS.get(first >> 6)
        if bits is None:
            raise MalformedMlsError("a vector with an impossible length")
        more = (bits + 2) // 8 - 1
        length = (first & 0x3F) << (8 * more) | self.integer(more)
        return self.raw(length)

    def expect(self, size: int, value: int, what: str) -> None:
        """A number that can only be one."""
        found = self.integer(size)
        if found != value:
            raise MalformedMlsError(f"{what} is {found} instead of {value}")

    def end(self) -> None:
        """Nothing may be left."""
        if self.rest:
            raise MalformedMlsError(f"{len(self.rest)} bytes too many")


def vector(content: bytes) -> bytes:
    """A vector."""
    length = len(content)
    for prefix, bits in _LENGTH_BITS.items():
        if length < 1 << bits:
            size = (bits + 2) // 8
            return (prefix << (8 * size - 2) | length).to_bytes(size, "big") + content
    raise ValueError(f"{length} bytes are too many for a vector")


def reference(label: str, value: bytes) -> bytes:
    """RFC 9420's RefHash: a name for a proposal or a key package, made of what is in it."""
    return hashlib.sha256(vector(b"MLS 1.0 " + label.encode()) + vector(value)).digest()


def labelled(label: str, content: bytes) -> bytes:
    """What SignWithLabel signs."""
    return vector(b"MLS 1.0 " + label.encode()) + vector(content)


@dataclass(frozen=True, slots=True)
class LeafNode:
    """A member's place in the tree, as it describes itself."""

    signature_key: bytes
    identity: bytes
    lifetime: tuple[int, int] | None
    """Of one in a key package."""

    @classmethod
    def read(cls, reader: Reader) -> "LeafNode":
        """Take one; if it belongs to a key package, check what it is signed with."""
        start = reader.offset
        reader.vector()  # encryption key
        signature_key = reader.vector()
        reader.expect(2, BASIC_CREDENTIAL, "the credential's type")
        identity = reader.vector()
        for _ in range(5):  # capabilities
            reader.vector()
        source = reader.integer(1)
        lifetime = None
        if source == LeafSource.KEY_PACKAGE:
            lifetime = reader.integer(8), reader.integer(8)
        elif source == LeafSource.COMMIT:
            reader.vector()  # parent hash
        elif source != LeafSource.UPDATE:
            raise MalformedMlsError(f"a leaf made for {source}")
        reader.vector()  # extensions
        signed = reader.since(start)
        signature = reader.vector()
        if source == LeafSource.KEY_PACKAGE:
            _verify(signature_key, signature, labelled("LeafNodeTBS", signed))
        return cls(signature_key, identity, lifetime)


@dataclass(frozen=True, slots=True)
class KeyPackage:
    """What somebody can be added to a group with."""

    raw: bytes
    leaf: LeafNode

    @classmethod
    def parse(cls, data: bytes) -> "KeyPackage":
        """Read one, and check its signatures.

        Raises
        ------
        MalformedMlsError
            If it is none, or of another version or cipher suite, or not signed by who it names.
        """
        reader = Reader(data)
        reader.expect(2, PROTOCOL_VERSION, "the version")
        reader.expect(2, CIPHER_SUITE, "the cipher suite")
        reader.vector()  # init key
        leaf = LeafNode.read(reader)
        reader.vector()  # extensions
        signed = reader.since(0)
        signature = reader.vector()
        reader.end()
        _verify(leaf.signature_key, signature, labelled("KeyPackageTBS", signed))
        return cls(data, leaf)

    @property
    def reference(self) -> bytes:
        """By which a welcome says whom it is for."""
        return reference("KeyPackage Reference", self.raw)


@dataclass(frozen=True, slots=True)
class Commit:
    """A member's commit, in the clear as all of Discord's are."""

    message: bytes
    """The whole MLSMessage."""
    group_id: bytes
    epoch: int
    sender: int
    """The leaf of who made it."""
    references: tuple[bytes, ...]
    """The proposals that it is about, in order."""
    inline_proposals: int
    """Proposals that it brings along, of which Discord allows none."""
    leaf: LeafNode | None
    """What its maker's leaf becomes."""

    @classmethod
    def parse(cls, data: bytes) -> "tuple[Commit, bytes]":
        """Read one off the front; returns it and what follows, which is a welcome or nothing.

        Raises
        ------
        MalformedMlsError
            If there is none.
        """
        reader = Reader(data)
        reader.expect(2, PROTOCOL_VERSION, "the version")
        reader.expect(2, PUBLIC_MESSAGE, "the wire format")
        group_id = reader.vector()
        epoch = reader.integer(8)
        reader.expect(1, SenderType.MEMBER, "the sender's type")
        sender = reader.integer(4)
        reader.vector()  # authenticated data
        reader.expect(1, ContentType.COMMIT, "the content's type")
        references, inline = cls._proposals(Reader(reader.vector()))
        leaf = None
        if reader.integer(1):
            leaf = LeafNode.read(reader)
            reader.vector()  # the path's nodes
        for _ in range(3):  # signature, confirmation tag, membership tag
            reader.vector()
        message = reader.since(0)
        commit = cls(message, group_id, epoch, sender, tuple(references), inline, leaf)
        return commit, reader.rest

    @staticmethod
    def _proposals(reader: Reader) -> tuple[list[bytes], int]:
        references: list[bytes] = []
        while reader.rest:
            if reader.integer(1) != 2:
                # What it is cannot matter, and so not where it ends: none is allowed.
                return references, 1
            references.append(reader.vector())
        return references, 0


@dataclass(frozen=True, slots=True)
class Welcome:
    """A commit's invitation to those that it adds: one secret for each, and the group for all."""

    secrets: dict[bytes, bytes]
    """By reference of the key package."""
    group_info: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Welcome":
        """Read one. Raises `MalformedMlsError`."""
        reader = Reader(data)
        reader.expect(2, CIPHER_SUITE, "the cipher suite")
        entries = Reader(reader.vector())
        group_info = reader.vector()
        reader.end()
        secrets: dict[bytes, bytes] = {}
        while entries.rest:
            start = entries.offset
            package = entries.vector()
            entries.vector()  # encapsulated key
            entries.vector()  # ciphertext
            secrets[package] = entries.since(start)
        return cls(secrets, group_info)

    def only_for(self, package: KeyPackage) -> bytes:
        """The welcome with one newcomer's secret alone, as Discord delivers it.

        Raises
        ------
        MalformedMlsError
            If it welcomes somebody else.
        """
        secret = self.secrets.get(package.reference)
        if secret is None:
            raise MalformedMlsError("a welcome that does not welcome whom the commit adds")
        return CIPHER_SUITE.to_bytes(2, "big") + vector(secret) + vector(self.group_info)


def vectors(contents: Iterable[bytes]) -> bytes:
    """A vector of vectors."""
    return vector(b"".join(map(vector, contents)))


def _verify(public_key: bytes, signature: bytes, content: bytes) -> None:
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key)
        key.verify(signature, content, ec.ECDSA(hashes.SHA256()))
    except (ValueError, InvalidSignature):
        raise MalformedMlsError("it is not signed by who it names") from None
