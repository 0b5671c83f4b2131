"""What has broken is not what follows at the node, however it came to be next."""

from actors.guild.player.messages import Back, EndReason, Loop, SetLoop, TrackEnded, TrackStarted
from tests.actors.guild.player.test_core import ADA
from tests.actors.guild.player.test_fallback import Choir, song


def broken_and_next() -> Choir:
    """The second song broke, and somebody went back to the first: the broken one waits."""
    guild = Choir(song(identifier="1"), song(identifier="2"))
    guild.now += 180_000
    guild.say(TrackEnded(guild.sounding, EndReason.FINISHED))
    guild.say(TrackStarted(guild.sounding))
    guild.break_down()
    guild.say(Back(ADA))
    assert guild.state.queue[0].is_broken
    return guild


def test_the_node_does_not_go_on_to_what_has_broken():
    guild = broken_and_next()
    guild.say(TrackStarted(guild.sounding))
    assert guild.state.following is None
    assert [update for update in guild.updates if update.following is not None] == []


def test_what_has_broken_is_looked_for_elsewhere_when_its_time_comes():
    guild = broken_and_next()
    guild.say(TrackStarted(guild.sounding))
    guild.now += 180_000
    guild.say(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert guild.question.track == song(identifier="2")
    assert [update for update in guild.updates if update.start is not None] == []


def test_the_node_forgets_what_it_was_told_when_what_is_next_has_broken():
    guild = broken_and_next()
    guild.say(TrackStarted(guild.sounding))
    guild.say(SetLoop(ADA, Loop.TRACK))
    assert guild.state.following is not None
    guild.say(SetLoop(ADA, Loop.OFF))
    assert guild.state.following is None
    assert [update.alone for update in guild.updates] == [True]
