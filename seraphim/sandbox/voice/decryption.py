"""Opening what a voice client encrypted, in both modes, and watching its nonces.

The nonce is a counter of four bytes at the packet's end. Clients differ in its byte order
(discord.py counts in big-endian, Lavalink in little-endian), which decryption need not know. One
nonce twice under one key gives AES-GCM's authentication key away, so each nonce used is remembered;
as runs of consecutive numbers, since a counter makes one run whatever its length, where a set of
numbers would grow by megabytes an hour.
"""

from bisect import bisect_right
from typing import NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt
from nacl.exceptions import CryptoError

from seraphim.voice import Mode

KEY_SIZE = 32
COUNTER_SIZE = 4
TAG_SIZE = 16

AES256_GCM_NONCE_SIZE = 12
XCHACHA20_NONCE_SIZE = 24


class NotAuthenticError(Exception):
    """The packet was not made with this key, or was changed on its way."""


class Opened(NamedTuple):
    """A packet that authenticated."""

    plaintext: bytes
    nonce_repeated: bool


class Cipher(Protocol):
    """One mode's arithmetic."""

    def open(self, sealed: bytes, header: bytes, counter: bytes) -> bytes:
        """Decrypt ciphertext and tag; raises `NotAuthenticError`."""
        ...


class Decryption:
    """One key's worth of decryption."""

    def __init__(self, mode: Mode, key: bytes) -> None:
        match mode:
            case Mode.AES256_GCM:
                self._cipher: Cipher = Aes256Gcm(key)
            case Mode.XCHACHA20_POLY1305:
                self._cipher = XChaCha20Poly1305(key)
        self._used = UsedCounters()

    def open(self, datagram: bytes, header_size: int) -> Opened:
        """Decrypt a packet of which `header_size` bytes are in clear.

        A nonce counts as used only when its packet authenticates: a forger cannot use them up.

        Raises
        ------
        NotAuthenticError
            If it does not authenticate, a packet too short to do so included.
        """
        header, sealed = datagram[:header_size], datagram[header_size:-COUNTER_SIZE]
        if len(sealed) < TAG_SIZE:
            raise NotAuthenticError
        counter = datagram[-COUNTER_SIZE:]
        plaintext = self._cipher.open(sealed, header, counter)
        return Opened(plaintext, nonce_repeated=not self._used.add(counter))


class Aes256Gcm:
    """`aead_aes256_gcm_rtpsize`."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def open(self, sealed: bytes, header: bytes, counter: bytes) -> bytes:
        """See `Cipher`."""
        try:
            return self._cipher.decrypt(counter.ljust(AES256_GCM_NONCE_SIZE, b"\0"), sealed, header)
        except InvalidTag:
            raise NotAuthenticError from None


class XChaCha20Poly1305:
    """`aead_xchacha20_poly1305_rtpsize`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def open(self, sealed: bytes, header: bytes, counter: bytes) -> bytes:
        """See `Cipher`."""
        nonce = counter.ljust(XCHACHA20_NONCE_SIZE, b"\0")
        try:
            return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, header, nonce, self._key)
        except CryptoError:
            raise NotAuthenticError from None


class UsedCounters:
    """A set of counters, kept as runs. The second counter seen tells the byte order they grow in.

    A client with another idea than counting (random nonces) costs memory, not correctness.
    """

    def __init__(self) -> None:
        self._first: bytes | None = None
        self._little_endian = True
        # Runs [start, end), ascending and apart from each other.
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, counter: bytes) -> bool:
        """Remember a counter; False if it was there already."""
        if self._first is None:
            self._first = counter
        elif len(self._starts) == 1 and self._ends[0] - self._starts[0] == 1:
            self._settle_order(self._first, counter)
        return self._insert(self._number(counter))

    def _settle_order(self, first: bytes, second: bytes) -> None:
        little, big = (
            abs(int.from_bytes(second, order) - int.from_bytes(first, order))
            for order in ("little", "big")
        )
        self._little_endian = little <= big
        self._starts, self._ends = [self._number(first)], [self._number(first) + 1]

    def _number(self, counter: bytes) -> int:
        return int.from_bytes(counter, "little" if self._little_endian else "big")

    def _insert(self, number: int) -> bool:
        after = bisect_right(self._starts, number)
        if after and number < self._ends[after - 1]:
            return False
        joins_before = after > 0 and self._ends[after - 1] == number
        joins_after = after < len(self._starts) and self._starts[after] == number + 1
        if joins_before and joins_after:
            self._ends[after - 1] = self._ends.pop(after)
            self._starts.pop(after)
        elif joins_before:
            self._ends[after - 1] = number + 1
        elif joins_after:
            self._starts[after] = number
        else:
            self._starts.insert(after, number)
            self._ends.insert(after, number + 1)
        return True
