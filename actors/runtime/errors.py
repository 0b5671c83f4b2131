"""Everything that the runtime raises.

::

    ActorError
    ├─ SpecError                a spec that can never work, refused where it is written
    │  ├─ InvalidId  InvalidRestart  InvalidShutdown  InvalidMailbox
    │  ├─ InvalidStrategy  InvalidIntensity  InvalidPeriod  InvalidBackoff
    │  ├─ InvalidDynamic  InvalidSignificant  InvalidAutoShutdown
    │  └─ DuplicateId
    ├─ ChildError               a supervisor cannot do what it was asked
    │  ├─ StartFailed           the child's start raised; it is the `__cause__`
    │  ├─ AlreadyStarted        carries the ref that is there
    │  ├─ AlreadyPresent        the id's spec is kept, not running
    │  ├─ ChildNotFound  ChildRunning  ChildRestarting
    │  ├─ TooManyChildren
    │  └─ NotRunning            no incarnation is there to do it
    ├─ RestartLimitReached      why a supervisor gave up
    ├─ DeliveryError            a message that found no answer
    │  ├─ MailboxFull           hands the message back
    │  ├─ ActorStopped          ended for good, or the supervisor gave up; carries its `Exit`
    │  ├─ ActorCrashed          it raised while it handled this very ask
    │  ├─ AskTimeout
    │  └─ Deadlock              the wait could never end
    ├─ WrongReply               a handler returned what its ask does not promise
    └─ AlreadyReplied           a deferred answer was given twice

Each carries what its catcher needs as attributes; no message text has to be parsed.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Never

from actors.runtime.exits import Exit

if TYPE_CHECKING:
    from actors.runtime.ref import ActorRef, SupervisorRef


class ActorError(Exception):
    """Root of the runtime's errors."""


class SpecError(ActorError):
    """A spec that can never work."""


class InvalidId(SpecError):
    """An id is empty or holds a slash, which separates the parts of a path."""


class InvalidRestart(SpecError):
    """`restart` is none of permanent, transient, temporary."""


class InvalidShutdown(SpecError):
    """A shutdown deadline is negative or not a number of seconds."""


class InvalidMailbox(SpecError):
    """A mailbox has room for less than one message."""


class InvalidStrategy(SpecError):
    """`strategy` is none of one_for_one, one_for_all, rest_for_one."""


class InvalidIntensity(SpecError):
    """`intensity` is negative."""


class InvalidPeriod(SpecError):
    """`period` is not a positive number of seconds."""


class InvalidBackoff(SpecError):
    """A sequence of delays is empty or has a negative one."""


class InvalidDynamic(SpecError):
    """A dynamic supervisor has static children or another strategy than one_for_one.

    Also: a limit of children, which only dynamic supervisors have, elsewhere or below one.
    """


class InvalidSignificant(SpecError):
    """A significant child is permanent, or its supervisor never shuts down by itself."""


class InvalidAutoShutdown(SpecError):
    """`auto_shutdown` is none of never, any, all."""


class DuplicateId(SpecError):
    """Two children of one supervisor have the same id."""

    def __init__(self, child_id: str) -> None:
        super().__init__(f"two children have the id {child_id!r}")
        self.id = child_id


class ChildError(ActorError):
    """A supervisor cannot do what it was asked."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class StartFailed(ChildError):
    """The child at `path` did not start; the error that its start raised is the `__cause__`."""

    def __init__(self, path: str, cause: BaseException) -> None:
        super().__init__(path, f"start failed: {cause!r}")
        self.cause = cause


class AlreadyStarted(ChildError):
    """The id, or the registered name, belongs to a living child: `ref`."""

    def __init__(self, path: str, ref: "ActorRef[Never] | SupervisorRef") -> None:
        super().__init__(path, "already started")
        self.ref = ref


class AlreadyPresent(ChildError):
    """The id's spec is kept, but the child is not running: `restart_child` or `delete_child`."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "already present, not running")


class ChildNotFound(ChildError):
    """There is no such child."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "no such child")


class ChildRunning(ChildError):
    """The child must be terminated first."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "is running")


class ChildRestarting(ChildError):
    """The child waits for its restart; `terminate_child` cancels that."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "is being restarted")


class TooManyChildren(ChildError):
    """A dynamic supervisor has its `limit` of children, those that are restarting included."""

    def __init__(self, path: str, limit: int) -> None:
        super().__init__(path, f"has its {limit} children")
        self.limit = limit


class NotRunning(ChildError):
    """Nothing runs at the path now: not started, restarting, stopping or stopped."""

    def __init__(self, path: str) -> None:
        super().__init__(path, "is not running")


class RestartLimitReached(ActorError):
    """A supervisor's child wanted more than `intensity` restarts within `period` seconds.

    The child's last error, if it had one, is the `__cause__`.
    """

    def __init__(self, path: str, child: str, intensity: int, period: float) -> None:
        super().__init__(f"{path}: {child!r} needed more than {intensity} restarts in {period:g} s")
        self.path = path
        self.child = child
        self.intensity = intensity
        self.period = period


class DeliveryError(ActorError):
    """A message to the actor at `path` found no answer."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"{path}: {message}")
        self.path = path


class MailboxFull(DeliveryError):
    """There is no room; `refused` is the message."""

    def __init__(self, path: str, refused: object) -> None:
        super().__init__(path, f"mailbox full, {type(refused).__name__} refused")
        self.refused = refused


class ActorStopped(DeliveryError):
    """The actor ended, and is not being restarted; `reason` says how."""

    def __init__(self, path: str, reason: Exit) -> None:
        super().__init__(path, f"has ended ({reason.kind})")
        self.exit = reason


class ActorCrashed(DeliveryError):
    """The actor crashed while it handled this ask, or before its deferred answer; see `reason`."""

    def __init__(self, path: str, reason: BaseException | None) -> None:
        super().__init__(path, f"crashed: {reason!r}")
        self.reason = reason


class AskTimeout(DeliveryError):
    """No answer within `timeout` seconds. The message may still be handled."""

    def __init__(self, path: str, message: object, timeout: float) -> None:
        super().__init__(path, f"no answer to {type(message).__name__} within {timeout:g} s")
        self.timeout = timeout


class Deadlock(DeliveryError):
    """The actor waits, itself or through the asks in `chain`, for whoever would wait here."""

    def __init__(self, path: str, chain: Sequence[str]) -> None:
        super().__init__(path, f"would wait for itself: {' → '.join((*chain, path))}")
        self.chain = tuple(chain)


class WrongReply(ActorError):
    """A handler's answer is not of the type that the `Ask` promises. It crashes the actor."""

    def __init__(self, path: str, message: object, reply: object) -> None:
        super().__init__(
            f"{path}: answered {type(message).__name__} with a {type(reply).__name__}",
        )
        self.path = path


class AlreadyReplied(ActorError):
    """A deferred answer was given twice."""
