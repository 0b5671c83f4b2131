"""All that can go wrong, one function for each."""

import asyncio

from actors.guild.player.messages import (
    TrackEnded,
    TrackFailed,
    TrackStarted,
    VoiceClosed,
    VoiceServerChanged,
    VoiceStateChanged,
)
from actors.lavalink_node.messages import Drain, Undrain, link_name
from actors.runtime import ActorCrashed, ActorStopped, AskTimeout
from tests.simulation.members import voice_channel
from tests.simulation.node import Node
from tests.simulation.process import Process
from tests.simulation.troubles import Fault, Ordered, Troubles
from tests.simulation.wire import Trick

CODES = (1001, 4006, 4009, 4014, 4015, 4020, 4021, 4022, 4900)
DELAYS: tuple[tuple[float, ...], ...] = ((), (0.7,), (2.5,), (0.0, 0.0), (0.0, 1.5))


# --- what happens to a guild's voice ---


def kick(troubles: Troubles, guild: int) -> None:
    if troubles.world.discord.halls[guild].channel is None:
        return
    troubles.tell(guild, "kicked")
    troubles.judge.records[guild].sent_away_at = troubles.world.loop.time()
    troubles.world.discord.kick(guild)
    troubles.later(troubles.chance.uniform(2, 40), troubles.members[guild].rejoin)


def drag(troubles: Troubles, guild: int) -> None:
    channel = voice_channel(guild, troubles.chance.randint(1, 3))
    troubles.tell(guild, "dragged to", channel)
    troubles.world.discord.drag(guild, channel)
    if troubles.chance.random() < 0.8:
        troubles.later(troubles.chance.uniform(0.1, 30), troubles.members[guild].come)


def move_region(troubles: Troubles, guild: int) -> None:
    troubles.tell(guild, "region moves")
    troubles.world.discord.move_region(guild)


def lose_region(troubles: Troubles, guild: int) -> None:
    def found() -> None:
        troubles.tell(guild, "region is there")
        troubles.world.discord.move_region(guild)

    troubles.tell(guild, "region lost")
    troubles.world.discord.lose_region(guild)
    troubles.later(troubles.chance.choice((0.2, 2.0, 12.0)), found)


def close_voice(troubles: Troubles, guild: int) -> None:
    code = troubles.chance.choice(CODES)
    void = troubles.chance.random() < 0.3
    troubles.tell(guild, "voice closes with", code, "for good" if void else "")
    troubles.world.discord.close_voice(guild, code, void=void)


def mute(troubles: Troubles, guild: int) -> None:
    def unmute() -> None:
        troubles.tell(guild, "unmuted")
        troubles.world.discord.mute(guild, False)

    troubles.tell(guild, "muted")
    troubles.world.discord.mute(guild, True)
    troubles.later(troubles.chance.uniform(1, 60), unmute)


def forbid(troubles: Troubles, guild: int) -> None:
    def allow() -> None:
        troubles.tell(guild, "channels allowed")
        troubles.judge.records[guild].sent_away_at = troubles.world.loop.time()
        troubles.world.discord.halls[guild].forbidden = False
        troubles.later(troubles.chance.uniform(5, 40), troubles.members[guild].rejoin)

    troubles.tell(guild, "channels forbidden")
    troubles.judge.records[guild].sent_away_at = troubles.world.loop.time()
    troubles.world.discord.halls[guild].forbidden = True
    troubles.later(troubles.chance.uniform(5, 40), allow)


def trick_discord(troubles: Troubles, guild: int) -> None:
    """What Discord says next of where we are, or through which server, is lost, late or doubled."""
    kind = troubles.chance.choice((VoiceStateChanged, VoiceServerChanged))
    delays = troubles.chance.choice(DELAYS)
    if kind is VoiceStateChanged and len(delays) > 1:
        # That we are gone, said once more when we are back, is all that is said of a kick.
        delays = (0.0, 0.0)
    troubles.world.tricks[guild].plan(Trick(kind, delays))
    troubles.chance.choice((drag, move_region, kick, lose_region))(troubles, guild)


