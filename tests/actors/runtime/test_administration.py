import gc
import weakref

import pytest

from actors.runtime import (
    ActorStopped,
    ChildCounts,
    ChildNotFound,
    ChildRestarting,
    ChildRunning,
    Deadlock,
    SupervisorSpec,
)

pytestmark = pytest.mark.anyio


async def test_case_11_terminate_keeps_the_spec_is_idempotent_and_refuses_unknown_ids(stage):
    async with stage.system(stage.actor("a"), SupervisorSpec("pool", dynamic=True)) as system:
        root, pool = system.supervisor("/root"), system.supervisor("/root/pool")
        ref = stage.ref(system, "/a")
        await root.terminate_child("a")
        await root.terminate_child("a")
        assert stage.states(system)["a"] == "stopped"
        assert stage.take() == ["start a", "stop a shutdown"]
        with pytest.raises(ActorStopped):
            await stage.incarnation(ref)
        await root.restart_child("a")
        assert await stage.incarnation(ref) == 2
        with pytest.raises(ChildNotFound):
            await root.terminate_child("b")
        await pool.start_child(stage.actor("x"))
        await pool.terminate_child("x")
        with pytest.raises(ChildNotFound):
            await pool.terminate_child("x")


async def test_case_12_delete_and_restart_are_refused_while_running_or_restarting(stage):
    async with stage.system(stage.actor("a"), backoff=(3.0,)) as system:
        root = system.supervisor("/root")
        with pytest.raises(ChildRunning):
            await root.restart_child("a")
        with pytest.raises(ChildRunning):
            root.delete_child("a")
        await stage.crash(stage.ref(system, "/a"))
        with pytest.raises(ChildRestarting):
            await root.restart_child("a")
        with pytest.raises(ChildRestarting):
            root.delete_child("a")
        await root.terminate_child("a")
        root.delete_child("a")
        assert stage.states(system) == {}
        with pytest.raises(ChildNotFound):
            await root.restart_child("a")


async def test_case_13_terminating_a_restarting_child_cancels_the_restart(stage):
    pool = SupervisorSpec("pool", dynamic=True, backoff=(3.0,))
    async with stage.system(stage.actor("a"), pool, backoff=(3.0,)) as system:
        in_pool = await system.supervisor("/root/pool").start_child(stage.actor("x"))
        await stage.crash(stage.ref(system, "/a"), in_pool)
        stage.take()
        await system.supervisor("/root").terminate_child("a")
        await system.supervisor("/root/pool").terminate_child("x")
        await stage.clock.advance(10)
        assert stage.take() == []
        assert stage.states(system) == {"a": "stopped", "pool": "running"}
        assert stage.states(system, "/root/pool") == {}


async def test_case_14_counts_are_right_while_some_children_are_restarting(stage):
    async with stage.system(
        stage.actor("a"), stage.actor("b"), SupervisorSpec("s"), backoff=(3.0,)
    ) as system:
        root = system.supervisor("/root")
        assert root.count_children() == ChildCounts(specs=3, active=3, supervisors=1, workers=2)
        await stage.crash(stage.ref(system, "/a"))
        assert root.count_children() == ChildCounts(specs=3, active=2, supervisors=1, workers=2)
        await stage.clock.advance(3)
        assert root.count_children() == ChildCounts(specs=3, active=3, supervisors=1, workers=2)
        await root.terminate_child("b")
        assert root.count_children() == ChildCounts(specs=3, active=2, supervisors=1, workers=2)


async def test_case_15_a_temporary_childs_spec_and_start_arguments_are_not_retained(stage):
    class Argument:
        pass

    async with stage.system() as system:
        root = system.supervisor("/root")

        async def start():
            argument = Argument()

            async def hold(actor):
                assert argument is not None

            ref = await root.start_child(stage.actor("t", restart="temporary", on_start=hold))
            await stage.finish(ref)
            return weakref.ref(argument)

        argument = await start()
        assert root.which_children() == ()
        gc.collect()
        assert argument() is None


async def test_an_actor_that_asks_for_its_own_termination_and_waits_is_refused(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")

        async def terminate(actor):
            await actor.context.system.supervisor("/root").terminate_child("a")

        async def stop_everything(actor):
            await actor.context.system.stop()

        async def stop(actor):
            await actor.context.ref.stop()

        async def check(actor):
            for act in (terminate, stop_everything, stop):
                with pytest.raises(Deadlock):
                    await act(actor)
            return "refused"

        assert await stage.run(ref, check) == "refused"


async def test_the_tree_shows_every_child_with_its_state_restarts_age_and_mailbox(stage):
    pool = SupervisorSpec("pool", dynamic=True, intensity=2)
    async with stage.system(stage.actor("a"), pool) as system:
        ref = await system.supervisor("/root/pool").start_child(stage.actor("x"))
        await stage.clock.advance(4)
        await stage.crash(ref)
        await stage.clock.advance(2)
        ref.tell_nowait("waiting")
        tree = system.tree()
        assert [child.path for child in tree.children] == ["/root/a", "/root/pool"]
        (child,) = tree.children[1].children
        assert (child.path, child.kind, child.state) == ("/root/pool/x", "actor", "running")
        assert (child.incarnation, child.restarts, child.crashes) == (2, 1, 1)
        assert (child.age, child.mailbox, child.handled) == (2.0, 1, 0)
        assert tree.children[0].age == 6.0


async def test_a_path_that_leads_nowhere_is_not_found(stage):
    async with stage.system(stage.actor("a")) as system:
        for path in ("/root/b", "/other", "/root/a", "", "/"):
            with pytest.raises(ChildNotFound):
                system.supervisor(path)
        with pytest.raises(ChildNotFound):
            system.crash("/root/b", ValueError())
