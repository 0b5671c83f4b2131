import anyio
import pytest
from tenacity import wait_chain, wait_exponential, wait_fixed

from actors.runtime import ActorStopped, ChildSpec, Name, RestartLimitReached, SupervisorSpec
from actors.runtime.restart import RestartWindow, delay_before
from actors.runtime.testing import Probe, settle

pytestmark = pytest.mark.anyio


async def test_case_16_permanent_restarts_after_normal_shutdown_and_crash(stage):
    async with stage.system(stage.actor("a"), intensity=3) as system:
        ref = stage.ref(system, "/a")
        await stage.finish(ref)
        await ref.stop()
        await stage.crash(ref)
        assert await stage.incarnation(ref) == 4
        assert stage.take() == [
            "start a",
            "stop a normal",
            "start a",
            "stop a shutdown",
            "start a",
            "stop a crashed",
            "start a",
        ]


async def test_case_17_transient_restarts_only_after_a_crash(stage):
    children = [stage.actor(name, restart="transient") for name in "abc"]
    async with stage.system(*children) as system:
        a, b, c = (stage.ref(system, f"/{name}") for name in "abc")
        await stage.finish(a)
        await b.stop()
        await stage.crash(c)
        assert stage.states(system) == {"a": "stopped", "b": "stopped", "c": "running"}
        assert await stage.incarnation(c) == 2


@pytest.mark.parametrize("strategy", ["one_for_all", "rest_for_one"])
async def test_case_18_temporary_never_restarts_even_as_a_bystander(stage, strategy):
    children = (
        stage.actor("a"),
        stage.actor("bystander", restart="temporary"),
        stage.actor("crashing", restart="temporary"),
        stage.actor("ending", restart="temporary"),
    )
    async with stage.system(*children, strategy=strategy) as system:
        await stage.crash(stage.ref(system, "/crashing"))
        await stage.finish(stage.ref(system, "/ending"))
        assert stage.states(system) == {"a": "running", "bystander": "running"}
        await stage.crash(stage.ref(system, "/a"))
        assert stage.states(system) == {"a": "running"}
        assert await stage.incarnation(stage.ref(system, "/a")) == 2


@pytest.mark.parametrize("strategy", ["one_for_one", "one_for_all", "rest_for_one"])
async def test_case_19_one_crash_more_than_intensity_stops_children_then_supervisor(
    stage, strategy
):
    children = (stage.actor("a"), stage.actor("b"))
    async with stage.system(*children, intensity=2, period=10, strategy=strategy) as system:
        b = stage.ref(system, "/b")
        for _ in range(2):
            await stage.crash(b)
            assert system.tree().state == "running"
        stage.take()
        await stage.crash(b, error=ValueError("the last"))
        end = await system.wait_stopped()
        assert end.kind == "gave_up"
        assert isinstance(end.error, RestartLimitReached)
        assert str(end.error.__cause__) == "the last"
        assert (end.error.path, end.error.child) == ("/root", "b")
        assert stage.take() == ["stop b crashed", "stop a shutdown"]
        (gave_up,) = stage.events("supervisor.gave_up")
        assert (gave_up["actor"], gave_up["child"]) == ("/root", "/root/b")


async def test_case_20_crashes_spaced_past_the_period_never_trip_it(stage):
    async with stage.system(stage.actor("a"), intensity=1, period=10) as system:
        ref = stage.ref(system, "/a")
        for incarnation in range(2, 8):
            await stage.crash(ref)
            assert await stage.incarnation(ref) == incarnation
            await stage.clock.advance(10)


async def test_case_21_with_intensity_0_the_first_crash_ends_it(stage):
    async with stage.system(stage.actor("a"), intensity=0) as system:
        await stage.crash(stage.ref(system, "/a"))
        assert (await system.wait_stopped()).kind == "gave_up"
        assert stage.events("actor.restarting") == []


