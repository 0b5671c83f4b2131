"""Our own small HTTP client: blocking, for one body at a time, guarded at every step.

It exists because no kept library does what is needed together: connect to an address that was
checked while the certificate and `Host` stay the name's, check each redirect again, give up the
decoder's gate while it waits, and keep one deadline over DNS, connect, TLS, headers and body, so
that a server which sends a byte a second is a stalled server. What the standard library does well
is left to it: `http.client.HTTPResponse` reads headers and bodies, `ssl` checks certificates.

Bodies are seen as files: `seek` only notes the position, and a request is made when bytes are read
from elsewhere than where the connection stands. Opening an m4a takes 3 requests so, not 12.
"""

import functools
import http.client
import io
import re
import select
import socket
import ssl
from collections.abc import Callable
from typing import Final, TypeVar, cast
from urllib.parse import urljoin

from seraphim.audio_node.decoder.address_guard import Target, TrustedHosts, resolve
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.media import MediaError

__all__ = ["HttpReader"]

REDIRECTS: Final = 5
ATTEMPTS: Final = 3
CONNECT_SECONDS: Final = 3.0
SKIP: Final = 256 * 1024
PROBE_BYTES: Final = 32 * 1024 * 1024

_TICK: Final = 0.5
_RANGE: Final = re.compile(r"bytes (\d+)-\d+/(\d+)\Z")
_BROKEN: Final = (OSError, http.client.HTTPException)

_Result = TypeVar("_Result")


class HttpReader:
    """The body behind a URL, as a file that PyAV can read.

    Raises
    ------
    MediaError
        From the constructor and from `read`: refused, not found, stalled, lost.
    """

    def __init__(self, url: str, trusted: TrustedHosts, turn: Turn) -> None:
        self.failure: MediaError | None = None
        self.budget: int | None = PROBE_BYTES
        """Bytes that may still be read; None once the media is open."""
        self.distant = True
        self._trusted = trusted
        self._turn = turn
        self._target = Target.parse(url)
        self._position = 0
        self._at = 0
        self._ranges = False
        self._size: int | None = None
        self._response = self._request(0)
        self.station = self._response.headers.get("icy-name")

    @property
    def size(self) -> int | None:
        """The body's length in bytes, where the server says it."""
        return self._size

    def seekable(self) -> bool:
        """Whether the server gives any part of the body."""
        return self._ranges and self._size is not None

    def tell(self) -> int:
        """Tell the position of the next read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Note where to read next; nothing is fetched."""
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            if self._size is None:
                raise OSError("the length is not known")
            offset += self._size
        if offset < 0:
            raise OSError("before the beginning")
        self._position = offset
        return offset

    def read(self, size: int) -> bytes:
        """Read up to `size` bytes; none at the end."""
        try:
            return self._read(size)
        except MediaError as error:
            self.failure = error
            raise

    def close(self) -> None:
        """Let go of the connection."""
        self._response.close()

    def _read(self, size: int) -> bytes:
        if self._size is not None and self._position >= self._size:
            return b""
        reason = ""
        for attempt in range(ATTEMPTS):
            self._turn.check()
            try:
                self._go_to_position()
                data = self._response.read1(size)
            except _BROKEN as error:
                data, reason = b"", f"{type(error).__name__}: {error}"
            else:
                reason = "the body is shorter than announced"
                if data or self._size is None:
                    return self._take(data)
            if not self.seekable() or attempt == ATTEMPTS - 1:
                break
            self._reconnect()
        raise MediaError("The connection to the media was lost.", "suspicious", reason)

    def _take(self, data: bytes) -> bytes:
        self._at += len(data)
        self._position = self._at
        if self.budget is not None:
            self.budget -= len(data)
            if self.budget < 0:
                raise MediaError(
                    "This is not audio that can be played.", "common", "nothing found while probing"
                )
        return data

    def _go_to_position(self) -> None:
        if not 0 <= self._position - self._at <= SKIP:
            self._reconnect()
        while self._at < self._position:
            skipped = len(self._response.read1(min(65536, self._position - self._at)))
            if not skipped:
                raise http.client.IncompleteRead(b"")
            self._at += skipped

    def _reconnect(self) -> None:
        self._response.close()
        self._response = self._request(self._position)
        self._at = self._position

    def _request(self, start: int) -> http.client.HTTPResponse:
        for _ in range(REDIRECTS + 1):
            response = self._ask(start)
            if response.status not in (301, 302, 303, 307, 308):
                break
            place = response.headers.get("Location", "")
            response.close()
            self._target = Target.parse(urljoin(self._target.url, place))
        else:
            raise MediaError("The media is redirected too often.", "common", "redirects")
        try:
            self._judge(response, start)
        except BaseException:
            response.close()
            raise
        return response

    def _judge(self, response: http.client.HTTPResponse, start: int) -> None:
        if response.status == 206:
            answer = _RANGE.match(response.headers.get("Content-Range", ""))
            if answer is None or int(answer[1]) != start:
                raise MediaError(
                    "The server does not give what was asked for.", "suspicious", "Content-Range"
                )
            self._ranges, size = True, int(answer[2])
        elif response.status == 200 and start == 0:
            size = response.length
        else:
            raise MediaError(
                f"The server {self._target.host} answered {response.status}.",
                "common" if 400 <= response.status < 500 else "suspicious",
                f"{response.status} {response.reason}",
            )
        if start and size != self._size:
            raise MediaError("The media changed while it played.", "suspicious", "another length")
        self._size = size

    def _ask(self, start: int) -> http.client.HTTPResponse:
        target = self._target
        try:
            connection = _Connection(self._connect(), self._turn)
        except _BROKEN as error:
            raise _unreachable(target, error) from error
        response = http.client.HTTPResponse(cast("socket.socket", connection), method="GET")
        try:
            connection.send(
                f"GET {target.path} HTTP/1.1\r\nHost: {target.authority}\r\n"
                f"User-Agent: Seraphim\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"
                f"Range: bytes={start}-\r\nConnection: close\r\n\r\n".encode("ascii")
            )
            connection.translate()
            response.begin()
        except _BROKEN as error:
            response.close()
            raise _unreachable(target, error) from error
        except BaseException:
            response.close()
            raise
        return response

    def _connect(self) -> socket.socket:
        target, turn = self._target, self._turn
        failure = OSError("no address")
        with turn.aside():
            for family, address in resolve(target, self._trusted):
                turn.check()
                plain = socket.socket(family, socket.SOCK_STREAM)
                try:
                    plain.settimeout(min(CONNECT_SECONDS, turn.remaining))
                    plain.connect((address, target.port))
                    if not target.secure:
                        plain.setblocking(False)
                        return plain
                    plain.settimeout(turn.remaining)
                    secure = _tls().wrap_socket(plain, server_hostname=target.host)
                    secure.setblocking(False)
                except OSError as error:
                    plain.close()
                    failure = error
                except BaseException:
                    plain.close()
                    raise
                else:
                    return secure
        raise failure


