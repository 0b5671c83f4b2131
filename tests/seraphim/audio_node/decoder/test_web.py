import io
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from seraphim.audio_node.decoder import web
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.gate import Closed, Turn
from seraphim.audio_node.decoder.probing import PROBE_BYTES
from seraphim.audio_node.decoder.web import HttpReader
from seraphim.audio_node.media import MediaError

DATA = bytes(range(256)) * 8192


def read_all(reader: HttpReader) -> bytes:
    return b"".join(iter(lambda: reader.read(32768), b""))


def lose_patience(turn: Turn, seconds: float) -> None:
    turn.patience = seconds
    turn.progress()


@pytest.fixture
def fetch(server, turn: Turn):
    """Open a URL of the server, which is trusted; closed after the test."""
    opened: list[HttpReader] = []

    def open_url(url: str) -> HttpReader:
        opened.append(HttpReader(url, TrustedHosts(server.host), turn))
        return opened[-1]

    yield open_url
    for reader in opened:
        reader.close()


def test_a_body_is_read_to_its_end(server, fetch) -> None:
    reader = fetch(server.answer("/a", lambda request: request.body(DATA)))
    assert (reader.seekable(), reader.size) == (True, len(DATA))
    assert read_all(reader) == DATA
    assert len(server.requests) == 1


def test_a_seek_fetches_nothing_until_something_is_read_there(server, fetch) -> None:
    reader = fetch(server.answer("/a", lambda request: request.body(DATA)))
    assert reader.seek(-100, io.SEEK_END) == len(DATA) - 100
    reader.seek(10)
    assert reader.seek(0, io.SEEK_CUR) == reader.tell() == 10
    assert reader.read(5) == DATA[10:15]
    assert len(server.requests) == 1
    reader.seek(len(DATA) - 100)
    assert read_all(reader) == DATA[-100:]
    reader.seek(0)
    assert reader.read(3) == DATA[:3]
    assert len(server.requests) == 3


def test_at_most_as_much_is_read_as_was_asked_for(server, fetch) -> None:
    reader = fetch(server.answer("/a", lambda request: request.body(DATA)))
    assert all(len(reader.read(7)) <= 7 for _ in range(50))


def test_a_server_without_ranges_is_read_but_not_sought(server, fetch) -> None:
    reader = fetch(server.answer("/a", lambda request: request.body(DATA, ranges=False)))
    assert not reader.seekable()
    assert read_all(reader) == DATA


def test_chunks_and_a_missing_length_are_a_stream(server, fetch) -> None:
    def chunked(request) -> None:
        request.head(Transfer_Encoding="chunked")
        request.send(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    reader = fetch(server.answer("/a", chunked))
    assert (reader.size, reader.seekable()) == (None, False)
    assert read_all(reader) == b"abcde"


def test_a_part_of_nobody_knows_how_much_is_a_stream(server, fetch) -> None:
    def station(request) -> None:
        request.head("206 Partial Content", Content_Range="bytes 0-4294967294/*")
        request.send(b"abcde")

    reader = fetch(server.answer("/a", station))
    assert (reader.size, reader.seekable(), reader.endless) == (None, False, True)
    assert read_all(reader) == b"abcde"


def test_the_old_radio_protocol_is_understood(server, fetch) -> None:
    url = server.answer(
        "/radio", lambda request: request.send(b"ICY 200 OK\r\nicy-name: Radio Ada\r\n\r\nsound")
    )
    reader = fetch(url)
    assert reader.station == "Radio Ada"
    assert read_all(reader) == b"sound"


def test_a_connection_that_breaks_goes_on_where_it_broke(server, fetch) -> None:
    def broken(request) -> None:
        start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
        total = len(DATA)
        request.head(
            "206 Partial Content",
            Content_Range=f"bytes {start}-{total - 1}/{total}",
            Content_Length=total - start,
        )
        request.send(DATA[start : start + 500_000])

    reader = fetch(server.answer("/a", broken))
    assert read_all(reader) == DATA
    assert len(server.requests) == 5


def test_a_body_that_is_another_one_now_is_an_error(server, fetch) -> None:
    url = server.answer("/a", lambda request: request.body(DATA))
    reader = fetch(url)
    server.answer("/a", lambda request: request.body(DATA + b"more"))
    reader.seek(len(DATA) - 10)
    with pytest.raises(MediaError, match="changed while it played"):
        reader.read(10)


def test_a_body_that_cannot_go_on_is_an_error_and_not_the_end(server, fetch) -> None:
    def short(request) -> None:
        request.head(Content_Length=1000)
        request.send(b"only this")

    reader = fetch(server.answer("/a", short))
    with pytest.raises(MediaError, match="connection to the media was lost"):
        read_all(reader)
    assert reader.failure is not None


def test_redirects_are_followed(server, fetch) -> None:
    server.answer("/b", lambda request: request.body(b"there"))
    url = server.answer("/a", lambda request: request.head("302 Found", Location="b"))
    assert read_all(fetch(url)) == b"there"


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/",
        "http://localhost:{port}/secret",
        "http://2130706433:{port}/secret",
        "http://[::ffff:127.0.0.1]:{port}/secret",
        "http://169.254.169.254/latest/meta-data/",
        "//10.0.0.1/",
        "file:///etc/passwd",
        "ftp://example.com/",
        "http://ada:secret@{host}/secret",
        "",
    ],
)
def test_a_redirect_gets_nowhere_that_its_url_would_not(server, fetch, place: str) -> None:
    server.answer("/secret", lambda request: request.body(b"secret"))
    place = place.format(port=server.port, host=server.host)
    url = server.answer("/a", lambda request: request.head("302 Found", Location=place))
    with pytest.raises(MediaError):
        fetch(url)
    assert set(server.requests) == {"/a"}


