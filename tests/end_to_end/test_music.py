"""What people in a voice channel hear of their commands."""

import pytest

from seraphim.sandbox import music
from tests.end_to_end.conftest import OUTER_NODE, SHORT, SHORT_PITCH, Choir, Stage, code

pytestmark = pytest.mark.anyio


async def test_a_song_is_heard_at_its_pitch_and_without_a_gap(choir: Choir) -> None:
    answer = await choir.play("Aurora")
    assert "Aurora" in str(answer.embeds)
    await choir.hears("Aurora")
    heard = choir.heard
    await heard.until(lambda: len(heard.packets) > 150, what="three seconds of music")
    assert heard.pitch(last=2.0) == pytest.approx(440, rel=0.01)
    continuity = heard.continuity()
    assert continuity.lost == 0
    assert continuity.timestamp_jumps == 0
    assert heard.silences() == []
    assert not heard.violations


@pytest.mark.parametrize("title", [track.title for track in music.TRACKS])
async def test_every_kind_of_file_is_heard(choir: Choir, title: str) -> None:
    await choir.play(title)
    await choir.hears(title)


@pytest.mark.skipif(OUTER_NODE, reason="the source `library` is the embedded node's")
async def test_a_search_finds_your_own_music_whatever_the_spelling(choir: Choir) -> None:
    await choir.ada.command("play", query="choir AURORA")
    await choir.hears("Aurora")


@pytest.mark.skipif(OUTER_NODE, reason="the source `library` is the embedded node's")
async def test_autocomplete_offers_what_can_be_found(choir: Choir) -> None:
    choices = await choir.ada.autocomplete("play", query="vesp")
    assert any("Vesper" in str(choice) for choice in choices)
    assert isinstance(await choir.ada.autocomplete("play", query=""), list)


