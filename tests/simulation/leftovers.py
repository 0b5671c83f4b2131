"""What nobody has seen to: looked for when all is calm, and after the end of a process."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

from actors.guild.names import panel_name
from actors.guild.player.messages import PlayerView
from actors.runtime import System
from tests.simulation.anatomy import actors_of, deadlines_of, tasks_of
from tests.simulation.process import Process
from tests.simulation.record import guild_at
from tests.simulation.world import World

TASKS = {
    "player": ("node",),
    "node": ("link", "tidy"),
    "store": ("write",),
    "discord": ("run",),
    "operator": ("run",),
}
"""The tasks that actors may have when nothing happens, by the beginnings of their names."""


def restless(system: System) -> Iterator[tuple[int, str]]:
    """Yield who is at work long after the last fault and the last command, and in which guild."""
    for child in actors_of(system):
        allowed = TASKS.get(child.id.partition("-")[0], ())
        tasks = Counter(tasks_of(child))
        if any(name not in allowed or number > 1 for name, number in tasks.items()):
            yield guild_at(child.path), f"{child.path} is still at {sorted(tasks.elements())}"
        if len(child.mailbox):
            yield guild_at(child.path), f"{child.path} has mail: {list(child.mailbox.queue)}"


def doubled(world: World) -> Iterator[tuple[int, str]]:
    """Yield the guilds that play in more than one session."""
    playing: dict[int, list[str]] = {guild: [] for guild in world.guilds}
    for node in world.nodes.values():
        for session in node.sessions.values():
            for player in session.players.values():
                if player.start is not None:
                    playing[player.guild].append(session.name)
    for guild, sessions in playing.items():
        if len(sessions) > 1:
            yield guild, f"plays in several sessions: {sessions}"


def outdated(process: Process) -> Iterator[tuple[int, str]]:
    """Yield the guilds whose panel does not show what their player does."""
    panels = process.world.text.panels.values()
    for guild in process.world.guilds:
        view = process.board.get(guild)
        if view is None or view.current is None or view.text_channel is None:
            continue
        if process.system.registry.whereis(panel_name(guild)) is None:
            # It was given up where Discord did not take it; the next /play brings it back.
            continue
        shown = [_shown(panel) for channel, panel in panels if channel == view.text_channel]
        if _shown(view) not in shown:
            yield guild, f"shows {shown} where it should show {_shown(view)}"


def _shown(view: PlayerView) -> tuple[object, ...]:
    current = view.current
    playing = None if current is None else (current.play, current.paused)
    return playing, view.volume, [entry.track.title for entry in view.queue]


def left(system: System, world: World, tasks: set[asyncio.Task[Any]]) -> Iterator[str]:
    """Yield what has outlived its process; `tasks` are those of the loop that should be over."""
    if tasks:
        yield f"tasks are left: {sorted(task.get_name() for task in tasks)}"
    if len(system.registry):
        yield f"names are left: {[name.value for name in system.registry]}"
    if deadlines := deadlines_of(system):
        yield f"{len(deadlines)} deadlines are left: {deadlines}"
    if system.zombies:
        yield f"zombies are left: {system.zombies}"
    for node in world.nodes.values():
        for session in node.sessions.values():
            if session.socket is not None and not session.socket.wire.cut:
                yield f"a websocket is left: {session.name}"
