"""What is read of MLS, against what two implementations of it write."""

import dave
import pytest
from davey import DaveSession, ProposalsOperationType
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.voice.external_sender import ExternalSender
from seraphim.sandbox.voice.mls import (
    NEVER,
    Commit,
    KeyPackage,
    MalformedMlsError,
    Reader,
    Welcome,
    vector,
    vectors,
)

CHANNEL, USER, OTHER = 200, 300, 301
GROUP = CHANNEL.to_bytes(8, "big")


def of_davey(user_id: int) -> bytes:
    return DaveSession(1, user_id, CHANNEL).get_serialized_key_package()


def of_libdave(user_id: int) -> bytes:
    session = dave.Session()
    session.init(1, CHANNEL, str(user_id))
    package = session.get_marshalled_key_package()
    assert package is not None
    return package


def committed(sender: ExternalSender, *user_ids: int) -> tuple[bytes, list[KeyPackage]]:
    """A davey's commit and welcome for these."""
    session = DaveSession(1, USER, CHANNEL)
    session.get_serialized_key_package()
    session.set_external_sender(sender.package)
    packages = [KeyPackage.parse(of_libdave(user_id)) for user_id in user_ids]
    messages = b"".join(sender.add(GROUP, 0, package).message for package in packages)
    made = session.process_proposals(ProposalsOperationType.append, vector(messages))
    assert made is not None
    return made.commit + (made.welcome or b""), packages


@given(st.binary(max_size=20_000))
def test_vectors_are_read_as_they_were_written(content: bytes) -> None:
    reader = Reader(vector(content) + b"rest")
    assert reader.vector() == content
    assert reader.rest == b"rest"


@pytest.mark.parametrize(
    ("size", "head"), [(63, "3f"), (64, "4040"), (16_383, "7fff"), (16_384, "80004000")]
)
def test_vectors_tell_their_length_as_rfc_9000_does(size: int, head: str) -> None:
    assert vector(bytes(size)) == bytes.fromhex(head) + bytes(size)


@pytest.mark.parametrize("data", [b"", b"\x05abc", b"\x40", b"\x80\0\0", b"\xc0\0\0\0\0\0\0\0"])
def test_a_vector_that_ends_early_or_is_too_long_to_be_one_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedMlsError):
        Reader(data).vector()


@pytest.mark.parametrize("made", [of_davey, of_libdave])
def test_a_key_package_says_whose_it_is(made) -> None:
    package = KeyPackage.parse(made(USER))
    assert package.leaf.identity == USER.to_bytes(8, "big")
    assert package.leaf.lifetime == (0, NEVER)
    assert len(package.leaf.signature_key) == 65


def test_a_key_package_that_was_changed_anywhere_is_refused() -> None:
    package = of_libdave(USER)
    for index in range(0, len(package), 7):
        changed = package[:index] + bytes([package[index] ^ 1]) + package[index + 1 :]
        with pytest.raises(MalformedMlsError):
            KeyPackage.parse(changed)
    for wrong in (package[:-1], package + b"\0"):
        with pytest.raises(MalformedMlsError):
            KeyPackage.parse(wrong)


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    for parse in (KeyPackage.parse, Commit.parse, Welcome.parse):
        with pytest.raises(MalformedMlsError):
            parse(data)


def test_a_commit_names_its_proposals_and_is_followed_by_its_welcome() -> None:
    sender = ExternalSender()
    data, packages = committed(sender, OTHER, OTHER + 1)
    commit, rest = Commit.parse(data)
    assert commit.message + rest == data
    assert (commit.group_id, commit.epoch, commit.sender) == (GROUP, 0, 0)
    assert (len(commit.references), commit.inline_proposals) == (2, 0)
    welcome = Welcome.parse(rest)
    assert set(welcome.secrets) == {package.reference for package in packages}


def test_a_welcome_for_one_is_good_for_them_alone() -> None:
    sender = ExternalSender()
    session = dave.Session()
    session.init(1, CHANNEL, str(OTHER))
    session.set_external_sender(sender.package)
    package = session.get_marshalled_key_package()
    assert package is not None
    creator = DaveSession(1, USER, CHANNEL)
    creator.get_serialized_key_package()
    creator.set_external_sender(sender.package)
    packages = [KeyPackage.parse(one) for one in (of_davey(OTHER + 1), package)]
    messages = b"".join(sender.add(GROUP, 0, one).message for one in packages)
    made = creator.process_proposals(ProposalsOperationType.append, vector(messages))
    assert made is not None
    assert made.welcome is not None
    welcome = Welcome.parse(made.welcome)
    known = {str(user_id) for user_id in (USER, OTHER, OTHER + 1)}
    assert session.process_welcome(welcome.only_for(packages[0]), known) is None
    roster = session.process_welcome(welcome.only_for(packages[1]), known)
    assert set(roster or {}) == {USER, OTHER, OTHER + 1}
    with pytest.raises(MalformedMlsError):
        welcome.only_for(KeyPackage.parse(of_davey(OTHER + 2)))


def test_proposals_can_be_revoked_by_reference() -> None:
    sender = ExternalSender()
    session = dave.Session()
    session.init(1, CHANNEL, str(USER))
    session.get_marshalled_key_package()
    session.set_external_sender(sender.package)
    known = {str(USER), str(OTHER), str(OTHER + 1)}
    first, second = (
        sender.add(GROUP, 0, KeyPackage.parse(of_davey(user_id))) for user_id in (OTHER, OTHER + 1)
    )
    session.process_proposals(b"\0" + vector(first.message + second.message), known)
    data = session.process_proposals(b"\1" + vectors([first.reference]), known)
    assert data is not None
    commit, rest = Commit.parse(data)
    assert commit.references == (second.reference,)
    assert len(Welcome.parse(rest).secrets) == 1


def test_nobody_follows_another_external_sender() -> None:
    session = dave.Session()
    session.init(1, CHANNEL, str(USER))
    session.get_marshalled_key_package()
    session.set_external_sender(ExternalSender().package)
    proposal = ExternalSender().add(GROUP, 0, KeyPackage.parse(of_davey(OTHER)))
    known = {str(USER), str(OTHER)}
    assert session.process_proposals(b"\0" + vector(proposal.message), known) is None
