"""Asking the music services' web APIs.

The hosts are fixed in the code and nothing that a user typed becomes one, redirects are not
followed, and what comes back is bounded in size and time. So this needs no judge of addresses as
the decoders do, and the operator's secrets, which are sent in headers, reach nobody else. Errors
are made of the service's name and the status alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import structlog

from seraphim.audio_node.media import MediaError, Severity
from seraphim.audio_node.sources.document import Document

__all__ = ["MOST_TRACKS", "Api", "Page", "Refused", "Reply", "collect"]

MOST_TRACKS: Final = 1_000
"""How many tracks of a playlist are loaded."""

SECONDS: Final = 10.0
MOST_BYTES: Final = 4 * 1024 * 1024
AT_ONCE: Final = 4
LONGEST_WAIT: Final = 5.0
WAIT: Final = 1.0

_log = structlog.stdlib.get_logger("seraphim.audio_node.catalogues")


class Refused(MediaError):
    """A service answered, but not with what was asked for; `status` is HTTP's."""

    def __init__(self, message: str, severity: Severity, service: str, status: int) -> None:
        super().__init__(message, severity, f"{service} answered {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Reply:
    """What a service answered; `location` is where a redirect points. The body may be secret."""

    status: int
    body: bytes = field(repr=False)
    location: str = field(default="", repr=False)


class Api:
    """A client of one service, who is called by its `service` name towards people.

    At most four requests are under way at once. One that is answered with 429 is asked once more,
    if it is to be soon enough; until the time that the service named nothing else is asked of it.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        service: str,
        *,
        seconds: float = SECONDS,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._http = http
        self._timeout = aiohttp.ClientTimeout(total=seconds)
        self._most_bytes = most_bytes
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._quiet_until = 0.0
        self.service = service

    async def document(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Document:
        """Get JSON.

        Raises
        ------
        Refused
            If the status is another than 200.
        MediaError
            If the service cannot be reached, or does not answer in time, or not with JSON.
        """
        return self.read(await self.get(url, params=params, headers=headers))

    def read(self, reply: Reply) -> Document:
        """Take the JSON out of a reply; raises as `document` does."""
        if reply.status != 200:
            raise self.refusal(reply.status)
        try:
            return Document.parse(reply.body)
        except ValueError:
            raise self.nonsense("no JSON") from None

    def refusal(self, status: int) -> Refused:
        """Return the error for a status."""
        message, severity = _why(self.service, status)
        return Refused(message, severity, self.service, status)

    def nonsense(self, cause: str) -> MediaError:
        """Return the error for an answer that cannot be understood."""
        return MediaError(
            f"{self.service} answered something unexpected.",
            "suspicious",
            f"{self.service}: {cause}",
        )

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Get whatever is there, of any status; raises `MediaError` if there is no answer."""
        return await self._ask("GET", url, params=params, headers=headers)

    async def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Post a form; as `get` otherwise."""
        return await self._ask("POST", url, data=data, headers=headers)

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        async with self._turn:
            if time.monotonic() < self._quiet_until:
                raise self.refusal(429)
            for last in (False, True):
                reply, wait = await self._once(method, url, params, data, headers)
                if reply.status != 429:
                    return reply
                if last or wait > LONGEST_WAIT:
                    self._quiet_until = time.monotonic() + min(wait, 60.0)
                    break
                await asyncio.sleep(wait)
        _log.warning("catalogue.rate_limited", service=self.service, seconds=wait)
        raise self.refusal(429)

    async def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
    ) -> tuple[Reply, float]:
        try:
            async with self._http.request(
                method,
                url,
                params=params,
                data=data,
                headers=headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                body = bytearray()
                async for chunk in response.content.iter_any():
                    body += chunk
                    if len(body) > self._most_bytes:
                        raise self.nonsense("too much")
                location = response.headers.get("Location", "")
                wait = _seconds(response.headers.get("Retry-After", ""))
                return Reply(response.status, bytes(body), location), wait
        except TimeoutError:
            raise MediaError(
                f"{self.service} did not answer in time.", "suspicious", f"{self.service}: timeout"
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # Their texts may have the URL in them: the kind of error must do.
            raise MediaError(
                f"{self.service} cannot be reached.",
                "suspicious",
                f"{self.service}: {type(error).__name__}",
            ) from None


def _seconds(text: str) -> float:
    """Read `Retry-After`; a date, which none of the services sends, counts as nothing said."""
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 10 else WAIT


def _why(service: str, status: int) -> tuple[str, Severity]:
    if status in (404, 410):
        return f"{service} has nothing there.", "common"
    if status in (401, 403):
        return f"{service} does not give that out.", "common"
    if status == 429:
        return f"{service} is asked too often; try again in a while.", "suspicious"
    if status >= 500:
        return f"{service} has a problem of its own; try again later.", "suspicious"
    return f"{service} refused the question.", "suspicious"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a list's items; `total` is how many the list has, None if nobody said.

    `more` says whether others follow, where there is no total.
    """

    items: Sequence[Document]
    total: int | None = None
    more: bool = False


async def collect(
    fetch: Callable[[int], Awaitable[Page]], *, step: int, service: str
) -> list[Document]:
    """Get a list whole, or its first `MOST_TRACKS` items: `fetch` gets the page at an offset.

    `step` is how many items a page has at most. What was cut off is told in the log.
    """
    first = await fetch(0)
    items = list(first.items)
    if first.total is not None:
        offsets = range(step, min(first.total, MOST_TRACKS), step)
        try:
            async with asyncio.TaskGroup() as group:
                pages = [group.create_task(_page(fetch, offset)) for offset in offsets]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        for page in pages:
            items += page.result().items
        total = first.total
    else:
        more, offset = first.more, step
        while more and offset < MOST_TRACKS:
            page = await fetch(offset)
            items += page.items
            more, offset = page.more and bool(page.items), offset + step
        total = len(items) + 1 if more else len(items)
    if max(total, len(items)) > MOST_TRACKS:
        _log.warning("catalogue.cut", service=service, tracks=MOST_TRACKS, of=total)
    return items[:MOST_TRACKS]


async def _page(fetch: Callable[[int], Awaitable[Page]], offset: int) -> Page:
    return await fetch(offset)
