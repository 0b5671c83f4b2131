"""The messages of votes: each shows how its vote stands, until it is over.

Votes are given with the button, by the same command again, and by who leaves the channel; they end
with time, or with the track. All of that stands on the board, so a message follows the board once a
second, instead of everything that may change a vote having to know where its message is.
"""

import asyncio
import time
from dataclasses import replace

import hikari
import structlog

from actors.guild.board import Board
from actors.guild.player.messages import VoteOutcome, VoteView
from seraphim.discord.answer import Answer
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.votes import vote as vote_card

SECONDS = 1.0
"""How long a message may show what is no longer true."""
LONGEST_SECONDS = 120.0
"""How long a message is followed at most, whatever the board says."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Polls:
    """Follows votes. There are few at once: one of a kind in a guild, for less than a minute."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._following: set[asyncio.Task[None]] = set()

    def follow(self, guild: int, vote: VoteView, answer: Answer, say: Language) -> None:
        """Keep the message that `answer` gives true, beginning a moment later."""
        task = asyncio.create_task(self._follow(guild, vote, answer, say))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    @property
    def open(self) -> int:
        """How many votes are followed."""
        return len(self._following)

    async def _follow(self, guild: int, shown: VoteView, answer: Answer, say: Language) -> None:
        until = time.monotonic() + LONGEST_SECONDS
        while shown.outcome is VoteOutcome.OPEN and time.monotonic() < until:
            await asyncio.sleep(SECONDS)
            stands = self._stands(guild, shown)
            if stands == shown:
                continue
            try:
                await answer.revise(vote_card(stands, say))
            except (hikari.HTTPError, hikari.ComponentStateConflictError) as error:
                # Somebody deleted it, or Discord is away: the vote goes on without it.
                log.info("vote.unshown", guild=guild, error=type(error).__name__)
                return
            shown = stands

    def _stands(self, guild: int, shown: VoteView) -> VoteView:
        view = self._board.get(guild)
        for vote in view.votes if view else ():
            if vote.id == shown.id:
                return vote
        return replace(shown, outcome=VoteOutcome.LAPSED)
