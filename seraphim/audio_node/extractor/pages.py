"""What yt-dlp says of a page, in words of our own. Runs in the worker alone.

yt-dlp tells what it found as dictionaries whose every field may be missing or of another type, so
each is read as if somebody hostile had written it; and why it found nothing in sentences, which are
sorted here by what a listener can do about it.
"""

import re
import threading
import time
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, cast
from urllib.parse import parse_qs, quote_plus, urlsplit

from yt_dlp import YoutubeDL  # pyright: ignore[reportMissingTypeStubs]
from yt_dlp.utils import YoutubeDLError  # pyright: ignore

from seraphim.audio_node.extractor import music
from seraphim.audio_node.extractor.answers import Address, Collection, Item
from seraphim.audio_node.media import MediaError, Severity

__all__ = ["Addresses", "Pages"]

MOST_ITEMS: Final = 1_000
SOCKET_SECONDS: Final = 8.0
LONGEST_TEXT: Final = 500
LONGEST_URL: Final = 8_000
MOST_HEADERS: Final = 20
MOST_READ: Final = 200
READ_SECONDS: Final = 300.0
"""How long the address that came with a page is kept for who asks for it next."""

SOUND: Final = "/".join(
    (
        "bestaudio[acodec=opus][protocol^=http][protocol!*=dash]",
        "bestaudio[protocol^=http][protocol!*=dash]",
        "bestaudio[protocol^=m3u8]",
        "best[protocol^=http][protocol!*=dash]",
        "best[protocol^=m3u8]",
    )
)
"""Opus first, which is sent on untouched; then whatever sounds best. No DASH: nobody reads that."""

SEARCHES: Final = {
    "ytsearch": "ytsearch{limit}:{words}",
    "ytmsearch": "https://music.youtube.com/search?q={quoted}#songs",
    "scsearch": "scsearch{limit}:{words}",
}

SOURCES: Final = ("youtube", "soundcloud", "bandcamp", "vimeo", "twitch")
"""What lavaplayer calls its own; all others are called as yt-dlp calls them."""

_UNKNOWN: Final = "No suitable extractor"


class _Reason(NamedTuple):
    """A kind of refusal: what yt-dlp's sentence has in it, ours, whose doing it is, its name."""

    pattern: str
    message: str
    severity: Severity
    cause: str


_REASONS: Final = (
    _Reason(
        r"not a bot|likely being blocked|429|rate.?limit|too many requests",
        "The site is limiting us.",
        "common",
        "limited",
    ),
    _Reason(
        r"confirm your age|age.restricted|inappropriate for some",
        "It is only for adults who signed in.",
        "common",
        "age",
    ),
    _Reason(r"private address|not public", "It leads to a private address.", "common", "guard"),
    _Reason(r"private", "It is private.", "common", "private"),
    _Reason(
        r"members|premium|purchase|subscri|\bpaid\b|rental",
        "It is only for those who pay for it.",
        "common",
        "members",
    ),
    _Reason(
        r"your country|your location|geo.?restrict|not available in",
        "It is not available where this bot is.",
        "common",
        "region",
    ),
    _Reason(
        r"premieres? in|not started|will begin|upcoming|offline|not currently live",
        "It has not begun, or is over.",
        "common",
        "not live",
    ),
    _Reason(r"\bdrm\b", "It is copy protected.", "common", "drm"),
    _Reason(
        r"unavailable|removed|deleted|does not exist|not found|\b404\b|\b410\b|terminated",
        "It is not there, or not any more.",
        "common",
        "unavailable",
    ),
    _Reason(
        r"requested format is not available|no (video |audio )?formats",
        "There is no sound in it that can be played.",
        "common",
        "no format",
    ),
    _Reason(
        r"log.?in|sign.?in|account|cookies",
        "It is only for those who signed in.",
        "common",
        "sign in",
    ),
    _Reason(
        r"timed out|failed to resolve|connection|unable to download",
        "The site does not answer.",
        "suspicious",
        "unreachable",
    ),
)
_VIDEO: Final = re.compile(r"(?:[?&]v=|//youtu\.be/)([\w-]{11})(?![\w-])", re.ASCII)
_URLS: Final = re.compile(r"https?://\S+|\?\S+")