def trick_node(troubles: Troubles, guild: int) -> None:
    kind = troubles.chance.choice((TrackStarted, TrackEnded, TrackFailed, VoiceClosed))
    delays = troubles.chance.choice([delays for delays in DELAYS if delays])
    troubles.world.tricks[guild].plan(Trick(kind, delays))


def lose_frame(troubles: Troubles, guild: int) -> None:
    kind = troubles.chance.choice((TrackStarted, TrackEnded, TrackFailed, VoiceClosed))
    troubles.world.tricks[guild].plan(Trick(kind, ()))


# --- what happens to actors ---


def crash_player(troubles: Troubles, guild: int) -> None:
    if troubles.may_crash(f"guild-{guild}"):
        troubles.tell(guild, "player crashes")
        troubles.crash(f"/root/guilds/guild-{guild}/player")


def crash_panel(troubles: Troubles, guild: int) -> None:
    troubles.tell(guild, "panel crashes")
    troubles.crash(f"/root/guilds/guild-{guild}/panel-keeper/panel")


def crash_at_await(troubles: Troubles, guild: int) -> None:
    paths = (
        f"/root/guilds/guild-{guild}/player",
        f"/root/guilds/guild-{guild}/panel-keeper/panel",
        "/root/intake",
        "/root/store",
    )
    path = troubles.chance.choice(paths)
    if troubles.may_crash(f"guild-{guild}" if "guild" in path else "root"):
        troubles.tell(guild, "crash at an await of", path)
        number = troubles.chance.randint(1, 4)
        troubles.judge.armed[path] = troubles.judge.faults.at_await(path, number, Ordered())


def sabotage(troubles: Troubles, guild: int) -> None:
    call = troubles.chance.choice(
        ("join", "leave", "update", "update", "destroy", "player", "load", "post", "edit", "delete")
    )
    if troubles.may_crash(f"guild-{guild}"):
        # An end that was ordered and never came about is known to nobody, until the link is new.
        after = troubles.chance.random() < 0.5 or call == "destroy"
        troubles.tell(guild, "will break", "after" if after else "in", call)
        troubles.sabotage.plan(guild, call, after=after)


def poison(troubles: Troubles, guild: int) -> None:
    """The player crashes until it is given up."""

    async def crash() -> None:
        for _ in range(troubles.chance.randint(4, 8)):
            troubles.tell(guild, "player crashes again")
            troubles.crash(f"/root/guilds/guild-{guild}/player")
            await asyncio.sleep(troubles.chance.uniform(0.0, 6.0))

    if troubles.may_crash(f"guild-{guild}"):
        troubles.beside(crash())


def crash_store(troubles: Troubles, _: int) -> None:
    if troubles.may_crash("root"):
        troubles.tell(0, "store crashes")
        troubles.crash("/root/store")


def crash_intake(troubles: Troubles, _: int) -> None:
    if troubles.may_crash("root"):
        troubles.tell(0, "intake crashes")
        troubles.crash("/root/intake")


def crash_link(troubles: Troubles, guild: int) -> None:
    if troubles.may_crash("links"):
        node = troubles.node_of(guild)
        troubles.tell(0, "link crashes:", node.name)
        troubles.crash(f"/root/lavalink/node-{node.name}")


# --- what happens to nodes ---


def kill_node(troubles: Troubles, guild: int) -> None:
    node = troubles.node_of(guild)
    if not node.up:
        return

    def boot() -> None:
        troubles.tell(0, "node boots:", node.name)
        node.boot()

    troubles.tell(0, "node dies:", node.name)
    node.die()
    troubles.later(troubles.chance.choice((0.5, 8.0, 30.0, 180.0)), boot)


def kill_all_nodes(troubles: Troubles, _: int) -> None:
    away = troubles.chance.choice((5.0, 20.0, 120.0))
    troubles.tell(0, "all nodes die")
    for node in troubles.world.nodes.values():
        if node.up:

            def boot(node: Node = node) -> None:
                troubles.tell(0, "node boots:", node.name)
                node.boot()

            troubles.tell(0, "node dies:", node.name)
            node.die()
            troubles.later(away * troubles.chance.uniform(0.5, 1.0), boot)


