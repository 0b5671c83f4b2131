"""Spotify's links and searches: by its Web API with an application's credentials, else its pages.

Without credentials the page that others embed is read: it has the tracks of an album or playlist
(a hundred at most) in a script's JSON, with lengths and without ISRC. With them the API answers,
and the page stands in for what Spotify does not give to every application: since November 2024 the
playlists it makes itself, since February 2026 to applications in development mode also playlists
that are not the owner's and artists' top tracks. ISRCs, which an album's tracks come without, are
asked for fifty tracks at once where that is still allowed; a track is found without one too.

The page's own token for the web player's inner API, which some take from it, is left alone: what
that is for Spotify has not published.
"""

import asyncio
import base64
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import structlog

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

__all__ = ["Spotify", "SpotifyAddresses", "SpotifyCredentials"]

SEARCH: Final = "spsearch:"
MARKET: Final = "US"
# More than ten are refused to applications in development mode.
MOST_FOUND: Final = 10
PER_PAGE: Final = 50
ON_A_PAGE: Final = 100
"""How many tracks the embedded page has at most."""

AS_A_BROWSER: Final = {
    "User-Agent": "Mozilla/5.0 (compatible; Seraphim)",
    "Accept-Language": "en",
}
EARLY_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 300.0
"""How long credentials that were refused are not tried again."""

_PATH: Final = r"(?P<kind>track|album|playlist|artist)[/:](?P<id>[A-Za-z0-9]{22})(?:[/?#].*)?"
_LINK: Final = re.compile(
    r"(?:(?i:(?:https?://)?(?:open|play)\.spotify\.com/(?:intl-[a-z-]{2,8}/|[a-z]{2}/)?)"
    r"(?:embed/)?(?:user/[^/?#]{1,200}/)?|spotify:(?:user:[^:]{1,200}:)?)" + _PATH,
    re.DOTALL,
)
_OURS: Final = re.compile(r"(?:https?://)?(?:open|play)\.spotify\.com/|spotify:", re.IGNORECASE)
_SHORT: Final = re.compile(
    r"(?:https?://)?(?P<host>spotify\.link|spotify\.app\.link)/(?P<path>[\w-]{1,100})(?:[?#].*)?",
    re.IGNORECASE | re.DOTALL | re.ASCII,
)
_ID: Final = re.compile(r"[A-Za-z0-9]{22}")
_SCRIPT: Final = re.compile(
    rb"<script\s[^>]{0,200}\bid=\"__NEXT_DATA__\"[^>]{0,200}>(.*?)</script>", re.DOTALL
)

_log = structlog.stdlib.get_logger("seraphim.audio_node.spotify")


@dataclass(frozen=True, slots=True)
class SpotifyCredentials:
    """An application's, from Spotify's developer dashboard; both are kept out of `repr`."""

    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpotifyAddresses:
    """Where Spotify is. `short` is put before a short link's host; others than these: for tests."""

    api: str = "https://api.spotify.com/v1"
    accounts: str = "https://accounts.spotify.com"
    pages: str = "https://open.spotify.com"
    short: str = "https://"


class _NotAccepted(MediaError):
    """Spotify does not accept the credentials."""


