import anyio
import pytest

from actors.runtime import ActorStopped, Exit, NotRunning, SupervisorSpec
from actors.runtime.testing import Probe, settle

pytestmark = pytest.mark.anyio


async def _sleep_forever(actor, *_):
    await anyio.sleep_forever()


async def test_case_32_children_stop_in_the_reverse_order_of_their_start(stage):
    inner = SupervisorSpec("m", [stage.actor(name) for name in ("y", "x")])
    async with stage.system(stage.actor("k"), stage.actor("z"), inner, stage.actor("a")):
        stage.take()
    assert stage.take() == [f"stop {name} shutdown" for name in ("a", "x", "y", "z", "k")]


async def test_case_33_a_cooperative_child_ends_shutdown_and_an_overdue_one_killed(stage):
    children = (
        stage.actor("first"),
        stage.actor("overdue", on_stop=_sleep_forever, shutdown=2),
        stage.actor("last"),
    )
    async with stage.system(*children) as system, anyio.create_task_group() as group:
        group.start_soon(system.stop)
        await settle()
        assert stage.states(system) == {
            "first": "running",
            "overdue": "stopping",
            "last": "stopped",
        }
        await stage.clock.advance(2)
        ends = {line["actor"]: line["reason"] for line in stage.events("actor.stopped")}
        assert ends == {
            "/root/first": "shutdown",
            "/root/overdue": "killed",
            "/root/last": "shutdown",
            "/root": "shutdown",
        }


async def test_case_34_a_shutdown_of_0_cancels_at_once_and_skips_on_stop(stage):
    async with stage.system(stage.actor("a", shutdown=0)) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(stage.do(_sleep_forever))
        await settle()
        await system.supervisor("/root").terminate_child("a")
        assert stage.take() == ["start a"]
        assert stage.events("actor.stopped")[-1]["reason"] == "killed"


async def test_case_35_dynamic_children_stop_in_parallel(stage):
    async with stage.system(SupervisorSpec("pool", dynamic=True)) as system:
        pool = system.supervisor("/root/pool")
        for number in range(20):
            await pool.start_child(stage.actor(str(number), on_stop=_sleep_forever, shutdown=3))
        stage.take()
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            await stage.clock.advance(2.9)
            assert len(stage.take()) == 20
            assert system.tree().state == "stopping"
            await stage.clock.advance(0.1)
            assert system.tree().state == "stopped"


@pytest.mark.parametrize("restart", ["permanent", "transient", "temporary"])
@pytest.mark.parametrize("end", ["normal", "shutdown", "crash", "killed"])
@pytest.mark.parametrize("dynamic", [False, True])
async def test_case_36_children_that_end_by_themselves_meanwhile_never_hang_the_stop(
    stage, restart, end, dynamic
):
    """While `slow` is being stopped, its siblings end in one of four ways."""

    async def hold(actor, reason):
        for other in ("a", "b"):
            ref = refs[other]
            match end:
                case "normal":
                    ref.tell_nowait(stage.do(finish))
                case "shutdown":
                    group.start_soon(ref.stop)
                case "crash":
                    ref.tell_nowait(ValueError("meanwhile"))
                case _:
                    ref.tell_nowait(stage.do(_sleep_forever))
        await settle()

    async def finish(actor):
        actor.context.stop()

    async with stage.system(
        SupervisorSpec("s", dynamic=dynamic, intensity=5), stage.actor("outside")
    ) as system:
        supervisor = system.supervisor("/root/s")
        refs = {}
        for name, options in (("a", {}), ("b", {}), ("slow", {"on_stop": hold})):
            deadline = 1 if end == "killed" else 5
            refs[name] = await supervisor.start_child(
                stage.actor(name, restart=restart, shutdown=deadline, **options)
            )
        async with anyio.create_task_group() as group:
            group.start_soon(system.supervisor("/root").terminate_child, "s")
            await stage.clock.advance(4)
        assert stage.states(system) == {"s": "stopped", "outside": "running"}
        assert all(stage.ref(system, "/outside") is not ref for ref in refs.values())
        for ref in refs.values():
            with pytest.raises(ActorStopped):
                await stage.incarnation(ref)


