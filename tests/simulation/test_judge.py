"""Bots that are broken on purpose: the judge finds each of them out, and says why."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from actors.guild.player import connection, core, playback, presence, repair
from actors.guild.player.actor import PlayerActor
from actors.guild.player.messages import (
    Loaded,
    Loop,
    NodeDown,
    Pause,
    PlayerMessage,
    Seek,
    Shuffle,
    Skip,
    Sought,
    VoiceServerChanged,
)
from actors.guild.player.ports import NodeUpdate
from actors.guild.player.state import Current, PlayerState
from actors.guild.player.turn import Turn
from actors.intake import Intake
from seraphim.storage.snapshot import decode
from tests.simulation import storage
from tests.simulation.faults import FAULTS
from tests.simulation.link import Link
from tests.simulation.nodes import Nodes
from tests.simulation.simulation import simulate
from tests.simulation.world import Size

SMALL = Size(guilds=4, nodes=2, hours=1.0)

Break = Callable[[pytest.MonkeyPatch], None]
Rule = Callable[..., object]


def _rule(message: type, broken: Callable[[Rule], Rule]) -> Break:
    """Break what the player's core does with a message."""

    def apply(monkeypatch: pytest.MonkeyPatch) -> None:
        rules = core._RULES  # pyright: ignore[reportPrivateUsage]
        monkeypatch.setitem(rules, message, broken(rules[message]))

    return apply


def nothing(*_: object) -> None:
    """Stand in for what a broken bot does not do."""


async def nothing_later(*_: object, **__: object) -> None:
    """Stand in for what a broken bot would have taken its time for."""


def never_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "come_back", nothing)
    monkeypatch.setattr(repair, "rejoin", nothing)


def start_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tell = playback.tell_node

    def tell_less(turn: Turn, update: NodeUpdate) -> None:
        tell(turn, replace(update, start=None))

    monkeypatch.setattr(playback, "tell_node", tell_less)


def start_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def freeze(current: Current, now: int) -> Current:
        return replace(current, position_ms=0, at_ms=now, running=False)

    monkeypatch.setattr(playback, "freeze", freeze)


def hear_nobody_come(monkeypatch: pytest.MonkeyPatch) -> None:
    hear = presence._hear  # pyright: ignore[reportPrivateUsage]

    def hear_of_fewer(turn: Turn, listeners: frozenset[int] | None) -> None:
        if not turn.state.alone or listeners is None:
            hear(turn, listeners)

    monkeypatch.setattr(presence, "_hear", hear_of_fewer)


def stay_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """End no player of a node that somebody has moved away from, now or later."""

    monkeypatch.setattr(Nodes, "destroy", nothing_later)
    monkeypatch.setattr(Link, "tidy", nothing_later)


def forget_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(body: bytes) -> PlayerState:
        return replace(decode(body), queue=())

    monkeypatch.setattr(storage, "decode", forgetful)


def save_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlayerActor, "_save", nothing)


def answer_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "settle_requests", nothing)


def say_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Intake, "_clear_up", nothing_later)


def leak(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = PlayerActor.receive

    async def receive_and_leak(self: PlayerActor, message: PlayerMessage) -> object:
        if isinstance(message, Shuffle):
            self.context.start_task(asyncio.Event().wait, name="idling")
        return await receive(self, message)

    monkeypatch.setattr(PlayerActor, "receive", receive_and_leak)


def queue_it_twice(rule: Rule) -> Rule:
    def broken(turn: Turn, message: Loaded) -> object:
        return rule(turn, replace(message, tracks=message.tracks * 2))

    return broken


def lose_what_waits(rule: Rule) -> Rule:
    def broken(turn: Turn, message: Skip) -> object:
        turn.change(queue=turn.state.queue[1:])
        return rule(turn, message)

    return broken


def seek_elsewhere(rule: Rule) -> Rule:
    def broken(turn: Turn, message: Seek) -> object:
        reply = rule(turn, message)
        current = turn.state.current
        if current is not None and isinstance(reply, Sought):
            turn.change(current=replace(current, position_ms=0))
        return reply

    return broken


def loop_nothing_more(rule: Rule) -> Rule:
    def broken(turn: Turn, message: Skip) -> object:
        turn.change(loop=Loop.OFF)
        return rule(turn, message)

    return broken


def leave_with_the_node(rule: Rule) -> Rule:
    def broken(turn: Turn, message: NodeDown) -> object:
        connection.leave(turn)
        return rule(turn, message)

    return broken


def turn_it_up(rule: Rule) -> Rule:
    def broken(turn: Turn, message: VoiceServerChanged) -> object:
        turn.change(volume=100)
        return rule(turn, message)

    return broken


def fall_over(_: Rule) -> Rule:
    def broken(_: Turn, message: Pause) -> object:
        raise ArithmeticError(message)

    return broken


BROKEN: list[tuple[Break, str, str]] = [
    (never_come_back, "end-session", "should sound, and has been silent"),
    (start_nothing, "", "should sound, and has been silent"),
    (start_over, "kill-node", "was heard for"),
    (hear_nobody_come, "", "should sound, and has been silent for 12.0 s"),
    (stay_behind, "drain", "plays in several sessions"),
    (forget_the_queue, "kill-process", "begins with"),
    (save_nothing, "kill-process", "were not saved"),
    (answer_nothing, "", "Play fails with AskTimeout"),
    (say_nothing, "poison", "nobody was told"),
    (leak, "", "is still at ['idling'"),
    (_rule(Loaded, queue_it_twice), "", "Loaded doubles a track"),
    (_rule(Skip, lose_what_waits), "", "Skip loses"),
    (_rule(Skip, loop_nothing_more), "", "Skip changes what is looped"),
    (_rule(Seek, seek_elsewhere), "", "was heard for"),
    (_rule(NodeDown, leave_with_the_node), "kill-node", "NodeDown makes it leave for good"),
    (_rule(VoiceServerChanged, turn_it_up), "", "VoiceServerChanged changes the volume"),
    (_rule(Pause, fall_over), "", "crashes by itself: ArithmeticError"),
]
"""How a bot may be broken, the one kind of fault that it then meets, if any, and the complaint."""


@pytest.mark.parametrize(
    ("breaking", "fault", "complaint"), BROKEN, ids=[complaint for _, _, complaint in BROKEN]
)
def test_a_bot_that_is_broken_is_found_out(
    monkeypatch: pytest.MonkeyPatch, breaking: Break, fault: str, complaint: str
) -> None:
    without = sorted(set(FAULTS) - {fault})
    with monkeypatch.context() as patches:
        breaking(patches)
        broken = (simulate(seed, SMALL, without=without) for seed in range(1, 10))
        found_out = next(outcome for outcome in broken if outcome.failure is not None)
    assert complaint in str(found_out.failure)
    # It is not that it always finds something.
    assert simulate(found_out.seed, SMALL, without=without).failure is None
