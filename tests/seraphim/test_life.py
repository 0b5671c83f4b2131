"""The process's life: how it starts, how it stops, and what it exits with."""

import os
import signal
import subprocess
import sys

import anyio
import pytest
import structlog

from actors.runtime import Actor, ChildSpec, Exit, SupervisorSpec, System
from actors.service import FatalService
from seraphim.life import FAILED, GAVE_UP, WRONG_CONFIGURATION, Life

pytestmark = pytest.mark.anyio


class Story:
    """What happened, in order; also the door of a house."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.started = anyio.Event()
        self.ended = anyio.Event()
        self.hold: anyio.Event | None = None

    async def drain(self, within: float) -> None:
        self.told.append(f"drained within {within}")

    def reopen(self) -> None:
        self.told.append("reopened")

    async def hand_over(self) -> None:
        self.told.append("handed over")


class Resident(Actor[str]):
    def __init__(self, story: Story) -> None:
        self._story = story

    async def on_start(self) -> None:
        self._story.told.append("up")
        self._story.started.set()
        if self._story.hold is not None:
            await self._story.hold.wait()

    async def receive(self, message: str) -> None:
        raise RuntimeError(message)

    async def on_stop(self, reason: Exit) -> None:
        self._story.told.append("down")
        self._story.ended.set()


def house(story: Story, *, intensity: int = 1) -> System:
    resident = ChildSpec(id="resident", start=lambda: Resident(story), shutdown=0.1)
    return System(SupervisorSpec(id="root", intensity=intensity, children=(resident,)))


async def up(story: Story) -> None:
    """Wait until the tree is up and its life waits for orders."""
    await story.started.wait()
    await anyio.wait_all_tasks_blocked()


@pytest.fixture
async def story() -> Story:
    return Story()


@pytest.fixture
async def life() -> Life:
    return Life(8.0)


async def test_told_to_stop_it_drains_and_then_stops_the_tree(story: Story, life: Life) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await up(story)
        assert not life.ending
        life.stop()
    assert story.told == ["up", "drained within 2.0", "down"]
    assert life.code == 0
    assert life.ending
    assert not life.hands_over()


async def test_told_to_hand_over_it_says_no_goodbye(story: Story, life: Life) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await up(story)
        life.hand_over()
        assert life.hands_over()
    assert story.told == ["up", "handed over", "down"]
    assert life.code == 0


async def test_one_that_stops_already_hands_over_no_more(story: Story, life: Life) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await up(story)
        life.stop()
        life.hand_over()
    assert not life.hands_over()
    assert "handed over" not in story.told


async def test_told_to_stop_while_it_starts_it_starts_no_further(story: Story, life: Life) -> None:
    story.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await story.started.wait()
        life.stop()
    assert story.told == ["up"]
    assert life.code == 0


async def test_what_comes_first_is_done_before_anything_starts(story: Story, life: Life) -> None:
    async def first() -> None:
        story.told.append("first")

    async with anyio.create_task_group() as tasks:

        async def live() -> None:
            await life.live(house(story), story, first=first)

        tasks.start_soon(live)
        await story.started.wait()
        life.stop()
    assert story.told[:2] == ["first", "up"]


async def test_where_what_comes_first_fails_nothing_starts(story: Story, life: Life) -> None:
    async def first() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await life.live(house(story), story, first=first)
    assert story.told == []


async def test_what_comes_first_can_be_stopped(story: Story, life: Life) -> None:
    async def first() -> None:
        life.stop()
        await anyio.sleep_forever()

    await life.live(house(story), story, first=first)
    assert story.told == []
    assert life.code == 0


async def test_a_tree_that_gives_up_is_told_in_the_exit_code(story: Story, life: Life) -> None:
    system = house(story, intensity=0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, system, story)
        await up(story)
        system.crash("/root/resident", RuntimeError("ordered"))
    assert life.code == GAVE_UP


async def test_a_tree_that_does_not_start_is_told_in_the_exit_code(life: Life) -> None:
    class Broken(Actor[None]):
        async def on_start(self) -> None:
            raise RuntimeError("no port")

        async def receive(self, message: None) -> None: ...

    broken = ChildSpec(id="broken", start=Broken)
    with structlog.testing.capture_logs() as lines:
        await life.live(System(SupervisorSpec(id="root", children=(broken,))), Story())
    assert life.code == FAILED
    assert "system.start_failed" in [line["event"] for line in lines]


async def test_what_no_restart_can_help_stops_it(story: Story, life: Life) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await up(story)
        life.on_fatal(FatalService("set DISCORD_TOKEN"))
    assert life.code == WRONG_CONFIGURATION
    assert story.told[-1] == "down"


async def test_what_no_restart_can_help_stops_it_while_it_starts(story: Story, life: Life) -> None:
    story.hold = anyio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.live, house(story), story)
        await story.started.wait()
        life.on_fatal(FatalService("set DISCORD_TOKEN"))
    assert life.code == WRONG_CONFIGURATION


async def test_a_signal_stops_it_in_order(story: Story, life: Life) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.watch_signals)
        tasks.start_soon(life.live, house(story), story)
        await up(story)
        os.kill(os.getpid(), signal.SIGTERM)
        await story.ended.wait()
        tasks.cancel_scope.cancel()
    assert story.told == ["up", "drained within 2.0", "down"]


HANGS = """
import anyio
from actors.runtime import SupervisorSpec, System
from seraphim.life import Life

class Door:
    async def drain(self, within):
        print("draining", flush=True)
        await anyio.sleep_forever()

async def main():
    life = Life(600.0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(life.watch_signals)
        tasks.start_soon(life.live, System(SupervisorSpec(id="root", dynamic=True)), Door())

anyio.run(main)
"""


def test_a_second_signal_ends_it_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, b"")
        assert any(b"system.ready" in line for line in lines)
        process.send_signal(signal.SIGTERM)
        assert any(b"draining" in line for line in lines)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