async def test_case_22_a_child_that_cannot_restart_exhausts_the_intensity_and_escalates(
    stage, fails_at
):
    on_start = fails_at(2, 3, 4)
    inner = SupervisorSpec("inner", (stage.actor("a", on_start=on_start),), intensity=3)
    async with stage.system(inner) as system:
        ref = stage.ref(system, "/inner/a")
        await stage.crash(ref)
        # Three restarts fail and the inner supervisor gives up; root starts it anew.
        assert stage.take() == ["start a", "stop a crashed", *["fail a"] * 3, "start a"]
        assert [line["actor"] for line in stage.events("supervisor.gave_up")] == ["/root/inner"]
        assert await stage.incarnation(ref) == 5


async def test_case_22_what_no_supervisor_can_heal_ends_the_tree(stage, fails_at):
    on_start = fails_at(*range(2, 100))
    inner = SupervisorSpec("inner", (stage.actor("a", on_start=on_start),), intensity=2)
    async with stage.system(inner, stage.actor("b"), intensity=2) as system:
        await stage.crash(stage.ref(system, "/inner/a"))
        assert (await system.wait_stopped()).kind == "gave_up"
        assert [line["actor"] for line in stage.events("supervisor.gave_up")] == [
            "/root/inner",
            "/root",
        ]


async def test_case_23_one_for_one_leaves_siblings_untouched(stage):
    async with stage.system(*(stage.actor(name) for name in "abc")) as system:
        refs = {name: stage.ref(system, f"/{name}") for name in "abc"}
        await stage.crash(refs["b"])
        assert [await stage.incarnation(refs[name]) for name in "abc"] == [1, 2, 1]
        assert {name: stage.ref(system, f"/{name}") for name in "abc"} == refs
        assert stage.take()[3:] == ["stop b crashed", "start b"]


async def test_case_24_one_for_all_none_of_the_old_incarnations_survive(stage):
    children = [stage.actor(name) for name in ("b", "c", "a")]
    async with stage.system(*children, strategy="one_for_all") as system:
        stage.take()
        await stage.crash(stage.ref(system, "/c"))
        assert stage.take() == [
            "stop c crashed",
            "stop a shutdown",
            "stop b shutdown",
            "start b",
            "start c",
            "start a",
        ]
        for name in "abc":
            assert await stage.incarnation(stage.ref(system, f"/{name}")) == 2


async def test_case_25_rest_for_one_keeps_the_earlier_and_restarts_the_later_in_order(stage):
    children = [stage.actor(name) for name in ("d", "b", "c", "a")]
    async with stage.system(*children, strategy="rest_for_one") as system:
        stage.take()
        await stage.crash(stage.ref(system, "/b"))
        assert stage.take() == [
            "stop b crashed",
            "stop a shutdown",
            "stop c shutdown",
            "start b",
            "start c",
            "start a",
        ]
        assert await stage.incarnation(stage.ref(system, "/d")) == 1


async def test_case_26_one_for_all_a_failure_in_the_restart_stops_and_retries_all(stage, fails_at):
    children = (
        stage.actor("a"),
        stage.actor("b", on_start=fails_at(2)),
        stage.actor("c"),
    )
    async with stage.system(*children, strategy="one_for_all", intensity=2) as system:
        stage.take()
        await stage.crash(stage.ref(system, "/c"))
        assert stage.take() == [
            "stop c crashed",
            "stop b shutdown",
            "stop a shutdown",
            "start a",
            "fail b",
            "stop a shutdown",
            "start a",
            "start b",
            "start c",
        ]
        assert system.tree().state == "running"


async def test_case_27_rest_for_one_a_failure_in_the_restart_keeps_the_earlier_restarted(
    stage, fails_at
):
    children = (
        stage.actor("a"),
        stage.actor("b", on_start=fails_at(2)),
        stage.actor("c"),
    )
    async with stage.system(*children, strategy="rest_for_one", intensity=2) as system:
        stage.take()
        await stage.crash(stage.ref(system, "/a"))
        assert stage.take() == [
            "stop a crashed",
            "stop c shutdown",
            "stop b shutdown",
            "start a",
            "fail b",
            "start b",
            "start c",
        ]
        assert await stage.incarnation(stage.ref(system, "/a")) == 2


