"""Hooks around `receive`, the numbers that each actor keeps, and faults that are made to order."""

from contextlib import suppress
from itertools import count

import anyio
import pytest

from actors.runtime import (
    Actor,
    ActorCrashed,
    ActorStopped,
    Ask,
    ChildSpec,
    Down,
    SupervisorSpec,
    System,
)
from actors.runtime.testing import Faults, Probe, settle

pytestmark = pytest.mark.anyio


class Journal:
    """A hook as one would write it for a log."""

    def __init__(self, *paths):
        self.paths = paths
        self.lines = []
        self.wrapped = []

    def __call__(self, ref, receive):
        if ref.path not in self.paths:
            return receive
        self.wrapped.append(ref.path)

        async def noted(message):
            try:
                answer = await receive(message)
            except Exception as error:
                self.lines.append(f"{ref.name}: {message} raised {error!r}")
                raise
            self.lines.append(f"{ref.name}: {message} -> {answer}")
            return answer

        return noted


class Upper(Ask[str]):
    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return f"Upper({self.text})"


class Shouting(Actor):
    async def receive(self, message):
        match message:
            case Upper(text=text):
                return text.upper()
            case "later":
                self.context.timers.start("key", 1, "tick")
            case "crash":
                raise ValueError
        return None


def _system(stage, *children, hooks=(), **options):
    return System(SupervisorSpec("root", children, **options), clock=stage.clock, hooks=hooks)


async def test_a_hook_sees_every_message_its_answer_and_its_crash_in_every_incarnation(stage):
    journal = Journal("/root/a")
    async with _system(stage, ChildSpec("a", Shouting), hooks=[journal]) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait("later")
        await stage.clock.advance(1)
        assert await ref.ask(Upper("x")) == "X"
        ref.tell_nowait("crash")
        assert await ref.ask(Upper("y")) == "Y"
    assert journal.lines == [
        "a: later -> None",
        "a: tick -> None",
        "a: Upper(x) -> X",
        "a: crash raised ValueError()",
        "a: Upper(y) -> Y",
    ]
    assert journal.wrapped == ["/root/a", "/root/a"]


async def test_a_hook_sees_a_down(stage):
    pool = SupervisorSpec("pool", dynamic=True)
    journal = Journal("/root/pool/probe")
    child = ChildSpec("a", Shouting, restart="temporary")
    async with _system(stage, pool, child, hooks=[journal]) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        ref = stage.ref(system, "/a")
        probe.monitor(ref)
        await ref.stop()
        down = await probe.next()
        assert isinstance(down, Down)
        assert journal.lines == [f"probe: {down} -> None"]


async def test_the_last_hook_stands_outermost_and_may_answer_itself(stage):
    def says(word):
        def hook(ref, receive):
            async def said(message):
                return f"{word}({await receive(message)})"

            return said

        return hook

    child = ChildSpec("a", Shouting)
    async with _system(stage, child, hooks=[says("inner"), says("outer")]) as system:
        assert await stage.ref(system, "/a").ask(Upper("x")) == "outer(inner(X))"


async def test_an_actor_that_no_hook_wraps_is_called_directly(stage):
    """That is what unused hooks cost: nothing."""
    seen = []

    class Looking(Shouting):
        async def receive(self, message):
            return message.text

    def look(ref, receive):
        seen.append(receive)
        return receive

    async with _system(stage, ChildSpec("a", Looking), hooks=[look, look]) as system:
        assert await stage.ref(system, "/a").ask(Upper("x")) == "x"
    assert seen[0] is seen[1]
    assert seen[0].__func__ is Looking.receive


