"""A guild's actors together: what people get, and what they do not notice when one crashes."""

import pytest

from actors.guild.names import panel_name, player_name
from actors.guild.panel.messages import GaveUp, ScrolledAway
from actors.guild.player.messages import (
    Join,
    Leave,
    Left,
    Member,
    NodeDown,
    NodeReady,
    Play,
    PlayerMessage,
    PlayerView,
    PositionReported,
    Queued,
    SettingsChanged,
    SetVolume,
    Show,
    Skip,
    Skipped,
    VoiceSessionEnded,
)
from actors.guild.player.ports import SourceFailed
from actors.guild.refusal import Code, Refused
from actors.guild.settings import Announcing, GuildSettings
from actors.intake import INTAKE, Open
from actors.runtime import ActorCrashed, ActorRef, Node, System
from actors.runtime.testing import VirtualClock
from tests.actors.guild.world import GUILD, NODE, TEXT, VOICE, World

pytestmark = pytest.mark.anyio

ADA = Member(1, VOICE)
PLAYER = f"/root/guilds/guild-{GUILD}/player"
PANEL = f"/root/guilds/guild-{GUILD}/panel-keeper/panel"


class Ordered(Exception):
    """A crash that a test ordered."""


def find(system: System, path: str) -> Node | None:
    nodes = [system.tree()]
    while nodes:
        node = nodes.pop()
        if node.path == path:
            return node
        nodes += node.children
    return None


async def play(player: ActorRef[PlayerMessage], *names: str) -> None:
    for name in names:
        assert isinstance(await player.ask(Play(ADA, name, TEXT)), Queued)


