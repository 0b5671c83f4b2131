"""Which sources are passed over now, for all to read: whoever searches asks nobody first."""

from collections.abc import Callable


class SourceBoard:
    """Until when sources are passed over. Only their actor writes; anybody may read.

    `now` is the time in milliseconds since the epoch.
    """

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._until: dict[str, int] = {}

    def put(self, source: str, until_ms: int) -> None:
        """Pass `source` over until then."""
        self._until[source] = until_ms

    @property
    def passed_over(self) -> frozenset[str]:
        """The sources that are passed over now."""
        now = self._now()
        return frozenset(source for source, until in self._until.items() if now < until)
