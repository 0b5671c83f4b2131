"""Apple Music's links and searches: by its API where there is a token, else by iTunes' lookup.

Apple Music's API wants a developer's token, which costs. The lookup and search of the iTunes Store
are free, and have the same numbers for songs, albums and artists: without a token that is what is
asked. They know no ISRC and no playlists, so that a playlist's link says that it needs a token.
Reading the web player's page, and the token in it, was rejected: it changes with each release.
"""

import re
from dataclasses import dataclass
from functools import partial
from typing import Final

import aiohttp

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources.api import Api, Page, Refused, collect
from seraphim.audio_node.sources.document import Document
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

__all__ = ["AppleMusic", "AppleMusicAddresses"]

SEARCH: Final = "amsearch:"
COUNTRY: Final = "us"
MOST_FOUND: Final = 25
MOST_OF_AN_ALBUM: Final = 200
MOST_TOP: Final = 25
PER_PAGE: Final = 100
ARTWORK: Final = 1000
"""How wide and high covers are asked for."""

_LINK: Final = re.compile(
    r"(?:https?://)?(?:www\.|geo\.|embed\.)?music\.apple\.com/(?:(?P<country>[a-z]{2})/)?"
    r"(?P<kind>song|album|playlist|artist)/(?:[^/?#]{1,500}/)?(?P<id>[a-z0-9.-]{1,100})"
    r"/?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_OURS: Final = re.compile(r"(?:https?://)?(?:[a-z]+\.)?music\.apple\.com/", re.IGNORECASE)
_SONG: Final = re.compile(r"(?:^|&)i=([0-9]{1,20})(?:&|$)")
_ID: Final = re.compile(r"[0-9]{1,20}")
_PLAYLIST: Final = re.compile(r"pl\.[A-Za-z0-9-]+")
_SIZE: Final = re.compile(r"/[0-9]+x[0-9]+bb\.")


@dataclass(frozen=True, slots=True)
class AppleMusicAddresses:
    """Where Apple's two APIs are; others than these: for tests."""

    api: str = "https://api.music.apple.com/v1"
    itunes: str = "https://itunes.apple.com"


class AppleMusic(Mirrored):
    """The source `applemusic`: links and `amsearch:words`."""

    name = "applemusic"
    prefix = SEARCH
    links = _LINK
    site = _OURS
    playable = "Of Apple Music only songs, albums, playlists and artists can be played."

    def __init__(
        self,
        http: aiohttp.ClientSession,
        mirrors: Mirrors,
        *,
        token: str | None = None,
        addresses: AppleMusicAddresses | None = None,
    ) -> None:
        super().__init__(mirrors)
        addresses = addresses or AppleMusicAddresses()
        api = Api(http, "Apple Music")
        self._itunes = _Itunes(api, addresses.itunes)
        self._catalogue = _Catalogue(api, addresses.api, token) if token else None

    async def _search(self, words: str) -> LoadResult:
        if not words:
            return NothingFound()
        return await (self._catalogue or self._itunes).search(words)

    async def _link(self, link: re.Match[str]) -> LoadResult:
        kind, id_ = link["kind"].lower(), link["id"]
        song = _SONG.search(link["query"] or "")
        if kind == "album" and song is not None:
            kind, id_ = "song", song[1]
        if not (_PLAYLIST.fullmatch(id_) if kind == "playlist" else _ID.fullmatch(id_)):
            return NothingFound()
        country = (link["country"] or COUNTRY).lower()
        return await (self._catalogue or self._itunes).link(kind, id_, country)


class _Catalogue:
    """Apple Music's API."""

    def __init__(self, api: Api, root: str, token: str) -> None:
        self._api = api
        self._root = root
        self._headers = {"Authorization": f"Bearer {token}"}

    async def search(self, words: str) -> LoadResult:
        found = await self._ask(
            f"{COUNTRY}/search", {"term": words, "types": "songs", "limit": str(MOST_FOUND)}
        )
        tracks = tuple(filter(None, map(_song, found["results"]["songs"]["data"])))
        return SearchLoaded(tracks) if tracks else NothingFound()

    async def link(self, kind: str, id_: str, country: str) -> LoadResult:
        about = (await self._ask(f"{country}/{kind}s/{id_}"))["data"].first
        if kind == "song":
            track = _song(about)
            return NothingFound() if track is None else TrackLoaded(track)
        name = about["attributes"]["name"].line
        if kind == "artist":
            top = await self._ask(f"{country}/artists/{id_}/view/top-songs")
            return _playlist(f"{name}'s Top Tracks", map(_song, top["data"]))
        items = await collect(
            partial(self._page, f"{country}/{kind}s/{id_}/tracks"),
            step=PER_PAGE,
            service=self._api.service,
        )
        return _playlist(name, map(_song, items))

    async def _page(self, path: str, offset: int) -> Page:
        try:
            page = await self._ask(path, {"limit": str(PER_PAGE), "offset": str(offset)})
        except Refused as refused:
            # Behind its end, and where it is empty, a list is not there.
            if refused.status == 404:
                return Page(())
            raise
        return Page(list(page["data"]), page["meta"]["total"].number, more=bool(page["next"]))

    async def _ask(self, path: str, params: dict[str, str] | None = None) -> Document:
        try:
            return await self._api.document(
                f"{self._root}/catalog/{path}", params=params, headers=self._headers
            )
        except Refused as refused:
            if refused.status in (401, 403):
                raise MediaError(
                    "Apple Music does not accept the bot's token.", "fault", refused.cause
                ) from None
            raise


class _Itunes:
    """The iTunes Store's lookup and search."""

    def __init__(self, api: Api, root: str) -> None:
        self._api = api
        self._root = root

    async def search(self, words: str) -> LoadResult:
        params = {"term": words, "media": "music", "entity": "song", "limit": str(MOST_FOUND)}
        found = await self._api.document(
            f"{self._root}/search", params={**params, "country": COUNTRY}
        )
        tracks = tuple(filter(None, map(_listed, found["results"])))
        return SearchLoaded(tracks) if tracks else NothingFound()

    async def link(self, kind: str, id_: str, country: str) -> LoadResult:
        if kind == "playlist":
            raise MediaError(
                "Apple Music's playlists can only be read with a token, which this bot does not"
                " have. Songs, albums and artists work.",
                "common",
                "no APPLE_MUSIC_TOKEN",
            )
        params = {"id": id_, "country": country}
        if kind != "song":
            most = MOST_OF_AN_ALBUM if kind == "album" else MOST_TOP
            params |= {"entity": "song", "limit": str(most)}
        results = list((await self._api.document(f"{self._root}/lookup", params=params))["results"])
        tracks = map(_listed, results)
        if kind == "song":
            track = next(filter(None, tracks), None)
            return NothingFound() if track is None else TrackLoaded(track)
        about = next((item for item in results if item["wrapperType"].text != "track"), None)
        if about is None:
            return NothingFound()
        if kind == "artist":
            return _playlist(f"{about['artistName'].line}'s Top Tracks", tracks)
        return _playlist(about["collectionName"].line, tracks)


def _song(item: Document) -> TrackInfo | None:
    """Make a track of a song in the API; None of what is no song, a video for one."""
    about = item["attributes"]
    id_, title = item["id"].text, about["name"].line
    kind = item["type"].text
    if not title or not _ID.fullmatch(id_) or "song" not in kind:
        return None
    artwork = about["artwork"]["url"].url
    return TrackInfo(
        identifier=id_,
        title=title,
        author=about["artistName"].line or "Unknown artist",
        length_ms=about["durationInMillis"].length_ms(),
        source=AppleMusic.name,
        uri=about["url"].url or None,
        artwork_url=artwork.replace("{w}", str(ARTWORK)).replace("{h}", str(ARTWORK)) or None,
        isrc=about["isrc"].line or None,
    )


def _listed(item: Document) -> TrackInfo | None:
    """Make a track of a song in the iTunes Store."""
    id_, title = item["trackId"].text, item["trackName"].line
    if not title or not _ID.fullmatch(id_) or item["kind"].text != "song":
        return None
    artwork = _SIZE.sub(f"/{ARTWORK}x{ARTWORK}bb.", item["artworkUrl100"].url)
    return TrackInfo(
        identifier=id_,
        title=title,
        author=item["artistName"].line or "Unknown artist",
        length_ms=item["trackTimeMillis"].length_ms(),
        source=AppleMusic.name,
        uri=item["trackViewUrl"].url or None,
        artwork_url=artwork or None,
    )


def _playlist(name: str, tracks: "map[TrackInfo | None]") -> LoadResult:
    found = tuple(filter(None, tracks))
    return PlaylistLoaded(name or "Apple Music", found) if found else NothingFound()