async def test_case_28_a_restart_that_is_ignored_drops_the_dynamic_child(stage):
    actors = [stage.actor("x").start(), None]
    async with stage.system(SupervisorSpec("pool", dynamic=True)) as system:
        pool = system.supervisor("/root/pool")
        ref = await pool.start_child(ChildSpec("x", start=lambda: actors.pop(0)))
        await stage.crash(ref)
        assert pool.which_children() == ()
        with pytest.raises(ActorStopped):
            await stage.incarnation(ref)


async def test_case_29_the_supervisor_answers_and_stops_while_a_restart_keeps_failing(stage):
    fails = False

    async def on_start(actor):
        if fails:
            raise ValueError("still broken")

    for strategy in ("one_for_one", "one_for_all"):
        fails = False
        async with stage.system(
            stage.actor("a", on_start=on_start),
            stage.actor("b"),
            intensity=1000,
            period=1,
            backoff=(1.0,),
            strategy=strategy,
        ) as system:
            fails = True
            root = system.supervisor("/root")
            await stage.crash(stage.ref(system, "/a"))
            for _ in range(3):
                await stage.clock.advance(1)
                assert stage.states(system)["a"] == "restarting"
                assert root.count_children().specs >= 2
                await root.start_child(stage.actor("new"))
                await root.terminate_child("new")
                root.delete_child("new")
            assert (await system.stop()).kind == "shutdown"


async def test_case_29_a_restart_that_hangs_is_interrupted_by_the_stop(stage):
    async def on_start(actor):
        if actor.context.incarnation == 2:
            await anyio.sleep_forever()

    for strategy in ("one_for_one", "one_for_all"):
        async with stage.system(
            stage.actor("a", on_start=on_start, shutdown=1), stage.actor("b"), strategy=strategy
        ) as system:
            await stage.crash(stage.ref(system, "/a"))
            assert stage.states(system)["a"] == "starting"
            async with anyio.create_task_group() as group:
                group.start_soon(system.stop)
                await stage.clock.advance(1)
            assert system.tree().state == "stopped"


async def test_case_30_a_subtree_restarts_with_its_static_children_only(stage):
    inner = SupervisorSpec("inner", (stage.actor("static"),), intensity=0)
    async with stage.system(inner) as system:
        supervisor = system.supervisor("/root/inner")
        static = stage.ref(system, "/inner/static")
        added = await supervisor.start_child(stage.actor("added"))
        await stage.crash(added)
        assert stage.states(system, "/root/inner") == {"static": "running"}
        assert await stage.incarnation(static) == 2
        with pytest.raises(ActorStopped):
            await stage.incarnation(added)


async def test_case_31_backoff_doubles_caps_and_resets_after_quiet_time(stage):
    backoff = wait_exponential(multiplier=1, max=8)
    async with stage.system(stage.actor("a"), intensity=100, period=20, backoff=backoff) as system:
        ref = stage.ref(system, "/a")

        async def delays(crashes):
            stage.log.clear()
            for _ in range(crashes):
                await stage.crash(ref)
                await stage.clock.advance(8)
            return [line["delay_ms"] for line in stage.events("actor.restarting")]

        assert await delays(6) == [1000, 2000, 4000, 8000, 8000, 8000]
        await stage.clock.advance(20)
        assert await delays(2) == [1000, 2000]


async def test_case_31_a_delay_passes_before_the_restart_and_messages_wait(stage):
    async with stage.system(stage.actor("a"), backoff=(0.0, 2.0), intensity=5) as system:
        ref = stage.ref(system, "/a")
        await stage.crash(ref)
        await stage.crash(ref)
        stage.take()
        ref.tell_nowait("early")
        await stage.clock.advance(1.9)
        assert stage.take() == []
        await stage.clock.advance(0.1)
        assert stage.take() == ["start a", "a got early"]