Info = Mapping[str, Any]


class _Silence:
    """yt-dlp's logger: what it has to say comes as an exception too."""

    def debug(self, _: str) -> None: ...

    info = warning = error = debug


class Addresses:
    """The addresses that came with pages, each to be taken once: who asks again wants a newer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Address, float]] = {}

    def keep(self, page: str, address: Address | None) -> None:
        """Remember one for a while; nothing is made of None."""
        if address is None:
            return
        with self._lock:
            self._kept[page] = address, time.monotonic() + READ_SECONDS
            while len(self._kept) > MOST_READ:
                del self._kept[next(iter(self._kept))]

    def take(self, page: str) -> Address | None:
        """Give it, if it is there."""
        with self._lock:
            kept = self._kept.pop(page, None)
        return kept[0] if kept is not None and time.monotonic() < kept[1] else None


class Pages:
    """Reads pages. One for each thread: yt-dlp's object keeps what it is doing.

    Parameters
    ----------
    addresses
        Those that came with pages, for all threads.
    cache
        A folder for the players' programs, which change once a day.
    system_certificates
        Whether the system's authorities (or `SSL_CERT_FILE`'s) are trusted, not certifi's.
    """

    def __init__(
        self, addresses: "Addresses", *, cache: str, system_certificates: bool = False
    ) -> None:
        parameters: dict[str, object] = {
            "allowed_extractors": ["default", "-generic"],
            "cachedir": cache,
            "compat_opts": {"no-certifi"} if system_certificates else set[str](),
            "extract_flat": "in_playlist",
            "extractor_retries": 1,
            "format": SOUND,
            "ignore_no_formats_error": False,
            "logger": _Silence(),
            "noprogress": True,
            "playlistend": MOST_ITEMS,
            "quiet": True,
            "retries": 1,
            "skip_download": True,
            "socket_timeout": SOCKET_SECONDS,
        }
        music.teach()
        self._reader = cast("Any", YoutubeDL(cast("Any", parameters)))
        self._addresses = addresses

    def look(self, url: str) -> Item | Collection | None:
        """Say what is on a page; see `Extractor.look`."""
        if _url(url) is None:
            # A search of yt-dlp's own, say, which would read as many pages as it is told to.
            return None
        info = self._read(url)
        if info is None:
            return None
        if info.get("_type") in ("playlist", "multi_video"):
            items = _items(_entries(info))
            return Collection(_text(info.get("title")) or "Playlist", items, _meant(url, items))
        item = _item(info)
        if item is not None:
            # It is what is asked for next.
            self._addresses.keep(item.url, _address(info))
        return item

    def search(self, where: str, words: str, limit: int) -> tuple[Item, ...]:
        """Search a site; see `Extractor.search`."""

        template = SEARCHES.get(where)
        if template is None:
            raise MediaError("This site cannot be searched.", "common", where)
        question = template.format(limit=limit, words=words, quoted=quote_plus(words))
        info = self._read(question)
        return () if info is None else _items(_entries(info))[:limit]

    def address(self, url: str) -> Address:
        """Say where the sound of a page is; see `Extractor.address`."""
        kept = self._addresses.take(url)
        if kept is not None:
            return kept
        info = None if _url(url) is None else self._read(url)
        address = None if info is None else _address(info)
        if address is None:
            raise MediaError("There is no sound in it that can be played.", "common", "no address")
        return address

    def _read(self, question: str) -> Info | None:
        try:
            found: object = self._reader.extract_info(question, download=False)
        except cast("type[Exception]", YoutubeDLError) as error:
            text = str(error)
            if _UNKNOWN in text:
                return None
            raise _reason(text) from None
        return cast("Info", found) if isinstance(found, dict) else None


def _reason(text: str) -> MediaError:
    plain = _URLS.sub("…", text).removeprefix("ERROR: ")[:LONGEST_TEXT]
    for reason in _REASONS:
        if re.search(reason.pattern, plain, re.IGNORECASE):
            return MediaError(reason.message, reason.severity, f"{reason.cause}: {plain}")
    return MediaError("The site did not give it.", "suspicious", plain)


def _entries(info: Info) -> Iterable[object]:
    entries = info.get("entries")
    if entries is None:
        return ()
    # A generator, for some sites: each step may read a page.
    return islice(cast("Iterable[object]", entries), MOST_ITEMS)


def _items(entries: Iterable[object]) -> tuple[Item, ...]:
    read = (_item(cast("Info", entry)) for entry in entries if isinstance(entry, dict))
    return tuple(item for item in read if item is not None)


def _item(info: Info) -> Item | None:
    url = _url(info.get("webpage_url")) or _url(info.get("url")) or _url(info.get("original_url"))
    # What is music says so, and what it is called without its artist before it.
    track = _text(info.get("track")) if info.get("artist") else ""
    title = track or _text(info.get("title")) or _text(info.get("fulltitle"))
    if url is None or not title:
        return None
    duration = info.get("duration")
    known = isinstance(duration, int | float) and not isinstance(duration, bool) and duration > 0
    live = info.get("live_status") == "is_live" or info.get("is_live") is True
    return Item(
        url=url,
        identifier=_text(info.get("id")) or url,
        title=title,
        author=_author(info),
        length_ms=round(1000 * duration) if known and not live else None,  # type: ignore[operator]
        live=live,
        source=_source(_text(info.get("extractor_key")) or _text(info.get("ie_key"))),
        artwork=_artwork(info),
        isrc=_text(info.get("isrc")) or None,
    )


def _meant(url: str, items: tuple[Item, ...]) -> int:
    """Say which of a list's videos the link is one of; -1 for none."""
    video = _VIDEO.search(url)
    wanted = video and video[1]
    return next((at for at, item in enumerate(items) if item.identifier == wanted), -1)


