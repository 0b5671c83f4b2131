"""What is Python's own: cancellation, exception groups, and event loops that must stay fair."""

import asyncio
from itertools import pairwise

import anyio
import pytest

from actors.runtime import ActorStopped, AskTimeout, SupervisorSpec
from actors.runtime.testing import Probe, settle

pytestmark = pytest.mark.anyio


async def _nothing(actor):
    return None


async def _sleep_forever(actor, *_):
    await anyio.sleep_forever()


async def test_case_54_an_outer_cancel_stops_in_order_and_leaves_no_task(stage):
    entered = anyio.Event()

    async def run():
        inner = SupervisorSpec("s", (stage.actor("b"), stage.actor("c")))
        async with stage.system(stage.actor("a"), inner) as system:
            ref = stage.ref(system, "/s/c")

            async def start(actor):
                actor.context.start_task(anyio.sleep_forever)

            await stage.run(ref, start)
            entered.set()
            await anyio.sleep_forever()

    before = len(asyncio.all_tasks()) if _on_asyncio() else None
    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await entered.wait()
        stage.take()
        group.cancel_scope.cancel()
    assert stage.take() == [f"stop {name} shutdown" for name in "cba"]
    if before is not None:
        assert len(asyncio.all_tasks()) == before


def _on_asyncio():
    try:
        return asyncio.get_running_loop() is not None
    except RuntimeError:
        return False


async def test_case_54_a_block_that_raises_stops_in_order_and_its_error_comes_through(stage):
    async def run():
        async with stage.system(stage.actor("a"), stage.actor("b")):
            stage.take()
            raise KeyError

    with pytest.raises(KeyError):
        await run()
    assert stage.take() == ["stop b shutdown", "stop a shutdown"]


async def test_case_54_a_start_that_is_cancelled_stops_what_has_started(stage):
    async def run():
        async with stage.system(
            stage.actor("a"), stage.actor("slow", on_start=_sleep_forever, shutdown=0)
        ):
            pytest.fail("the system started")

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await settle()
        group.cancel_scope.cancel()
    assert stage.take() == ["start a", "stop a shutdown"]


async def test_case_54_an_interrupt_in_a_handler_ends_the_system_and_comes_through(stage):
    async def interrupt(actor):
        raise Interrupt

    async def run():
        async with stage.system(stage.actor("a"), stage.actor("b")) as system:
            stage.ref(system, "/a").tell_nowait(stage.do(interrupt))
            await anyio.sleep_forever()

    if _on_asyncio():
        pytest.skip("asyncio lets it out of its loop before anybody can catch it")
    with pytest.raises(BaseExceptionGroup) as raised:
        await run()
    assert raised.value.subgroup(Interrupt)


class Interrupt(KeyboardInterrupt):
    pass


async def test_case_55_exceptions_wrapped_in_groups_match(stage):
    async def fail():
        raise OSError("inside")

    async def work(actor):
        async with anyio.create_task_group() as outer, anyio.create_task_group() as inner:
            inner.start_soon(fail)
            outer.start_soon(anyio.sleep_forever)

    async with stage.system(stage.actor("a"), SupervisorSpec("pool", dynamic=True)) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        ref = stage.ref(system, "/a")
        probe.monitor(ref)
        ref.tell_nowait(stage.do(work))
        down = await probe.next()
        assert isinstance(down.reason.error, ExceptionGroup)
        assert down.reason.caused_by(OSError)
        assert down.reason.caused_by(KeyError, OSError)
        assert not down.reason.caused_by(KeyError)
        assert await stage.incarnation(ref) == 2


async def test_case_55_a_kill_mixed_with_errors_in_one_group_is_a_kill(stage):
    async def fail_when_cancelled():
        try:
            await anyio.sleep_forever()
        finally:
            raise OSError("while being cancelled")

    async def work(actor):
        async with anyio.create_task_group() as group:
            group.start_soon(fail_when_cancelled)
            await anyio.sleep_forever()

    async with stage.system(stage.actor("a", shutdown=0)) as system:
        stage.ref(system, "/a").tell_nowait(stage.do(work))
        await settle()
        await system.supervisor("/root").terminate_child("a")
        assert stage.events("actor.stopped")[-1]["reason"] == "killed"
        assert stage.events("actor.restarting") == []
        assert [line["reason"] for line in stage.events("actor.crashed")] != []


async def test_case_56_a_child_that_swallows_cancellation_becomes_a_zombie_and_stop_goes_on(stage):
    release = anyio.Event()

    async def swallow(actor):
        while not release.is_set():
            try:
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                with anyio.CancelScope(shield=True):
                    await release.wait()

    pool = SupervisorSpec("pool", dynamic=True)
    children = (pool, stage.actor("a", shutdown=2), stage.actor("b"))
    async with stage.system(*children, grace=1) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        ref = stage.ref(system, "/a")
        probe.monitor(ref)
        async with anyio.create_task_group() as group:
            asked = []

            async def ask():
                with pytest.raises(ActorStopped):
                    await ref.ask(stage.do(swallow), timeout=100)
                asked.append("failed")

            group.start_soon(ask)
            await settle()
            group.start_soon(system.supervisor("/root").terminate_child, "a")
            await stage.clock.advance(2.9)
            assert system.zombies == ()
            await stage.clock.advance(0.1)
        assert system.zombies == ("/root/a",)
        assert asked == ["failed"]
        assert (await probe.next()).reason.kind == "killed"
        (zombie,) = stage.events("actor.zombie")
        assert zombie["actor"] == "/root/a"
        # Its place can be used again while the zombie is still there, and it cannot reach it.
        await system.supervisor("/root").restart_child("a")
        release.set()
        await settle()
        assert system.zombies == ()
        assert await stage.incarnation(ref) == 2
        assert stage.states(system)["a"] == "running"