async def test_case_37_a_child_that_hides_from_its_supervisor_cannot_hang_it(stage):
    """Python has no `unlink`: hiding means to shield oneself. The child becomes a zombie."""
    release = anyio.Event()

    async def hide(actor):
        with anyio.CancelScope(shield=True):
            await release.wait()

    async with stage.system(stage.actor("a", shutdown=1), stage.actor("b"), grace=1) as system:
        stage.ref(system, "/a").tell_nowait(stage.do(hide))
        await settle()
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            await stage.clock.advance(2)
        assert system.tree().state == "stopped"
        assert system.zombies == ("/root/a",)
        release.set()


async def test_case_38_the_steps_of_a_stop_are_linear_in_the_children(stage):
    """Counts how often the event loop comes round; the time stands in the benchmark."""

    async def turns_to_stop(children):
        turns = 0

        async def count():
            nonlocal turns
            while True:
                await anyio.lowlevel.checkpoint()
                turns += 1

        async with stage.system(SupervisorSpec("pool", dynamic=True)) as system:
            pool = system.supervisor("/root/pool")
            for number in range(children):
                await pool.start_child(stage.actor(str(number)))
            async with anyio.create_task_group() as group:
                group.start_soon(count)
                await system.stop()
                group.cancel_scope.cancel()
        return turns

    few, many = await turns_to_stop(20), await turns_to_stop(200)
    assert many <= few * 12


async def test_case_39_stop_outranks_queued_messages_but_the_handler_at_work_finishes(stage):
    gate = anyio.Event()

    async def work(actor):
        await gate.wait()
        stage.note("worked")

    async with stage.system(stage.actor("a", restart="temporary")) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(stage.do(work))
        ref.tell_nowait("queued")
        await settle()
        async with anyio.create_task_group() as group:
            group.start_soon(ref.stop)
            await settle()
            gate.set()
        assert stage.take() == ["start a", "worked", "stop a shutdown"]
        assert [letter.message for letter in system.dead_letters.recent] == ["queued"]


async def test_case_40_drain_handles_all_admitted_messages_and_refuses_new_ones(stage):
    gate = anyio.Event()

    async def work(actor):
        await gate.wait()

    async with stage.system(stage.actor("a", restart="temporary", mailbox=3)) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(stage.do(work))
        await settle()
        async with anyio.create_task_group() as group:
            ref.tell_nowait("one")
            ref.tell_nowait("two")
            ref.tell_nowait("three")
            group.start_soon(ref.tell, "waiting for room")
            await settle()
            group.start_soon(ref.drain)
            await settle()
            ref.tell_nowait("refused")
            with pytest.raises(ActorStopped):
                await stage.incarnation(ref)
            gate.set()
        assert stage.take() == [
            "start a",
            "a got one",
            "a got two",
            "a got three",
            "stop a shutdown",
        ]
        refused = [letter.message for letter in system.dead_letters.recent]
        assert sorted(refused) == ["refused", "waiting for room"]