def test_a_circle_of_redirects_ends(server, fetch) -> None:
    url = server.answer("/a", lambda request: request.head("301 Moved", Location="/a"))
    with pytest.raises(MediaError, match="redirected too often"):
        fetch(url)
    assert len(server.requests) == 6


def test_a_host_that_is_not_trusted_is_not_connected_to(server, turn: Turn) -> None:
    url = server.answer("/a", lambda request: request.body(b"secret"))
    with pytest.raises(MediaError, match="private addresses"):
        HttpReader(url, TrustedHosts("127.0.0.1:1"), turn)
    assert server.requests == []


def test_the_address_that_was_judged_is_the_one_that_is_connected_to(
    server, turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is public when it is looked up, and loopback a moment later."""
    lookups: list[str] = []

    def rebinding(host: str, port: int, **_: object) -> list[object]:
        lookups.append(host)
        address = "93.184.216.34" if len(lookups) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    connected: list[tuple[str, int]] = []

    def connect(_: socket.socket, place: tuple[str, int]) -> None:
        connected.append(place)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket.socket, "connect", connect)
    with pytest.raises(MediaError, match="could not be reached"):
        HttpReader(f"http://rebinding.example:{server.port}/", TrustedHosts(), turn)
    assert connected == [("93.184.216.34", server.port)]
    assert lookups == ["rebinding.example"]


def test_a_name_with_one_private_address_among_public_ones_is_refused(
    turn: Turn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mixed(host: str, port: int, **_: object) -> list[object]:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("93.184.216.34", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", mixed)
    with pytest.raises(MediaError, match="private addresses"):
        HttpReader("http://mixed.example/", TrustedHosts(), turn)


@pytest.mark.parametrize(
    ("status", "severity"), [("404 Not Found", "common"), ("503 Busy", "suspicious")]
)
def test_a_refusing_server_is_an_error_that_says_so(server, fetch, status, severity) -> None:
    url = server.answer("/a", lambda request: request.head(status, Content_Length=0))
    with pytest.raises(MediaError, match=status[:3]) as error:
        fetch(url)
    assert error.value.severity == severity


def test_a_server_that_speaks_something_else_is_an_error(server, fetch) -> None:
    url = server.answer("/a", lambda request: request.send(b"SSH-2.0-OpenSSH_9.6\r\n"))
    with pytest.raises(MediaError, match="could not be reached"):
        fetch(url)


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_patience(
    server, fetch, turn: Turn
) -> None:
    url = server.answer("/a", lambda request: request.wait_for_the_client_to_leave())
    lose_patience(turn, 0.2)
    with pytest.raises(MediaError, match="does not arrive"):
        fetch(url)


def test_a_header_a_byte_at_a_time_is_waited_for_no_longer_than_patience(
    server, fetch, turn: Turn
) -> None:
    def drip(request) -> None:
        request.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            request.send(b"a")
            time.sleep(0.01)

    url = server.answer("/a", drip)
    lose_patience(turn, 0.3)
    with pytest.raises(MediaError, match="does not arrive"):
        fetch(url)


def test_a_body_that_stops_is_waited_for_no_longer_than_patience(server, fetch, turn: Turn) -> None:
    def stall(request) -> None:
        request.head(Content_Length=1000)
        request.send(b"some")
        request.wait_for_the_client_to_leave()

    reader = fetch(server.answer("/a", stall))
    lose_patience(turn, 0.2)
    with pytest.raises(MediaError, match="does not arrive"):
        read_all(reader)


def test_closing_a_track_ends_its_waiting(server, fetch, turn: Turn) -> None:
    def stall(request) -> None:
        request.head(Content_Length=1000)
        threading.Timer(0.05, lambda: setattr(turn, "closed", True)).start()
        request.wait_for_the_client_to_leave()

    reader = fetch(server.answer("/a", stall))
    with pytest.raises(Closed):
        reader.read(10)


def test_others_work_while_a_read_waits(server, fetch, gate, turn: Turn) -> None:
    release = threading.Event()

    def late(request) -> None:
        request.head(Content_Length=4)
        release.wait(30)
        request.send(b"late")

    def other() -> None:
        gate.enter(2)
        gate.leave()
        release.set()

    reader = fetch(server.answer("/a", late))
    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    assert reader.read(4) == b"late"
    thread.join(30)


def test_probing_reads_only_so_much(server, fetch) -> None:
    def endless(request) -> None:
        request.head()
        while True:
            request.send(bytes(1 << 20))

    reader = fetch(server.answer("/a", endless))
    with pytest.raises(MediaError, match="not audio"):
        read_all(reader)
    assert reader.tell() <= PROBE_BYTES + 32768


HEADERS = (("User-Agent", "Player/1"), ("Cookie", "a=secret"), ("Host", "evil.example"))


def test_headers_are_sent_to_the_host_they_are_for(server, turn: Turn) -> None:
    asked: list[dict[str, str]] = []

    def answer(request) -> None:
        asked.append(request.headers)
        request.body(DATA)

    url = server.answer("/a", answer)
    reader = HttpReader(url, TrustedHosts(server.host), turn, HEADERS)
    reader.read(10)
    reader.seek(len(DATA) - 5)
    reader.read(10)
    reader.close()
    assert len(asked) == 2
    for headers in asked:
        assert (headers["cookie"], headers["user-agent"]) == ("a=secret", "player/1")
        assert headers["host"] == server.host


def test_a_redirect_to_another_host_gets_none_that_could_be_a_secret(server, turn: Turn) -> None:
    asked: dict[str, dict[str, str]] = {}

    def answer(request) -> None:
        asked[request.path] = request.headers
        if request.path == "/a":
            request.head("302 Found", Location=f"http://localhost:{server.port}/b")
        else:
            request.body(DATA)

    server.answer("/b", answer)
    trusted = TrustedHosts(f"127.0.0.1,localhost:{server.port}")
    HttpReader(server.answer("/a", answer), trusted, turn, HEADERS).close()
    assert asked["/a"]["cookie"] == "a=secret"
    assert "cookie" not in asked["/b"]
    assert asked["/b"]["user-agent"] == "player/1"


@pytest.mark.parametrize("header", [("A\r\nB", "x"), ("A", "x\r\nB: y"), ("", "x"), ("A", "☃")])
def test_what_is_no_header_is_not_sent(server, turn: Turn, header: tuple[str, str]) -> None:
    url = server.answer("/a", lambda request: request.body(DATA))
    with pytest.raises(MediaError, match="cannot be asked for"):
        HttpReader(url, TrustedHosts(server.host), turn, (header,))
    assert server.requests == []


@pytest.fixture
def trust(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> Iterator[None]:
    """The machine trusts the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    web._tls.cache_clear()
    yield
    web._tls.cache_clear()


def test_https_is_read_when_the_certificate_is_trusted_and_names_the_host(
    tls_server, turn: Turn, trust
) -> None:
    tls_server.answer("/a", lambda request: request.body(DATA))
    trusted = TrustedHosts(f"localhost:{tls_server.port}")
    reader = HttpReader(f"https://localhost:{tls_server.port}/a", trusted, turn)
    assert read_all(reader) == DATA
    reader.close()


def test_a_certificate_for_another_name_is_refused(tls_server, turn: Turn, trust) -> None:
    url = tls_server.answer("/a", lambda request: request.body(DATA)).replace("http:", "https:")
    with pytest.raises(MediaError, match="could not be reached") as error:
        HttpReader(url, TrustedHosts(tls_server.host), turn)
    assert isinstance(error.value.__cause__, ssl.SSLCertVerificationError)
    assert tls_server.requests == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server, turn: Turn) -> None:
    trusted = TrustedHosts(f"localhost:{tls_server.port}")
    with pytest.raises(MediaError, match="could not be reached") as error:
        HttpReader(f"https://localhost:{tls_server.port}/a", trusted, turn)
    assert isinstance(error.value.__cause__, ssl.SSLCertVerificationError)
    assert tls_server.requests == []
