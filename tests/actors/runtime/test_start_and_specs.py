import anyio
import pytest

from actors.runtime import (
    AlreadyPresent,
    AlreadyStarted,
    ChildSpec,
    Name,
    StartFailed,
    SupervisorSpec,
    TooManyChildren,
    errors,
)
from actors.runtime.testing import settle

pytestmark = pytest.mark.anyio


async def test_case_01_an_empty_supervisor_starts_and_stops_cleanly(stage):
    async with stage.system() as system:
        assert system.tree().state == "running"
        assert system.tree().children == ()
    assert (await system.wait_stopped()).kind == "shutdown"
    assert system.zombies == ()


async def test_case_02_a_failed_start_stops_earlier_children_in_reverse_and_names_the_cause(
    stage, fails_at
):
    children = (stage.actor("b"), stage.actor("a"), stage.actor("c", on_start=fails_at(1)))
    with pytest.raises(StartFailed) as failed:
        async with stage.system(*children, stage.actor("never")):
            pytest.fail("the system started")
    assert failed.value.path == "/root/c"
    assert isinstance(failed.value.cause, ValueError)
    assert failed.value.__cause__ is failed.value.cause
    assert stage.journal == [
        "start b",
        "start a",
        "fail c",
        "stop a shutdown",
        "stop b shutdown",
    ]


async def test_case_03_an_ignored_start_keeps_the_spec_but_not_a_temporary_one(stage):
    ignored = ChildSpec("ignored", start=lambda: None)
    temporary = ChildSpec("temporary", start=lambda: None, restart="temporary")
    async with stage.system(ignored, temporary, stage.actor("a")) as system:
        assert stage.states(system) == {"ignored": "stopped", "a": "running"}
        root = system.supervisor("/root")
        await root.restart_child("ignored")
        assert stage.states(system)["ignored"] == "stopped"


async def test_case_04_an_error_from_start_child_reaches_the_caller_and_stores_no_spec(
    stage, fails_at
):
    async with stage.system(SupervisorSpec("pool", dynamic=True)) as system:
        for path in ("/root", "/root/pool"):
            supervisor = system.supervisor(path)
            before = supervisor.which_children()
            with pytest.raises(StartFailed) as failed:
                await supervisor.start_child(stage.actor("x", on_start=fails_at(1)))
            assert failed.value.path == f"{path}/x"
            assert supervisor.which_children() == before
        assert stage.events("actor.restarting") == []


def _spec(child_id="x", **options):
    return ChildSpec(child_id, start=lambda: None, **options)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: _spec(""), errors.InvalidId),
        (lambda: _spec("a/b"), errors.InvalidId),
        (lambda: _spec(restart="always"), errors.InvalidRestart),
        (lambda: SupervisorSpec("x", restart="always"), errors.InvalidRestart),
        (lambda: _spec(shutdown=-1), errors.InvalidShutdown),
        (lambda: _spec(shutdown=float("nan")), errors.InvalidShutdown),
        (lambda: SupervisorSpec("x", shutdown=-0.1), errors.InvalidShutdown),
        (lambda: _spec(mailbox=0), errors.InvalidMailbox),
        (lambda: SupervisorSpec("x", strategy="all"), errors.InvalidStrategy),
        (lambda: SupervisorSpec("x", intensity=-1), errors.InvalidIntensity),
        (lambda: SupervisorSpec("x", period=0), errors.InvalidPeriod),
        (lambda: SupervisorSpec("x", period=-5), errors.InvalidPeriod),
        (lambda: SupervisorSpec("x", backoff=()), errors.InvalidBackoff),
        (lambda: SupervisorSpec("x", backoff=(0, -1)), errors.InvalidBackoff),
        (lambda: SupervisorSpec("x", dynamic=True, children=(_spec(),)), errors.InvalidDynamic),
        (lambda: SupervisorSpec("x", dynamic=True, strategy="one_for_all"), errors.InvalidDynamic),
        (lambda: SupervisorSpec("x", limit=3), errors.InvalidDynamic),
        (lambda: SupervisorSpec("x", dynamic=True, limit=0), errors.InvalidDynamic),
        (lambda: SupervisorSpec("x", auto_shutdown="some"), errors.InvalidAutoShutdown),
        (lambda: SupervisorSpec("x", (_spec("a"), _spec("a"))), errors.DuplicateId),
    ],
)
async def test_case_05_a_spec_that_cannot_work_is_refused_with_an_error_of_its_own(make, error):
    with pytest.raises(error):
        make()


async def test_case_06_defaults_are_permanent_and_five_seconds_or_unlimited(stage):
    worker = _spec()
    assert (worker.restart, worker.shutdown) == ("permanent", 5.0)
    supervisor = SupervisorSpec("s")
    assert (supervisor.restart, supervisor.shutdown) == ("permanent", None)
    assert (supervisor.strategy, supervisor.intensity, supervisor.period) == ("one_for_one", 1, 5.0)


async def test_case_07_an_existing_id_is_already_started_or_already_present(stage):
    async with stage.system(stage.actor("a")) as system:
        root = system.supervisor("/root")
        with pytest.raises(AlreadyStarted) as started:
            await root.start_child(stage.actor("a"))
        assert started.value.ref is stage.ref(system, "/a")
        await root.terminate_child("a")
        with pytest.raises(AlreadyPresent):
            await root.start_child(stage.actor("a"))


async def test_case_08_a_name_held_elsewhere_is_already_started_and_leaves_no_spec(stage):
    name = Name("the name")
    async with stage.system(
        stage.actor("holder", name=name), SupervisorSpec("pool", dynamic=True)
    ) as system:
        holder = system.registry.whereis(name)
        pool = system.supervisor("/root/pool")
        with pytest.raises(AlreadyStarted) as started:
            await pool.start_child(stage.actor("other", name=name))
        assert started.value.ref is holder
        assert pool.which_children() == ()
        assert system.registry.whereis(name) is holder


async def test_case_09_a_failed_start_leaves_nothing_in_the_registry(stage, fails_at):
    name = Name("x")
    async with stage.system() as system:
        spec = stage.actor("x", name=name, on_start=fails_at(1))
        with pytest.raises(StartFailed):
            await system.supervisor("/root").start_child(spec)
        assert system.registry.whereis(name) is None
        ref = await system.supervisor("/root").start_child(spec)
        assert system.registry.whereis(name) is ref


async def test_case_10_the_limit_of_children_counts_those_restarting(stage):
    pool = SupervisorSpec("pool", dynamic=True, limit=2, backoff=(3.0,))
    async with stage.system(pool) as system:
        supervisor = system.supervisor("/root/pool")
        first = await supervisor.start_child(stage.actor("1"))
        await supervisor.start_child(stage.actor("2"))
        await stage.crash(first)
        assert stage.states(system, "/root/pool") == {"1": "restarting", "2": "running"}
        with pytest.raises(TooManyChildren):
            await supervisor.start_child(stage.actor("3"))
        await supervisor.terminate_child("1")
        await supervisor.start_child(stage.actor("3"))


async def test_a_start_that_is_cancelled_leaves_no_child(stage):
    async def wait(actor):
        await anyio.sleep_forever()

    async with stage.system() as system:
        root = system.supervisor("/root")
        async with anyio.create_task_group() as group:
            group.start_soon(root.start_child, stage.actor("slow", on_start=wait, shutdown=0))
            await settle()
            assert stage.states(system) == {"slow": "starting"}
            group.cancel_scope.cancel()
        await settle()
        assert stage.states(system) == {}
