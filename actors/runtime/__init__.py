"""Actors under supervision, on asyncio and on trio.

Nothing here knows what the actors are for; see `actor` for how to write one, `specs` for how to
have it supervised, `ref` for how to talk to it, and `system` for how to run the tree.
"""

from actors.runtime.actor import Actor, Context
from actors.runtime.ask import Ask, Asking, Deferred
from actors.runtime.clock import Clock
from actors.runtime.dead_letters import DeadLetter, DeadLetters
from actors.runtime.errors import (
    ActorCrashed,
    ActorError,
    ActorStopped,
    AlreadyPresent,
    AlreadyReplied,
    AlreadyStarted,
    AskTimeout,
    ChildError,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    Deadlock,
    DeliveryError,
    MailboxFull,
    NotRunning,
    RestartLimitReached,
    SpecError,
    StartFailed,
    TooManyChildren,
    WrongReply,
)
from actors.runtime.exits import Exit
from actors.runtime.hooks import Hook, Receive
from actors.runtime.incarnation import ActorTask
from actors.runtime.incidents import Incident, Incidents
from actors.runtime.origin import Origin, origin
from actors.runtime.ref import ActorRef, Down, Statistics, SupervisorRef
from actors.runtime.registry import Name, Registry
from actors.runtime.specs import ChildSpec, SupervisorSpec
from actors.runtime.supervisor import ChildCounts, ChildInfo
from actors.runtime.system import Census, Node, System
from actors.runtime.timers import Timers

__all__ = [
    "Actor",
    "ActorCrashed",
    "ActorError",
    "ActorRef",
    "ActorStopped",
    "ActorTask",
    "AlreadyPresent",
    "AlreadyReplied",
    "AlreadyStarted",
    "Ask",
    "AskTimeout",
    "Asking",
    "Census",
    "ChildCounts",
    "ChildError",
    "ChildInfo",
    "ChildNotFound",
    "ChildRestarting",
    "ChildRunning",
    "ChildSpec",
    "Clock",
    "Context",
    "DeadLetter",
    "DeadLetters",
    "Deadlock",
    "Deferred",
    "DeliveryError",
    "Down",
    "Exit",
    "Hook",
    "Incident",
    "Incidents",
    "MailboxFull",
    "Name",
    "Node",
    "NotRunning",
    "Origin",
    "Receive",
    "Registry",
    "RestartLimitReached",
    "SpecError",
    "StartFailed",
    "Statistics",
    "SupervisorRef",
    "SupervisorSpec",
    "System",
    "Timers",
    "TooManyChildren",
    "WrongReply",
    "origin",
]
