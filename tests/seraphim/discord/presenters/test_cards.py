"""Every card there is, whatever the tracks are called."""

import re
from collections.abc import Iterator
from typing import Any

import hikari
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.guild.panel.messages import GaveUp, JoinLost, Notice, TooManyBroke, TrackBroke
from actors.guild.player.messages import (
    AutoplaySet,
    Cleared,
    Joined,
    Left,
    Loop,
    LoopSet,
    Moved,
    NowPlaying,
    Outdated,
    Paused,
    PlayerView,
    Queued,
    Removed,
    Replayed,
    Resumed,
    Shuffled,
    Skipped,
    Sought,
    SoundSet,
    StaySet,
    Stopped,
    Swapped,
    Unshuffled,
    VolumeSet,
    WentBack,
)
from actors.guild.player.sound import FASTEST, HIGHEST, LOWEST, SLOWEST, Preset, Sound
from actors.guild.player.track import Entry, Track
from actors.guild.refusal import Code, Refused
from seraphim.discord.controls.button import Button
from seraphim.discord.language.language import Language
from seraphim.discord.language.languages import Audience, languages
from seraphim.discord.presenters import notices, queue, refusals, replies, tracks
from seraphim.discord.presenters import panel as panels
from seraphim.discord.presenters.about import about_page, help_page
from seraphim.discord.presenters.card import Card
from seraphim.discord.presenters.pages import PAGE
from seraphim.discord.presenters.prose import width
from seraphim.discord.presenters.refusals import stopping
from seraphim.discord.presenters.replies import Reply
from seraphim.discord.presenters.trips import round_trips
from tests.seraphim.discord.house import entry, playing, view
from tests.seraphim.discord.presenters.test_prose import ANYTHING, MENTION

SAY = languages().english
LANGUAGES_KNOWN = list(languages())
LANGUAGES = st.sampled_from(LANGUAGES_KNOWN)

TRACKS = st.builds(
    Track,
    encoded=st.just("QAAA"),
    identifier=ANYTHING,
    title=ANYTHING | ANYTHING.map(lambda text: text * 50),
    author=ANYTHING | ANYTHING.map(lambda text: text * 50),
    length_ms=st.none() | st.integers(-1, 10**10),
    seekable=st.booleans(),
    source=st.just("http"),
    uri=st.none() | ANYTHING | ANYTHING.map(lambda text: f"https://a.example/{text}"),
    artwork=st.none() | ANYTHING | st.just("https://a.example/x.png"),
)
IDS = st.integers(1, 2**63 - 1)
SOUNDS = st.builds(
    Sound,
    preset=st.sampled_from(Preset),
    speed=st.integers(SLOWEST, FASTEST),
    pitch=st.integers(LOWEST, HIGHEST),
)
ENTRIES = st.builds(Entry, TRACKS, IDS)
QUEUES = st.lists(ENTRIES, max_size=12).map(tuple)
PLAYS = st.builds(
    NowPlaying,
    play=st.from_regex(r"[a-z0-9]{1,32}-[0-9]{1,9}", fullmatch=True),
    entry=ENTRIES,
    position_ms=st.integers(0, 10**8),
    at_ms=st.integers(0, 2 * 10**12),
    paused=st.booleans(),
    tempo=st.integers(25, 400),
    live_title=st.none() | ANYTHING | ANYTHING.map(lambda text: text * 50),
)
VIEWS = st.builds(
    PlayerView,
    guild=IDS,
    text_channel=IDS,
    voice_channel=st.none() | IDS,
    called=st.booleans(),
    current=st.none() | PLAYS,
    queue=QUEUES,
    can_go_back=st.booleans(),
    volume=st.integers(0, 100),
    node_ready=st.booleans(),
    alone=st.booleans(),
    history=QUEUES,
    upcoming=st.none() | ENTRIES,
    loop=st.sampled_from(Loop),
    sound=SOUNDS,
    autoplay=st.booleans(),
)
REPLIES = st.one_of(
    st.builds(
        Queued,
        st.lists(ENTRIES, min_size=1, max_size=2).map(tuple),
        st.integers(0, 10**4),
        st.none() | ANYTHING.map(lambda text: text * 50),
    ),
    st.builds(Paused, PLAYS, st.booleans()),
    st.builds(Resumed, PLAYS, st.booleans()),
    st.builds(Skipped, ENTRIES, st.none() | ENTRIES),
    st.builds(Outdated, st.none() | PLAYS),
    st.builds(WentBack, ENTRIES),
    st.builds(Stopped, st.integers(0, 1000)),
    st.builds(Shuffled, st.integers(1, 1000)),
    st.builds(VolumeSet, st.integers(0, 100), st.integers(0, 100)),
    st.builds(Skipped, ENTRIES, st.none() | ENTRIES, st.integers(1, 100)),
    st.builds(Replayed, PLAYS),
    st.builds(Sought, PLAYS, st.integers(0, 10**8)),
    st.builds(Removed, QUEUES),
    st.builds(Moved, ENTRIES, st.integers(1, 1000)),
    st.builds(Swapped, ENTRIES, ENTRIES),
    st.builds(Cleared, st.integers(0, 1000)),
    st.builds(Unshuffled, st.integers(0, 1000)),
    st.builds(LoopSet, st.sampled_from(Loop), st.booleans()),
    st.builds(SoundSet, SOUNDS, SOUNDS),
    st.builds(AutoplaySet, st.booleans(), st.booleans()),
    st.builds(StaySet, st.booleans(), st.booleans()),
    st.builds(Joined, IDS, st.booleans()),
    st.builds(Left, IDS),
    st.builds(
        Refused,
        st.sampled_from(Code),
        st.dictionaries(
            st.sampled_from(["channel", "missing", "limit", "reference", "lowest"]),
            ANYTHING | IDS,
        ),
    ),
)
NOTICES = st.one_of(
    st.builds(TrackBroke, ENTRIES, ANYTHING.map(lambda text: text * 50)),
    st.builds(TooManyBroke, st.integers(1, 10)),
    st.builds(GaveUp),
    st.builds(JoinLost, st.sampled_from(Code).map(Refused)),
)
# What we write ourselves: names of those who asked, channels, and moments.
OURS = re.compile(r"<(@\d+|#\d+|#…|t:\d+:R)>")


