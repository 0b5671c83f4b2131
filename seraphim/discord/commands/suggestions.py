"""What `/play` suggests while somebody types.

Nobody waits for a suggestion and nobody wants to see one fail: whatever is not there in time, or
goes wrong, is no suggestion.
"""

import asyncio
from collections.abc import Collection

import hikari
import structlog

from actors.guild.player.ports import Catalogue, NodeUnavailable, SourceFailed
from actors.guild.player.track import Track
from seraphim.discord.presenters.prose import clean, shorten
from seraphim.discord.presenters.tracks import choice
from seraphim.discord.query import SEARCH, TRACK, identifier

LIBRARY = "library"
LIMIT = 10
DEADLINE_SECONDS = 1.5
LONGEST_VALUE = 100
"""What Discord takes as the value of a choice."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Suggestions:
    """Search results as choices."""

    def __init__(self, catalogue: Catalogue, trusted: Collection[str]) -> None:
        self._catalogue = catalogue
        self._trusted = trusted

    async def choices(self, typed: str) -> list[hikari.api.AutocompleteChoiceBuilder]:
        """Return at most ten choices for what is typed so far; never raises."""
        query = identifier(typed, self._trusted)
        if not isinstance(query, str) or not query.startswith(SEARCH):
            return []
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                tracks = await self._catalogue.suggest(query, LIMIT)
        except (TimeoutError, NodeUnavailable, SourceFailed) as error:
            log.debug("autocomplete.empty", error=repr(error))
            return []
        except Exception:
            log.exception("autocomplete.failed")
            return []
        return [
            hikari.impl.AutocompleteChoiceBuilder(choice(track), value)
            for track in tracks[:LIMIT]
            if (value := self._value(track))
        ]

    def _value(self, track: Track) -> str:
        """Return what `/play` finds this very track by, or else its name."""
        named = f"{TRACK}{track.identifier}" if track.source == LIBRARY else track.uri
        if named and len(named) <= LONGEST_VALUE and identifier(named, self._trusted) == named:
            return named
        return shorten(f"{clean(track.title)} {clean(track.author)}", LONGEST_VALUE)
