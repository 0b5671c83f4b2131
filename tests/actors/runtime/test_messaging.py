from dataclasses import dataclass
from typing import TypedDict

import anyio
import pytest

from actors.runtime import (
    Actor,
    ActorCrashed,
    ActorStopped,
    AlreadyReplied,
    Ask,
    AskTimeout,
    ChildSpec,
    Deadlock,
    DeliveryError,
    MailboxFull,
    Name,
    SupervisorSpec,
    WrongReply,
)
from actors.runtime.testing import Probe, settle

pytestmark = pytest.mark.anyio


async def _nothing(actor):
    return None


class Gate:
    """A handler that waits until it is opened, then answers."""

    def __init__(self, answer=None, error=None):
        self.opened = anyio.Event()
        self.answer = answer
        self.error = error

    async def __call__(self, actor):
        await self.opened.wait()
        if self.error is not None:
            raise self.error
        return self.answer


class Outcome:
    """What became of an ask that runs beside the test."""

    def __init__(self, group, ref, message, timeout=5.0):
        self.value = None
        self.error = None
        self.done = False
        group.start_soon(self._run, ref, message, timeout)

    async def _run(self, ref, message, timeout):
        try:
            self.value = await ref.ask(message, timeout=timeout)
        except DeliveryError as error:
            self.error = error
        self.done = True


async def test_case_47_an_ask_to_a_dead_actor_fails_at_once_and_a_tell_is_dead_lettered(stage):
    async with stage.system(stage.actor("a", restart="temporary")) as system:
        ref = stage.ref(system, "/a")
        await ref.stop()
        with pytest.raises(ActorStopped) as stopped:
            await ref.ask(stage.do(_nothing))
        assert (stopped.value.path, stopped.value.exit.kind) == ("/root/a", "shutdown")
        await ref.tell("one")
        ref.tell_nowait("two")
        letters = [(letter.path, letter.message) for letter in system.dead_letters.recent]
        assert letters == [("/root/a", "one"), ("/root/a", "two")]
        assert system.dead_letters.count == 2


async def test_case_48_a_late_reply_becomes_a_dead_letter_never_another_asks_answer(stage):
    async with stage.system(stage.actor("a")) as system, anyio.create_task_group() as group:
        ref = stage.ref(system, "/a")
        gate = Gate(answer="late")
        first = Outcome(group, ref, stage.do(gate), timeout=2)
        await stage.clock.advance(2)
        assert isinstance(first.error, AskTimeout)
        assert (first.error.path, first.error.timeout) == ("/root/a", 2)
        second = Outcome(group, ref, stage.do(_nothing))
        gate.opened.set()
        await settle()
        assert (second.done, second.value, second.error) == (True, None, None)
        (letter,) = system.dead_letters.recent
        assert (letter.message, letter.reason) == ("late", "late_reply")


async def test_case_49_the_ask_in_hand_fails_at_once_and_the_queued_wait_for_the_restart(stage):
    async with stage.system(stage.actor("a"), backoff=(3.0,)) as system:
        ref = stage.ref(system, "/a")
        async with anyio.create_task_group() as group:
            in_hand = Outcome(group, ref, gated := stage.do(Gate(error=ValueError("boom"))))
            await settle()
            ref.tell_nowait("one")
            queued = Outcome(group, ref, stage.do(_nothing))
            await settle()
            ref.tell_nowait("two")
            gated.function.opened.set()
            await settle()
            assert isinstance(in_hand.error, ActorCrashed)
            assert str(in_hand.error.reason) == "boom"
            assert not queued.done
            await stage.clock.advance(3)
            assert queued.done
            assert queued.error is None
        assert stage.take()[-3:] == ["start a", "a got one", "a got two"]


async def test_case_49_the_ask_in_hand_fails_before_the_cleanup_is_done(stage):
    async def cleanup(actor, reason):
        await anyio.sleep_forever()

    async def fail(actor):
        raise ValueError("boom")

    async with stage.system(stage.actor("a", on_stop=cleanup, shutdown=1)) as system:
        with pytest.raises(ActorCrashed):
            await stage.run(stage.ref(system, "/a"), fail)
        assert stage.states(system) == {"a": "running"}
        await stage.clock.advance(1)
        assert await stage.incarnation(stage.ref(system, "/a")) == 2
        async with anyio.create_task_group() as group:
            group.start_soon(system.stop)
            await stage.clock.advance(1)


