"""Deezer's links and searches, by its public API, which wants no key.

Only what Deezer tells about tracks is used. Their sound is found elsewhere by `mirrors`: Deezer
gives its own to paying accounts alone, encrypted, and taking it with such an account's cookie is
against its terms.
"""

import re
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import parse_qs, urlsplit

import aiohttp

from seraphim.audio_node.sources.api import Api, Page, collect
from seraphim.audio_node.sources.document import Document, line
from seraphim.audio_node.sources.mirrored import Mirrored
from seraphim.audio_node.sources.mirrors import Mirrors
from seraphim.audio_node.sources.results import (
    LoadResult,
    NothingFound,
    PlaylistLoaded,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.track import TrackInfo

__all__ = ["Deezer", "DeezerAddresses"]

SEARCH: Final = "dzsearch:"
MOST_FOUND: Final = 25
MOST_TOP: Final = 50
PER_PAGE: Final = 100

NOTHING_THERE: Final = 800
TOO_OFTEN: Final = 4
NOT_ALLOWED: Final = (200, 300)
"""What Deezer's own codes mean; their status is 200."""

_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.)?deezer\.com/(?:[a-z]{2}(?:-[a-z]{2})?/)?"
    r"(?P<kind>track|album|playlist|artist)/(?P<id>[0-9]{1,20})(?:[/?#].*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_OURS: Final = re.compile(r"(?:https?://)?(?:www\.)?deezer\.com/", re.IGNORECASE)
_SHORT: Final = re.compile(
    r"(?:https?://)?(?P<host>link\.deezer\.com|deezer\.page\.link)/(?P<path>[\w/-]{1,100})"
    r"(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ID: Final = re.compile(r"[0-9]{1,20}")
_HOSTS: Final = ("deezer.com", "www.deezer.com")


@dataclass(frozen=True, slots=True)
class DeezerAddresses:
    """Where Deezer is. `short` is put before a short link's host; others than these: for tests."""

    api: str = "https://api.deezer.com"
    short: str = "https://"


class Deezer(Mirrored):
    """The source `deezer`: links, short links and `dzsearch:words`."""

    name = "deezer"
    prefix = SEARCH
    links = _LINK
    site = _OURS
    playable = "Of Deezer only tracks, albums, playlists and artists can be played."

    def __init__(
        self,
        http: aiohttp.ClientSession,
        mirrors: Mirrors,
        *,
        addresses: DeezerAddresses | None = None,
    ) -> None:
        super().__init__(mirrors)
        self._api = Api(http, "Deezer")
        self._addresses = addresses or DeezerAddresses()

    async def _search(self, words: str) -> LoadResult:
        if not words:
            return NothingFound()
        found = await self._ask("search", {"q": words, "limit": str(MOST_FOUND)})
        tracks = tuple(filter(None, map(_track, found["data"])))
        return SearchLoaded(tracks) if tracks else NothingFound()

    async def _link(self, link: re.Match[str]) -> LoadResult:
        kind, id_ = link["kind"].lower(), link["id"]
        about = await self._ask(f"{kind}/{id_}")
        if kind == "track":
            track = _track(about)
            if track is None:
                raise self._api.nonsense("no track")
            return TrackLoaded(track)
        if kind == "artist":
            top = await self._ask(f"artist/{id_}/top", {"limit": str(MOST_TOP)})
            return _playlist(f"{about['name'].line}'s Top Tracks", list(top["data"]))
        items = await collect(
            partial(self._page, f"{kind}/{id_}/tracks"), step=PER_PAGE, service=self._api.service
        )
        # An album's tracks do not say which album's they are.
        cover = about["cover_xl"].url if kind == "album" else ""
        return _playlist(about["title"].line, items, cover)

    async def _expand(self, identifier: str) -> str | None:
        short = _SHORT.fullmatch(identifier)
        return None if short is None else await self._follow(short["host"].lower(), short["path"])

    async def _page(self, path: str, offset: int) -> Page:
        page = await self._ask(path, {"index": str(offset), "limit": str(PER_PAGE)})
        return Page(list(page["data"]), page["total"].number, more=bool(page["next"]))

    async def _follow(self, host: str, path: str) -> str:
        """Return where a short link leads, if that is at Deezer; one step, and it is not opened."""
        reply = await self._api.get(f"{self._addresses.short}{host}/{path}")
        try:
            location = urlsplit(reply.location)
            there = parse_qs(location.query).get("dest", [reply.location])[0]
            location = urlsplit(there)
        except ValueError:
            return ""
        if location.scheme == "https" and location.hostname in _HOSTS:
            return f"https://{location.hostname}{location.path}"
        if not reply.location:
            raise self._api.refusal(reply.status if reply.status != 200 else 404)
        return ""

    async def _ask(self, path: str, params: dict[str, str] | None = None) -> Document:
        answer = await self._api.document(f"{self._addresses.api}/{path}", params=params)
        code = answer["error"]["code"].number
        if code == NOTHING_THERE:
            raise self._api.refusal(404)
        if code == TOO_OFTEN:
            raise self._api.refusal(429)
        if code in NOT_ALLOWED:
            raise self._api.refusal(403)
        if answer["error"]:
            raise self._api.nonsense(f"error {code}")
        return answer


def _track(item: Document, cover: str = "") -> TrackInfo | None:
    """Make a track of what Deezer says about one; None if that is not enough."""
    id_, title = item["id"].text, item["title"].line
    if not _ID.fullmatch(id_) or not title:
        return None
    # Until lately titles came without what is behind them, "(feat. …)" or "(Live)".
    version = item["title_version"].line
    if version and version not in title:
        title = line(f"{title} {version}")
    album = item["album"]
    return TrackInfo(
        identifier=id_,
        title=title,
        author=item["artist"]["name"].line or "Unknown artist",
        length_ms=item["duration"].length_ms(1000),
        source=Deezer.name,
        uri=f"https://www.deezer.com/track/{id_}",
        artwork_url=album["cover_xl"].url or cover or None,
        isrc=item["isrc"].line or None,
    )


def _playlist(name: str, items: list[Document], cover: str = "") -> LoadResult:
    tracks = tuple(track for item in items if (track := _track(item, cover)))
    return PlaylistLoaded(name or "Deezer", tracks) if tracks else NothingFound()