def break_socket(troubles: Troubles, guild: int) -> None:
    node = troubles.node_of(guild)
    if node.up and not node.black:
        troubles.tell(0, "websocket breaks:", node.name)
        node.break_sockets()


def blacken(troubles: Troubles, guild: int) -> None:
    node = troubles.node_of(guild)
    if not node.up or node.black:
        return

    def end() -> None:
        if node.black:
            troubles.tell(0, "is out of the black hole:", node.name)
            node.come_back()

    troubles.tell(0, "falls into a black hole:", node.name)
    node.go_black()
    process = troubles.judge.process
    if process is not None:
        process.nodes.links[node.name].went_black()
    troubles.later(troubles.chance.choice((1.0, 6.0, 14.0, 60.0)), end)


def slow_node(troubles: Troubles, guild: int) -> None:
    node = troubles.node_of(guild)

    def end() -> None:
        troubles.tell(0, "node is quick again:", node.name)
        node.slow = 0.0

    troubles.tell(0, "node is slow:", node.name)
    node.slow = troubles.chance.choice((0.5, 1.5, 3.0))
    troubles.later(troubles.chance.uniform(5, 40), end)


def hang(troubles: Troubles, guild: int) -> None:
    node = troubles.node_of(guild)
    troubles.tell(guild, "next voice request will hang at", node.name)
    node.hangs += troubles.chance.choice((1, 1, 2, 5))
    troubles.chance.choice((move_region, drag))(troubles, guild)


def drain(troubles: Troubles, guild: int) -> None:
    process, name = troubles.process, troubles.node_of(guild).name
    if process is None or any(link.draining for link in process.nodes.links.values()):
        return

    async def order(message: Drain | Undrain) -> None:
        troubles.tell(0, type(message).__name__, name)
        link = process.system.registry.whereis(link_name(name))
        if link is not None:
            try:
                await link.ask(message, timeout=10.0)
            except (ActorCrashed, ActorStopped, AskTimeout):
                return

    async def drain_for_a_while() -> None:
        await order(Drain())
        await asyncio.sleep(troubles.chance.uniform(5, 100))
        while process.ready and process.nodes.links[name].draining:
            await order(Undrain())
            await asyncio.sleep(1.0)

    troubles.beside(drain_for_a_while())


# --- what happens to processes ---


def kill_process(troubles: Troubles, _: int) -> None:
    if troubles.process is not None:
        troubles.tell(0, "process is killed")
        after = troubles.chance.choice((0.2, 2.0, 15.0, 75.0)) * troubles.chance.uniform(0.5, 1.0)
        troubles.replace(Process.kill, after)


def stop_process(troubles: Troubles, _: int) -> None:
    if troubles.process is not None:
        troubles.tell(0, "process is stopped")
        after = troubles.chance.choice((0.5, 5.0, 60.0)) * troubles.chance.uniform(0.5, 1.0)
        troubles.replace(Process.stop, after)


def hand_over(troubles: Troubles, _: int) -> None:
    if troubles.process is not None:
        troubles.tell(0, "process hands over")
        troubles.replace(Process.hand_over, 0.1)


def damage_snapshot(troubles: Troubles, guild: int) -> None:
    if troubles.process is not None and guild in troubles.world.disk.snapshots:
        troubles.tell(guild, "snapshot is damaged")
        troubles.judge.damaged(guild)
        troubles.replace(Process.kill, 1.0)


# --- what happens to Discord ---


def drop_gateway(troubles: Troubles, _: int) -> None:
    troubles.tell(0, "gateway connection breaks")
    _break_gateway(troubles, over=False)


def end_session(troubles: Troubles, _: int) -> None:
    troubles.tell(0, "gateway session ends")
    _break_gateway(troubles, over=True)


def gateway_outage(troubles: Troubles, _: int) -> None:
    def end() -> None:
        troubles.tell(0, "Discord is there again")
        troubles.world.discord.up = True

    if troubles.world.discord.up:
        troubles.tell(0, "Discord is away")
        troubles.world.discord.up = False
        _break_gateway(troubles, over=troubles.chance.random() < 0.3)
        troubles.later(troubles.chance.choice((2.0, 15.0, 80.0)), end)


