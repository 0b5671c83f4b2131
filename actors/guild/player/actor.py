"""The player's shell: it feeds the core and does what the core wants.

The mailbox is never blocked by the world. What takes time runs as tasks of this actor, and its
outcome comes back as a message with the number of the attempt. Changes of the node's player are
one task's work, one after the other: two PATCHes under way at once could arrive in either order.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

import anyio
import structlog

from actors.guild.board import Board
from actors.guild.names import panel_name
from actors.guild.panel.messages import Render
from actors.guild.panel.ports import Announcer
from actors.guild.player.core import Decision, decide, restored
from actors.guild.player.effects import (
    Answer,
    CancelTimer,
    DestroyPlayer,
    Effect,
    End,
    FindElsewhere,
    FindNode,
    JoinVoice,
    Judge,
    Later,
    LeaveVoice,
    Load,
    LookAtNode,
    Propose,
    Say,
    SetChannelStatus,
    Speak,
    StartTimer,
    UpdateNode,
)
from actors.guild.player.messages import (
    Awake,
    Command,
    Departed,
    Event,
    FoundElsewhere,
    Join,
    JoinFailed,
    Loaded,
    LoadFailed,
    NodeFound,
    Play,
    PlayerMessage,
    PositionReported,
    Proposed,
    Reconciled,
    SettingsChanged,
    Show,
    TimeIsUp,
    UpdateFailed,
)
from actors.guild.player.playback import freeze
from actors.guild.player.ports import (
    AudioNode,
    Catalogue,
    JoinRefused,
    NodeRefused,
    NodeUnavailable,
    SourceFailed,
    VoiceGateway,
)
from actors.guild.player.state import PlayerState, worth_saving
from actors.guild.player.track import Track
from actors.guild.refusal import Code, Refused
from actors.runtime import (
    Actor,
    ActorCrashed,
    ActorRef,
    ActorStopped,
    ActorTask,
    AskTimeout,
    Deferred,
    Down,
    Exit,
    MailboxFull,
)
from actors.sources.messages import SOURCES, SourceHeard
from actors.store.messages import STORE, Recall, Save, StoreMessage, Unread

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

# From this crash in the supervisor's period on, the state itself is the suspect.
CRASHES_TO_DISTRUST_THE_STATE = 3
RECALL_SECONDS = 3.0
# How long one source may take to say what it has: the channel is silent meanwhile.
ELSEWHERE_SECONDS = 8.0
PROPOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class PlayerPorts:
    """What a player is connected to. `now` is the time in milliseconds since the epoch.

    `hands_over` is true when the process stops because another goes on with what sounds.
    """

    node: AudioNode
    voice: VoiceGateway
    catalogue: Catalogue
    announcer: Announcer
    board: Board
    now: Callable[[], int]
    new_run: Callable[[], str]
    hands_over: Callable[[], bool]


class PlayerActor(Actor[PlayerMessage]):
    """A guild's player.

    One message at a time, in the order of arrival. A crash costs the message in hand: its ask
    fails. The next incarnation begins with the last state, asks Discord and the node what is true,
    and changes only what differs, so that listeners hear nothing of it.
    """

    def __init__(self, guild: int, ports: PlayerPorts, *, volume: int) -> None:
        self._ports = ports
        chosen = ports.board.settings(guild)
        if chosen.default_volume is not None:
            volume = chosen.default_volume
        volume = min(volume, chosen.maximum_volume)
        self._state = PlayerState(guild, ports.new_run(), volume, settings=chosen)
        self._deferred: dict[int, Deferred[Any]] = {}
        self._joining: ActorTask | None = None
        self._left: anyio.Event | None = None
        self._saying = anyio.Lock()
        self._changes, self._next_change = anyio.create_memory_object_stream[
            UpdateNode | DestroyPlayer
        ](math.inf)

    async def on_start(self) -> None:
        """Begin with the last state: this process's, or else the one that was saved."""
        self.context.start_task(self._change_node, name="node")
        self._watch_store()
        kept = self.context.kept
        there = self._ports.voice.state(self._state.guild)
        nodes = self._ports.node.nodes
        if isinstance(kept, PlayerState):
            trusted = self.context.crashes < CRASHES_TO_DISTRUST_THE_STATE
            state = kept if trusted else await self._saved(unread=kept)
            # Where to say so, should it come to giving up, is no cause of crashes; neither is what
            # Discord said, and would not say again.
            state = replace(
                state,
                text_channel=kept.text_channel,
                home=kept.home,
                voice=kept.voice,
                settings=self._state.settings,
            )
            self._state = restored(state, there, nodes)
            self._decide(Awake(rejoin=False))
        else:
            # Plays get names of their own: it may be older than the last that its process gave.
            run = self._state.run
            saved = await self._saved(unread=self._state)
            saved = replace(saved, run=run, settings=self._state.settings)
            self._state = restored(saved, None, nodes)
            # A place that is not of this gateway session ends with the one that it is of.
            self._decide(Awake(rejoin=there is not None))
        # What was saved may be louder than what may be by now.
        self._decide(SettingsChanged(self._state.settings))

    async def receive(self, message: PlayerMessage) -> object:
        """Decide, remember, act, and answer; commands answer as their messages say."""
        if isinstance(message, Down):
            # The store's, which begins with what it is sent again.
            self._watch_store()
            self._save()
            return None
        return self._decide(message).reply

    def _decide(self, message: Command | Event) -> Decision:
        before = self._state
        decision = decide(before, message, self._ports.now())
        self._state = decision.state
        self.context.keep(self._state)
        reply = decision.reply
        if isinstance(reply, Later) and isinstance(message, Play | Join):
            self._deferred[reply.attempt] = self.context.defer(message)
        changed = worth_saving(before, decision.state)
        # The music first: who hears of it next is who acts next.
        for effect in decision.effects:
            self._do(effect)
        if changed:
            self._save()
        # What was shown of a position runs on by itself (a thousand players report one every 5 ms),
        # and who only looks changes nothing.
        if changed or not isinstance(message, PositionReported | Show):
            self._show()
        return decision

    async def on_stop(self, reason: Exit) -> None:
        """Save what is to be gone on with; whatever sounds is left as it is.

        A player ends by itself when it has long left voice. When all end, nothing is left to each:
        the place in voice ends with the gateway's session, and what plays with the node's.
        Thousands of goodbyes would take longer than there is time.
        """
        self._changes.close()
        self._next_change.close()
        if reason.kind == "crashed":
            return
        self._ports.board.remove(self._state.guild)
        current = self._state.current
        if current is not None and not self._ports.hands_over():
            self._state = replace(self._state, current=freeze(current, self._ports.now()))
        self._save()

    def _watch_store(self) -> None:
        store = self._store
        if store is not None:
            self.context.monitor(store)

    @property
    def _store(self) -> ActorRef[StoreMessage] | None:
        return self.context.system.registry.whereis(STORE)

    async def _saved(self, *, unread: PlayerState) -> PlayerState:
        """Return what was saved of this guild, a new state if that is nothing.

        Where it cannot be read: `unread`.
        """
        store = self._store
        if store is None:
            return self._state
        recall = Recall(self._state.guild)
        try:
            try:
                saved = await store.ask(recall, timeout=RECALL_SECONDS)
            except ActorCrashed:
                # What is stored may be well: the store's next incarnation can tell.
                saved = await store.ask(recall, timeout=RECALL_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped):
            saved = Unread()
        if isinstance(saved, Unread):
            log.warning("player.snapshot_unread", guild=self._state.guild)
            return unread
        return saved or self._state

    def _save(self) -> None:
        store = self._store
        if store is None:
            return
        try:
            store.tell_nowait(Save(self._state))
        except MailboxFull:
            self.context.start_task(self._save_later, store, name="save")

    async def _save_later(self, store: ActorRef[StoreMessage]) -> None:
        # A second one behind it finds the mailbox just as full: none overtakes another.
        await store.tell(Save(self._state))

    def _do(self, effect: Effect) -> None:
        match effect:
            case UpdateNode() | DestroyPlayer():
                self._changes.send_nowait(effect)
            case LookAtNode(node):
                self.context.start_task(self._reconcile, node, name="reconcile")
            case FindNode(endpoint, avoid):
                self._decide(NodeFound(self._ports.node.choose(endpoint, avoid)))
            case Speak(channel):
                guild = self._state.guild
                self.context.start_task(self._ports.voice.speak, guild, channel, name="speak")
            case SetChannelStatus():
                self.context.start_task(self._say_status, effect, name="status")
            case JoinVoice():
                self._call_off_joining()
                self._joining = self.context.start_task(self._join, effect, self._left, name="join")
            case LeaveVoice():
                # One that still looks around would come in after the leave.
                self._call_off_joining()
                self._left = anyio.Event()
                self.context.start_task(self._leave, self._left, name="leave")
            case Load():
                self.context.start_task(self._load, effect, name="load")
            case FindElsewhere():
                self.context.start_task(self._find_elsewhere, effect, name="elsewhere")
            case Propose():
                self.context.start_task(self._propose, effect, name="propose")
            case Judge(source, worked):
                self._judge(source, worked=worked)
            case Answer(attempt, reply):
                self._deferred.pop(attempt).reply(reply)
            case StartTimer(key, delay_ms):
                self.context.timers.start(key, delay_ms / 1000, TimeIsUp(key))
            case CancelTimer(key):
                self.context.timers.cancel(key)
            case Say(notice):
                channel = self._state.text_channel
                if channel is not None:
                    guild, say = self._state.guild, self._ports.announcer.say
                    self.context.start_task(say, guild, channel, notice, name="say")
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
            node = change.node
            if isinstance(change, DestroyPlayer):
                await self._ports.node.destroy(guild, node)
                continue
            voice = change.update.voice is not None
            try:
                await self._ports.node.update(guild, node, change.update)
            except NodeUnavailable:
                refused = Refused(Code.NO_NODE)
                await self._report(UpdateFailed(node, change.play, refused, voice))
            except NodeRefused:
                refused = Refused(Code.TRACK_FAILED)
                await self._report(UpdateFailed(node, change.play, refused, voice))

    async def _reconcile(self, node: str) -> None:
        try:
            player = await self._ports.node.player(self._state.guild, node)
        except NodeUnavailable:
            # The link is as good as down; it says `NodeReady` when it is not.
            return
        await self._report(Reconciled(node, player))

    def _call_off_joining(self) -> None:
        if self._joining is not None:
            self._joining.cancel()

    async def _say_status(self, effect: SetChannelStatus) -> None:
        # In order, for the last one stands.
        async with self._saying:
            await self._ports.voice.say_status(self._state.guild, effect.channel, effect.text)

    async def _leave(self, left: anyio.Event) -> None:
        # A bot that stays behind because Discord was away would be there for good.
        while not await self._ports.voice.leave(self._state.guild):
            pass
        await self._report(Departed())
        left.set()

    async def _join(self, effect: JoinVoice, left: anyio.Event | None) -> None:
        guild = self._state.guild
        # While Discord cannot be reached a leave waits, as this does; it must not be heard last.
        if left is not None:
            await left.wait()
        if effect.afresh:
            if not await self._ports.voice.leave(guild):
                # The timer of the join tries again.
                return
            await self._report(Departed())
        try:
            await self._ports.voice.join(guild, effect.channel, back=effect.back)
        except JoinRefused as error:
            await self._report(JoinFailed(effect.attempt, error.refused))

    async def _load(self, effect: Load) -> None:
        sources = self._state.settings.sources
        try:
            found = await self._ports.catalogue.load(effect.query, sources)
        except NodeUnavailable:
            await self._report(LoadFailed(effect.attempt, Refused(Code.NO_NODE)))
        except SourceFailed as error:
            self._blame(error.failed)
            await self._report(LoadFailed(effect.attempt, error.refused))
        else:
            self._blame(found.failed)
            await self._report(Loaded(effect.attempt, found.tracks, found.playlist))

    async def _find_elsewhere(self, effect: FindElsewhere) -> None:
        found: tuple[Track, ...] = ()
        with anyio.move_on_after(ELSEWHERE_SECONDS):
            try:
                found = await self._ports.catalogue.alternatives(effect.track, effect.source)
            except NodeUnavailable:
                log.info("track.no_node", guild=self._state.guild, source=effect.source)
            except SourceFailed as error:
                self._blame(error.failed)
        log.info(
            "track.sought",
            guild=self._state.guild,
            source=effect.source,
            found=len(found),
        )
        await self._report(FoundElsewhere(effect.attempt, found))

    async def _propose(self, effect: Propose) -> None:
        tracks: tuple[Track, ...] = ()
        with anyio.move_on_after(PROPOSE_SECONDS):
            try:
                tracks = await self._ports.catalogue.related(effect.recent)
            except (NodeUnavailable, SourceFailed) as error:
                # The history has something, too.
                log.info("autoplay.no_library", guild=self._state.guild, error=repr(error))
        await self._report(Proposed(effect.attempt, tracks))

    def _judge(self, source: str, *, worked: bool) -> None:
        sources = self.context.system.registry.whereis(SOURCES)
        if sources is not None:
            try:
                sources.tell_nowait(SourceHeard(self._state.guild, source, worked))
            except MailboxFull:
                # It hears of it from as many guilds as it takes.
                return

    def _blame(self, sources: Sequence[str]) -> None:
        for source in sources:
            self._judge(source, worked=False)