def reply(answer: Reply, say: Language = SAY) -> Card:
    return replies.reply(answer, Audience(say, say))


def panel(shown: PlayerView, say: Language = SAY) -> Card:
    return panels.panel(shown, say)


def now_playing(shown: PlayerView, say: Language = SAY) -> Card:
    return panels.now_playing(shown, say)


def queue_page(shown: PlayerView, page: int, say: Language = SAY) -> Card:
    return queue.queue_page(shown, page, say)


def refusal(refused: Refused, say: Language = SAY) -> Card:
    return refusals.refusal(refused, say)


def notice(told: Notice, say: Language = SAY) -> Card:
    return notices.notice(told, say)


def choice(track: Track, say: Language = SAY) -> str:
    return tracks.choice(track, say)


def written_on(card: Card) -> Iterator[tuple[str, int]]:
    """Every text of a card with Discord's limit for it."""
    embed = card.embed
    yield embed.title or "", 256
    yield embed.description or "", 4096
    yield (embed.author.name or "" if embed.author else ""), 256
    yield (embed.footer.text or "" if embed.footer else ""), 2048
    for field in embed.fields:
        yield field.name, 256
        yield field.value, 1024


def check(card: Card) -> None:
    for text, limit in written_on(card):
        assert width(text) <= limit
        assert not MENTION.search(OURS.sub("", text))
    assert sum(width(text) for text, _ in written_on(card)) <= 6000
    assert all(field.name and field.value for field in card.embed.fields)
    assert card.embed.title or card.embed.description
    for row in card.rows:
        for button in row.components:
            assert isinstance(button, hikari.api.InteractiveButtonBuilder)
            assert len(button.custom_id) <= 100
            assert Button.parse(button.custom_id) is not None


@settings(max_examples=60, deadline=None)
@given(REPLIES, LANGUAGES)
def test_no_reply_breaks_a_limit_or_calls_anybody(given_reply: Reply, say: Language) -> None:
    check(reply(given_reply, say))


@settings(max_examples=60, deadline=None)
@given(VIEWS, LANGUAGES)
def test_no_panel_breaks_a_limit_or_calls_anybody(shown: PlayerView, say: Language) -> None:
    check(panel(shown, say))
    check(now_playing(shown, say))
    assert len({b.custom_id for row in panel(shown).rows for b in buttons(row)}) == sum(
        len(row.components) for row in panel(shown).rows
    )


@settings(max_examples=60, deadline=None)
@given(VIEWS, st.integers(-2, 3), LANGUAGES)
def test_no_page_of_a_queue_breaks_a_limit_or_calls_anybody(
    shown: PlayerView, page: int, say: Language
) -> None:
    check(queue_page(shown, page, say))
    check(queue.history_page(shown, page, say))


@settings(max_examples=60, deadline=None)
@given(NOTICES, LANGUAGES)
def test_no_notice_breaks_a_limit_or_calls_anybody(told: Notice, say: Language) -> None:
    check(notice(told, say))