def crash_gateway(troubles: Troubles, _: int) -> None:
    process = troubles.process
    if process is not None and troubles.may_crash("root"):
        troubles.tell(0, "gateway crashes")
        process.gateway.fail(Ordered())


def _break_gateway(troubles: Troubles, *, over: bool) -> None:
    discord = troubles.world.discord
    for session in tuple(discord.sessions.values()):
        if over:
            discord.end(session)
        else:
            discord.drop(session)
    if troubles.judge.process is not None:
        troubles.judge.process.gateway.broke()


def break_text(troubles: Troubles, _: int) -> None:
    def mend() -> None:
        troubles.world.story.tell(0, "text channels work again")
        troubles.world.text.broken = False

    troubles.world.story.tell(0, "text channels are broken")
    troubles.world.text.broken = True
    troubles.later(troubles.chance.uniform(1, 60), mend)


# --- what happens to the database ---


def fail_disk(troubles: Troubles, _: int) -> None:
    disk = troubles.world.disk
    if not disk.well:
        return

    def mend() -> None:
        troubles.tell(0, "database works again")
        disk.recover()

    hangs = troubles.chance.random() < 0.3
    troubles.tell(0, "database hangs" if hangs else "database fails")
    if hangs:
        disk.hang()
    else:
        disk.fail()
    troubles.later(troubles.chance.choice((1.0, 10.0, 60.0)), mend)


FAULTS: dict[str, Fault] = {
    "kick": Fault(3, kick, "FAULT kicked"),
    "drag": Fault(5, drag, "FAULT dragged to"),
    "move-region": Fault(5, move_region, "FAULT region moves"),
    "lose-region": Fault(4, lose_region, "FAULT region lost"),
    "close-voice": Fault(6, close_voice, "FAULT voice closes with"),
    "mute": Fault(3, mute, "FAULT muted"),
    "forbid": Fault(1, forbid, "FAULT channels forbidden"),
    "trick-discord": Fault(6, trick_discord, "Discord plays a trick:"),
    "trick-node": Fault(5, trick_node, "frame is late:"),
    "lose-frame": Fault(2, lose_frame, "frame is lost:"),
    "crash-player": Fault(6, crash_player, "FAULT player crashes"),
    "crash-panel": Fault(2, crash_panel, "FAULT panel crashes"),
    "crash-at-await": Fault(3, crash_at_await, "crashed at an await:"),
    "sabotage": Fault(6, sabotage, "FAULT breaks:"),
    "poison": Fault(0.5, poison, "FAULT player crashes again"),
    "crash-store": Fault(1.5, crash_store, "FAULT store crashes"),
    "crash-intake": Fault(1, crash_intake, "FAULT intake crashes"),
    "crash-link": Fault(1.5, crash_link, "FAULT link crashes:"),
    "kill-node": Fault(4, kill_node, "FAULT node dies:"),
    "kill-all-nodes": Fault(1, kill_all_nodes, "FAULT all nodes die"),
    "break-socket": Fault(3, break_socket, "FAULT websocket breaks:"),
    "black-hole": Fault(3, blacken, "FAULT falls into a black hole:"),
    "slow-node": Fault(1.5, slow_node, "FAULT node is slow:"),
    "hang": Fault(4, hang, "request hangs at"),
    "drain": Fault(2, drain, "FAULT Drain"),
    "kill-process": Fault(2.5, kill_process, "FAULT process is killed"),
    "stop-process": Fault(1, stop_process, "FAULT process is stopped"),
    "hand-over": Fault(1, hand_over, "FAULT process hands over"),
    "damage": Fault(0.3, damage_snapshot, "FAULT snapshot is damaged"),
    "drop-gateway": Fault(2.5, drop_gateway, "FAULT gateway connection breaks"),
    "end-session": Fault(2, end_session, "FAULT gateway session ends"),
    "gateway-outage": Fault(1, gateway_outage, "FAULT Discord is away"),
    "crash-gateway": Fault(1, crash_gateway, "FAULT gateway crashes"),
    "break-text": Fault(1, break_text, "text channels are broken"),
    "fail-disk": Fault(1.5, fail_disk, "FAULT database fails"),
}
"""By the names under which they can be left out."""
