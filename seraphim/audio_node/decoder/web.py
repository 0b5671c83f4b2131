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
import time
from collections.abc import Callable, Iterable
from typing import Final, TypeVar, cast
from urllib.parse import urljoin

from seraphim.audio_node.decoder.address_guard import Target, TrustedHosts, resolve
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.icecast import Metadata, is_radio
from seraphim.audio_node.decoder.probing import Probed
from seraphim.audio_node.media import MediaError

__all__ = ["HttpReader", "Web", "refused"]

REDIRECTS: Final = 5
ATTEMPTS: Final = 3
CONNECT_SECONDS: Final = 3.0
SKIP: Final = 256 * 1024
PAUSE: Final = 0.25
RECONNECTIONS: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0)
"""Seconds before each attempt to reach a radio again: all of them within a track's patience."""

STEADY_SECONDS: Final = 10.0
"""A connection that lasted so long was a good one."""

_TICK: Final = 0.5
_RANGE: Final = re.compile(r"bytes (\d{1,18})-\d{0,18}/(\d{1,18}|\*)\Z")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}\Z")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]{0,8192}\Z")
_PLAIN: Final = frozenset({"user-agent", "accept", "accept-language"})
_OURS: Final = frozenset(
    (
        "host", "connection", "keep-alive", "proxy-connection", "proxy-authorization", "te",
        "upgrade", "expect", "range", "accept-encoding", "transfer-encoding", "content-length",
        "icy-metadata",
    )
)  # fmt: skip
_BROKEN: Final = (OSError, http.client.HTTPException)

_Result = TypeVar("_Result")


