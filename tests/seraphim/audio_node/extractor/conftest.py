"""A web of recorded pages, behind a proxy that is every site at once, and a worker that uses it."""

import json
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from seraphim.audio_node.extractor import Extractor

Answer = bytes | str | dict[str, Any] | list[Any] | Callable[[bytes], Any]


class Authority:
    """Vouches for every site."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A throw-away authority")])
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate(self._name, self._key, None))

    def context(self, host: str) -> ssl.SSLContext:
        """What a site shows."""
        if host not in self._contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
            file = self._folder / f"{host}.pem"
            file.write_bytes(
                self._certificate(name, key, host)
                + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            self._contexts[host] = context
        return self._contexts[host]

    def _certificate(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, host: str | None
    ) -> bytes:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            names = x509.SubjectAlternativeName([x509.DNSName(host)])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


class Web:
    """Answers for `host/path`, whoever asks with or without TLS."""

    def __init__(self, authority: Authority) -> None:
        self.requests: list[str] = []
        self.answers: dict[str, Answer] = {}
        self._authority = authority
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            head, rest = _head(connection)
            method, place, *_ = head.split(" ")
            if method != "CONNECT":
                parts = urlsplit(place)
                self._answer(connection, f"{parts.netloc}{parts.path}", head, rest)
                return
            host = place.split(":")[0]
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            connection = self._authority.context(host).wrap_socket(connection, server_side=True)
            while True:
                head, rest = _head(connection)
                path = urlsplit(head.split(" ")[1]).path
                self._answer(connection, f"{host}{path}", head, rest)
        except (OSError, ValueError):
            return
        finally:
            connection.close()

    def _answer(self, connection: socket.socket, place: str, head: str, rest: bytes) -> None:
        fields = dict(
            line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
        )
        length = int(fields.get("content-length", 0))
        while len(rest) < length:
            rest += connection.recv(65536)
        self.requests.append(place)
        answer = self.answers.get(place)
        if callable(answer):
            answer = answer(rest)
        status = "404 Not Found" if answer is None else "200 OK"
        more = ""
        if isinstance(answer, str) and answer.startswith("-> "):
            status, more, answer = "302 Found", f"Location: {answer[3:]}\r\n", ""
        body = (
            answer
            if isinstance(answer, bytes)
            else (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        )
        connection.sendall(
            f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )


def _head(connection: socket.socket) -> tuple[str, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise OSError("the client has left")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), rest


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def web(authority: Authority) -> Iterator[Web]:
    web = Web(authority)
    yield web
    web.close()


@pytest.fixture
async def extractor(web: Web, authority: Authority, tmp_path: Path) -> AsyncIterator[Extractor]:
    """The real worker; whatever site it asks for, it asks the web of this test."""
    proxy = f"http://127.0.0.1:{web.port}"
    extractor = Extractor(
        data_dir=tmp_path,
        trusted_hosts=f"127.0.0.1:{web.port}",
        environment={
            "HTTP_PROXY": proxy,
            "HTTPS_PROXY": proxy,
            "http_proxy": proxy,
            "https_proxy": proxy,
            "SSL_CERT_FILE": str(authority.file),
        },
        deadline_seconds=60,
    )
    yield extractor
    await extractor.close()
