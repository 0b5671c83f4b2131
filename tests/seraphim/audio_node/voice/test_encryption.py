import struct

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_decrypt

from seraphim.audio_node.voice.encryption import choose_mode, encryption_for
from seraphim.voice import Mode

KEY = bytes(range(32))
HEADER = b"\x80\x78\x00\x01\x00\x00\x03\xc0\x00\x00\x00\x07"


def decrypt(mode: Mode, packet: bytes) -> bytes:
    header, sealed, counter = packet[:12], packet[12:-4], packet[-4:]
    if mode is Mode.AES256_GCM:
        return AESGCM(KEY).decrypt(counter.ljust(12, b"\0"), sealed, header)
    return crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, header, counter.ljust(24, b"\0"), KEY)


@pytest.mark.parametrize("mode", Mode)
def test_a_packet_is_its_header_the_sealed_frame_and_the_counter(mode: Mode) -> None:
    packet = encryption_for(mode, KEY).seal(HEADER, b"frame")
    assert packet.startswith(HEADER)
    assert len(packet) == len(HEADER) + len(b"frame") + 16 + 4
    assert decrypt(mode, packet) == b"frame"


@pytest.mark.parametrize("mode", Mode)
def test_no_counter_is_used_twice_under_a_key(mode: Mode) -> None:
    encryption = encryption_for(mode, KEY)
    counters = [encryption.seal(HEADER, b"same")[-4:] for _ in range(1000)]
    assert len(set(counters)) == 1000


@pytest.mark.parametrize("mode", Mode)
def test_a_counter_that_is_used_up_raises_instead_of_beginning_again(mode: Mode) -> None:
    encryption = encryption_for(mode, KEY)
    encryption._counter = 2**32 - 1
    encryption.seal(HEADER, b"the last")
    with pytest.raises(struct.error):
        encryption.seal(HEADER, b"one more")


def test_the_header_is_authenticated() -> None:
    packet = encryption_for(Mode.AES256_GCM, KEY).seal(HEADER, b"frame")
    with pytest.raises(InvalidTag):
        decrypt(Mode.AES256_GCM, b"\x81" + packet[1:])


def test_the_cheapest_mode_on_offer_is_chosen() -> None:
    both = ["aead_xchacha20_poly1305_rtpsize", "aead_aes256_gcm_rtpsize"]
    assert choose_mode(both) is Mode.AES256_GCM
    assert choose_mode(["xsalsa20_poly1305", *both[:1]]) is Mode.XCHACHA20_POLY1305
    assert choose_mode(["xsalsa20_poly1305"]) is None
