"""What `/play` suggests while somebody types.

Nobody waits for a suggestion and nobody wants to see one fail. What was found once is remembered
for a while, so that most letters are answered from memory; where a source has to be asked, it gets
a moment, and after that memory answers with what it has: what the letters before had found, and
what the member asked for lately. The source's answer is remembered when it comes, for the next
letter.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence

import hikari
import structlog

from actors.guild.board import Board
from actors.guild.player.ports import SEARCH, Catalogue, NodeUnavailable, SourceFailed
from actors.guild.player.track import Track
from seraphim.discord.commands.options import MOST_CHOICES
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.prose import clean, shorten
from seraphim.discord.presenters.tracks import choice
from seraphim.discord.query import TRACK, identifier
from seraphim.discord.shelf import Shelf, Unkept

LIBRARY = "library"
LIMIT = 10
PATIENCE_SECONDS = 0.35
"""How long a source may make somebody wait."""
DEADLINE_SECONDS = 5.0
"""How long a source may take to be of use for the next letter."""
FRESH_SECONDS = 600.0
MEMORY = 500
"""How many searches are remembered."""
ASKED_AT_ONCE = 50
RECENT = 10
"""How many tracks are remembered of a member, and of how many of them:"""
MEMBERS = 1000
LONGEST_VALUE = 100
"""What Discord takes as the value of a choice."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_Search = tuple[tuple[str, ...], str]


class Suggestions:
    """Search results, and what was asked for lately, as choices."""

    def __init__(
        self,
        catalogue: Catalogue,
        trusted: Collection[str],
        board: Board,
        shelf: Shelf,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._trusted = trusted
        self._board = board
        self._shelf = shelf
        self._clock = clock
        self._found: OrderedDict[_Search, tuple[float, tuple[Track, ...]]] = OrderedDict()
        self._asking: dict[_Search, asyncio.Task[None]] = {}
        self._recent: OrderedDict[int, tuple[Track, ...]] = OrderedDict()

    def remember(self, member: int, tracks: Sequence[Track]) -> None:
        """Remember that the member has asked for these tracks."""
        before = self._recent.pop(member, ())
        self._recent[member] = _unlike((*tracks[:RECENT], *before))[:RECENT]
        if len(self._recent) > MEMBERS:
            self._recent.popitem(last=False)

    async def search(self, query: str, sources: Sequence[str]) -> tuple[Track, ...]:
        """Return the best matches of a search; raises as `Catalogue.suggest`."""
        found = await self._catalogue.suggest(query, LIMIT, sources)
        return _unlike(found)[:LIMIT]

    def query_of(self, track: Track, room: int = LONGEST_VALUE) -> str:
        """Return what `/play` finds this very track by, or else its name; it fits the room."""
        named = f"{TRACK}{track.identifier}" if track.source == LIBRARY else track.uri
        if named and len(named) <= room and identifier(named, self._trusted) == named:
            return named
        return shorten(f"{clean(track.title)} {clean(track.author)}", room)

    async def choices(
        self, typed: str, guild: int | None, member: int, say: Language
    ) -> list[hikari.api.AutocompleteChoiceBuilder]:
        """Return a few choices for what is typed so far; never raises."""
        try:
            tracks = await self._tracks(typed, guild, member)
        except Exception:
            log.exception("autocomplete.failed")
            tracks = ()
        return [
            hikari.impl.AutocompleteChoiceBuilder(choice(track, say), value)
            for track in tracks
            if (value := self.query_of(track))
        ]

    async def _tracks(self, typed: str, guild: int | None, member: int) -> tuple[Track, ...]:
        if not typed.strip():
            return await self._own(member)
        query = identifier(typed, self._trusted)
        if not isinstance(query, str) or not query.startswith(SEARCH):
            return ()
        sources = self._board.settings(guild).sources if guild is not None else ()
        search = (sources, query.casefold())
        # Both at once: one moment is all there is.
        asking = asyncio.ensure_future(self._own(member))
        found = self._remembered(search)
        if found is None:
            await self._ask(search)
            found = self._remembered(search)
        if found is None:
            found = self._like(search)
        own = matching(await asking, query.removeprefix(SEARCH))
        return _unlike((*found[:LIMIT], *own))[:MOST_CHOICES]

    async def _own(self, member: int) -> tuple[Track, ...]:
        """Return what the member asked for lately, then their favourites."""
        recent = self._recent.get(member, ())
        try:
            favourites = await self._shelf.favourites(member, within=PATIENCE_SECONDS)
        except Unkept:
            favourites = ()
        return _unlike((*recent, *favourites))[:MOST_CHOICES]

    def _remembered(self, search: _Search) -> tuple[Track, ...] | None:
        at, found = self._found.get(search, (None, ()))
        if at is None or self._clock() - at > FRESH_SECONDS:
            return None
        self._found.move_to_end(search)
        return found

    def _like(self, search: _Search) -> tuple[Track, ...]:
        """Return what was found for the first letters, as far as all the letters are in it."""
        sources, query = search
        for length in range(len(query) - 1, len(SEARCH), -1):
            found = self._remembered((sources, query[:length].rstrip()))
            if found:
                return matching(found, query.removeprefix(SEARCH))
        return ()

    async def _ask(self, search: _Search) -> None:
        """Have a source asked, and wait for it a moment; two who ask the same ask once."""
        task = self._asking.get(search)
        if task is None:
            if len(self._asking) >= ASKED_AT_ONCE:
                return
            task = asyncio.create_task(self._search(search))
            self._asking[search] = task
        await asyncio.wait((task,), timeout=PATIENCE_SECONDS)

    async def _search(self, search: _Search) -> None:
        sources, query = search
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                found = await self._catalogue.suggest(query, LIMIT, sources)
        except (TimeoutError, NodeUnavailable, SourceFailed) as error:
            log.debug("autocomplete.empty", error=repr(error))
        except Exception:
            log.exception("autocomplete.failed")
        else:
            self._found[search] = (self._clock(), found)
            self._found.move_to_end(search)
            if len(self._found) > MEMORY:
                self._found.popitem(last=False)
        finally:
            del self._asking[search]


def matching(tracks: Iterable[Track], words: str) -> tuple[Track, ...]:
    """Return the tracks that have each of the words in their title or artist."""
    wanted = words.casefold().split()
    return tuple(
        track
        for track in tracks
        if all(word in f"{track.title} {track.author}".casefold() for word in wanted)
    )


def _unlike(tracks: Iterable[Track]) -> tuple[Track, ...]:
    """Return the tracks, each once."""
    return tuple({(track.source, track.identifier): track for track in tracks}.values())
