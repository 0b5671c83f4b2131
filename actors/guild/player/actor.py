"""The player's shell: it feeds the core and does what the core wants.

The mailbox is never blocked by the world. What takes time runs as tasks of this actor, and its
outcome comes back as a message with the number of the attempt. Changes of the node's player are
one task's work, one after the other: two PATCHes under way at once could arrive in either order.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, assert_never

import anyio

from actors.guild.board import Board
from actors.guild.names import panel_name
from actors.guild.panel.messages import Render
from actors.guild.panel.ports import Announcer
from actors.guild.player.core import decide, restored
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    DestroyPlayer,
    Effect,
    End,
    JoinVoice,
    Later,
    LeaveVoice,
    Load,
    LookAtNode,
    Say,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Event,
    Join,
    JoinFailed,
    Loaded,
    LoadFailed,
    NodeReady,
    Play,
    PlayerMessage,
    Reconciled,
    TimeIsUp,
    UpdateFailed,
)
from actors.guild.player.ports import (
    AudioNode,
    Catalogue,
    JoinRefused,
    NodeRefused,
    NodeUnavailable,
    SourceFailed,
    VoiceGateway,
)
from actors.guild.player.state import PlayerState
from actors.guild.refusal import Code, Refused
from actors.runtime import Actor, ActorTask, Deferred, Exit, MailboxFull

# From this crash in the supervisor's period on, the state itself is the suspect.
CRASHES_TO_DISTRUST_THE_STATE = 3


@dataclass(frozen=True, slots=True)
class PlayerPorts:
    """What a player is connected to. `now` is the time in milliseconds since the epoch."""

    node: AudioNode
    voice: VoiceGateway
    catalogue: Catalogue
    announcer: Announcer
    board: Board
    now: Callable[[], int]
    new_run: Callable[[], str]


class PlayerActor(Actor[PlayerMessage]):
    """A guild's player.

    One message at a time, in the order of arrival. A crash costs the message in hand: its ask
    fails. The next incarnation begins with the last state, asks Discord and the node what is true,
    and changes only what differs, so that listeners hear nothing of it.
    """

    def __init__(self, guild: int, ports: PlayerPorts, *, volume: int) -> None:
        self._ports = ports
        self._state = PlayerState(guild=guild, run=ports.new_run(), volume=volume)
        self._deferred: dict[int, Deferred[Any]] = {}
        self._joining: ActorTask | None = None
        self._changes, self._next_change = anyio.create_memory_object_stream[
            UpdateNode | DestroyPlayer
        ](math.inf)

    async def on_start(self) -> None:
        """Begin with the last incarnation's state, unless that state is the likely cause."""
        kept = self.context.kept
        again = isinstance(kept, PlayerState)
        if isinstance(kept, PlayerState):
            if self.context.crashes < CRASHES_TO_DISTRUST_THE_STATE:
                self._state = kept
            else:
                # Where to say so, should it come to giving up, is no cause of crashes; neither is
                # what Discord said, and would not say again.
                self._state = replace(self._state, text_channel=kept.text_channel, voice=kept.voice)
            self._state = restored(self._state, self._ports.voice.state(self._state.guild))
        self.context.start_task(self._change_node, name="node")
        if not self._ports.node.ready:
            return
        if again:
            self.context.start_task(self._reconcile, name="reconcile")
        else:
            await self.receive(NodeReady(resumed=False))

    async def receive(self, message: PlayerMessage) -> object:
        """Decide, remember, act, and answer; commands answer as their messages say."""
        decision = decide(self._state, message, self._ports.now())
        self._state = decision.state
        self.context.keep(self._state)
        reply = decision.reply
        if isinstance(reply, Later) and isinstance(message, Play | Join):
            self._deferred[reply.attempt] = self.context.defer(message)
        for effect in decision.effects:
            self._do(effect)
        self._show()
        return reply

    async def on_stop(self, reason: Exit) -> None:
        """Leave the channel if this is the end; a crash leaves everything as it sounds."""
        self._changes.close()
        self._next_change.close()
        if reason.kind == "crashed":
            return
        guild = self._state.guild
        self._ports.board.remove(guild)
        if self._state.voice.channel is not None:
            await self._ports.voice.leave(guild)
            await self._ports.node.destroy(guild)

    def _do(self, effect: Effect) -> None:
        match effect:
            case UpdateNode() | DestroyPlayer():
                self._changes.send_nowait(effect)
            case LookAtNode():
                self.context.start_task(self._reconcile, name="reconcile")
            case JoinVoice():
                self._joining = self.context.start_task(self._join, effect, name="join")
            case LeaveVoice():
                # One that still looks around would come in after the leave.
                if self._joining is not None:
                    self._joining.cancel()
                self.context.start_task(self._ports.voice.leave, self._state.guild, name="leave")
            case Load():
                self.context.start_task(self._load, effect, name="load")
            case Answer(attempt, reply):
                self._deferred.pop(attempt).reply(reply)
            case StartTimer(key, delay_ms):
                self.context.timers.start(key, delay_ms / 1000, TimeIsUp(key))
            case CancelTimer(key):
                self.context.timers.cancel(key)
            case Say(notice):
                channel = self._state.text_channel
                if channel is not None:
                    self.context.start_task(self._ports.announcer.say, channel, notice, name="say")
            case End():
                self.context.stop()
            case _:
                assert_never(effect)

    def _show(self) -> None:
        view = self._state.view(self._ports.now())
        self._ports.board.put(view)
        panel = self.context.system.registry.whereis(panel_name(view.guild))
        if panel is not None:
            try:
                panel.tell_nowait(Render())
            except MailboxFull:
                # It has been told often enough to look at the board.
                return

    async def _report(self, event: Event) -> None:
        await self.context.ref.tell(event)

    async def _change_node(self) -> None:
        guild = self._state.guild
        async for change in self._next_change:
            if isinstance(change, DestroyPlayer):
                await self._ports.node.destroy(guild)
                continue
            try:
                await self._ports.node.update(guild, change.update)
            except NodeUnavailable:
                await self._report(UpdateFailed(change.play, Refused(Code.NO_NODE)))
            except NodeRefused:
                await self._report(UpdateFailed(change.play, Refused(Code.TRACK_FAILED)))

    async def _reconcile(self) -> None:
        try:
            player = await self._ports.node.player(self._state.guild)
        except NodeUnavailable:
            # The link is as good as down; it says `NodeReady` when it is not.
            return
        await self._report(Reconciled(player))

    async def _join(self, effect: JoinVoice) -> None:
        try:
            await self._ports.voice.join(self._state.guild, effect.channel)
        except JoinRefused as error:
            await self._report(JoinFailed(effect.attempt, error.refused))

    async def _load(self, effect: Load) -> None:
        try:
            found = await self._ports.catalogue.load(effect.query)
        except NodeUnavailable:
            await self._report(LoadFailed(effect.attempt, Refused(Code.NO_NODE)))
        except SourceFailed as error:
            await self._report(LoadFailed(effect.attempt, error.refused))
        else:
            await self._report(Loaded(effect.attempt, found.tracks, found.playlist))