@pytest.mark.parametrize("gives_up", [False, True])
async def test_case_49_without_a_restart_queued_asks_fail_and_tells_are_dead_lettered(
    stage, gives_up
):
    restart = "permanent" if gives_up else "temporary"
    children = (stage.actor("a", restart=restart),)
    async with stage.system(SupervisorSpec("s", children, intensity=0)) as system:
        ref = stage.ref(system, "/s/a")
        async with anyio.create_task_group() as group:
            gate = Gate(error=ValueError("boom"))
            in_hand = Outcome(group, ref, stage.do(gate))
            await settle()
            queued = Outcome(group, ref, stage.do(_nothing))
            ref.tell_nowait("told")
            await settle()
            gate.opened.set()
            await settle()
            assert isinstance(in_hand.error, ActorCrashed)
            assert isinstance(queued.error, ActorStopped)
            assert queued.error.exit.kind == "crashed"
            assert [letter.message for letter in system.dead_letters.recent] == ["told"]


async def test_case_49_an_ask_to_a_restarting_actor_waits_up_to_its_timeout(stage):
    async with stage.system(stage.actor("a"), backoff=(3.0,)) as system:
        ref = stage.ref(system, "/a")
        await stage.crash(ref)
        async with anyio.create_task_group() as group:
            short = Outcome(group, ref, stage.do(_nothing), timeout=1)
            long = Outcome(group, ref, stage.do(_nothing), timeout=4)
            await stage.clock.advance(1)
            assert isinstance(short.error, AskTimeout)
            await stage.clock.advance(2)
            assert (long.done, long.error) == (True, None)


async def test_case_50_self_ask_and_a_b_a_raise_immediately(stage):
    async with stage.system(stage.actor("a"), stage.actor("b")) as system:
        a, b = stage.ref(system, "/a"), stage.ref(system, "/b")

        async def ask_a(actor):
            return await a.ask(stage.do(_nothing))

        async def ask_b_that_asks_a(actor):
            return await b.ask(stage.do(ask_a))

        with pytest.raises(ActorCrashed) as crashed:
            await a.ask(stage.do(ask_a))
        assert isinstance(crashed.value.reason, Deadlock)
        assert crashed.value.reason.chain == ("/root/a",)

        with pytest.raises(ActorCrashed) as crashed:
            await a.ask(stage.do(ask_b_that_asks_a))
        assert isinstance(crashed.value.reason, ActorCrashed)
        assert isinstance(crashed.value.reason.reason, Deadlock)
        assert crashed.value.reason.reason.chain == ("/root/a", "/root/b")


async def test_case_50_what_does_not_wait_may_ask_back(stage):
    """A told handler's ask, or one by an actor's task, is nobody's deadlock."""
    async with stage.system(stage.actor("a"), stage.actor("b")) as system:
        a, b = stage.ref(system, "/a"), stage.ref(system, "/b")

        async def ask_a(actor):
            actor.stage.note(f"answered {await a.ask(stage.do(_nothing))}")

        async def tell_b(actor):
            b.tell_nowait(stage.do(ask_a))

        async def ask_a_in_a_task(actor):
            actor.context.start_task(ask_a, actor)

        await stage.run(a, tell_b)
        await stage.run(a, ask_a_in_a_task)
        await settle()
        assert stage.take()[2:] == ["answered None", "answered None"]


async def test_case_51_a_monitor_on_a_dead_actor_fires_at_once_and_is_idempotent(stage):
    children = (stage.actor("a", restart="temporary"), SupervisorSpec("pool", dynamic=True))
    async with stage.system(*children) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        ref = stage.ref(system, "/a")
        probe.monitor(ref)
        probe.monitor(ref)
        await stage.crash(ref)
        assert [(down.ref, down.reason.kind) for down in probe.received] == [(ref, "crashed")]
        probe.monitor(ref)
        await settle()
        assert [down.reason.kind for down in probe.received] == ["crashed", "crashed"]


