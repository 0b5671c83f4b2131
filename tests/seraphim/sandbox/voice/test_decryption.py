"""Decryption, against an encryptor of the test's."""

from collections.abc import Callable
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.voice.decryption import Decryption, NotAuthenticError, UsedCounters
from seraphim.voice import Mode

MODES = st.sampled_from(Mode)
KEYS = st.binary(min_size=32, max_size=32)
HEADERS = st.binary(min_size=12, max_size=76)
COUNTERS = st.binary(min_size=4, max_size=4)

Encryptor = Callable[..., bytes]


@given(MODES, KEYS, HEADERS, st.binary(max_size=300), COUNTERS)
def test_what_was_encrypted_is_read_back(
    encryptor: Encryptor, mode: Mode, key: bytes, header: bytes, plaintext: bytes, counter: bytes
) -> None:
    datagram = encryptor(mode, key, header, plaintext, counter)
    assert Decryption(mode, key).open(datagram, len(header)) == (plaintext, False)


@given(MODES, KEYS, HEADERS, st.binary(max_size=100), COUNTERS, st.data())
def test_one_changed_bit_anywhere_and_it_is_not_authentic(
    encryptor: Encryptor,
    mode: Mode,
    key: bytes,
    header: bytes,
    plaintext: bytes,
    counter: bytes,
    data: st.DataObject,
) -> None:
    datagram = bytearray(encryptor(mode, key, header, plaintext, counter))
    bit = data.draw(st.integers(0, 8 * len(datagram) - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    with pytest.raises(NotAuthenticError):
        Decryption(mode, key).open(bytes(datagram), len(header))


@given(MODES, st.binary(max_size=60), st.integers(0, 70))
def test_any_bytes_are_refused_and_never_break_it(mode: Mode, datagram: bytes, clear: int) -> None:
    with pytest.raises(NotAuthenticError):
        Decryption(mode, bytes(32)).open(datagram, clear)


@pytest.mark.parametrize("mode", Mode)
def test_another_key_or_the_other_mode_does_not_open_it(encryptor: Encryptor, mode: Mode) -> None:
    key, header = bytes(32), bytes(12)
    datagram = encryptor(mode, key, header, b"sound", b"\1\0\0\0")
    (other,) = set(Mode) - {mode}
    for decryption in (Decryption(mode, b"\1" * 32), Decryption(other, key)):
        with pytest.raises(NotAuthenticError):
            decryption.open(datagram, 12)


@pytest.mark.parametrize("mode", Mode)
def test_a_nonce_used_twice_is_noticed_and_a_forged_one_is_not_used(
    encryptor: Encryptor, mode: Mode
) -> None:
    key, header = bytes(32), bytes(12)
    decryption = Decryption(mode, key)
    with pytest.raises(NotAuthenticError):
        decryption.open(header + bytes(30) + b"\7\0\0\0", 12)
    first = encryptor(mode, key, header, b"one", b"\7\0\0\0")
    second = encryptor(mode, key, header, b"two", b"\7\0\0\0")
    assert not decryption.open(first, 12).nonce_repeated
    assert decryption.open(second, 12) == (b"two", True)


@given(st.lists(st.integers(0, 40)), st.sampled_from(["little", "big"]))
def test_used_counters_are_a_set_in_either_byte_order(
    numbers: list[int], order: Literal["little", "big"]
) -> None:
    used, seen = UsedCounters(), set[int]()
    for number in numbers:
        counter = (number * 97 + 250).to_bytes(4, order)
        assert used.add(counter) == (number not in seen)
        seen.add(number)


@pytest.mark.parametrize("order", ["little", "big"])
def test_a_long_count_is_kept_in_one_run(order: Literal["little", "big"]) -> None:
    used = UsedCounters()
    for number in range(70_000):
        assert used.add(number.to_bytes(4, order))
    assert not used.add((12_345).to_bytes(4, order))
    assert len(used._starts) == 1