@settings(max_examples=100, deadline=None)
@given(TRACKS, LANGUAGES)
def test_choices_fit_discords_limit(track: Track, say: Language) -> None:
    assert 1 <= width(choice(track, say)) <= 100


def buttons(row: Any) -> list[hikari.api.InteractiveButtonBuilder]:
    return list(row.components)


def labels(card: Card) -> dict[str, bool]:
    """The labels of a card's buttons, and whether each can be pressed."""
    return {
        str(button.label): not button.is_disabled for row in card.rows for button in buttons(row)
    }


@pytest.mark.parametrize("code", Code)
def test_every_code_says_what_went_wrong_what_to_do_and_its_name(code: Code) -> None:
    card = refusal(Refused(code, {"channel": 5, "missing": "SPEAK", "limit": 9, "lowest": 0}))
    assert card.private
    assert card.embed.color == hikari.Color(0x8B0000)
    assert card.embed.title == "The divine frequencies falter"
    assert card.embed.footer is not None
    assert card.embed.footer.text == code
    what, _, remedy = (card.embed.description or "").partition("\n")
    assert what
    assert remedy


def test_an_inner_error_shows_the_number_that_stands_in_the_log_and_nothing_else() -> None:
    card = refusal(Refused(Code.INTERNAL, {"reference": "A1B2C3D4"}))
    assert "A1B2C3D4" in (card.embed.description or "")


def test_missing_permissions_are_named() -> None:
    card = refusal(Refused(Code.CANNOT_SPEAK, {"channel": 5, "missing": "CONNECT SPEAK"}))
    assert "Connect and Speak" in (card.embed.description or "")
    assert "<#5>" in (card.embed.description or "")


def test_stopping_asks_for_patience() -> None:
    assert "stopping" in (stopping(SAY).embed.description or "")


def test_the_panel_shows_what_plays_and_counts_down_by_itself() -> None:
    now = playing("Aurora", "run-1", position_ms=5_000, at_ms=1_700_000_000_000)
    card = panel(view(current=now, queue=(entry("Borealis"), entry("Corona")), can_go_back=True))
    text = card.embed.description or ""
    assert card.embed.title == "Aurora"
    assert card.embed.author is not None
    assert card.embed.author.name == "Resonating with cosmic vibrations"
    assert card.embed.color == hikari.Color(0xFFD700)
    assert "The Choir" in text
    assert "<@7>" in text
    # 185 s long, 5 s in.
    assert "<t:1700000180:R>" in text
    assert "Borealis" in card.embed.fields[0].value
    assert "1 more" in card.embed.fields[0].value
    assert "50%" in card.embed.fields[1].value
    assert labels(card) == dict.fromkeys(
        [
            "Back",
            "Pause",
            "Skip",
            "Shuffle",
            "Stop",
            "Loop track",
            "Quieter",
            "Louder",
            "Favourite",
            "Queue",
        ],
        True,
    )


def test_a_paused_panel_offers_to_resume_and_stands_still() -> None:
    card = panel(view(current=playing(paused=True, position_ms=65_000)))
    assert "Resume" in labels(card)
    assert "Pause" not in labels(card)
    assert "1:05" in (card.embed.description or "")
    assert "<t:" not in (card.embed.description or "")


def test_buttons_that_would_do_nothing_cannot_be_pressed() -> None:
    pressable = labels(panel(view(current=playing(), queue=(entry(),))))
    assert not pressable["Back"]
    assert not pressable["Shuffle"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"called": False}, SAY("panel-waiting-for-join")),
        ({"node_ready": False}, SAY("panel-waiting-for-node")),
        ({"alone": True}, SAY("panel-waiting-for-listeners")),
    ],
)
def test_a_panel_of_what_cannot_sound_says_why_and_promises_no_end(
    changes: dict[str, Any], why: str
) -> None:
    description = panel(view(current=playing(), **changes)).embed.description or ""
    assert why in description
    assert "at 0:05 of 3:05" in description
    assert "<t:" not in description


def test_a_panel_says_when_the_node_is_away() -> None:
    card = panel(view(current=playing(paused=True), node_ready=False))
    assert SAY("panel-waiting-for-node") in (card.embed.description or "")
    assert card.embed.author is not None
    assert card.embed.author.name == SAY("phrase-playing")


def test_a_stream_is_live() -> None:
    now = playing()
    stream = NowPlaying(now.play, Entry(entry(length_ms=None).track, 7), 0, 0, paused=False)
    assert "live" in (panel(view(current=stream)).embed.description or "")