class Spotify(Mirrored):
    """The source `spotify`: links, URIs, short links and `spsearch:words`."""

    name = "spotify"
    prefix = SEARCH
    links = _LINK
    site = _OURS
    playable = "Of Spotify only tracks, albums, playlists and artists can be played."

    def __init__(
        self,
        http: aiohttp.ClientSession,
        mirrors: Mirrors,
        *,
        credentials: SpotifyCredentials | None = None,
        addresses: SpotifyAddresses | None = None,
    ) -> None:
        super().__init__(mirrors)
        self._addresses = addresses or SpotifyAddresses()
        self._api = Api(http, "Spotify")
        self._catalogue = (
            None if credentials is None else _Catalogue(self._api, self._addresses, credentials)
        )

    async def _search(self, words: str) -> LoadResult:
        if self._catalogue is None:
            raise MediaError(
                "Spotify can only be searched with credentials, which this bot does not have."
                " Links work.",
                "common",
                "no SPOTIFY_CLIENT_ID",
            )
        return await self._catalogue.search(words) if words else NothingFound()

    async def _link(self, link: re.Match[str]) -> LoadResult:
        kind, id_ = link["kind"], link["id"]
        if self._catalogue is None:
            return await self._page(kind, id_)
        try:
            return await self._catalogue.link(kind, id_)
        except (Refused, _NotAccepted) as error:
            if isinstance(error, Refused) and error.status not in (400, 401, 403, 404):
                raise
            _log.info("spotify.page_instead", kind=kind, reason=error.cause)
            return await self._page(kind, id_)

    async def _expand(self, identifier: str) -> str | None:
        short = _SHORT.fullmatch(identifier)
        return None if short is None else await self._follow(short["host"].lower(), short["path"])

    async def _page(self, kind: str, id_: str) -> LoadResult:
        """Read the page that is made to be embedded."""
        reply = await self._api.get(
            f"{self._addresses.pages}/embed/{kind}/{id_}", headers=AS_A_BROWSER
        )
        if reply.status != 200:
            raise self._api.refusal(reply.status)
        script = _SCRIPT.search(reply.body)
        if script is None:
            raise self._api.nonsense("a page without data")
        try:
            page = Document.parse(script[1])["props"]["pageProps"]
        except ValueError:
            raise self._api.nonsense("a page with broken data") from None
        status = page["status"].number
        if status is not None and status >= 400:
            raise self._api.refusal(status)
        entity = page["state"]["data"]["entity"]
        if kind == "track":
            track = _shown(entity)
            if track is None:
                raise self._api.nonsense("a page without a track")
            return TrackLoaded(track)
        if not entity["trackList"].is_list:
            raise self._api.nonsense("a page without tracks")
        cover = _cover(entity)
        shown = tuple(track for item in entity["trackList"] if (track := _shown(item, cover)))
        if len(shown) >= ON_A_PAGE:
            _log.warning("spotify.page_is_cut", kind=kind, tracks=len(shown))
        name = entity["name"].line or entity["title"].line or "Spotify"
        if kind == "artist":
            name = f"{name}'s Top Tracks"
        return PlaylistLoaded(name, shown) if shown else NothingFound()

    async def _follow(self, host: str, path: str) -> str:
        """Return where a short link leads, if that is at Spotify; one step, and not opened."""
        reply = await self._api.get(f"{self._addresses.short}{host}/{path}")
        if not reply.location:
            raise self._api.refusal(reply.status if reply.status != 200 else 404)
        try:
            location = urlsplit(reply.location)
        except ValueError:
            return ""
        if location.scheme == "https" and location.hostname == "open.spotify.com":
            return f"https://open.spotify.com{location.path}"
        return ""


