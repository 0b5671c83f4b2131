"""A stage for the runtime's tests: actors that do what a test tells them, and a journal of it."""

from collections.abc import Awaitable, Callable, Iterator, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from actors.runtime import (
    Actor,
    ActorRef,
    Ask,
    ChildSpec,
    Down,
    Exit,
    SupervisorSpec,
    System,
)
from actors.runtime.testing import VirtualClock, settle


@dataclass(frozen=True, slots=True)
class Do(Ask[object]):
    """Run a function within the actor and answer with what it returns."""

    function: Callable[["Scripted"], Awaitable[object]]


class Scripted(Actor[Any]):
    """Does what it is told, writes down what it goes through."""

    def __init__(self, stage: "Stage", name: str, hooks: dict[str, Any]) -> None:
        self.stage = stage
        self.name = name
        self.hooks = hooks

    async def on_start(self) -> None:
        if "on_start" in self.hooks:
            await self.hooks["on_start"](self)
        self.stage.note(f"start {self.name}")

    async def receive(self, message: Any) -> object:
        match message:
            case Do(function):
                return await function(self)
            case Down(ref, reason):
                self.stage.note(f"{self.name} sees {ref.name} {reason.kind}")
            case BaseException():
                raise message
            case _:
                self.stage.note(f"{self.name} got {message}")
        return None

    async def on_stop(self, reason: Exit) -> None:
        self.stage.note(f"stop {self.name} {reason.kind}")
        if "on_stop" in self.hooks:
            await self.hooks["on_stop"](self, reason)


class Stage:
    def __init__(self, log: list[MutableMapping[str, Any]]) -> None:
        self.clock = VirtualClock()
        self.journal: list[str] = []
        self.log = log

    def note(self, line: str) -> None:
        self.journal.append(line)

    def take(self) -> list[str]:
        """What was written since the last time."""
        lines, self.journal = self.journal, []
        return lines

    def events(self, *names: str) -> list[MutableMapping[str, Any]]:
        return [line for line in self.log if line["event"] in names]

    def actor(self, child_id: str, **options: Any) -> ChildSpec[Any]:
        """A scripted child; `on_start` and `on_stop` are hooks, the rest belongs to the spec."""
        hooks = {key: options.pop(key) for key in ("on_start", "on_stop") if key in options}
        return ChildSpec(id=child_id, start=lambda: Scripted(self, child_id, hooks), **options)

    def system(
        self, *children: ChildSpec[Any] | SupervisorSpec, grace: float = 1.0, **options: Any
    ) -> System:
        return System(SupervisorSpec("root", children, **options), clock=self.clock, grace=grace)

    def ref(self, system: System, path: str) -> ActorRef[Any]:
        parent, _, child_id = path.rpartition("/")
        ref = system.supervisor(f"/root{parent}").child(child_id)
        assert isinstance(ref, ActorRef)
        return ref

    async def run(
        self, ref: ActorRef[Any], function: Callable[[Scripted], Awaitable[object]]
    ) -> Any:
        """Have the actor run `function`; return what it returned."""
        return await ref.ask(Do(function))

    async def incarnation(self, ref: ActorRef[Any]) -> int:
        async def number(actor: Scripted) -> int:
            return actor.context.incarnation

        result = await self.run(ref, number)
        assert isinstance(result, int)
        return result

    async def crash(self, *refs: ActorRef[Any], error: BaseException | None = None) -> None:
        """Make them raise, and let the consequences come."""
        for ref in refs:
            ref.tell_nowait(error or ValueError(f"{ref.name} fails"))
        await settle()

    async def finish(self, ref: ActorRef[Any]) -> None:
        """Make it end itself, and let the consequences come."""

        async def stop(actor: Scripted) -> None:
            actor.context.stop()

        ref.tell_nowait(Do(stop))
        await settle()

    def states(self, system: System, path: str = "/root") -> dict[str, str]:
        children = system.supervisor(path).which_children()
        return {child.id: child.state for child in children}

    def do(self, function: Callable[[Scripted], Awaitable[object]]) -> Do:
        return Do(function)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with structlog.testing.capture_logs() as log:
        yield Stage(log)


class Flaky:
    """An `on_start` that fails for a while."""

    def __init__(self, outcomes: Sequence[bool]) -> None:
        self.outcomes = list(outcomes)

    async def __call__(self, actor: Scripted) -> None:
        fails = self.outcomes.pop(0) if self.outcomes else False
        if fails:
            actor.stage.note(f"fail {actor.name}")
            raise ValueError(f"{actor.name} does not start")


@pytest.fixture
def fails_at() -> Callable[..., Flaky]:
    """Make an `on_start` that fails at those of its calls (1, 2, …)."""

    def make(*calls: int) -> Flaky:
        return Flaky([call in calls for call in range(1, max(calls, default=0) + 1)])

    return make


@pytest.fixture(scope="session")
def make_stage() -> type[Stage]:
    return Stage
