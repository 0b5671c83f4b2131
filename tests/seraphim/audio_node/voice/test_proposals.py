"""The node's reading of proposals, against the sandbox's writing of them."""

from contextlib import suppress
from functools import cache

import davey
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.voice.proposals import Unreadable, proposals, references, vector
from seraphim.sandbox.voice import mls
from seraphim.sandbox.voice.external_sender import ExternalSender, Proposal

GROUP = (2).to_bytes(8, "big")


@cache
def proposed(user_id: int) -> Proposal:
    """An Add for an even user, a Remove for an odd one."""
    sender = ExternalSender()
    if user_id % 2:
        return sender.remove(GROUP, 1, user_id)
    session = davey.DaveSession(1, user_id, 2)
    package = mls.KeyPackage.parse(session.get_serialized_key_package())
    return sender.add(GROUP, 1, package)


@given(st.lists(st.integers(0, 9)))
def test_every_proposal_is_found_with_its_name_and_what_it_does(users: list[int]) -> None:
    told = [proposed(user) for user in users]
    found = list(proposals(mls.vector(b"".join(one.message for one in told))))
    assert [one.message for one in found] == [one.message for one in told]
    assert [one.reference for one in found] == [one.reference for one in told]
    assert [one.adds for one in found] == [user % 2 == 0 for user in users]


@given(st.lists(st.binary(max_size=70)))
def test_every_name_that_is_revoked_is_found(names: list[bytes]) -> None:
    assert list(references(mls.vectors(names))) == names


@given(st.integers(0, 9), st.data())
def test_a_proposal_that_is_cut_off_is_unreadable(user: int, data: st.DataObject) -> None:
    message = proposed(user).message
    cut = data.draw(st.integers(1, len(message) - 1))
    with pytest.raises(Unreadable):
        list(proposals(mls.vector(message[:cut])))
    with pytest.raises(Unreadable):
        list(proposals(mls.vector(message)[:cut]))


@given(st.binary())
def test_anything_else_is_read_or_unreadable(content: bytes) -> None:
    for read in (proposals, references):
        with suppress(Unreadable):
            list(read(content))


@given(st.integers(0, 20_000))
def test_a_vector_is_as_long_as_it_says(length: int) -> None:
    content = bytes(length)
    assert vector(content) == mls.vector(content)
    assert list(references(vector(vector(content)))) == [content]
