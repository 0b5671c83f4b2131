"""Players' states: some to read, and all that there can be."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from actors.guild.player.state import Current, PlayerState, Voice
from actors.guild.player.track import Entry, Track
from actors.store.ports import Batch, Change


def track(title: str) -> Entry:
    return Entry(Track("QAAA", "id", title, "somebody", 200_000, True, "library"), requester=7)


def guild(id: int, *titles: str, home: int | None = 5) -> PlayerState:
    return PlayerState(id, "run", 50, home=home, queue=tuple(track(title) for title in titles))


def playing(id: int, at_ms: int) -> PlayerState:
    """A state with something in every field that is kept."""
    voice = Voice(5, "voice-session", "voice-token", "localhost:1")
    return PlayerState(
        guild=id,
        run="run",
        volume=50,
        counter=3,
        text_channel=9,
        home=5,
        voice=Voice(5, "voice-session", "voice-token", "localhost:1", voice.credentials),
        current=Current("run.1", track("aurora"), 1_000, at_ms, running=True, starts=2),
        paused=False,
        queue=(track("dawn"), track("dusk")),
        history=(track("night"),),
        node="main",
    )


def batch(*changes: Change | PlayerState, alive_at: int = 1_000, **notes: str | None) -> Batch:
    """What to write: states are changes to them."""
    made = (each if isinstance(each, Change) else Change(each.guild, each) for each in changes)
    return Batch(tuple(made), notes, alive_at)


def anything(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type; of a dataclass, with every field set, those with defaults too."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return st.one_of(*(anything(part) for part in get_args(hint)))
    if origin is tuple:
        return st.lists(anything(get_args(hint)[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(anything(get_args(hint)[0]), max_size=3)
    if origin is not None and issubclass(origin, Mapping):
        return st.just({})
    if hint is NoneType:
        return st.none()
    if hint is str:
        # Half surrogates too, and what PostgreSQL refuses: tracks' titles come from strangers.
        return st.text(st.characters(), max_size=20)
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{each.name: anything(hints[each.name]) for each in fields(hint)})
    return st.from_type(hint)


def states() -> st.SearchStrategy[PlayerState]:
    return anything(PlayerState)
