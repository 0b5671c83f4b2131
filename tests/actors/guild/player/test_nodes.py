"""Several nodes: where a guild plays, and what becomes of its song when that node is gone."""

from actors.guild.player.effects import DestroyPlayer, LookAtNode, UpdateNode
from actors.guild.player.messages import (
    EndReason,
    NodeDown,
    NodeDraining,
    NodePlayer,
    NodeReady,
    Reconciled,
    Skip,
    TrackEnded,
    TrackStarted,
    UpdateFailed,
    VoiceServerChanged,
    VoiceSessionEnded,
    VoiceStateChanged,
)
from actors.guild.refusal import Code, Refused
from tests.actors.guild.player.shell import NODE, OTHER
from tests.actors.guild.player.test_core import ADA, HERE, Guild


def playing_with_another(*names: str) -> Guild:
    """The first sounds at `NODE`, and `OTHER` is there too."""
    guild = Guild().ready()
    guild.tell(NodeReady(OTHER, resumed=False))
    return guild.joined().play(*names).started()


def sent_to(guild: Guild, node: str) -> list[UpdateNode]:
    return [e for e in guild.effects if isinstance(e, UpdateNode) and e.node == node]


def test_a_song_goes_on_at_another_node_where_it_was():
    guild = playing_with_another("first", "second")
    guild.now += 7_000
    guild.tell(NodeDown(NODE))
    (sent,) = sent_to(guild, OTHER)
    assert sent.update.voice is not None
    assert sent.update.start is not None
    assert sent.update.start.track.title == "first"
    assert sent.update.start.position_ms == 7_000
    assert guild.titles == ["second"]


def test_without_another_node_the_song_stands_still_until_one_is_back():
    guild = playing_with_another("first")
    guild.tell(NodeDown(OTHER))
    guild.now += 7_000
    guild.tell(NodeDown(NODE))
    assert guild.updates == []
    guild.now += 60_000
    guild.tell(NodeReady(OTHER, resumed=False))
    (sent,) = sent_to(guild, OTHER)
    assert sent.update.start is not None
    assert sent.update.start.position_ms == 7_000


def test_a_node_that_went_down_while_the_bot_was_out_of_voice_is_not_waited_for():
    guild = playing_with_another("first")
    guild.tell(VoiceSessionEnded())
    guild.tell(NodeDown(NODE))
    guild.tell(VoiceStateChanged(HERE, "another session"))
    guild.tell(VoiceServerChanged("another token", "voice.example:443"))
    (sent,) = sent_to(guild, OTHER)
    assert sent.update.voice is not None
    assert sent.update.start is not None
    assert sent.update.start.track.title == "first"


def test_a_node_that_resumes_is_looked_at_and_not_started_again():
    guild = playing_with_another("first")
    guild.tell(NodeReady(NODE, resumed=True))
    assert guild.effects == [LookAtNode(NODE)]


def away_for(ms: int) -> Guild:
    """The first of two songs sounds at the only node, which is away for so long and resumes."""
    guild = Guild().ready().joined().play("first", "second").started()
    guild.tell(NodeDown(NODE))
    guild.now += ms
    guild.tell(NodeReady(NODE, resumed=True))
    return guild


def test_a_song_that_ended_while_its_node_was_away_is_not_heard_twice():
    guild = away_for(10 * 60_000)
    guild.tell(Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start is not None
    assert update.start.track.title == "second"


def test_a_song_that_its_node_lost_while_it_was_away_goes_on_where_it_was():
    guild = away_for(7_000)
    guild.tell(Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)))
    (update,) = guild.updates
    assert update.start is not None
    assert update.start.track.title == "first"
    assert update.start.position_ms == 0


def test_a_node_that_comes_back_does_not_take_a_song_back():
    guild = playing_with_another("first")
    guild.tell(NodeDown(NODE))
    guild.tell(TrackStarted(guild.sounding))
    guild.tell(NodeReady(NODE, resumed=True))
    assert guild.updates == []
    assert guild.state.node == OTHER


def test_what_the_lost_node_says_later_of_its_song_changes_nothing():
    guild = playing_with_another("first", "second")
    before = guild.sounding
    guild.tell(NodeDown(NODE))
    guild.tell(TrackEnded(before, EndReason.CLEANUP))
    guild.tell(UpdateFailed(NODE, before, Refused(Code.TRACK_FAILED)))
    guild.tell(Reconciled(NODE, NodePlayer(before, 0, guild.now, False, 50, True)))
    assert guild.titles == ["second"]
    assert guild.updates == []


def test_draining_moves_the_song_first_and_ends_the_old_player_then():
    guild = playing_with_another("first")
    guild.now += 3_000
    guild.tell(NodeDraining(NODE))
    moved = [e for e in guild.effects if isinstance(e, UpdateNode | DestroyPlayer)]
    assert [(type(e), e.node) for e in moved] == [(UpdateNode, OTHER), (DestroyPlayer, NODE)]
    assert guild.updates[0].start is not None
    assert guild.updates[0].start.position_ms == 3_000


def test_draining_the_only_node_leaves_the_music_where_it_is():
    guild = Guild().ready().joined().play("first").started()
    guild.tell(NodeDraining(NODE))
    assert [e for e in guild.effects if isinstance(e, UpdateNode | DestroyPlayer)] == []
    assert guild.state.node == NODE


def test_after_leaving_the_next_song_may_play_elsewhere():
    guild = playing_with_another("first")
    guild.tell(VoiceStateChanged(None, None))
    guild.tell(NodeDown(NODE))
    guild.joined()
    (sent,) = sent_to(guild, OTHER)
    assert sent.update.voice is not None


def test_every_start_has_a_name_of_its_own():
    guild = playing_with_another("first", "second")
    names = {guild.sounding}
    for message in (NodeDown(NODE), NodeReady(NODE, resumed=False), NodeDown(OTHER), Skip(ADA)):
        guild.tell(message)
        names |= {update.start.play for update in guild.updates if update.start}
    assert len(names) == 4