async def test_case_56_stop_ends_within_deadline_and_grace(stage):
    release = anyio.Event()

    async def swallow(actor, *_):
        with anyio.CancelScope(shield=True):
            await release.wait()

    async with stage.system(
        stage.actor("first"), stage.actor("a", shutdown=2, on_stop=swallow), grace=1
    ) as system:
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            await stage.clock.advance(3)
        assert system.tree().state == "stopped"
        assert stage.take()[-1] == "stop first shutdown"
        assert system.zombies == ("/root/a",)
        release.set()
    assert system.zombies == ()


async def test_case_57_a_cancelled_handler_is_not_a_crash(stage):
    async with stage.system(stage.actor("a", shutdown=1), intensity=0) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(stage.do(_sleep_forever))
        await settle()
        async with anyio.create_task_group() as group:
            group.start_soon(system.supervisor("/root").terminate_child, "a")
            await stage.clock.advance(1)
        assert stage.events("actor.crashed") == []
        assert system.tree().state == "running"
        assert stage.states(system) == {"a": "stopped"}


async def test_case_57_cancellation_within_a_handler_stays_within(stage):
    async def work(actor):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await anyio.sleep_forever()
        return "done"

    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        assert await stage.run(ref, work) == "done"
        assert await stage.incarnation(ref) == 1


async def test_case_57_a_cancellation_that_nobody_ordered_is_a_crash(stage):
    """A handler may await a task that somebody cancelled."""
    if not _on_asyncio():
        pytest.skip("trio has no such tasks")

    async def work(actor):
        task = asyncio.ensure_future(asyncio.sleep(1000))
        task.cancel()
        await task

    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(stage.do(work))
        await settle()
        assert await stage.incarnation(ref) == 2
        (crashed,) = stage.events("actor.crashed")
        assert isinstance(crashed["exc_info"], asyncio.CancelledError)


async def test_case_58_a_20k_backlog_does_not_starve_a_ticker(stage):
    """Counts turns; the time stands in the benchmark."""
    async with stage.system(stage.actor("a", mailbox=20_000)) as system:
        ref = stage.ref(system, "/a")
        for _ in range(20_000):
            ref.tell_nowait(stage.do(_nothing))
        handled = []
        while not handled or handled[-1] < 20_000:
            await anyio.lowlevel.checkpoint()
            handled.append(system.tree().children[0].handled)
        steps = [after - before for before, after in pairwise(handled)]
        assert max(steps) <= 128


@pytest.mark.parametrize("natively", [False, True])
async def test_case_59_a_cancelled_sender_leaves_no_phantom_and_passes_its_slot_on(stage, natively):
    """`first` is cancelled in the very step that admits it: by its scope, or by asyncio itself.

    A scope lets what has happened stand, so `first` may have been sent; then its `tell` returned.
    """
    if natively and not _on_asyncio():
        pytest.skip("only asyncio's tasks can be cancelled by themselves")
    async with stage.system(stage.actor("a", mailbox=1)) as system:
        ref = stage.ref(system, "/a")
        gate = anyio.Event()
        cancel = {}
        sent = []

        async def hold(actor):
            await gate.wait()

        async def cancel_first(actor):
            # Taking this message has admitted `first`, which has not run since.
            cancel["first"]()

        async def send(name):
            with anyio.CancelScope() as scope:
                cancel[name] = asyncio.current_task().cancel if natively else scope.cancel
                try:
                    await ref.tell(name)
                    sent.append(name)
                except anyio.get_cancelled_exc_class():
                    if not natively:
                        raise
                    asyncio.current_task().uncancel()  # or the task group takes it for its own

        ref.tell_nowait(stage.do(hold))
        await settle()
        ref.tell_nowait(stage.do(cancel_first))
        async with anyio.create_task_group() as group:
            for name in ("early", "first", "second"):
                group.start_soon(send, name)
                await settle()
            cancel["early"]()
            await settle()
            gate.set()
        assert await stage.incarnation(ref) == 1
        assert stage.take() == ["start a", *(f"a got {name}" for name in sent)]
        assert sent == (["second"] if natively else ["first", "second"])
        assert system.dead_letters.count == 0


async def test_case_59_an_ask_that_times_out_in_line_leaves_no_phantom_either(stage):
    async with stage.system(stage.actor("a", mailbox=1)) as system:
        ref = stage.ref(system, "/a")
        gate = anyio.Event()

        async def hold(actor):
            await gate.wait()

        async def note(actor):
            stage.note("phantom")

        async def ask():
            with pytest.raises(AskTimeout):
                await ref.ask(stage.do(note), timeout=1)

        ref.tell_nowait(stage.do(hold))
        await settle()
        ref.tell_nowait("queued")
        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await settle()
            group.start_soon(ref.tell, "patient")
            await stage.clock.advance(1)
            gate.set()
        assert await stage.incarnation(ref) == 1
        assert stage.take() == ["start a", "a got queued", "a got patient"]