async def test_case_51_a_monitor_tells_of_one_end_and_may_be_renewed_during_the_restart(stage):
    children = (stage.actor("a"), SupervisorSpec("pool", dynamic=True))
    async with stage.system(*children, backoff=(1.0,), intensity=9) as system:
        probe = await Probe.start(system.supervisor("/root/pool"))
        ref = stage.ref(system, "/a")
        probe.monitor(ref)
        await stage.crash(ref)
        assert len(probe.received) == 1
        probe.monitor(ref)
        await stage.clock.advance(1)
        assert len(probe.received) == 1
        await stage.crash(ref)
        await stage.clock.advance(1)
        await stage.crash(ref)
        assert len(probe.received) == 2


async def test_a_monitor_ends_with_the_incarnation_that_asked_for_it(stage):
    async with stage.system(stage.actor("a"), stage.actor("b"), intensity=5) as system:
        a, b = stage.ref(system, "/a"), stage.ref(system, "/b")

        async def watch(actor):
            actor.context.monitor(b)

        await stage.run(a, watch)
        await stage.crash(a)
        await stage.crash(b)
        assert not [line for line in stage.take() if "sees" in line]
        await stage.run(a, watch)
        await stage.crash(b)
        assert [line for line in stage.take() if "sees" in line] == ["a sees b crashed"]


async def test_a_down_comes_after_what_the_dead_actor_sent_before(stage):
    async with stage.system(stage.actor("a"), stage.actor("b")) as system:
        a, b = stage.ref(system, "/a"), stage.ref(system, "/b")

        async def watch(actor):
            actor.context.monitor(b)

        async def last_words(actor):
            a.tell_nowait("last words")
            raise ValueError

        await stage.run(a, watch)
        b.tell_nowait(stage.do(last_words))
        await settle()
        assert [line for line in stage.take() if line.startswith("a ")] == [
            "a got last words",
            "a sees b crashed",
        ]


async def test_case_52_a_timer_that_was_replaced_or_cancelled_or_outlived_never_ticks(stage):
    async with stage.system(stage.actor("a"), intensity=9) as system:
        ref = stage.ref(system, "/a")

        async def arm(actor):
            timers = actor.context.timers
            timers.start("replaced", 1, "old")
            timers.start("replaced", 2, "new")
            timers.start("cancelled", 1, "never")
            timers.cancel("cancelled")
            timers.cancel("unknown")
            timers.start("outlived", 3, "never")

        await stage.run(ref, arm)
        await stage.clock.advance(2)
        assert stage.take() == ["start a", "a got new"]
        await stage.crash(ref)
        await stage.clock.advance(5)
        assert stage.take() == ["stop a crashed", "start a"]


async def test_case_52_a_tick_that_is_already_queued_is_dropped_too(stage):
    async with stage.system(stage.actor("a"), intensity=9) as system:
        ref = stage.ref(system, "/a")
        for last in ("cancel", "replace", "crash", "nothing"):
            gate = anyio.Event()

            async def arm(actor, last=last, gate=gate):
                timers = actor.context.timers
                timers.start("key", 1, "tick")
                await gate.wait()
                if last == "cancel":
                    timers.cancel("key")
                elif last == "replace":
                    timers.start("key", 1, "replacement")
                elif last == "crash":
                    raise ValueError

            stage.take()
            ref.tell_nowait(stage.do(arm))
            await stage.clock.advance(1)
            gate.set()
            await settle()
            ticks = [line for line in stage.take() if "got" in line]
            assert ticks == (["a got tick"] if last == "nothing" else [])
            await stage.clock.advance(1)
            ticks = [line for line in stage.take() if "got" in line]
            assert ticks == (["a got replacement"] if last == "replace" else [])


