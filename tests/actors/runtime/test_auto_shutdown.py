import pytest

from actors.runtime import SupervisorSpec
from actors.runtime.errors import InvalidSignificant
from actors.runtime.testing import settle

pytestmark = pytest.mark.anyio


def _significant(stage, child_id, **options):
    options.setdefault("restart", "transient")
    return stage.actor(child_id, significant=True, **options)


def _inner(*children, **options):
    return SupervisorSpec("inner", children, restart="transient", **options)


@pytest.mark.parametrize("restart", ["transient", "temporary"])
async def test_case_44_any_stops_at_the_first_normal_end_and_all_at_the_last(stage, restart):
    for rule, ends_after in (("any", 1), ("all", 2)):
        children = [_significant(stage, name, restart=restart) for name in "ab"]
        inner = _inner(*children, stage.actor("other"), auto_shutdown=rule)
        async with stage.system(inner) as system:
            for number, name in enumerate("ab", 1):
                await stage.finish(stage.ref(system, f"/inner/{name}"))
                expected = "stopped" if number == ends_after else "running"
                assert stage.states(system) == {"inner": expected}
                if number == ends_after:
                    break
            assert stage.events("actor.stopped")[-1]["reason"] == "shutdown"


async def test_case_45_a_significant_transient_crash_restarts(stage):
    inner = _inner(_significant(stage, "a"), auto_shutdown="any")
    async with stage.system(inner) as system:
        ref = stage.ref(system, "/inner/a")
        await stage.crash(ref)
        assert await stage.incarnation(ref) == 2
        assert stage.states(system) == {"inner": "running"}


async def test_case_45_a_significant_temporary_crash_stops_the_supervisor(stage):
    inner = _inner(_significant(stage, "a", restart="temporary"), auto_shutdown="any")
    async with stage.system(inner) as system:
        await stage.crash(stage.ref(system, "/inner/a"))
        assert stage.states(system) == {"inner": "stopped"}


async def test_case_45_explicit_terminate_and_bystander_death_never_trigger(stage):
    inner = _inner(
        stage.actor("a"),
        _significant(stage, "t", restart="temporary"),
        _significant(stage, "s"),
        auto_shutdown="any",
        strategy="one_for_all",
    )
    async with stage.system(inner) as system:
        await system.supervisor("/root/inner").terminate_child("s")
        assert stage.states(system) == {"inner": "running"}
        await stage.crash(stage.ref(system, "/inner/a"))
        assert stage.states(system, "/root/inner") == {"a": "running", "s": "stopped"}


async def test_case_46_significant_and_permanent_or_never_are_refused(stage):
    with pytest.raises(InvalidSignificant):
        _significant(stage, "a", restart="permanent")
    with pytest.raises(InvalidSignificant):
        SupervisorSpec("s", (_significant(stage, "a"),))
    with pytest.raises(InvalidSignificant):
        SupervisorSpec("s", significant=True)
    async with stage.system() as system:
        with pytest.raises(InvalidSignificant):
            await system.supervisor("/root").start_child(_significant(stage, "a"))
        assert stage.states(system) == {}


@pytest.mark.parametrize("linked", [True, False])
async def test_case_46_shutdown_propagates_only_through_significant_links(stage, linked):
    inner = _inner(_significant(stage, "a"), auto_shutdown="any", significant=linked)
    outer = SupervisorSpec("outer", (inner,), restart="transient", auto_shutdown="any")
    async with stage.system(outer) as system:
        await stage.finish(stage.ref(system, "/outer/inner/a"))
        assert stage.states(system, "/root/outer") == {"inner": "stopped"}
        assert stage.states(system) == {"outer": "stopped" if linked else "running"}


async def test_stopping_a_significant_child_between_two_lives_counts_as_its_end(stage):
    inner = _inner(_significant(stage, "a"), auto_shutdown="any", backoff=(5.0,))
    async with stage.system(inner) as system:
        ref = stage.ref(system, "/inner/a")
        await stage.crash(ref)
        await ref.stop()
        await settle()
        assert stage.states(system) == {"inner": "stopped"}