class _Connection(io.RawIOBase):
    """A socket as `http.client` wants it, which gives the gate away while it waits."""

    def __init__(self, sock: socket.socket, turn: Turn) -> None:
        super().__init__()
        self._sock = sock
        self._turn = turn
        self._first = b""

    def makefile(self, mode: str) -> io.BufferedReader:
        """Give what the response is read from; closing it closes the socket."""
        assert mode == "rb"
        return io.BufferedReader(self, 65536)

    def send(self, data: bytes) -> None:
        """Send all of a request."""
        while data:
            data = data[self._patiently(lambda rest=data: self._sock.send(rest)) :]

    def translate(self) -> None:
        """Make HTTP of the old radio protocol's first line, `ICY 200 OK`."""
        while len(self._first) < 4:
            piece = self._patiently(lambda: self._sock.recv(4 - len(self._first)))
            if not piece:
                return
            self._first += piece
        if self._first == b"ICY ":
            self._first = b"HTTP/1.0 "

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Read what is there, or wait for it."""
        if self._first:
            count = min(len(buffer), len(self._first))
            buffer[:count], self._first = self._first[:count], self._first[count:]
            return count
        return self._patiently(lambda: self._sock.recv_into(buffer))

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()
        super().close()

    def _patiently(self, act: Callable[[], _Result]) -> _Result:
        while True:
            self._turn.check()
            try:
                return act()
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(read=True)
            except ssl.SSLWantWriteError:
                self._wait(read=False)

    def _wait(self, *, read: bool) -> None:
        waiting = select.poll()
        waiting.register(self._sock, select.POLLIN if read else select.POLLOUT)
        with self._turn.aside():
            waiting.poll(1000 * min(_TICK, self._turn.remaining))


@functools.cache
def _tls() -> ssl.SSLContext:
    """Make the context of all connections: the system's authorities, or those of SSL_CERT_FILE."""
    return ssl.create_default_context()


def _unreachable(target: Target, error: Exception) -> MediaError:
    return MediaError(
        f"The server {target.host} could not be reached.",
        "suspicious",
        f"{type(error).__name__}: {error}",
    )