class Web:
    """Asks for bodies on behalf of one source, and judges each address on the way.

    `headers` go with each request to where `start` is: to no other host, port or scheme, but for
    those that say nothing about anybody (`_PLAIN`).
    """

    def __init__(
        self,
        start: Target,
        trusted: TrustedHosts,
        turn: Turn,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        self._home = (start.secure, start.host, start.port)
        self._trusted = trusted
        self._turn = turn
        self._headers = {"user-agent": "Seraphim", "accept": "*/*"}
        for name, value in headers:
            if not _HEADER_NAME.match(name) or not _HEADER_VALUE.match(value):
                raise MediaError("The media cannot be asked for.", "fault", "not a header")
            if name.lower() not in _OURS:
                self._headers[name.lower()] = value

    def get(self, target: Target, **more: str) -> tuple[http.client.HTTPResponse, Target]:
        """Ask for a body; gives the answer, whatever its status, and who gave it at last.

        `more` are headers, with `_` for `-`. Raises `MediaError` or `Closed`. The answer is to be
        closed.
        """
        for _ in range(REDIRECTS + 1):
            response = self._ask(target, more)
            if response.status not in (301, 302, 303, 307, 308):
                break
            place = response.headers.get("Location", "")
            response.close()
            target = Target.parse(urljoin(target.url, place))
        else:
            raise MediaError("The media is redirected too often.", "common", "redirects")
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            # It was not asked for, and a few bytes of it may stand for gigabytes.
            response.close()
            raise MediaError(
                "The server sends compressed what is not to be compressed.",
                "suspicious",
                "Content-Encoding",
            )
        return response, target

    def fetch(self, target: Target, limit: int, **more: str) -> tuple[bytes, Target]:
        """Give a whole body, of up to `limit` bytes, and who gave it.

        A connection that is lost on the way is tried again. Raises `MediaError` or `Closed`.
        """
        failure = MediaError("The connection to the media was lost.", "suspicious")
        for attempt in range(ATTEMPTS):
            self.rest(attempt * PAUSE)
            try:
                return self._fetch(target, limit, more)
            except _Lost as error:
                failure = error.failure
        raise failure

    def rest(self, seconds: float) -> None:
        """Wait, while others work."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with self._turn.aside():
                time.sleep(min(_TICK, left, self._turn.remaining))
            self._turn.check()

    def _fetch(self, target: Target, limit: int, more: dict[str, str]) -> tuple[bytes, Target]:
        response, found = self.get(target, **more)
        try:
            if response.status != (206 if "range" in more else 200):
                refusal = refused(found, response)
                raise _Lost(refusal) if response.status >= 500 else refusal
            data = bytearray()
            while piece := response.read1(65536):
                data += piece
                if len(data) > limit:
                    raise MediaError("The media is too large.", "common", f"over {limit} bytes")
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
        except _BROKEN as error:
            reason = f"{type(error).__name__}: {error}"
            lost = MediaError("The connection to the media was lost.", "suspicious", reason)
            raise _Lost(lost) from error
        finally:
            response.close()
        return bytes(data), found

    def _ask(self, target: Target, more: dict[str, str]) -> http.client.HTTPResponse:
        try:
            connection = _Connection(self._connect(target), self._turn)
        except _BROKEN as error:
            raise _unreachable(target, error) from error
        response = http.client.HTTPResponse(cast("socket.socket", connection), method="GET")
        home = (target.secure, target.host, target.port) == self._home
        headers = {
            "host": target.authority,
            **{name: text for name, text in self._headers.items() if home or name in _PLAIN},
            "accept-encoding": "identity",
            **{name.replace("_", "-"): text for name, text in more.items()},
            "connection": "close",
        }
        lines = [f"GET {target.path} HTTP/1.1"]
        lines += [f"{name.title()}: {text}" for name, text in headers.items()]
        try:
            connection.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
            connection.translate()
            response.begin()
        except _BROKEN as error:
            response.close()
            raise _unreachable(target, error) from error
        except BaseException:
            response.close()
            raise
        return response

    def _connect(self, target: Target) -> socket.socket:
        turn = self._turn
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


class HttpReader(Probed):
    """The body behind a URL, as a file that PyAV can read.

    A radio's body has no end: where its connection is lost, `read` gives nothing, and `next_part`
    goes on with another. What the station says between the sounds is `title`.

    Raises
    ------
    MediaError
        From the constructor, `read` and `next_part`: refused, not found, stalled, lost.
    """

    def __init__(
        self,
        url: str,
        trusted: TrustedHosts,
        turn: Turn,
        headers: Iterable[tuple[str, str]] = (),
    ) -> None:
        super().__init__()
        self.failure: MediaError | None = None
        self.distant = True
        self.duration: float | None = None
        self._start = self._target = Target.parse(url)
        self.web = Web(self._start, trusted, turn, headers)
        """What else belongs to this body is asked for with it."""
        self._turn = turn
        self._position = 0
        self._at = 0
        self._ranges = False
        self._size: int | None = None
        self._metadata: Metadata | None = None
        self._losses = 0
        self._connected_at = 0.0
        self._response = self._request(0)
        answered = self._response.headers
        self.station = answered.get("icy-name")
        self._radio = self._size is None and is_radio(answered)

    @property
    def size(self) -> int | None:
        """The body's length in bytes, where the server says it."""
        return self._size

    @property
    def endless(self) -> bool:
        """Whether nobody knows where it ends."""
        return self._size is None

    @property
    def title(self) -> str | None:
        """What the station says is heard now."""
        return None if self._metadata is None else self._metadata.title

    @property
    def target(self) -> Target:
        """Where the body is, after all redirects."""
        return self._target

    @property
    def content_type(self) -> str:
        """What the server says it is, without parameters, in lower case."""
        return self._response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def beginning(self) -> bytes:
        """Give the first bytes, at least one if there are any; they are still to be read."""
        try:
            return self._response.peek(512)
        except _BROKEN:
            return b""  # whoever reads is told

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

    def seek_seconds(self, seconds: float) -> float | None:
        """Say that positions are bytes here."""
        return None

    def next_part(self) -> bool:
        """Connect anew if this is a radio; returns whether it is one."""
        if not self._radio:
            return False
        if time.monotonic() - self._connected_at > STEADY_SECONDS:
            self._losses = 0
        failure = MediaError("The station's connection was lost.", "suspicious", "it was closed")
        for pause in RECONNECTIONS[self._losses :]:
            self._losses += 1
            self.web.rest(pause)
            self._response.close()
            try:
                self._target = self._start
                self._response = self._request(0)
            except MediaError as error:
                self._turn.check()
                failure = error
            else:
                self._at = self._position = 0
                return True
        raise failure

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
                data = self._receive(size)
            except _BROKEN as error:
                if self._radio:
                    return b""
                data, reason = b"", f"{type(error).__name__}: {error}"
            else:
                reason = "the body is shorter than announced"
                if data or self._size is None:
                    return self._take(data)
            if not self.seekable() or attempt == ATTEMPTS - 1:
                break
            self._reconnect()
        raise MediaError("The connection to the media was lost.", "suspicious", reason)

    def _receive(self, size: int) -> bytes:
        while data := self._response.read1(size):
            if self._metadata is None:
                return data
            if sound := self._metadata.strip(data):
                return sound
        return b""

    def _take(self, data: bytes) -> bytes:
        self._at += len(data)
        self._position = self._at
        self._spend(len(data))
        return data

    def _go_to_position(self) -> None:
        if not 0 <= self._position - self._at <= SKIP:
            self._reconnect()
        while self._at < self._position:
            skipped = len(self._receive(min(65536, self._position - self._at)))
            if not skipped:
                raise http.client.IncompleteRead(b"")
            self._at += skipped

    def _reconnect(self) -> None:
        self._response.close()
        self._response = self._request(self._position)
        self._at = self._position

    def _request(self, start: int) -> http.client.HTTPResponse:
        more = {"icy_metadata": "1"} if not start else {}
        response, self._target = self.web.get(self._target, range=f"bytes={start}-", **more)
        try:
            self._judge(response, start)
        except BaseException:
            response.close()
            raise
        self._connected_at = time.monotonic()
        return response

    def _judge(self, response: http.client.HTTPResponse, start: int) -> None:
        if response.status == 206:
            answer = _RANGE.match(response.headers.get("Content-Range", ""))
            if answer is None or int(answer[1]) != start:
                raise MediaError(
                    "The server does not give what was asked for.", "suspicious", "Content-Range"
                )
            size = None if answer[2] == "*" else int(answer[2])
            self._ranges = size is not None
        elif response.status == 200 and start == 0:
            size = response.length
        else:
            raise refused(self._target, response)
        metadata = None if start else Metadata.announced(response.headers)
        if metadata is not None:
            # Its bytes are not the sound's alone, so there is nothing to be counted.
            self._ranges, size = False, None
        if start and size != self._size:
            raise MediaError("The media changed while it played.", "suspicious", "another length")
        self._size, self._metadata = size, metadata


class _Lost(Exception):
    """What may go better when it is tried again."""

    def __init__(self, failure: MediaError) -> None:
        super().__init__(failure.message)
        self.failure = failure


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


def refused(target: Target, response: http.client.HTTPResponse) -> MediaError:
    """Make an error of an answer that is not the body."""
    return MediaError(
        f"The server {target.host} answered {response.status}.",
        "common" if 400 <= response.status < 500 else "suspicious",
        f"{response.status} {response.reason}",
    )


def _unreachable(target: Target, error: Exception) -> MediaError:
    return MediaError(
        f"The server {target.host} could not be reached.",
        "suspicious",
        f"{type(error).__name__}: {error}",
    )