async def test_statistics_tell_what_waits_what_was_handled_the_crashes_and_the_longest(stage):
    gate = anyio.Event()

    async def hold(actor):
        await gate.wait()

    async with stage.system(stage.actor("a"), intensity=9) as system:
        ref = stage.ref(system, "/a")
        assert (ref.statistics().handled, ref.statistics().longest) == (0, 0.0)
        for _ in range(3):
            await stage.incarnation(ref)
        ref.tell_nowait(stage.do(hold))
        await settle()
        ref.tell_nowait("one")
        ref.tell_nowait("two")
        statistics = ref.statistics()
        assert (statistics.mailbox, statistics.handled, statistics.crashed) == (2, 3, 0)
        gate.set()
        await settle()
        await stage.crash(ref)
        await stage.crash(ref)
        statistics = ref.statistics()
        assert (statistics.mailbox, statistics.handled, statistics.crashed) == (0, 6, 2)
        assert statistics.longest > 0
        (node,) = system.tree().children
        assert (node.mailbox, node.handled, node.crashed) == (0, 6, 2)
        assert node.longest == statistics.longest
        # All of them, also when those within the period are forgotten.
        await stage.clock.advance(100)
        assert (system.tree().children[0].crashed, system.tree().children[0].crashes) == (2, 0)


class Stepping(Actor):
    """Two awaits that wait, and one that does not."""

    def __init__(self, stage):
        self.stage = stage

    async def receive(self, message):
        for step in ("one", "two"):
            await anyio.lowlevel.checkpoint()
            self.stage.note(step)
        async with _Immediate():
            self.stage.note("three")
        return "done"


class _Immediate:
    async def __aenter__(self):
        pass

    async def __aexit__(self, *_):
        pass


async def test_a_fault_strikes_at_each_await_in_turn_until_there_are_no_more(stage):
    faults = Faults()
    reached = []
    child = ChildSpec("a", lambda: Stepping(stage))
    async with _system(stage, child, hooks=[faults.hook], intensity=99) as system:
        ref = stage.ref(system, "/a")
        for number in count(1):
            fault = faults.at_await("/root/a", number, OSError(f"at {number}"))
            stage.take()
            with suppress(ActorCrashed):
                assert await ref.ask(Upper("")) == "done"
            reached.append((fault.raised, stage.take()))
            if not fault.raised:
                break
        # It is used up: the next message is handled as ever.
        assert await ref.ask(Upper("")) == "done"
    assert reached == [
        (True, []),
        (True, ["one"]),
        (False, ["one", "two", "three"]),
    ]


async def test_a_fault_ends_an_await_that_would_never_end_and_may_be_caught(stage):
    class Catching(Actor):
        async def receive(self, message):
            try:
                await anyio.sleep_forever()
            except OSError as error:
                await anyio.lowlevel.checkpoint()
                return str(error)

    faults = Faults()
    async with _system(stage, ChildSpec("a", Catching), hooks=[faults.hook]) as system:
        faults.at_await("/root/a", 1, OSError("cut off"))
        assert await stage.ref(system, "/a").ask(Upper("")) == "cut off"


async def test_a_fault_leaves_what_was_awaited_in_order(stage):
    """The event that it waited for can be set, and the lock that it wanted is free for others."""
    event, lock = anyio.Event(), anyio.Lock()

    class Waiting(Actor):
        async def receive(self, message):
            if message.text == "event":
                await event.wait()
            else:
                async with lock:
                    return "locked"
            return None

    faults = Faults()
    child = ChildSpec("a", Waiting)
    async with _system(stage, child, hooks=[faults.hook], intensity=9) as system:
        ref = stage.ref(system, "/a")
        faults.at_await("/root/a", 1, OSError())
        with pytest.raises(ActorCrashed):
            await ref.ask(Upper("event"))
        event.set()
        async with lock:
            fault = faults.at_await("/root/a", 1, OSError())
            with pytest.raises(ActorCrashed):
                await ref.ask(Upper("lock"))
        assert fault.raised
        assert await ref.ask(Upper("lock")) == "locked"


async def test_a_kill_while_a_fault_is_planned_is_a_kill(stage):
    class Waiting(Actor):
        async def receive(self, message):
            await anyio.sleep_forever()

    faults = Faults()
    child = ChildSpec("a", Waiting, restart="temporary", shutdown=0)
    async with _system(stage, child, hooks=[faults.hook]) as system:
        ref = stage.ref(system, "/a")
        fault = faults.at_await("/root/a", 2, OSError())
        ref.tell_nowait(None)
        await settle()
        await ref.stop()
        assert not fault.raised
        with pytest.raises(ActorStopped) as stopped:
            await ref.ask(Upper(""))
        assert stopped.value.exit.kind == "killed"
