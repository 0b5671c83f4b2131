"""A throw-away certificate authority, so that voice runs over TLS as it does at Discord.

It lives as long as the sandbox: keys are made at start (P-256, a few milliseconds) and never shared
between runs, so there is nothing on the disk worth stealing and nothing that expires in a
repository. No client is asked to skip verification: it is told to trust this authority, through
`SSL_CERT_FILE` or a Java trust store made of the same file.
"""

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=30)
CLOCK_SKEW = datetime.timedelta(hours=1)


class CertificateAuthority:
    """An authority and one certificate of it, good for `localhost`, 127.0.0.1 and ::1."""

    def __init__(self) -> None:
        authority_key = ec.generate_private_key(ec.SECP256R1())
        authority = _authority_certificate(authority_key)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server = _server_certificate(server_key, authority, authority_key)
        self.pem = authority.public_bytes(Encoding.PEM)
        """What a client must trust: the authority's certificate, PEM."""
        self._server_chain = server.public_bytes(Encoding.PEM) + self.pem
        self._server_key = server_key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )

    def ca_file(self, path: Path) -> Path:
        """Write the authority's certificate (no key) to `path` and return it."""
        path.write_bytes(self.pem)
        return path

    def server_context(self) -> ssl.SSLContext:
        """What a server presents itself with."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # OpenSSL reads a chain from files only.
        with tempfile.TemporaryDirectory(prefix="seraphim-") as folder:
            chain, key = Path(folder, "chain.pem"), Path(folder, "key.pem")
            chain.write_bytes(self._server_chain)
            key.touch(mode=0o600)
            key.write_bytes(self._server_key)
            context.load_cert_chain(chain, key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """What a client in this process connects with: trusts this authority and no other."""
        return ssl.create_default_context(cadata=self.pem.decode("ascii"))


def _authority_certificate(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "Seraphim's sandbox, a throw-away authority")]
    )
    return (
        _builder(subject=name, issuer=name, key=key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, SHA256())
    )


def _server_certificate(
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names: list[x509.GeneralName] = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    return (
        _builder(subject=name, issuer=authority.subject, key=key)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        # Python 3.13 verifies strictly, and then wants the issuer's key named.
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()),
            critical=False,
        )
        .sign(authority_key, SHA256())
    )


def _builder(
    *, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
