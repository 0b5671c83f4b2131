"""What becomes of a track that broke: another recording of it goes on in its place."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.panel.messages import TooManyBroke, TrackBroke
from actors.guild.player.core import Decision, decide, restored
from actors.guild.player.effects import FindElsewhere, Judge, Say
from actors.guild.player.fallback import MOST_TRIED, asked_in_turn
from actors.guild.player.messages import (
    Awake,
    Back,
    EndReason,
    FoundElsewhere,
    NodeDown,
    NodeFound,
    NodePlayer,
    NodeReady,
    Pause,
    PlayerMessage,
    Reconciled,
    Resume,
    Skip,
    TrackEnded,
    TrackFailed,
    TrackStarted,
    TrackStuck,
    UpdateFailed,
)
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.shell import NODE
from tests.actors.guild.player.test_core import ADA, Guild

ORDER = ("youtube", "soundcloud", "deezer", "library")
ISRC = "GBAYE0601498"


def song(
    source: str = "youtube",
    identifier: str = "1",
    *,
    title: str = "Aurora",
    author: str = "The Choir",
    length_ms: int | None = 180_000,
    seekable: bool = True,
    isrc: str | None = None,
) -> Track:
    return Track(
        f"encoded {source} {identifier}",
        identifier,
        title,
        author,
        length_ms,
        seekable,
        source,
        isrc=isrc,
    )


class Choir(Guild):
    """A guild in whose world some sources have some tracks; `broken` are names of tracks."""

    def __init__(self, *tracks: Track) -> None:
        super().__init__()
        self.ready().joined()
        queue = tuple(Entry(one, ADA.id) for one in tracks)
        self.state = replace(self.state, settings=GuildSettings(sources=ORDER))
        self.asked: list[str] = []
        self.said: list[object] = []
        self.play("x")
        current = self.state.current
        assert current is not None
        current, waiting = replace(current, entry=queue[0]), queue[1:]
        self.state = replace(self.state, current=current, queue=waiting)
        self.say(TrackStarted(self.sounding))

    def say(self, message: PlayerMessage) -> Decision:
        """Decide one message, and nothing else: what it wants of the world is kept."""
        decision = decide(self.state, message, self.now)
        self.state = decision.state
        self.effects = list(decision.effects)
        self.said += [effect.notice for effect in self.effects if isinstance(effect, Say)]
        return decision

    def break_down(self, why: str = "it broke") -> None:
        sounding = self.sounding
        self.say(TrackFailed(sounding, why))
        self.say(TrackEnded(sounding, EndReason.FINISHED))

    @property
    def question(self) -> FindElsewhere:
        (question,) = [effect for effect in self.effects if isinstance(effect, FindElsewhere)]
        return question

    def answer(self, *tracks: Track) -> FindElsewhere:
        """Answer the question that was asked last, and return it."""
        question = self.question
        self.say(FoundElsewhere(question.attempt, tracks))
        return question

    def answer_nothing(self) -> list[str]:
        """Answer nothing to every question; return the sources that were asked."""
        asked = list[str]()
        while any(isinstance(effect, FindElsewhere) for effect in self.effects):
            asked.append(self.answer().source)
        return asked

    @property
    def start(self) -> Track:
        (update,) = [one for one in self.updates if one.start is not None]
        assert update.start is not None
        return update.start.track

    @property
    def entry(self) -> Entry:
        assert self.state.current is not None
        return self.state.current.entry


# --- the pure parts ---


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("youtube", ("soundcloud", "deezer", "library", "youtube")),
        ("deezer", ("library", "youtube", "soundcloud", "deezer")),
        ("library", ORDER),
        ("spotify", ORDER),
    ],
)
def test_the_sources_are_asked_from_behind_the_one_that_broke_and_it_last(source, asked):
    assert asked_in_turn(source, ORDER) == asked


# --- one track that breaks ---


def test_a_broken_track_goes_on_from_elsewhere_at_the_position_where_it_broke():
    guild = Choir(song(), song(identifier="next", title="Next"))
    play = guild.playing
    guild.now += 42_000
    guild.break_down()
    assert guild.question.source == "soundcloud"
    assert guild.question.track == song()
    # However long the search takes.
    guild.now += 3_000
    other = song("soundcloud", "2", title="The Choir - Aurora (Official)")
    guild.answer(other)
    (update,) = guild.updates
    assert update.start is not None
    assert (update.start.track, update.start.position_ms) == (other, 42_000)
    assert guild.said == []
    # It is the same play for whoever looks at the panel, and another start for the node.
    assert guild.playing == play
    assert guild.entry.original == song()
    guild.say(TrackStarted(guild.sounding))
    guild.now += 1_000
    assert guild.position() == 43_000


def test_what_cannot_be_sought_begins_anew():
    guild = Choir(song())
    guild.now += 42_000
    guild.break_down()
    guild.answer(song("soundcloud", "2", seekable=False))
    (update,) = guild.updates
    assert update.start is not None
    assert update.start.position_ms == 0


def test_a_track_that_never_began_is_found_elsewhere_too():
    guild = Choir(song())
    guild.say(TrackEnded(guild.sounding, EndReason.LOAD_FAILED))
    assert guild.question.source == "soundcloud"


def test_what_the_node_refuses_to_start_is_found_elsewhere():
    guild = Choir(song())
    guild.say(UpdateFailed(NODE, guild.sounding, Refused(Code.TRACK_FAILED)))
    assert guild.question.source == "soundcloud"


def test_a_stuck_track_is_silenced_and_goes_on_from_where_it_was_last_heard():
    guild = Choir(song())
    guild.now += 30_000
    guild.say(TrackStuck(guild.sounding, 10_000))
    assert [update.silence for update in guild.updates] == [True]
    guild.answer(song("soundcloud", "2"))
    assert guild.start == song("soundcloud", "2")


def test_a_track_that_stuck_everywhere_is_said_with_a_code_of_its_own():
    guild = Choir(song(length_ms=None))
    guild.say(TrackStuck(guild.sounding, 10_000))
    assert guild.said == [TrackBroke(Entry(song(length_ms=None), ADA.id), "", Code.TRACK_STUCK)]


def test_each_candidate_is_tried_once_and_never_the_same_broken_one_again():
    guild = Choir(song(), song(identifier="next", title="Next"))
    guild.break_down()
    first, second = song("soundcloud", "a"), song("soundcloud", "b")
    guild.answer(first, second, first)
    assert guild.start == first
    guild.say(TrackStarted(guild.sounding))
    guild.now += 1_000
    guild.break_down()
    # Nobody needs to be asked again for what has been told.
    assert guild.start == second
    guild.break_down()
    assert guild.question.source == "deezer"
    guild.answer(song("deezer", "c"))
    guild.break_down()
    # Its own source is asked last, for another copy; not for the one that broke.
    assert guild.answer().source == "library"
    assert guild.answer(song(), first, second).source == "youtube"
    assert guild.said == [TrackBroke(Entry(song(), ADA.id), "it broke")]
    assert guild.start.title == "Next"


def test_no_more_than_a_few_are_tried():
    guild = Choir(song())
    guild.break_down()
    tried = 1
    guild.answer(*(song("soundcloud", str(number)) for number in range(100)))
    while guild.state.current is not None:
        tried += 1
        guild.break_down()
    assert tried == MOST_TRIED
    assert len(guild.said) == 1


def test_a_track_that_breaks_as_it_ends_has_been_heard():
    guild = Choir(song(), song(identifier="next", title="Next"))
    guild.now += 178_000
    guild.break_down()
    assert guild.said == []
    assert guild.start.title == "Next"
    assert guild.state.failures == 0


@pytest.mark.parametrize(
    "track",
    [
        song(length_ms=None),
        song("http", author=""),
        song("http", author="Unknown artist"),
    ],
    ids=["a stream", "nobody's", "an unknown artist's"],
)
def test_what_cannot_be_told_from_others_is_not_looked_for(track: Track):
    guild = Choir(track, song(identifier="next", title="Next"))
    guild.break_down("404")
    assert guild.said == [TrackBroke(Entry(track, ADA.id), "404")]
    assert guild.start.title == "Next"


def test_a_mended_track_stays_mended_in_the_history_and_is_known_as_what_was_asked_for():
    guild = Choir(song(), song(identifier="next", title="Next"))
    guild.break_down()
    guild.answer(song("soundcloud", "2"))
    guild.say(TrackStarted(guild.sounding))
    guild.say(TrackEnded(guild.sounding, EndReason.FINISHED))
    (entry,) = guild.state.history
    assert entry.track == song("soundcloud", "2")
    assert entry.original == song()
    guild.say(TrackStarted(guild.sounding))
    guild.say(Back(ADA))
    assert guild.start == song("soundcloud", "2")


def test_what_was_found_nowhere_is_not_tried_again_when_somebody_goes_back():
    guild = Choir(song(), song(identifier="next", title="Next"))
    guild.break_down()
    assert guild.answer_nothing() == ["soundcloud", "deezer", "library", "youtube"]
    guild.say(TrackStarted(guild.sounding))
    guild.say(Back(ADA))
    assert [update.start for update in guild.updates] == [None] * len(guild.updates)
    assert guild.question.source == "soundcloud"


# --- while it is looked for ---


def test_while_it_is_looked_for_nothing_starts_the_broken_one_again():
    guild = Choir(song())
    guild.now += 10_000
    guild.break_down()
    position = guild.position()
    attempt = guild.question.attempt
    for message in (
        Pause(ADA),
        Resume(ADA),
        TrackStarted(guild.sounding),
        Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)),
        Reconciled(NODE, None),
        NodeDown(NODE),
        NodeReady(NODE, resumed=False),
        NodeFound(NODE),
        TrackEnded(guild.sounding, EndReason.LOAD_FAILED),
    ):
        guild.now += 500
        guild.say(message)
        # Nor is anybody asked twice.
        assert not [effect for effect in guild.effects if isinstance(effect, FindElsewhere)]
        assert not [update for update in guild.updates if update.start is not None]
    assert guild.position() == position
    guild.say(FoundElsewhere(attempt, (song("soundcloud", "2"),)))
    assert guild.start == song("soundcloud", "2")


def test_a_pause_while_it_is_looked_for_holds_for_what_is_found():
    guild = Choir(song())
    guild.break_down()
    attempt = guild.question.attempt
    guild.say(Pause(ADA))
    guild.say(FoundElsewhere(attempt, (song("soundcloud", "2"),)))
    assert [update.paused for update in guild.updates] == [True]


def test_a_skip_while_it_is_looked_for_ends_the_search():
    guild = Choir(song(), song(identifier="next", title="Next"))
    guild.break_down()
    attempt = guild.question.attempt
    guild.say(Skip(replace(ADA, dj=True)))
    assert guild.start.title == "Next"
    guild.say(FoundElsewhere(attempt, (song("soundcloud", "2"),)))
    assert guild.effects == []
    assert guild.entry.track.title == "Next"


def test_an_answer_to_another_question_changes_nothing():
    guild = Choir(song())
    guild.break_down()
    before = guild.state
    guild.say(FoundElsewhere(guild.question.attempt + 100, (song("soundcloud", "2"),)))
    assert guild.state == before
    assert guild.effects == []


def test_a_player_that_starts_again_looks_again():
    guild = Choir(song())
    guild.break_down()
    guild.state = restored(guild.state, None, guild.state.nodes)
    guild.say(Awake(rejoin=False))
    guild.say(NodeReady(NODE, resumed=False))
    assert guild.question.source == "soundcloud"
    assert guild.state.current is not None
    assert not [update for update in guild.updates if update.start is not None]


def test_a_player_that_starts_again_while_the_node_plays_on_looks_again():
    guild = Choir(song())
    guild.break_down()
    guild.state = restored(guild.state, None, guild.state.nodes)
    guild.say(Awake(rejoin=False))
    guild.say(Reconciled(NODE, NodePlayer("of before", 0, guild.now, False, 50, True)))
    assert [update.silence for update in guild.updates] == [True]
    assert guild.question.source == "soundcloud"


def test_a_node_that_went_on_to_the_next_by_itself_is_called_back():
    guild = Choir(song(), song(identifier="next", title="Next"))
    told = guild.state.following
    assert told is not None
    sounding = guild.sounding
    guild.say(TrackFailed(sounding, "it broke"))
    guild.say(TrackEnded(sounding, EndReason.FINISHED, following=told.sounding))
    assert [update.silence for update in guild.updates] == [True]
    guild.answer(song("soundcloud", "2"))
    assert guild.start == song("soundcloud", "2")
    assert [entry.track.title for entry in guild.state.queue] == ["Next"]


# --- many that break ---


def test_five_tracks_in_a_row_that_fail_everywhere_stop_the_queue():
    guild = Choir(*(song(identifier=str(number)) for number in range(8)))
    for _ in range(5):
        guild.break_down()
        guild.answer_nothing()
    assert [type(notice) for notice in guild.said] == [TrackBroke] * 5 + [TooManyBroke]
    assert guild.state.current is None
    assert guild.state.queue == ()


def test_a_mended_track_that_plays_to_its_end_is_forgiveness():
    guild = Choir(*(song(identifier=str(number)) for number in range(8)))
    for _ in range(4):
        guild.break_down()
        guild.answer_nothing()
    guild.break_down()
    guild.answer(song("soundcloud", "2"))
    guild.say(TrackStarted(guild.sounding))
    guild.say(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert guild.state.failures == 0
    assert guild.state.current is not None


# --- the sources' names ---


def test_a_source_hears_how_it_did():
    guild = Choir(song(), song("soundcloud", "2"))
    guild.break_down()
    assert Judge("youtube", worked=False) in guild.effects
    guild.answer_nothing()
    guild.say(TrackStarted(guild.sounding))
    guild.say(TrackEnded(guild.sounding, EndReason.FINISHED))
    assert Judge("soundcloud", worked=True) in guild.effects


@pytest.mark.parametrize("source", ["http", "library", "local"])
def test_what_is_many_places_is_not_judged_as_one(source: str):
    guild = Choir(song(source))
    guild.break_down()
    assert not [effect for effect in guild.effects if isinstance(effect, Judge)]


# --- whatever happens ---

sources = st.sampled_from([*ORDER, "spotify", "http"])
songs = st.builds(
    song,
    sources,
    st.sampled_from("abc"),
    title=st.sampled_from(["Aurora", "The Choir - Aurora (Official)", "Aurora (Live)", "Ember"]),
    author=st.sampled_from(["The Choir", "Unknown artist"]),
    length_ms=st.sampled_from([180_000, 181_000, 300_000, None]),
    isrc=st.sampled_from([None, ISRC]),
)
found = st.lists(songs, max_size=4).map(tuple)
happenings = st.one_of(
    st.tuples(st.sampled_from(["break", "stick", "load", "refuse", "end", "start"]), st.just(())),
    st.tuples(st.sampled_from(["skip", "back", "pause", "resume", "restart"]), st.just(())),
    st.tuples(st.sampled_from(["lost", "idle", "down", "up"]), st.just(())),
    st.tuples(st.just("found"), found),
)


@given(st.lists(songs, min_size=1, max_size=6), st.lists(happenings, max_size=40))
def test_nothing_that_broke_is_started_again_whatever_happens(queue, story):
    guild = Choir(*(replace(track, encoded=str(n)) for n, track in enumerate(queue)))
    dj = replace(ADA, dj=True)
    question: FindElsewhere | None = None
    for what, tracks in story:
        guild.now += 1_000
        current = guild.state.current
        sounding = "none" if current is None else current.sounding
        messages: Mapping[str, Sequence[PlayerMessage]] = {
            "break": (TrackFailed(sounding, "x"), TrackEnded(sounding, EndReason.FINISHED)),
            "stick": (TrackStuck(sounding, 10_000),),
            "load": (TrackEnded(sounding, EndReason.LOAD_FAILED),),
            "refuse": (UpdateFailed(NODE, sounding, Refused(Code.TRACK_FAILED)),),
            "end": (TrackEnded(sounding, EndReason.FINISHED),),
            "start": (TrackStarted(sounding),),
            "skip": (Skip(dj),),
            "back": (Back(dj),),
            "pause": (Pause(dj),),
            "resume": (Resume(dj),),
            "restart": (Awake(rejoin=False),),
            "lost": (Reconciled(NODE, None),),
            "idle": (Reconciled(NODE, NodePlayer(None, 0, guild.now, False, 50, True)),),
            "down": (NodeDown(NODE),),
            "up": (NodeReady(NODE, resumed=False), NodeFound(NODE)),
            "found": () if question is None else (FoundElsewhere(question.attempt, tracks),),
        }
        if what == "restart":
            guild.state = restored(guild.state, None, guild.state.nodes)
        for message in messages[what]:
            guild.say(message)
            asked = [effect for effect in guild.effects if isinstance(effect, FindElsewhere)]
            question = asked[-1] if asked else question
            current, mending = guild.state.current, guild.state.mending
            for update in guild.updates:
                if update.start is not None and current is not None:
                    assert update.start.track.name not in current.entry.broken
            if current is None:
                continue
            assert len(set(current.entry.broken)) == len(current.entry.broken) <= MOST_TRIED
            assert current.entry.original.encoded in map(str, range(len(queue)))
            if current.entry.is_broken:
                # Somebody is asked about it, or will be when there is a node to play it at.
                pending = mending is not None and mending.attempt is not None
                assert pending or not guild.state.node_ready or what == "restart"
                assert not current.running
    broke = [notice.entry for notice in guild.said if isinstance(notice, TrackBroke)]
    assert all(entry.asked is None for entry in broke)
