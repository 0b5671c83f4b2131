"""Whose work is under way goes along with messages and tasks, and no further."""

from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import anyio.lowlevel
import pytest

from actors.runtime import Actor, ActorRef, Ask, ChildSpec, SupervisorSpec, System, origin
from actors.runtime.testing import VirtualClock, settle

pytestmark = pytest.mark.anyio

ADA = {"user": 1}


@dataclass(frozen=True, slots=True)
class Whose(Ask[object]):
    pass


@dataclass(frozen=True, slots=True)
class Pass:
    to: "ActorRef[Whose | Pass | str]"


class Scribe(Actor["Whose | Pass | str"]):
    def __init__(self, seen: list[Mapping[str, object] | None]) -> None:
        self.seen = seen

    async def on_start(self) -> None:
        self.seen.append(origin.get())

    async def receive(self, message: "Whose | Pass | str") -> object:
        match message:
            case Pass(to):
                self.context.start_task(to.tell, "told")
            case "later":
                self.context.timers.start("later", 0.001, "by nobody")
            case "crash":
                raise RuntimeError
            case _:
                self.seen.append(origin.get())
        return origin.get()


async def until(seen: list[Mapping[str, object] | None], count: int) -> None:
    with anyio.fail_after(10):
        while len(seen) < count:
            await anyio.lowlevel.checkpoint()


async def test_it_goes_with_what_is_asked_and_told_and_with_tasks_and_no_further() -> None:
    first: list[Mapping[str, object] | None] = []
    second: list[Mapping[str, object] | None] = []
    origin.set(ADA)
    clock = VirtualClock()
    one = ChildSpec(id="one", start=lambda: Scribe(first))
    two = ChildSpec(id="two", start=lambda: Scribe(second))
    async with System(
        SupervisorSpec(id="root", children=(one, two), intensity=3), clock=clock
    ) as system:
        root = system.supervisor("/root")
        a, b = root.child("one"), root.child("two")
        assert isinstance(a, ActorRef)
        assert isinstance(b, ActorRef)
        assert first == second == [None], "who starts the tree does not own what is in it"

        assert await a.ask(Whose()) == ADA
        await a.tell(Pass(b))
        await until(second, 2)
        assert second[-1] == ADA

        origin.set(None)
        assert await a.ask(Whose()) is None
        origin.set(ADA)
        await a.tell("later")
        await clock.advance(1)
        await until(first, 4)
        assert first == [None, ADA, None, None], "a timer belongs to nobody"

        await a.tell("crash")
        await until(first, 5)
        assert first[-1] is None, "nor does the next incarnation"


async def test_what_is_not_handled_is_a_dead_letter_as_it_was_told() -> None:
    seen: list[Mapping[str, object] | None] = []
    origin.set(ADA)
    spec = ChildSpec(id="one", start=lambda: Scribe(seen), restart="temporary")
    root = SupervisorSpec(id="root", children=(spec,))
    async with System(root, clock=VirtualClock()) as system:
        ref = system.supervisor("/root").child("one")
        assert isinstance(ref, ActorRef)
        ref.tell_nowait("crash")
        ref.tell_nowait("unread")
        await settle()
        assert [letter.message for letter in system.dead_letters.recent] == ["unread"]