class _Catalogue:
    """The Web API."""

    def __init__(
        self, api: Api, addresses: SpotifyAddresses, credentials: SpotifyCredentials
    ) -> None:
        self._api = api
        self._addresses = addresses
        self._credentials = credentials
        self._token = ""
        self._token_until = 0.0
        self._refused_until = 0.0
        self._asking = asyncio.Lock()
        self._gives_several = True

    async def search(self, words: str) -> LoadResult:
        found = await self._ask("search", {"q": words, "type": "track", "limit": str(MOST_FOUND)})
        tracks = tuple(filter(None, map(_track, found["tracks"]["items"])))
        return SearchLoaded(tracks) if tracks else NothingFound()

    async def link(self, kind: str, id_: str) -> LoadResult:
        """Load what a link names; raises `Refused` where the application may not know it."""
        match kind:
            case "track":
                track = _track(await self._ask(f"tracks/{id_}"))
                if track is None:
                    raise self._api.nonsense("no track")
                return TrackLoaded(track)
            case "album":
                return await self._album(id_)
            case "playlist":
                return await self._playlist(id_)
            case _:
                top = await self._ask(f"artists/{id_}/top-tracks", {"market": MARKET})
                about = await self._ask(f"artists/{id_}")
                tracks = tuple(filter(None, map(_track, top["tracks"])))
                name = f"{about['name'].line}'s Top Tracks"
                return PlaylistLoaded(name, tracks) if tracks else NothingFound()

    async def _album(self, id_: str) -> LoadResult:
        about = await self._ask(f"albums/{id_}")
        cover = _largest(about["images"])
        items = await self._collect(f"albums/{id_}/tracks")
        tracks = [track for item in items if (track := _track(item, cover))]
        tracks = await self._with_isrc(tracks)
        return PlaylistLoaded(about["name"].line, tuple(tracks)) if tracks else NothingFound()

    async def _playlist(self, id_: str) -> LoadResult:
        about = await self._ask(f"playlists/{id_}")
        items = await self._collect(f"playlists/{id_}/items")
        # An entry's track is `item` since 2026, and `track` before. Local files have no id.
        entries = (entry["item"] or entry["track"] for entry in items)
        tracks = tuple(filter(None, map(_track, entries)))
        return PlaylistLoaded(about["name"].line, tracks) if tracks else NothingFound()

    async def _with_isrc(self, tracks: list[TrackInfo]) -> list[TrackInfo]:
        known: dict[str, str] = {}
        for start in range(0, len(tracks), PER_PAGE):
            if not self._gives_several:
                break
            ids = ",".join(track.identifier for track in tracks[start : start + PER_PAGE])
            try:
                several = await self._ask("tracks", {"ids": ids})
            except MediaError as error:
                if isinstance(error, Refused) and error.status in (403, 404):
                    self._gives_several = False
                _log.info("spotify.no_isrc", reason=error.cause)
                break
            for item in several["tracks"]:
                known[item["id"].text] = item["external_ids"]["isrc"].line
        return [replace(track, isrc=known.get(track.identifier) or track.isrc) for track in tracks]

    async def _collect(self, path: str) -> Sequence[Document]:
        return await collect(partial(self._page, path), step=PER_PAGE, service=self._api.service)

    async def _page(self, path: str, offset: int) -> Page:
        page = await self._ask(path, {"limit": str(PER_PAGE), "offset": str(offset)})
        if not page["items"].is_list:
            # Whose application it is may not see into this list.
            raise self._api.refusal(403)
        return Page(list(page["items"]), page["total"].number)

    async def _ask(self, path: str, params: dict[str, str] | None = None) -> Document:
        url = f"{self._addresses.api}/{path}"
        for last in (False, True):
            token = await self._authorize()
            reply = await self._api.get(
                url, params=params, headers={"Authorization": f"Bearer {token}"}
            )
            if reply.status != 401 or last:
                break
            # It was taken back before its time.
            if self._token == token:
                self._token = ""
        return self._api.read(reply)

    async def _authorize(self) -> str:
        async with self._asking:
            now = time.monotonic()
            if self._token and now < self._token_until:
                return self._token
            if now < self._refused_until:
                raise _not_accepted()
            credentials = self._credentials
            pair = f"{credentials.client_id}:{credentials.client_secret}"
            reply = await self._api.post(
                f"{self._addresses.accounts}/api/token",
                data={"grant_type": "client_credentials"},
                headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
            )
            if reply.status in (400, 401, 403):
                self._refused_until = now + REFUSED_SECONDS
                _log.warning("spotify.credentials_refused", status=reply.status)
                raise _not_accepted()
            answer = self._api.read(reply)
            token, seconds = answer["access_token"].text, answer["expires_in"].number or 0
            if not token or not token.isascii() or not token.isprintable():
                raise self._api.nonsense("no token")
            self._token = token
            self._token_until = now + max(seconds - EARLY_SECONDS, seconds / 2)
            return token


def _not_accepted() -> _NotAccepted:
    return _NotAccepted(
        "Spotify does not accept the bot's credentials.", "fault", "Spotify: credentials refused"
    )


def _track(item: Document, cover: str = "") -> TrackInfo | None:
    """Make a track of what the API says about one; None for local files, episodes and gaps."""
    id_, title = item["id"].text, item["name"].line
    if not _ID.fullmatch(id_) or not title or item["is_local"].is_true:
        return None
    if item["type"].text not in ("track", ""):
        return None
    names = [name for artist in item["artists"] if (name := artist["name"].line)]
    return TrackInfo(
        identifier=id_,
        title=title,
        author=", ".join(names) or "Unknown artist",
        length_ms=item["duration_ms"].length_ms(),
        source=Spotify.name,
        uri=f"https://open.spotify.com/track/{id_}",
        artwork_url=_largest(item["album"]["images"]) or cover or None,
        isrc=item["external_ids"]["isrc"].line or None,
    )


def _shown(item: Document, cover: str = "") -> TrackInfo | None:
    """Make a track of what the embedded page shows of one."""
    kind, _, id_ = item["uri"].text.removeprefix("spotify:").partition(":")
    title = item["title"].line or item["name"].line
    if kind != "track" or not _ID.fullmatch(id_) or not title:
        return None
    names = [name for artist in item["artists"] if (name := artist["name"].line)]
    return TrackInfo(
        identifier=id_,
        title=title,
        author=", ".join(names) or item["subtitle"].line or "Unknown artist",
        length_ms=item["duration"].length_ms(),
        source=Spotify.name,
        uri=f"https://open.spotify.com/track/{id_}",
        artwork_url=_cover(item) or cover or None,
    )


def _cover(entity: Document) -> str:
    return _largest(entity["coverArt"]["sources"]) or _largest(entity["visualIdentity"]["image"])


def _largest(images: Document) -> str:
    """Return the address of the widest image; the page calls its width `maxWidth`."""

    def width(image: Document) -> int:
        return image["width"].number or image["maxWidth"].number or 0

    return max(images, key=width, default=Document(None))["url"].url
