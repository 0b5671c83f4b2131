"""The ways to encrypt RTP that Discord still offers."""

from enum import StrEnum


class Mode(StrEnum):
    """An encryption mode, by its name in READY and SELECT_PROTOCOL.

    Both: the RTP header (with CSRCs and the four bytes that begin an extension) stays in clear
    and is authenticated; the last four bytes of the packet are the counter that, padded with zeros
    behind, makes the nonce. The key has 32 bytes; the tag of 16 bytes follows the ciphertext.
    """

    AES256_GCM = "aead_aes256_gcm_rtpsize"
    """Nonce of 12 bytes. Offered where the server's CPU has AES."""

    XCHACHA20_POLY1305 = "aead_xchacha20_poly1305_rtpsize"
    """Nonce of 24 bytes. Always offered."""


PREFERRED_MODES = (Mode.AES256_GCM, Mode.XCHACHA20_POLY1305)
"""Cheapest first: AES-GCM costs a seventh of XChaCha20-Poly1305 per packet."""
