"""The loop's own clock, which is what runs in production; on trio it is the test's MockClock."""

import anyio
import pytest

from actors.runtime import AskTimeout, SupervisorSpec, System

pytestmark = pytest.mark.anyio


async def test_delays_timers_and_timeouts_go_by_the_loops_clock(stage):
    children = (stage.actor("a"),)
    ticked = anyio.Event()

    async def tick(actor):
        stage.note("tick")
        ticked.set()

    async def arm(actor):
        actor.context.timers.start("late", 0.02, stage.do(tick))
        actor.context.timers.start("early", 0.01, "early")

    async def hang(actor):
        await anyio.sleep_forever()

    root = SupervisorSpec("root", children, backoff=(0.02,), intensity=5)
    async with System(root) as system:
        ref = stage.ref(system, "/a")
        await stage.run(ref, arm)
        await ticked.wait()
        assert stage.take() == ["start a", "a got early", "tick"]
        ref.tell_nowait(ValueError("crash"))
        ref.tell_nowait("queued")
        assert await stage.incarnation(ref) == 2
        assert stage.take() == ["stop a crashed", "start a", "a got queued"]
        with pytest.raises(AskTimeout):
            await ref.ask(stage.do(hang), timeout=0.01)
        with anyio.fail_after(5):
            await system.stop(within=0.02)


async def test_an_earlier_deadline_is_not_held_up_by_a_later_one(stage):
    async with System(SupervisorSpec("root", (stage.actor("a"),))) as system:
        due = anyio.Event()
        for seconds in (3000.0, 1000.0, 2000.0):
            system.deadlines.after(seconds, lambda: stage.note("too early"))
        await anyio.lowlevel.checkpoint()
        system.deadlines.after(0.01, due.set)
        await due.wait()
        assert "too early" not in stage.journal


async def test_cancelled_deadlines_are_tidied_away_and_never_called(stage):
    async with stage.system() as system:
        kept = [system.deadlines.after(5, lambda: stage.note("kept")) for _ in range(10)]
        for _ in range(10_000):
            system.deadlines.after(5, lambda: stage.note("cancelled")).cancel()
        assert len(system.deadlines) < 200
        kept.pop().cancel()
        kept[0].cancel()
        kept[0].cancel()
        await stage.clock.advance(10)
        assert stage.take() == ["kept"] * 8
        assert len(system.deadlines) == 0