async def test_case_53_what_a_full_mailbox_refuses_during_a_backoff_goes_back_to_its_sender(stage):
    """Akka dead-letters the overflow of a stash. Here the sender hears of it: `tell_nowait` raises
    with the message, `tell` waits, and `ask` waits up to its timeout; only what waits when the
    actor ends for good becomes a dead letter.
    """
    async with stage.system(stage.actor("a", mailbox=2), backoff=(3.0,)) as system:
        ref = stage.ref(system, "/a")
        await stage.crash(ref)
        ref.tell_nowait("one")
        ref.tell_nowait("two")
        with pytest.raises(MailboxFull) as full:
            ref.tell_nowait("three")
        assert (full.value.path, full.value.refused) == ("/root/a", "three")
        async with anyio.create_task_group() as group:
            ask = Outcome(group, ref, stage.do(_nothing), timeout=1)
            group.start_soon(ref.tell, "four")
            await stage.clock.advance(1)
            assert isinstance(ask.error, AskTimeout)
            await system.supervisor("/root").terminate_child("a")
        assert [letter.message for letter in system.dead_letters.recent] == ["one", "two", "four"]
        assert stage.take() == ["start a", "stop a crashed"]


async def test_senders_to_a_full_mailbox_are_admitted_in_the_order_they_came(stage):
    async with stage.system(stage.actor("a", mailbox=1)) as system:
        ref = stage.ref(system, "/a")
        gate = Gate()
        ref.tell_nowait(stage.do(gate))
        await settle()
        async with anyio.create_task_group() as group:
            for number in range(5):
                group.start_soon(ref.tell, number)
                await settle()
            gate.opened.set()
            await settle()
            assert stage.take()[1:] == [f"a got {number}" for number in range(5)]


async def test_an_actor_that_tells_itself_with_a_full_mailbox_is_refused_rather_than_stuck(stage):
    async with stage.system(stage.actor("a", mailbox=1)) as system:
        ref = stage.ref(system, "/a")

        async def fill(actor):
            await ref.tell("one")
            with pytest.raises(MailboxFull):
                await ref.tell("two")

        await stage.run(ref, fill)
        await settle()
        assert stage.take()[1:] == ["a got one"]


async def test_an_answer_may_be_deferred_and_given_once(stage):
    async with stage.system(stage.actor("a")) as system, anyio.create_task_group() as group:
        ref = stage.ref(system, "/a")
        kept = []

        async def defer(actor):
            kept.append(actor.context.defer(message))
            return "ignored"

        message = stage.do(defer)
        outcome = Outcome(group, ref, message)
        await settle()
        assert not outcome.done
        assert kept[0].awaited
        assert await stage.incarnation(ref) == 1
        kept[0].reply("later")
        assert not kept[0].awaited
        await settle()
        assert outcome.value == "later"
        with pytest.raises(AlreadyReplied):
            kept[0].reply("again")


async def test_a_deferred_ask_fails_with_the_incarnation_that_owes_the_answer(stage):
    async with stage.system(stage.actor("a")) as system, anyio.create_task_group() as group:
        ref = stage.ref(system, "/a")
        kept = []

        async def defer(actor):
            kept.append(actor.context.defer(message))

        message = stage.do(defer)
        outcome = Outcome(group, ref, message)
        await settle()
        await stage.crash(ref, error=ValueError("boom"))
        assert isinstance(outcome.error, ActorCrashed)
        assert str(outcome.error.reason) == "boom"
        kept[0].reply("too late")
        assert [letter.reason for letter in system.dead_letters.recent] == ["late_reply"]


async def test_a_deferred_answer_is_not_awaited_once_who_asked_has_given_up(stage):
    async with stage.system(stage.actor("a")) as system, anyio.create_task_group() as group:
        ref = stage.ref(system, "/a")
        kept = []

        async def defer(actor):
            kept.append(actor.context.defer(message))

        message = stage.do(defer)
        outcome = Outcome(group, ref, message, timeout=1)
        await settle()
        assert kept[0].awaited
        await stage.clock.advance(1)
        assert isinstance(outcome.error, AskTimeout)
        assert not kept[0].awaited