async def test_case_40_a_permanent_actor_that_was_drained_comes_back_open(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait("one")
        await ref.drain()
        await settle()
        assert await stage.incarnation(ref) == 2
        assert stage.take() == ["start a", "a got one", "stop a shutdown", "start a"]


async def test_case_40_a_crash_while_draining_does_not_end_the_drain(stage):
    async with stage.system(stage.actor("a", restart="transient")) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait(ValueError("one"))
        ref.tell_nowait("two")
        await ref.drain()
        assert stage.take() == [
            "start a",
            "stop a crashed",
            "start a",
            "a got two",
            "stop a shutdown",
        ]
        assert stage.states(system) == {"a": "stopped"}


async def test_case_41_on_stop_is_done_when_stop_returns(stage):
    async def cleanup(actor, reason):
        await settle()
        stage.note("cleaned up")

    async with stage.system(stage.actor("a", restart="temporary", on_stop=cleanup)) as system:
        await stage.ref(system, "/a").stop()
        assert stage.take() == ["start a", "stop a shutdown", "cleaned up"]


async def test_case_42_a_very_deep_tree_starts_shows_itself_and_stops(stage):
    depth = 1500
    spec = SupervisorSpec("leaf", (stage.actor("a"),))
    for level in range(depth):
        spec = SupervisorSpec(str(level), (spec,))
    async with stage.system(spec) as system:
        node, levels = system.tree(), 0
        while node.children:
            (node,) = node.children
            levels += 1
        assert (levels, node.kind) == (depth + 2, "actor")
    assert stage.take() == ["start a", "stop a shutdown"]


async def test_case_42_a_very_deep_tree_can_be_killed(stage):
    spec = SupervisorSpec("leaf", (stage.actor("a", on_stop=_sleep_forever, shutdown=None),))
    for level in range(1500):
        spec = SupervisorSpec(str(level), (spec,))
    async with stage.system(spec) as system, anyio.create_task_group() as group:
        group.start_soon(system.stop, 1.0)
        await stage.clock.advance(1.0)
        assert system.tree().state == "stopped"


async def test_case_43_cancelling_the_spawning_task_runs_cleanup(stage):
    entered = anyio.Event()

    async def run():
        async with stage.system(stage.actor("a"), stage.actor("b")):
            entered.set()
            await anyio.sleep_forever()

    async with anyio.create_task_group() as group:
        group.start_soon(run)
        await entered.wait()
        group.cancel_scope.cancel()
    assert stage.take() == ["start a", "start b", "stop b shutdown", "stop a shutdown"]


async def test_case_43_a_child_outlives_the_cancelled_task_that_started_it(stage):
    async with stage.system(SupervisorSpec("pool", dynamic=True)) as system:
        async with anyio.create_task_group() as group:

            async def starter():
                await system.supervisor("/root/pool").start_child(stage.actor("x"))
                await anyio.sleep_forever()

            group.start_soon(starter)
            await settle()
            group.cancel_scope.cancel()
        assert await stage.incarnation(stage.ref(system, "/pool/x")) == 1


async def test_the_deadline_of_the_whole_stop_cancels_what_is_left(stage):
    pool = SupervisorSpec("pool", dynamic=True)
    children = (
        stage.actor("first", on_stop=_sleep_forever, shutdown=None),
        pool,
        stage.actor("last", on_stop=_sleep_forever, shutdown=None),
    )
    async with stage.system(*children) as system:
        await system.supervisor("/root/pool").start_child(stage.actor("x", shutdown=None))
        stage.take()
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop, 5.0)
            await stage.clock.advance(4.9)
            assert stage.states(system) == {
                "first": "running",
                "pool": "running",
                "last": "stopping",
            }
            await stage.clock.advance(0.1)
            assert system.tree().state == "stopped"
        assert system.zombies == ()


async def test_a_crashed_actors_cleanup_has_a_deadline_too(stage):
    async def hang_once(actor, reason):
        if actor.context.incarnation == 1:
            await anyio.sleep_forever()

    async with stage.system(stage.actor("a", on_stop=hang_once, shutdown=2)) as system:
        ref = stage.ref(system, "/a")
        await stage.crash(ref)
        assert stage.states(system) == {"a": "running"}
        await stage.clock.advance(2)
        assert await stage.incarnation(ref) == 2


async def test_on_stop_that_raises_is_a_crash_unless_there_was_one(stage):
    async def fail(actor, reason):
        raise OSError("cleanup")

    pool = SupervisorSpec("pool", dynamic=True)
    children = (stage.actor(name, restart="temporary", on_stop=fail) for name in "ab")
    async with stage.system(pool, *children) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        a, b = stage.ref(system, "/a"), stage.ref(system, "/b")
        probe.monitor(a)
        probe.monitor(b)
        await a.stop()
        assert (await probe.next()).reason.caused_by(OSError)
        await stage.crash(b, error=ValueError("first"))
        reason = (await probe.next()).reason
        assert reason.caused_by(ValueError)
        assert not reason.caused_by(OSError)
        assert len(stage.events("actor.crashed")) == 3


async def test_a_supervisor_that_is_asked_to_stop_twice_stops_once(stage):
    async with stage.system(stage.actor("a")) as system:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(system.stop)
        assert system.tree().state == "stopped"
        assert stage.take() == ["start a", "stop a shutdown"]
        assert await system.stop() == Exit("shutdown")


async def test_a_stopping_supervisor_takes_no_more_children(stage):
    overdue = stage.actor("a", on_stop=_sleep_forever, shutdown=1)
    async with stage.system(overdue) as system, anyio.create_task_group() as group:
        group.start_soon(system.stop)
        await settle()
        with pytest.raises(NotRunning):
            await system.supervisor("/root").start_child(stage.actor("b"))
        await stage.clock.advance(1)
