"""Gateway sessions on paper: what is kept of them for the next process.

Beside what Discord asks for stand the guilds in which the bot has a seat in a voice channel: with a
session that goes on, Discord does not say it again.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

import structlog

from actors.runtime import ActorCrashed, ActorStopped, AskTimeout, Registry
from actors.store.messages import STORE, Note, Noted
from seraphim.discord.resumption import ShardSession

NOTED_SECONDS = 5.0

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class SessionNotes(Protocol):
    """Where notes are kept from process to process. None of its methods raises."""

    async def note(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        ...

    async def noted(self, key: str) -> str | None:
        """Return what was kept last under `key`; None where that is nothing, or not to be had."""
        ...


class StoredNotes:
    """Implements `SessionNotes`, by the store actor."""

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._registry = registry

    async def note(self, key: str, value: str) -> None:
        """Tell the store, which keeps it while it cannot write it."""
        store = self._registry().whereis(STORE)
        if store is not None:
            await store.tell(Note(key, value))

    async def noted(self, key: str) -> str | None:
        """Ask the store; one that does not answer knows nothing."""
        store = self._registry().whereis(STORE)
        if store is None:
            return None
        try:
            return await store.ask(Noted(key), timeout=NOTED_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped):
            log.warning("discord.session_unread", key=key)
            return None


@dataclass(frozen=True, slots=True)
class SessionNote:
    """What is kept of one shard's session. `owner` is the `identity` of the bot that began it."""

    owner: str
    session: ShardSession
    seats: tuple[int, ...]

    def text(self) -> str:
        """Return it as text, for `read`."""
        session = self.session
        return json.dumps(
            {
                "owner": self.owner,
                "id": session.id,
                "sequence": session.sequence,
                "url": session.url,
                "shard_count": session.shard_count,
                "seats": self.seats,
            }
        )


def key(shard: int) -> str:
    """Return the key of a shard's note."""
    return f"gateway/{shard}"


def read(text: str | None) -> SessionNote | None:
    """Return the note that `text` is; None where it is none, or of a form that is not known."""
    try:
        kept = cast("object", json.loads(text or "null"))
    except ValueError:
        return None
    if not isinstance(kept, dict):
        return None
    fields = cast("dict[str, object]", kept)
    seats = fields.get("seats")
    guilds = cast("list[object]", seats) if isinstance(seats, list) else []
    match fields:
        case {
            "owner": str(owner),
            "id": str(session),
            "sequence": int(sequence),
            "url": str() | None as url,
            "shard_count": int(shard_count),
        }:
            return SessionNote(
                owner,
                ShardSession(session, sequence, url, shard_count),
                tuple(guild for guild in guilds if isinstance(guild, int)),
            )
        case _:
            return None