async def test_a_deferred_answer_to_a_tell_is_dropped(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")

        async def defer(actor):
            deferred = actor.context.defer(message)
            assert not deferred.awaited
            deferred.reply("nobody waits")

        message = stage.do(defer)
        ref.tell_nowait(message)
        await settle()
        assert await stage.incarnation(ref) == 1
        assert system.dead_letters.count == 0


async def test_a_tasks_failure_crashes_the_actor_and_its_cancellation_does_not(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")

        async def start(actor):
            task = actor.context.start_task(stage.clock.sleep, 1000, name="cancelled")
            await settle()
            task.cancel()
            await settle()
            assert task.done

            async def fail():
                await stage.clock.sleep(1)
                raise ValueError("task")

            actor.context.start_task(fail)

        await stage.run(ref, start)
        assert await stage.incarnation(ref) == 1
        await stage.clock.advance(1)
        assert await stage.incarnation(ref) == 2
        (crashed,) = stage.events("actor.crashed")
        assert str(crashed["exc_info"]) == "task"


async def test_tasks_end_before_on_stop_runs(stage):
    async def work():
        try:
            await anyio.sleep_forever()
        finally:
            for _ in range(5):
                await anyio.lowlevel.cancel_shielded_checkpoint()
            stage.note("task ended")

    async def start(actor):
        actor.context.start_task(work)
        await settle()

    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        await stage.run(ref, start)
        await stage.crash(ref)
        assert stage.take() == ["start a", "task ended", "stop a crashed", "start a"]


@dataclass(frozen=True, slots=True)
class Count(Ask[int]):
    answer: object


@dataclass(frozen=True, slots=True)
class Maybe(Ask["int | None"]):
    answer: object


@dataclass(frozen=True, slots=True)
class Either(Ask[int | None]):
    answer: object


@dataclass(frozen=True, slots=True)
class Nothing(Ask[None]):
    answer: object


class Shape(TypedDict):
    sides: int


@dataclass(frozen=True, slots=True)
class Unchecked(Ask[list[int] | Shape]):
    answer: object


@dataclass(frozen=True, slots=True)
class Ratio(Ask[float | None]):
    answer: object


class Answering(Actor[Count | Maybe | Either | Nothing | Unchecked | Ratio]):
    async def receive(self, message):
        return message.answer


@pytest.mark.parametrize(
    ("message", "right"),
    [
        (Count(1), True),
        (Count("one"), False),
        (Count(None), False),
        (Either(None), True),
        (Either("x"), False),
        (Nothing(None), True),
        (Nothing(0), False),
        (Ratio(1), True),
        (Ratio(0.5), True),
        (Ratio("half"), False),
        (Maybe("what a string means is not looked up"), True),
        (Unchecked("nor what is inside a container"), True),
    ],
)
async def test_a_wrong_answer_crashes_the_actor_and_fails_the_ask(stage, message, right):
    name = Name("answering")
    async with stage.system(ChildSpec("a", start=Answering, name=name)) as system:
        ref = system.registry.whereis(name)
        if right:
            assert await ref.ask(message) == message.answer
        else:
            with pytest.raises(ActorCrashed) as crashed:
                await ref.ask(message)
            assert isinstance(crashed.value.reason, WrongReply)


async def test_subscribers_see_dead_letters_until_they_leave(stage):
    async with stage.system(stage.actor("a", restart="temporary")) as system:
        ref = stage.ref(system, "/a")
        await ref.stop()
        seen = []
        leave = system.dead_letters.subscribe(lambda letter: seen.append(letter.message))
        ref.tell_nowait("one")
        leave()
        ref.tell_nowait("two")
        assert seen == ["one"]
        assert system.dead_letters.count == 2


async def test_a_cancelled_asks_answer_becomes_a_dead_letter(stage):
    async with stage.system(stage.actor("a")) as system:
        ref = stage.ref(system, "/a")
        gate = Gate(answer="late")
        async with anyio.create_task_group() as group:
            Outcome(group, ref, stage.do(gate))
            await settle()
            group.cancel_scope.cancel()
        gate.opened.set()
        await settle()
        assert [letter.message for letter in system.dead_letters.recent] == ["late"]
