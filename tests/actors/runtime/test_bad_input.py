"""What a handler may do that it should not, where no other test says what happens then."""

import time

import pytest

from actors.runtime import Actor, ActorCrashed, Ask, ChildSpec, SupervisorSpec, System
from actors.runtime.testing import settle

pytestmark = pytest.mark.anyio

BLOCK = 0.03


async def test_a_handler_that_blocks_the_loop_delays_everybody_loses_nothing_and_is_found_out(
    stage,
):
    async def block(actor):
        time.sleep(BLOCK)  # noqa: ASYNC251 - that is the point
        actor.stage.note("blocked")

    async with stage.system(stage.actor("blocking"), stage.actor("other")) as system:
        blocking, other = stage.ref(system, "/blocking"), stage.ref(system, "/other")
        stage.take()
        blocking.tell_nowait(stage.do(block))
        other.tell_nowait("one")
        other.tell_nowait("two")
        blocking.tell_nowait("after")
        await settle()
        lines = stage.take()
        assert [line for line in lines if line.startswith("blocking")] == ["blocking got after"]
        assert [line for line in lines if line.startswith("other")] == [
            "other got one",
            "other got two",
        ]
        assert blocking.statistics().longest >= BLOCK
        (node, _) = system.tree().children
        assert node.longest == blocking.statistics().longest
        assert node.incarnation == 1


async def test_a_message_that_is_not_understood_is_a_crash_like_any_other(stage):
    class Picky(Actor):
        async def receive(self, message):
            match message:
                case "understood":
                    return
                case _:
                    raise TypeError(message)

    class Unheard(Ask[object]):
        pass

    root = SupervisorSpec("root", (ChildSpec("a", Picky),))
    async with System(root, clock=stage.clock) as system:
        ref = stage.ref(system, "/a")
        with pytest.raises(ActorCrashed) as crashed:
            await ref.ask(Unheard())
        assert isinstance(crashed.value.reason, TypeError)
        await ref.tell("understood")
        await settle()
        assert system.tree().children[0].incarnation == 2


async def test_an_actor_without_receive_crashes_at_its_first_message(stage):
    async with stage.system(ChildSpec("a", Actor)) as system:
        ref = stage.ref(system, "/a")
        ref.tell_nowait("anything")
        await settle()
        (crashed,) = stage.events("actor.crashed")
        assert isinstance(crashed["exc_info"], NotImplementedError)
