"""The voice server's own voice in a group: it may propose who is added and removed, and no more.

Members know it by a key of its own that stands in the group's external senders. It is no member, so
what it says is signed and carries no membership tag, and is the same for every member.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from seraphim.sandbox.voice.mls import (
    BASIC_CREDENTIAL,
    PROTOCOL_VERSION,
    PUBLIC_MESSAGE,
    ContentType,
    KeyPackage,
    ProposalType,
    SenderType,
    labelled,
    reference,
    vector,
)

IDENTITY = b"voice"
INDEX = 0
"""Its place among the group's external senders: it is the only one."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A signed proposal."""

    message: bytes
    """The MLSMessage."""

    @property
    def reference(self) -> bytes:
        """By which a commit, or a revocation, means it."""
        # The version is not part of what MLS authenticates.
        return reference("Proposal Reference", self.message[2:])


class ExternalSender:
    """A key pair, and what can be said with it."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def package(self) -> bytes:
        """How it is introduced to members."""
        public_key = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return vector(public_key) + BASIC_CREDENTIAL.to_bytes(2, "big") + vector(IDENTITY)

    def add(self, group_id: bytes, epoch: int, package: KeyPackage) -> Proposal:
        """Propose to add whose key package this is."""
        return self._propose(group_id, epoch, ProposalType.ADD, package.raw)

    def remove(self, group_id: bytes, epoch: int, leaf: int) -> Proposal:
        """Propose to remove who sits at a leaf."""
        return self._propose(group_id, epoch, ProposalType.REMOVE, leaf.to_bytes(4, "big"))

    def _propose(self, group_id: bytes, epoch: int, kind: ProposalType, content: bytes) -> Proposal:
        framed = b"".join(
            (
                vector(group_id),
                epoch.to_bytes(8, "big"),
                SenderType.EXTERNAL.to_bytes(1, "big"),
                INDEX.to_bytes(4, "big"),
                vector(b""),  # authenticated data
                ContentType.PROPOSAL.to_bytes(1, "big"),
                kind.to_bytes(2, "big"),
                content,
            )
        )
        head = PROTOCOL_VERSION.to_bytes(2, "big") + PUBLIC_MESSAGE.to_bytes(2, "big")
        signed = labelled("FramedContentTBS", head + framed)
        signature = self._key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return Proposal(head + framed + vector(signature))
