"""Who is in voice, on paper: what a process that hands over leaves to the next one.

With a session that goes on Discord says only what changes, so that who was in a voice channel
before would be known no more, and nobody could say who listens. It is written down once, when the
gateway is left, and believed only with the very session and sequence it was written down at: after
any other end something may have been missed.
"""

import json
from collections.abc import Iterable, Mapping
from typing import cast

from seraphim.discord.resumption import ShardSession

People = Mapping[int, Mapping[int, int]]
"""Channels by user, by guild."""


def key(shard: int) -> str:
    """Return the key of a shard's note."""
    return f"gateway/{shard}/people"


def text(session: ShardSession, people: People) -> str:
    """Return `people` as text, for `read`."""
    guilds = {str(guild): _by_channel(places) for guild, places in people.items()}
    return json.dumps(
        {"id": session.id, "sequence": session.sequence, "guilds": guilds}, separators=(",", ":")
    )


def read(text: str | None, session: ShardSession) -> People:
    """Return the people of that text, nobody where it is not about this moment of the session."""
    try:
        kept = cast("object", json.loads(text or "null"))
    except ValueError:
        return {}
    if not isinstance(kept, dict):
        return {}
    fields = cast("dict[str, object]", kept)
    then, guilds = (fields.get("id"), fields.get("sequence")), fields.get("guilds")
    if then != (session.id, session.sequence) or not isinstance(guilds, dict):
        return {}
    return dict(_guilds(cast("dict[str, object]", guilds)))


def _by_channel(places: Mapping[int, int]) -> dict[str, list[int]]:
    channels: dict[str, list[int]] = {}
    for user, channel in places.items():
        channels.setdefault(str(channel), []).append(user)
    return channels


def _guilds(guilds: Mapping[str, object]) -> Iterable[tuple[int, dict[int, int]]]:
    for guild, channels in guilds.items():
        if guild.isdecimal() and isinstance(channels, dict):
            yield int(guild), dict(_places(cast("dict[str, object]", channels)))


def _places(channels: Mapping[str, object]) -> Iterable[tuple[int, int]]:
    for channel, users in channels.items():
        if channel.isdecimal() and isinstance(users, list):
            for user in cast("list[object]", users):
                if isinstance(user, int):
                    yield user, int(channel)