def _author(info: Info) -> str:
    for name in ("artist", "uploader", "channel", "creator", "playlist_uploader"):
        if author := _text(info.get(name)):
            return author
    return "Unknown artist"


def _artwork(info: Info) -> str | None:
    best = _url(info.get("thumbnail"))
    thumbnails = info.get("thumbnails")
    if best is None and isinstance(thumbnails, list) and thumbnails:
        last: object = cast("list[object]", thumbnails)[-1]
        best = _url(cast("Info", last).get("url")) if isinstance(last, dict) else None
    return best


def _source(key: str) -> str:
    name = key.lower()
    return next((source for source in SOURCES if name.startswith(source)), name or "unknown")


def _address(info: Info) -> Address | None:
    url = _url(info.get("url"))
    if url is None or info.get("_type") in ("url", "url_transparent", "playlist"):
        return None
    told: object = info.get("http_headers")
    headers = cast("Mapping[object, object]", told if isinstance(told, dict) else {})
    pairs = [
        (name, value)
        for name, value in headers.items()
        if isinstance(name, str) and isinstance(value, str) and (name + value).isprintable()
    ]
    return Address(url, tuple(pairs[:MOST_HEADERS]), _expiry(url))


def _expiry(url: str) -> float | None:
    """Read when an address says that it expires."""
    query = parse_qs(urlsplit(url).query)
    for name in ("expire", "expires", "Expires", "exp", "e"):
        value = (query.get(name) or [""])[0]
        if value.isascii() and value.isdecimal() and len(value) == len("1700000000"):
            return float(value)
    return None


def _text(value: object) -> str:
    return value.strip()[:LONGEST_TEXT] if isinstance(value, str) else ""


def _url(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > LONGEST_URL:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("https", "http") and parts.netloc else None
