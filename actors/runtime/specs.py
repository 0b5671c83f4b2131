"""What a supervisor is told: frozen specs, refused where they are written when they cannot work.

The fields and defaults are those of OTP's `supervisor`. A supervisor is a child like another, so a
`SupervisorSpec` may stand wherever a `ChildSpec` may.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Never, TypeAlias, TypeVar, get_args

from actors.runtime.actor import Actor
from actors.runtime.errors import (
    DuplicateId,
    InvalidAutoShutdown,
    InvalidBackoff,
    InvalidDynamic,
    InvalidId,
    InvalidIntensity,
    InvalidMailbox,
    InvalidPeriod,
    InvalidRestart,
    InvalidShutdown,
    InvalidSignificant,
    InvalidStrategy,
)
from actors.runtime.registry import Name
from actors.runtime.restart import Backoff

MessageT_contra = TypeVar("MessageT_contra", contravariant=True)

RestartType: TypeAlias = Literal["permanent", "transient", "temporary"]
Strategy: TypeAlias = Literal["one_for_one", "one_for_all", "rest_for_one"]
AutoShutdown: TypeAlias = Literal["never", "any", "all"]


def _check_child(child_id: str, restart: str, shutdown: float | None, *, significant: bool) -> None:
    if not child_id or "/" in child_id:
        raise InvalidId(f"an id is a part of a path, not {child_id!r}")
    if restart not in get_args(RestartType):
        raise InvalidRestart(f"{child_id}: restart is {restart!r}")
    if shutdown is not None and not (0 <= shutdown < math.inf):
        raise InvalidShutdown(f"{child_id}: shutdown is {shutdown!r}; None is without a deadline")
    if significant and restart == "permanent":
        raise InvalidSignificant(f"{child_id}: a permanent child cannot be significant")


@dataclass(frozen=True, slots=True)
class ChildSpec(Generic[MessageT_contra]):
    """An actor to be supervised.

    Parameters
    ----------
    id
        Unique among its siblings; the last part of its path.
    start
        Makes a fresh actor for each incarnation. None means "ignore": nothing runs, and the spec
        is kept only by a static child that is not temporary.
    restart
        ``permanent``: after every end. ``transient``: after a crash. ``temporary``: never.
    shutdown
        Seconds between the order to stop and cancellation; 0 cancels at once, None waits for ever.
    significant
        Its end may stop its supervisor, see `SupervisorSpec.auto_shutdown`.
    mailbox
        How many messages may wait.
    name
        Under which the registry finds it.
    """

    id: str
    start: Callable[[], Actor[MessageT_contra] | None]
    restart: RestartType = "permanent"
    shutdown: float | None = 5.0
    significant: bool = False
    mailbox: int = 128
    name: Name[MessageT_contra] | None = None

    def __post_init__(self) -> None:
        _check_child(self.id, self.restart, self.shutdown, significant=self.significant)
        if self.mailbox < 1:
            raise InvalidMailbox(f"{self.id}: mailbox is {self.mailbox!r}")


@dataclass(frozen=True, slots=True)
class SupervisorSpec:
    """A supervisor with its static children.

    Parameters
    ----------
    id
        Unique among its siblings; the last part of its path.
    children
        Started in this order, stopped in reverse.
    strategy
        Who is restarted with a child: nobody, everybody, or those started after it.
    intensity, period
        More than `intensity` restarts within `period` seconds, and it stops its children and ends.
    backoff
        Delay before each restart of a child, by attempt: a tenacity wait object, or a sequence of
        seconds whose last element repeats. None restarts at once.
    dynamic
        Children come and go by `SupervisorRef.start_child` only; they stop all at once, and their
        specs go with them.
    limit
        How many children a dynamic supervisor may have.
    auto_shutdown
        Whether it ends when ``any``, or ``all``, of its significant children have ended.
    restart, shutdown, significant
        As in `ChildSpec`, for the supervisor itself; it may take its time by default.
    """

    id: str
    children: "Sequence[ChildSpec[Never] | SupervisorSpec]" = ()
    strategy: Strategy = "one_for_one"
    intensity: int = 1
    period: float = 5.0
    backoff: Backoff = None
    dynamic: bool = False
    limit: int | None = None
    auto_shutdown: AutoShutdown = "never"
    restart: RestartType = "permanent"
    shutdown: float | None = None
    significant: bool = False

    def __post_init__(self) -> None:
        _check_child(self.id, self.restart, self.shutdown, significant=self.significant)
        if self.strategy not in get_args(Strategy):
            raise InvalidStrategy(f"{self.id}: strategy is {self.strategy!r}")
        if self.auto_shutdown not in get_args(AutoShutdown):
            raise InvalidAutoShutdown(f"{self.id}: auto_shutdown is {self.auto_shutdown!r}")
        if self.intensity < 0:
            raise InvalidIntensity(f"{self.id}: intensity is {self.intensity!r}")
        if not (0 < self.period < math.inf):
            raise InvalidPeriod(f"{self.id}: period is {self.period!r}")
        if isinstance(self.backoff, Sequence) and (
            not self.backoff or not all(0 <= delay < math.inf for delay in self.backoff)
        ):
            raise InvalidBackoff(f"{self.id}: backoff is {self.backoff!r}")
        if self.dynamic and (self.children or self.strategy != "one_for_one"):
            raise InvalidDynamic(f"{self.id}: dynamic means one_for_one without static children")
        if self.limit is not None and (not self.dynamic or self.limit < 1):
            raise InvalidDynamic(f"{self.id}: limit is {self.limit!r}")
        seen: set[str] = set()
        for child in self.children:
            if child.id in seen:
                raise DuplicateId(child.id)
            seen.add(child.id)
            self.check(child)

    def check(self, child: "ChildSpec[Never] | SupervisorSpec") -> None:
        """Refuse a child that may not be here.

        Raises
        ------
        InvalidSignificant
            It is significant, and this supervisor never shuts down by itself.
        """
        if child.significant and self.auto_shutdown == "never":
            raise InvalidSignificant(f"{child.id}: {self.id} never shuts down by itself")