@pytest.mark.parametrize(
    ("backoff", "expected"),
    [
        (None, [0, 0, 0]),
        ((0, 0.1, 0.5, 2, 5), [0, 0.1, 0.5, 2, 5, 5]),
        (wait_chain(*(wait_fixed(delay) for delay in (0, 0.1, 0.5))), [0, 0.1, 0.5, 0.5]),
        (wait_exponential(multiplier=0.5, max=3), [0.5, 1, 2, 3, 3]),
    ],
)
async def test_a_delay_is_a_function_of_the_attempt_alone(backoff, expected):
    attempts = range(1, len(expected) + 1)
    assert [delay_before(attempt, backoff) for attempt in attempts] == expected
    assert [delay_before(attempt, backoff) for attempt in reversed(attempts)] == expected[::-1]


async def test_a_restart_exactly_one_period_ago_no_longer_counts():
    window = RestartWindow(intensity=1, period=5)
    assert window.admits(0)
    assert window.admits(5)
    assert not window.admits(9.9)


async def test_what_was_kept_is_handed_to_the_next_incarnation_and_forgotten_at_the_end(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")

        async def keep(actor):
            before = actor.context.kept
            actor.context.keep("state")
            return before

        assert await stage.run(ref, keep) is None
        await stage.crash(ref)
        assert await stage.run(ref, keep) == "state"
        await system.supervisor("/root").terminate_child("a")
        await system.supervisor("/root").restart_child("a")
        assert await stage.run(ref, keep) is None


async def test_the_context_counts_the_crashes_within_the_period(stage):
    async with stage.system(stage.actor("a"), intensity=10, period=10) as system:
        ref = stage.ref(system, "/a")

        async def crashes(actor):
            return actor.context.crashes

        seen = []
        for _ in range(3):
            await stage.crash(ref)
            seen.append(await stage.run(ref, crashes))
            await stage.clock.advance(4)
        await stage.clock.advance(3)
        seen.append(await stage.run(ref, crashes))
        assert seen == [1, 2, 3, 1]


async def test_a_ref_and_a_name_outlive_the_restart_of_the_supervisor_above(stage):
    name = Name("a")
    inner = SupervisorSpec("inner", (stage.actor("a", name=name),))
    async with stage.system(inner) as system:
        ref = stage.ref(system, "/inner/a")
        system.crash("/root/inner", ValueError("out of order"))
        await settle()
        assert system.registry.whereis(name) is ref
        assert await stage.incarnation(ref) == 2
        (crashed,) = stage.events("actor.crashed")
        assert (crashed["actor"], crashed["reason"]) == (
            "/root/inner",
            "ValueError('out of order')",
        )


async def test_a_supervisor_that_gave_up_is_restarted_only_if_it_is_permanent(stage):
    children = [
        SupervisorSpec(restart, (stage.actor("x"),), intensity=0, restart=restart)
        for restart in ("permanent", "transient", "temporary")
    ]
    async with stage.system(*children, SupervisorSpec("pool", dynamic=True)) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        for restart in ("permanent", "transient", "temporary"):
            probe.monitor(system.supervisor(f"/root/{restart}"))
            await stage.crash(stage.ref(system, f"/{restart}/x"))
            down = await probe.next()
            assert (down.ref.name, down.reason.kind) == (restart, "gave_up")
            assert down.reason.caused_by(RestartLimitReached)
        assert stage.states(system) == {
            "permanent": "running",
            "transient": "stopped",
            "pool": "running",
        }


async def test_a_fault_from_outside_crashes_the_actor_before_its_next_message(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait("queued")
        system.crash("/root/a", ValueError("ordered"))
        await settle()
        assert stage.take() == ["start a", "stop a crashed", "start a", "a got queued"]
        (crashed,) = stage.events("actor.crashed")
        assert (crashed["actor"], crashed["incarnation"]) == ("/root/a", 1)
        assert str(crashed["exc_info"]) == "ordered"