async def test_skip_and_back_are_heard(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    await choir.play("Ember")
    await choir.ada.command("skip")
    await choir.hears("Ember")
    await choir.ada.command("back")
    await choir.hears("Aurora")


async def test_pause_is_silence_and_resume_goes_on(choir: Choir) -> None:
    await choir.play("Vesper")
    await choir.hears("Vesper")
    await choir.ada.command("pause")
    await choir.heard.until_silent()
    resumed = choir.heard.mark()
    await choir.ada.command("resume")
    await choir.heard.until_audible(since=resumed)
    await choir.hears("Vesper")


async def test_stop_is_silence_and_the_bot_stays(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.play("Ember")
    await choir.hears("Aurora")
    await choir.ada.command("stop")
    await choir.heard.until_silent()
    assert choir.guild.bot.voice is not None
    assert code(await choir.ada.command("skip")) == "PLAY-001"


async def test_the_next_track_follows_by_itself(choir: Choir) -> None:
    await choir.ada.command("play", query=choir.stage.media.url(SHORT))
    await choir.play("Ember")
    await choir.heard.until_pitch(SHORT_PITCH)
    await choir.hears("Ember")


async def test_the_volume_is_heard(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    before = choir.heard.level(last=0.3)
    await choir.ada.command("volume", level=10)
    await choir.heard.until(
        lambda: choir.heard.level(last=0.3) < before - 10, what="something quieter"
    )


async def test_two_guilds_hear_their_own(choir: Choir, stage: Stage) -> None:
    other = stage.sandbox.guild("Other")
    grace = other.member("Grace")
    await grace.join(other.voice)
    await choir.play("Aurora")
    await grace.command("play", query=stage.media.track("Ember"))
    await choir.hears("Aurora")
    await other.voice.heard.until_pitch(220)
    await choir.ada.command("stop")
    await choir.heard.until_silent()
    assert other.voice.heard.pitch() == pytest.approx(220, rel=0.02)
    other.remove_bot()


async def test_the_panel_is_one_message_and_its_buttons_work(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.play("Ember")
    await choir.hears("Aurora")

    def panels() -> list[object]:
        return [message for message in choir.guild.text.messages if message.components]

    await choir.stage.sandbox.until(lambda: len(panels()) == 1)
    (panel,) = (message for message in choir.guild.text.messages if message.components)
    await choir.ada.press(panel, "pause")
    await choir.heard.until_silent()
    await choir.stage.sandbox.until(lambda: "Resume" in str(panel.components))
    await choir.ada.press(panel, "resume")
    await choir.hears("Aurora")
    await choir.ada.press(panel, "skip")
    await choir.hears("Ember")
    await choir.stage.sandbox.until(lambda: panel.embeds[0].get("title") == "Ember")
    await choir.ada.press(panel, "stop")
    await choir.heard.until_silent()
    assert len(panels()) == 1


async def test_a_button_that_shows_an_old_track_skips_nothing(choir: Choir) -> None:
    for title in ("Aurora", "Ember", "Halo"):
        await choir.play(title)
    await choir.hears("Aurora")
    await choir.stage.sandbox.until(
        lambda: any(message.components for message in choir.guild.text.messages)
    )
    (panel,) = (message for message in choir.guild.text.messages if message.components)
    # The panel is edited some seconds later; until then its button means the track it shows.
    await choir.ada.command("skip")
    answer = await choir.ada.press(panel, "skip")
    await choir.hears("Ember")
    assert answer.ephemeral


async def test_whoever_listens_elsewhere_is_refused_privately(choir: Choir) -> None:
    await choir.play("Aurora")
    await choir.hears("Aurora")
    grace = choir.guild.member("Grace")
    answer = await grace.command("skip")
    assert code(answer) == "VAL-002"
    assert answer.ephemeral
    await grace.join(choir.guild.voice_channel("Loft"))
    answer = await grace.command("skip")
    assert code(answer) == "VAL-003"
    assert choir.heard.pitch() == pytest.approx(440, rel=0.02)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("a", "VAL-004"),
        ("x" * 501, "VAL-005"),
        ("http://127.0.0.1:1/x.mp3", "VAL-006"),
        ("http://[::ffff:10.0.0.1]/x.mp3", "VAL-006"),
        ("file:///etc/passwd", "VAL-006"),
    ],
)
async def test_a_query_that_cannot_be_played_has_its_code(
    choir: Choir, query: str, wanted: str
) -> None:
    assert code(await choir.ada.command("play", query=query)) == wanted


@pytest.mark.parametrize("path", ["text.mp3", "broken.flac", "missing.mp3", "stall.mp3"])
async def test_what_is_no_music_is_said_and_the_player_lives(choir: Choir, path: str) -> None:
    answer = await choir.ada.command("play", query=choir.stage.media.url(path), timeout=40.0)
    if not code(answer):
        # It looked like music; that it is none is found out while playing.
        def said() -> bool:
            return any("PLAY-" in str(message.embeds) for message in choir.guild.text.messages)

        await choir.stage.sandbox.until(said, timeout=30.0)
    await choir.play("Aurora")
    await choir.hears("Aurora")


async def test_join_leave_and_a_queue_that_is_kept(choir: Choir) -> None:
    await choir.ada.command("join")
    assert choir.guild.bot.voice is not None
    await choir.play("Aurora")
    await choir.hears("Aurora")
    await choir.ada.command("leave")
    await choir.stage.sandbox.until(lambda: choir.guild.bot.voice is None)
    before = choir.heard.mark()
    await choir.ada.command("join")
    await choir.heard.until_audible(since=before)
    await choir.hears("Aurora")


async def test_everything_else_answers(choir: Choir) -> None:
    assert code(await choir.ada.command("nowplaying")) == "PLAY-001"
    for title in ("Aurora", "Ember", "Halo", "Zenith"):
        await choir.play(title)
    queue, now, shuffled, ping = [
        await choir.ada.command(name) for name in ("queue", "nowplaying", "shuffle", "ping")
    ]
    for title in ("Ember", "Halo", "Zenith"):
        assert title in str(queue.embeds)
    assert "Aurora" in str(now.embeds)
    assert code(shuffled) == ""
    assert "ms" in str(ping.embeds)
