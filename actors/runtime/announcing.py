"""Telling whoever subscribed: by a plain call, at once."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Announcing(Generic[T]):
    """Something that has news of the kind `T`."""

    __slots__ = ("_subscribers",)

    def __init__(self) -> None:
        self._subscribers: dict[object, Callable[[T], None]] = {}

    def subscribe(self, subscriber: Callable[[T], None]) -> Callable[[], None]:
        """Call `subscriber` with all later news; the returned function ends that.

        It is called synchronously and must not raise.
        """
        key = object()
        self._subscribers[key] = subscriber

        def unsubscribe() -> None:
            self._subscribers.pop(key, None)

        return unsubscribe

    def _announce(self, news: T) -> None:
        for subscriber in tuple(self._subscribers.values()):
            subscriber(news)
