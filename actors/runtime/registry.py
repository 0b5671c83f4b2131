"""Names for actors that are looked up rather than handed over.

A name is a typed key, so that what `whereis` returns accepts the right messages. It is held from
the first start to the last end, restarts included, and a start that fails leaves nothing behind.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Never, TypeVar, cast

if TYPE_CHECKING:
    from actors.runtime.ref import ActorRef

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)


@dataclass(frozen=True)  # with slots, Python 3.11 cannot call `Name[Message](...)`
class Name(Generic[MessageT_contra]):
    """A name whose holder understands `MessageT_contra`."""

    value: str

    def __str__(self) -> str:
        return self.value


class Registry:
    """Who holds which name."""

    __slots__ = ("_holders",)

    def __init__(self) -> None:
        self._holders: dict[Name[Any], ActorRef[Never]] = {}

    def whereis(self, name: Name[MessageT_contra]) -> "ActorRef[MessageT_contra] | None":
        """Return the holder of `name`, also while it is starting or restarting."""
        return cast("ActorRef[MessageT_contra] | None", self._holders.get(name))

    def claim(self, name: Name[Any], ref: "ActorRef[Never]") -> "ActorRef[Never]":
        """Give `name` to `ref` if it is free; return its holder."""
        return self._holders.setdefault(name, ref)

    def release(self, name: Name[Any], ref: "ActorRef[Never]") -> None:
        """Free `name` if `ref` holds it."""
        if self._holders.get(name) is ref:
            del self._holders[name]

    def __iter__(self) -> Iterator[Name[Any]]:
        return iter(tuple(self._holders))

    def __len__(self) -> int:
        return len(self._holders)