def test_a_panel_at_rest_has_no_controls_but_the_way_back() -> None:
    assert not panel(view()).rows
    assert not panels.gone(SAY).rows
    assert labels(panel(view(can_go_back=True))) == {"Back": True}


def test_the_queue_is_paged_and_numbered_throughout() -> None:
    queue = tuple(entry(f"Song {number}") for number in range(1, 2 * PAGE + 4))
    card = queue_page(view(current=playing("Aurora"), queue=queue), 3)
    text = card.embed.description or ""
    assert card.embed.title == "The celestial harmonies await"
    assert "Aurora" in text
    assert "`21.`" in text
    assert "Song 23" in text
    assert "Song 20" not in text
    assert card.embed.footer is not None
    assert "Page 3 of 3" in (card.embed.footer.text or "")
    assert "23" in (card.embed.footer.text or "")


@pytest.mark.parametrize("page", [0, -1, 2])
def test_a_page_that_is_not_there_is_out_of_range(page: int) -> None:
    card = queue_page(view(queue=(entry(),)), page)
    assert card.embed.footer is not None
    assert card.embed.footer.text == "VAL-007"


def test_what_only_the_asker_needs_is_private() -> None:
    assert reply(Paused(playing(), changed=False)).private
    assert not reply(Paused(playing(), changed=True)).private
    assert reply(Outdated(None)).private
    assert not reply(Skipped(entry(), None)).private


def test_queued_tracks_are_told_with_their_place() -> None:
    later = reply(Queued((entry("Aurora"),), 4)).embed.description or ""
    assert "Aurora" in later
    assert "number 4" in later
    many = reply(Queued((entry("A"), entry("B")), 0, "Nights")).embed.description or ""
    assert "Tracks of **Nights**: 2." in many


def test_joining_is_announced() -> None:
    assert reply(Joined(5, already=False)).embed.title == "Heed Seraphim! Be not afraid!"
    kept = reply(Joined(5, already=False, goes_on=entry("Aurora"))).embed.description or ""
    assert "Aurora** goes on" in kept


def test_round_trips_are_told_in_milliseconds() -> None:
    text = round_trips(SAY, gateway=0.0421, node=None).embed.description or ""
    assert "42 ms" in text
    assert SAY("ping-no-node") in text


@pytest.mark.parametrize("say", LANGUAGES_KNOWN, ids=lambda say: say.tag)
def test_the_help_names_every_command_within_discords_limits(say: Language) -> None:
    names = sorted(
        name.removeprefix("command-") for name in SAY.placeholders if name.startswith("command-")
    )
    half = len(names) // 2
    card = help_page({"control": names[:half], "queue": names[half:]}, say)
    check(card)
    text = "\n".join(field.value for field in card.embed.fields)
    assert all(f"`/{name}`" in text for name in names)


def test_about_says_what_this_is() -> None:
    assert "1.2.3" in (about_page("1.2.3", 12, SAY).embed.description or "")


def test_a_panel_runs_as_fast_as_the_music_and_tells_how_it_sounds() -> None:
    now = playing(position_ms=5_000, at_ms=1_700_000_000_000, tempo=200)
    sound = Sound(Preset.BASS_BOOST, speed=200)
    card = panel(view(current=now, loop=Loop.QUEUE, sound=sound, autoplay=True))
    # 180 s are left of it, and take 90.
    assert "<t:1700000090:R>" in (card.embed.description or "")
    told = {field.name: field.value for field in card.embed.fields}
    assert told["Loop"] == "the queue"
    assert "Loop off" in labels(card)
    assert told["Sound"] == "bass boost and speed 200%"
    assert told["Autoplay"] == "on"


def test_a_panel_tells_what_a_station_says_that_it_plays() -> None:
    now = playing(live_title="Someone - **Something**")
    text = panel(view(current=now)).embed.description or ""
    assert r"now: Someone - \*\*Something\*\*" in text


def test_a_playlist_that_did_not_fit_says_what_was_left_out() -> None:
    text = reply(Queued((entry("A"),), 1, "Nights", no_room=7, too_long=2)).embed.description or ""
    assert "the queue is full: 7" in text
    assert "too long: 2" in text


def test_several_skipped_are_counted() -> None:
    text = reply(Skipped(entry("Aurora"), entry("Dusk"), 3)).embed.description or ""
    assert "were skipped: 3" in text
    assert "Dusk** plays now" in text


def test_the_history_begins_with_what_was_played_last() -> None:
    text = queue.history_page(view(history=(entry("Aurora"), entry("Dusk"))), 1, SAY)
    first, second = (text.embed.description or "").split("\n")
    assert "Dusk" in first
    assert "Aurora" in second
