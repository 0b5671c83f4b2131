"""Calls of ports that fail as no port should: with an error that nobody foresaw."""

from collections.abc import Callable


class Sabotaged(Exception):
    """What an edge raises when it is broken itself."""


class Sabotage:
    """Which call is to fail next; `at_work` says, when it does, that it did."""

    def __init__(self, at_work: Callable[[int, str], None]) -> None:
        self._planned: dict[tuple[int, str], bool] = {}
        self._at_work = at_work

    def plan(self, guild: int, call: str, *, after: bool) -> None:
        """Let the guild's next call of that name fail: before it is done, or when it is."""
        self._planned[guild, call] = after

    def clear(self) -> None:
        self._planned.clear()

    def strike(self, guild: int, call: str, *, after: bool = False) -> None:
        """Raise if it is this call's turn."""
        if self._planned and self._planned.get((guild, call)) is after:
            del self._planned[guild, call]
            self._at_work(guild, call)
            raise Sabotaged(call)