async def test_a_play_is_heard_shown_and_answered(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    answer = await player.ask(Play(ADA, "aurora", TEXT))
    assert isinstance(answer, Queued)
    assert answer.position == 0
    await world.changes.until(lambda: bool(world.updates and world.posted))
    (update,) = world.updates
    assert update.voice is not None
    assert update.start is not None
    assert update.start.track.title == "aurora"
    (views,) = world.posted.values()
    assert views[0].current is not None


async def test_opening_a_guild_twice_gives_the_same_player(
    player: ActorRef[PlayerMessage], system: System
) -> None:
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    assert await intake.ask(Open(GUILD)) is player


async def test_a_guild_that_is_just_ending_is_opened_again(
    player: ActorRef[PlayerMessage], system: System
) -> None:
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    await player.stop()
    again = await intake.ask(Open(GUILD))
    assert again is not player
    assert (await again.ask(Show())).guild == GUILD


async def test_a_failing_source_is_an_answer_not_a_crash(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    world.catalogue_error = SourceFailed(Refused(Code.SOURCE_REFUSED))
    assert await player.ask(Play(ADA, "x", TEXT)) == Refused(Code.SOURCE_REFUSED)
    node = find(system, PLAYER)
    assert node is not None
    assert node.incarnation == 1


async def test_a_crash_is_not_heard_and_loses_nothing(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first", "second", "third")
    await world.changes.until(lambda: GUILD in world.playing)
    before = await player.ask(Show())

    def starts() -> list[str]:
        # What is said of the track that follows is said a moment later, and is no start.
        return [update.start.play for update in world.updates if update.start is not None]

    told = starts()
    system.crash(PLAYER, Ordered())
    await clock.advance(0.0)
    after = await player.ask(Show())
    node = find(system, PLAYER)
    assert node is not None
    assert node.incarnation == 2
    assert after.queue == before.queue
    assert after.current is not None
    assert before.current is not None
    assert after.current.play == before.current.play
    assert after.voice_channel == VOICE
    # The next thing that the node hears of is the skip: the crash was none of its business.
    assert isinstance(await player.ask(Skip(ADA)), Skipped)
    await world.changes.until(lambda: len(starts()) > len(told))
    assert len(starts()) == len(told) + 1
    assert world.destroyed == []


async def test_the_ask_in_hand_fails_at_once_when_its_work_crashes_the_player(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    await play(player, "first", "second")
    world.catalogue_error = Ordered("a defect")
    with pytest.raises(ActorCrashed):
        await player.ask(Play(ADA, "x", TEXT))
    world.catalogue_error = None
    view = await player.ask(Show())
    assert [entry.track.title for entry in view.queue] == ["second"]


async def test_a_track_that_the_node_lost_in_the_crash_is_started_again(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: GUILD in world.playing)
    told = len(world.updates)
    world.playing.clear()
    system.crash(PLAYER, Ordered())
    await world.changes.until(lambda: len(world.updates) > told)
    assert world.updates[-1].start is not None


async def test_a_node_that_comes_back_is_told_everything_in_one_change(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.updates))
    world.ready = False
    await player.tell(NodeDown(NODE))
    world.ready = True
    await player.tell(NodeReady(NODE, resumed=False))
    await world.changes.until(lambda: len(world.updates) == 2)
    again = world.updates[-1]
    assert again.voice is not None
    assert again.start is not None
    assert again.volume == 50


async def test_a_crashing_panel_costs_the_player_nothing(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    world.announcer_error = Ordered("Discord has a bad day")
    await play(player, "first")
    view = await player.ask(Show())
    assert view.current is not None
    node = find(system, PLAYER)
    assert node is not None
    assert node.incarnation == 1


async def test_a_restarted_panel_edits_the_message_it_had(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    system.crash(PANEL, Ordered())
    await play(player, "second")
    await clock.advance(3.0)
    await world.changes.until(
        lambda: any(view.queue for views in world.posted.values() for view in views)
    )
    assert len(world.posted) == 1


async def test_a_panel_that_gave_up_comes_back_with_the_next_play(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    await play(player, "first")
    await system.supervisor(f"/root/guilds/guild-{GUILD}").terminate_child("panel-keeper")
    assert system.registry.whereis(panel_name(GUILD)) is None
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    await intake.ask(Open(GUILD))
    assert system.registry.whereis(panel_name(GUILD)) is not None


async def test_a_panel_that_somebody_deleted_is_posted_again(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    world.posted.clear()
    await play(player, "second")
    await clock.advance(3.0)
    await world.changes.until(lambda: bool(world.posted))


async def test_a_position_that_wobbles_is_no_reason_to_edit_the_panel(
    player: ActorRef[PlayerMessage], world: World, clock: VirtualClock
) -> None:
    world.clock = 1_000_990
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    (views,) = world.posted.values()
    await clock.advance(10.0)
    shown = len(views)
    world.clock += 5_000
    for position in (4_980, 5_020, 4_980):
        await player.tell(PositionReported(position, world.clock))
        await player.ask(Show())
        await clock.advance(3.0)
    await player.ask(SetVolume(ADA, 10))
    await clock.advance(3.0)
    await world.changes.until(lambda: views[-1].volume == 10)
    assert len(views) == shown + 1


async def test_a_place_that_is_taken_again_is_no_reason_to_edit_the_panel(
    player: ActorRef[PlayerMessage], world: World, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    (views,) = world.posted.values()
    await clock.advance(10.0)
    shown = len(views)
    world.session = "another"
    await player.tell(VoiceSessionEnded())
    await clock.advance(10.0)
    assert any(update.voice and update.voice.session == "another" for update in world.updates)
    assert len(views) == shown


async def test_however_fast_things_change_the_panel_is_edited_once_in_three_seconds(
    player: ActorRef[PlayerMessage], world: World, clock: VirtualClock
) -> None:
    await play(player, "first")
    await clock.advance(0.0)
    for volume in range(40):
        await player.ask(SetVolume(ADA, volume))
    (views,) = world.posted.values()
    assert len(views) == 1
    await clock.advance(3.0)
    assert [view.volume for view in views] == [50, 39]
    await clock.advance(60.0)
    assert len(views) == 2


async def test_a_panel_that_has_scrolled_away_is_posted_anew_with_the_next_change(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    await clock.advance(10.0)
    (message,) = world.posted
    panel = system.registry.whereis(panel_name(GUILD))
    assert panel is not None
    await panel.tell(ScrolledAway(message + 100))
    await player.ask(SetVolume(ADA, 10))
    await clock.advance(10.0)
    assert list(world.posted) == [message]

    await panel.tell(ScrolledAway(message))
    await clock.advance(10.0)
    # Nothing is new: nobody misses it.
    assert list(world.posted) == [message]
    await player.ask(SetVolume(ADA, 20))
    await clock.advance(10.0)
    (anew,) = world.posted
    assert anew != message
    await player.ask(SetVolume(ADA, 30))
    await clock.advance(10.0)
    assert [view.volume for view in world.posted[anew]] == [20, 30]


async def test_the_panel_stands_where_the_guild_has_chosen(
    player: ActorRef[PlayerMessage], world: World, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    await clock.advance(10.0)
    (message,) = world.posted
    assert world.channels[message] == TEXT
    for channel in (TEXT + 1, None):
        chosen = GuildSettings(request_channel=channel)
        world.board.choose(GUILD, chosen)
        await player.tell(SettingsChanged(chosen))
        await clock.advance(10.0)
        (message,) = world.posted
        assert world.channels[message] == (channel or TEXT)


async def test_a_guild_that_wants_no_panel_has_none(
    player: ActorRef[PlayerMessage], world: World, clock: VirtualClock
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.posted))
    await clock.advance(10.0)
    silent = GuildSettings(announce=Announcing.NEVER)
    world.board.choose(GUILD, silent)
    await player.tell(SettingsChanged(silent))
    await clock.advance(10.0)
    assert not world.posted
    await player.ask(SetVolume(ADA, 20))
    await clock.advance(10.0)
    assert not world.posted
    world.board.choose(GUILD, GuildSettings())
    await player.tell(SettingsChanged(GuildSettings()))
    await clock.advance(10.0)
    assert world.posted


async def test_leaving_ends_what_the_node_plays_and_keeps_the_queue(
    player: ActorRef[PlayerMessage], world: World
) -> None:
    await play(player, "first", "second")
    assert await player.ask(Leave(ADA)) == Left(VOICE)
    await world.changes.until(lambda: world.destroyed == [GUILD])
    await player.ask(Join(ADA, TEXT))
    view = await player.ask(Show())
    assert isinstance(view, PlayerView)
    assert [entry.track.title for entry in view.queue] == ["second"]


async def test_at_the_end_of_the_tree_no_guild_says_goodbye_by_itself(
    player: ActorRef[PlayerMessage], world: World, system: System
) -> None:
    await play(player, "first")
    await world.changes.until(lambda: bool(world.updates))
    told = len(world.updates)
    await system.stop()
    # The gateway's session and the node's end, and with them what is in them.
    assert world.voice != {}
    assert (world.destroyed, len(world.updates)) == ([], told)


async def test_a_player_that_keeps_crashing_is_given_up_alone_and_its_channel_is_told(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    intake = system.registry.whereis(INTAKE)
    assert intake is not None
    other = await intake.ask(Open(2))
    await play(player, "first")
    for _ in range(6):
        system.crash(PLAYER, Ordered())
        await clock.advance(5.0)
    await world.changes.until(lambda: GaveUp() in world.said)
    assert system.registry.whereis(player_name(GUILD)) is None
    assert world.voice == {}
    assert (await other.ask(Show())).guild == 2


async def test_from_the_third_crash_the_state_is_no_longer_trusted(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first", "poison")
    for _ in range(2):
        system.crash(PLAYER, Ordered())
        await clock.advance(1.0)
        assert (await player.ask(Show())).queue != ()
    system.crash(PLAYER, Ordered())
    await clock.advance(1.0)
    assert (await player.ask(Show())).queue == ()
    # But it still knows how to speak in its channel.
    await play(player, "healthy")
    await world.changes.until(
        lambda: any(u.start and u.start.track.title == "healthy" for u in world.updates)
    )


async def test_a_guild_is_cleared_up_after_even_if_the_intake_has_crashed_before(
    player: ActorRef[PlayerMessage], world: World, system: System, clock: VirtualClock
) -> None:
    await play(player, "first")
    system.crash("/root/intake", Ordered())
    await clock.advance(0.0)
    for _ in range(6):
        system.crash(PLAYER, Ordered())
        await clock.advance(5.0)
    await world.changes.until(lambda: GaveUp() in world.said)
    assert world.voice == {}
