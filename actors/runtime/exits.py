"""How an actor ended.

The words are OTP's. An error may arrive wrapped in exception groups, since a handler with a task
group raises nothing else; `caused_by` therefore looks inside, so that nobody has to care.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

ExitKind: TypeAlias = Literal["normal", "shutdown", "killed", "crashed", "gave_up"]


@dataclass(frozen=True, slots=True)
class Exit:
    """The reason of one end.

    ``normal``: it ended itself. ``shutdown``: it was told to, by its supervisor or by
    `ActorRef.stop`. ``killed``: it was cancelled, because it overran its deadline. ``crashed``:
    it raised `error`. ``gave_up``: a supervisor used up its restarts; as in OTP this is no crash,
    so that only a permanent supervisor is started again after it.
    """

    kind: ExitKind
    error: BaseException | None = None

    def caused_by(self, *types: type[BaseException]) -> bool:
        """Whether the error, or any error in its groups, is of one of `types`."""
        error = self.error
        return error is not None and any(isinstance(leaf, types) for leaf in leaves(error))


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Every error inside nested groups, or the error itself."""
    pending = [error]
    while pending:
        current = pending.pop()
        if isinstance(current, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", current)
            pending.extend(reversed(group.exceptions))
        else:
            yield current


NORMAL = Exit("normal")
SHUTDOWN = Exit("shutdown")
KILLED = Exit("killed")
