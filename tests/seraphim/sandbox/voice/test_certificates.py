"""The throw-away authority is one that a strict client accepts, and nobody else."""

import ssl
from pathlib import Path

import pytest

from seraphim.sandbox.voice import CertificateAuthority


def shake_hands(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """A TLS handshake in memory."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while ends:
        for end in list(ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            ends.remove(end)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_strict_client_that_trusts_the_ca_file_connects(
    tmp_path: Path, authority: CertificateAuthority, name: str
) -> None:
    client = ssl.create_default_context(cafile=authority.ca_file(tmp_path / "ca.pem"))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    shake_hands(client, authority.server_context(), name)


def test_nobody_else_trusts_it(authority: CertificateAuthority) -> None:
    for stranger in (ssl.create_default_context(), CertificateAuthority().client_context()):
        with pytest.raises(ssl.SSLCertVerificationError):
            shake_hands(stranger, authority.server_context(), "localhost")


def test_it_is_good_for_loopback_only(authority: CertificateAuthority) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(authority.client_context(), authority.server_context(), "discord.gg")


def test_the_ca_file_holds_no_key(tmp_path: Path, authority: CertificateAuthority) -> None:
    content = authority.ca_file(tmp_path / "ca.pem").read_bytes()
    assert content.count(b"BEGIN CERTIFICATE") == 1
    assert b"PRIVATE" not in content
