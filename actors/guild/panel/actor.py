"""The panel's actor: one message in a channel that shows the player, edited as rarely as it may.

However fast things change, the message is edited at most once in `EDIT_PAUSE_SECONDS`, and the
last state wins: a change in the pause is shown when the pause ends. So does the pause with which a
panel of a process before begins: until the player has taken up its thread, each of its states is
worth an edit, and all guilds start at once. Progress needs no edits at all, the presenter uses
Discord's own relative timestamps.

What has scrolled away is not edited but posted again, below, when there is something new to show:
until then nobody misses it, and a busy channel gets no panel after every few lines.
"""

from dataclasses import dataclass, replace

from anyio.lowlevel import checkpoint

from actors.guild.board import Board
from actors.guild.panel.messages import EditTime, PanelMessage, Render, ScrolledAway
from actors.guild.panel.ports import Announcer, PanelGone
from actors.guild.player.messages import PlayerView
from actors.guild.settings import Announcing
from actors.runtime import Actor, ActorCrashed, ActorStopped, AskTimeout, MailboxFull
from actors.store.messages import STORE, Note, Noted

EDIT_PAUSE_SECONDS = 3.0
NOTED_SECONDS = 3.0
# A node's reports of its position are off by a little, this way and that.
DRIFT_MS = 1_500


@dataclass(frozen=True, slots=True)
class Posted:
    """Where the panel is and what it shows, None: what it showed for a process before.

    `scrolled`: it is out of sight.
    """

    channel: int
    message: int
    shown: PlayerView | None
    scrolled: bool = False


class PanelActor(Actor[PanelMessage]):
    """A guild's now-playing panel.

    No message is lost: the next incarnation knows which one it was, and so does the next process.
    A panel that was deleted is posted again when there is something new to show.
    """

    def __init__(self, guild: int, announcer: Announcer, board: Board) -> None:
        self._guild = guild
        self._announcer = announcer
        self._board = board
        self._posted: Posted | None = None
        self._pausing = False

    async def on_start(self) -> None:
        """Show what has changed since the last incarnation."""
        kept = self.context.kept
        if isinstance(kept, Posted):
            self._posted = kept
        else:
            self._posted = await self._noted()
            if self._posted is not None:
                self._pause()
                return
        # Not here: a panel that Discord does not take is no reason for no music.
        try:
            self.context.ref.tell_nowait(Render())
        except MailboxFull:
            # Those that wait since before say the same.
            return

    async def receive(self, message: PanelMessage) -> None:
        """Edit now, or when the pause after the last edit is over."""
        match message:
            case Render():
                if not self._pausing:
                    await self._render()
            case ScrolledAway(behind):
                posted = self._posted
                if posted is not None and posted.message == behind:
                    self._remember(replace(posted, scrolled=True))
            case EditTime():
                self._pausing = False
                await self._render()

    async def _render(self) -> None:
        # The music first: what the node is being told is written when this goes on.
        await checkpoint()
        view, posted = self._board.get(self._guild), self._posted
        settings = self._board.settings(self._guild)
        if view is None or view.text_channel is None:
            return
        if settings.announce is Announcing.NEVER:
            await self._take_away()
            return
        channel = settings.request_channel or view.text_channel
        shown = posted.shown if posted is not None and posted.channel == channel else None
        if shown is not None and _looks_alike(shown, view):
            return
        if posted is None and view.current is None:
            return
        self._pause()
        await self._show(view, channel)

    def _pause(self) -> None:
        self._pausing = True
        self.context.timers.start("edit", EDIT_PAUSE_SECONDS, EditTime())

    async def _show(self, view: PlayerView, channel: int) -> None:
        posted = self._posted
        in_sight = posted is None or not posted.scrolled or view.current is None
        if posted is not None and posted.channel == channel and in_sight:
            try:
                await self._announcer.edit(channel, posted.message, view)
            except PanelGone:
                self._remember(None)
            else:
                self._remember(replace(posted, shown=view))
                return
        else:
            await self._take_away()
        if view.current is None:
            return
        try:
            message = await self._announcer.post(channel, view)
        except PanelGone:
            # Not to be written to: the music plays on without a panel.
            return
        self._remember(Posted(channel, message, view))

    async def _take_away(self) -> None:
        posted = self._posted
        if posted is not None:
            await self._announcer.delete(posted.channel, posted.message)
            self._remember(None)

    def _remember(self, posted: Posted | None) -> None:
        before, self._posted = self._posted, posted
        self.context.keep(posted)
        if _place(before) != _place(posted):
            self._note(_place(posted))

    def _note(self, place: str) -> None:
        store = self.context.system.registry.whereis(STORE)
        if store is not None:
            try:
                store.tell_nowait(Note(self._key, place))
            except MailboxFull:
                self.context.start_task(store.tell, Note(self._key, place), name="note")

    async def _noted(self) -> Posted | None:
        store = self.context.system.registry.whereis(STORE)
        if store is None:
            return None
        try:
            place = await store.ask(Noted(self._key), timeout=NOTED_SECONDS)
        except (AskTimeout, ActorCrashed, ActorStopped):
            # At worst there is a second panel.
            return None
        channel, _, message = (place or "").partition(" ")
        numbers = channel.isdecimal() and message.isdecimal()
        return Posted(int(channel), int(message), None) if numbers else None

    @property
    def _key(self) -> str:
        return f"panel/{self._guild}"


def _place(posted: Posted | None) -> str:
    return "" if posted is None else f"{posted.channel} {posted.message}"


def _looks_alike(shown: PlayerView, view: PlayerView) -> bool:
    """Whether the two would show the same.

    A position that merely ran on is no change, nor is it while something plays to be in no channel
    for a moment, or in another.
    """
    drifted = abs(_clock(shown) - _clock(view)) > DRIFT_MS
    return not drifted and _lasting(shown) == _lasting(view)


def _lasting(view: PlayerView) -> PlayerView:
    current = view.current
    if current is None:
        return view
    return replace(view, voice_channel=None, current=replace(current, position_ms=0, at_ms=0))


def _clock(view: PlayerView) -> int:
    """What is shown of time: where it stands, or while it plays, when it began."""
    current = view.current
    if current is None:
        return 0
    stands = current.paused or not view.called or not view.node_ready
    return current.position_ms if stands else current.at_ms - current.position_ms
