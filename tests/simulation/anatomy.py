"""The inside of the runtime, as far as the judge has to see what its API rightly hides.

Nothing else here looks behind `actors.runtime`'s API.
"""

# pyright: reportPrivateUsage=false

from collections.abc import Iterator
from typing import Any, Never

from actors.runtime import ActorRef, System
from actors.runtime.child import ActorChild, Child
from actors.runtime.supervisor import Supervisor


def child_of(ref: ActorRef[Never]) -> ActorChild:
    """Return the actor behind `ref`, whichever incarnation it is in."""
    return ref._child


def actors_of(system: System) -> Iterator[ActorChild]:
    """Yield every actor."""
    pending: list[Child] = [system._root]
    while pending:
        child = pending.pop()
        if isinstance(child, Supervisor):
            pending.extend(child.children.values())
        elif isinstance(child, ActorChild):
            yield child


def tasks_of(child: ActorChild) -> list[str]:
    """Return the names of the tasks that its incarnation has started and that still run."""
    incarnation = child._incarnation
    tasks = None if incarnation is None else incarnation._tasks
    return [task.name for task in tasks or ()]


def deadlines_of(system: System) -> list[Any]:
    """Return the deadlines that somebody still waits for."""
    deadlines = system.deadlines
    due = [*deadlines.unsorted, *(entry[2] for entry in deadlines._heap)]
    return [deadline for deadline in due if deadline.pending]
