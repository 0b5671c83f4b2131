"""A queue as a file, and a file as what to look for.

What is exported names each track by its address and by its words. A file that comes in was written
by anybody: of it nothing is taken but queries, each as good or bad as one that is typed. Pure.
"""

import json
from collections.abc import Collection, Sequence
from typing import Any, cast

from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Refused
from seraphim.discord.presenters.prose import clean
from seraphim.discord.query import LONGEST, identifier

FORMAT = "seraphim-queue"
MOST_TRACKS = 100
"""How many tracks of a file are looked for."""
LARGEST_FILE = 1 << 20
"""In bytes; an export of a thousand tracks has a quarter of that."""


def exported(entries: Sequence[Entry]) -> bytes:
    """Return the file for these tracks: JSON, in UTF-8."""
    tracks = [_described(entry.original) for entry in entries]
    text = json.dumps({"format": FORMAT, "tracks": tracks}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "replace")


def queries(content: bytes, trusted: Collection[str] = ()) -> tuple[list[str], int]:
    """Return what to look for, in order, and how many lines or tracks are left out.

    A file of ours, or any text with an address or a title in each line.
    """
    text = content.decode("utf-8", "replace")
    found = [identifier(wanted, trusted) for wanted in _wanted(text)]
    good = [query for query in found if not isinstance(query, Refused)]
    kept = good[:MOST_TRACKS]
    return kept, len(found) - len(kept)


def _described(track: Track) -> dict[str, str]:
    described = {"title": clean(track.title), "artist": clean(track.author)}
    return described if track.uri is None else {**described, "address": track.uri}


def _wanted(text: str) -> list[str]:
    try:
        document: object = json.loads(text)
    except (ValueError, RecursionError):
        return [line.strip() for line in text.splitlines() if line.strip()]
    if isinstance(document, dict):
        document = cast("dict[str, Any]", document).get("tracks")
    tracks = cast("list[object]", document) if isinstance(document, list) else []
    return [_query(track) for track in tracks]


def _query(track: object) -> str:
    """Return what a track of a file is looked for by; what is no track comes to nothing."""
    if isinstance(track, str):
        return track
    if not isinstance(track, dict):
        return ""
    told = cast("dict[str, object]", track)
    address, title, artist = (told.get(name) for name in ("address", "title", "artist"))
    if isinstance(address, str) and address.startswith(("http://", "https://")):
        return address
    words = (word for word in (artist, title) if isinstance(word, str))
    return " ".join(words)[:LONGEST]
