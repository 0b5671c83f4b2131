import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seraphim.audio_node.decoder.process import TRACKS_PER_PROCESS
from seraphim.audio_node.decoders import AHEAD, Decoders, Feed
from seraphim.audio_node.filters import Filters, Sound, Tremolo
from seraphim.audio_node.media import NO_MEMORY, MediaEntry, MediaError, MediaSource

pytestmark = pytest.mark.anyio

LONG = 60.0


@pytest.fixture
async def decoders(server) -> AsyncIterator[Decoders]:
    async with Decoders(trusted_hosts=server.host) as decoders:
        yield decoders


def file(path: Path) -> MediaSource:
    return MediaSource("file", str(path))


def web(url: str) -> MediaSource:
    return MediaSource("http", url)


async def until(condition) -> None:
    async with asyncio.timeout(LONG):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.005)


async def take(feed: Feed, count: int) -> list[bytes]:
    """As many frames as there are, up to `count`."""
    frames: list[bytes] = []
    async with asyncio.timeout(LONG):
        while len(frames) < count:
            await feed.wait()
            frame = feed.take()
            if frame is not None:
                frames.append(frame)
            elif feed.ended or feed.error:
                break
    return frames


async def take_all(feed: Feed) -> list[bytes]:
    return await take(feed, 1_000_000)


async def test_a_song_is_decoded_to_its_end(decoders, tones, opus) -> None:
    feed = decoders.open(file(tones.tone("mp3")))
    sound = opus(await take_all(feed))
    assert feed.ended
    assert feed.error is None
    assert feed.take() is None
    assert sound.pitch(0.5, 2.5) == pytest.approx(440, abs=0.5)


async def test_a_song_from_the_web_starts_where_it_is_told(decoders, server, tones, opus) -> None:
    url = server.file(tones.melody("mp3"))
    feed = decoders.open(web(url), start_ms=7000, sound=Sound(50))
    sound = opus(await take_all(feed))
    assert feed.info is not None
    assert feed.info.title == "The melody"
    assert sound.pitch(0.1, 0.9) == pytest.approx(1000, rel=0.01)
    assert sound.seconds == pytest.approx(5, abs=0.1)


async def test_a_server_without_ranges_is_played_from_the_middle_too(
    decoders, server, tones, opus
) -> None:
    feed = decoders.open(web(server.file(tones.melody("mp3"), ranges=False)), start_ms=7000)
    assert opus(await take(feed, 50)).pitch(0.1, 0.9) == pytest.approx(1000, rel=0.01)


async def test_no_more_than_five_seconds_are_decoded_ahead(decoders, tones) -> None:
    feed = decoders.open(file(tones.melody("ogg")))
    await until(lambda: len(feed._track.frames) == AHEAD)
    other = decoders.open(file(tones.tone("ogg")))
    await take_all(other)
    assert len(feed._track.frames) == AHEAD
    await take(feed, 100)
    await until(lambda: len(feed._track.frames) == AHEAD)


async def test_a_feed_says_since_when_it_is_starved(decoders, tones) -> None:
    feed = decoders.open(file(tones.tone("ogg")))
    assert feed.take() is None
    assert not feed.ready
    assert feed.starved_since is not None
    await asyncio.wait_for(feed.wait(), LONG)
    assert feed.ready
    assert feed.starved_since is None
    await take_all(feed)
    assert feed.starved_since is None


async def test_a_probe_tells_what_there_is(decoders, tones) -> None:
    info = await decoders.probe(file(tones.tone("flac")))
    assert (info.container, info.title, info.stream) == ("flac", "The tone-440", False)


@pytest.mark.parametrize("location", ["/nowhere.mp3", "/", "/dev/zero"])
async def test_a_file_that_cannot_be_opened_is_an_error(decoders, location) -> None:
    with pytest.raises(MediaError):
        await decoders.probe(MediaSource("file", location))
    feed = decoders.open(MediaSource("file", location))
    await asyncio.wait_for(feed.wait(), LONG)
    assert feed.error is not None
    assert not feed.ended


async def test_a_fifo_is_not_waited_for(decoders, tmp_path) -> None:
    os.mkfifo(tmp_path / "song.mp3")
    with pytest.raises(MediaError, match="not a file"):
        await asyncio.wait_for(decoders.probe(file(tmp_path / "song.mp3")), LONG)


async def test_a_private_address_is_not_played_from(decoders, server, tones) -> None:
    server.file(tones.tone("mp3"))
    feed = decoders.open(web(f"http://localhost:{server.port}/tone-440.mp3"))
    await asyncio.wait_for(feed.wait(), LONG)
    assert feed.error is not None
    assert "private" in feed.error.message
    assert server.requests == []


async def test_an_error_in_the_middle_comes_after_the_frames_before_it(
    decoders, server, tones
) -> None:
    data = tones.melody("mp3").read_bytes()

    def broken(request) -> None:
        request.head(Content_Length=len(data))
        request.send(data[: len(data) // 2])

    feed = decoders.open(web(server.answer("/song", broken)))
    frames = await take_all(feed)
    assert len(frames) == pytest.approx(300, abs=60)
    assert feed.error is not None
    assert "lost" in feed.error.message


async def test_a_closed_feed_stops_its_decoder(decoders, server, tones) -> None:
    left = asyncio.Event()
    loop = asyncio.get_running_loop()
    song = tones.melody("mp3").read_bytes()

    def endless(request) -> None:
        request.head()
        with contextlib.suppress(OSError):
            while True:
                request.send(song)
        loop.call_soon_threadsafe(left.set)

    feed = decoders.open(web(server.answer("/radio", endless)))
    await take(feed, 1)
    feed.close()
    feed.close()
    assert not feed.ready
    await asyncio.wait_for(left.wait(), LONG)


async def test_a_stalled_server_costs_its_neighbours_nothing(decoders, server, tones) -> None:
    url = server.answer("/stall", lambda request: request.wait_for_the_client_to_leave())
    stalled = [decoders.open(web(url)) for _ in range(5)]
    assert len(await take_all(decoders.open(file(tones.tone("mp3"))))) > 140
    assert all(not feed.ready and not feed.error for feed in stalled)


@pytest.mark.parametrize("where", ["silent", "head", "body"])
async def test_a_server_that_stalls_is_an_error_in_time(server, tones, where) -> None:
    song = tones.melody("mp3").read_bytes()

    def stall(request) -> None:
        if where != "silent":
            request.head(Content_Length=len(song))
        if where == "body":
            request.send(song[:40_000])
        request.wait_for_the_client_to_leave()

    async with Decoders(trusted_hosts=server.host, patience=0.5) as decoders:
        feed = decoders.open(web(server.answer("/stall", stall)))
        frames = await take_all(feed)
        assert feed.error is not None
        assert feed.error.severity == "suspicious"
        assert "does not arrive" in feed.error.message
        assert bool(frames) == (where == "body")


async def test_ten_gigabytes_of_nothing_are_an_error_in_time(tmp_path) -> None:
    path = tmp_path / "huge.mp3"
    with path.open("wb") as huge:
        huge.write(b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + b"\xff\xfb\x90\x64" + bytes(413))
        huge.truncate(10 << 30)
    async with Decoders(patience=2.0) as decoders:
        feed = decoders.open(file(path))
        await take_all(feed)
        assert feed.error is not None


async def test_a_radio_is_a_stream_that_begins_anywhere(decoders, server, tones, opus) -> None:
    song = tones.tone("mp3").read_bytes()

    def radio(request) -> None:
        request.send(b"ICY 200 OK\r\nicy-name: Radio Ada\r\nContent-Type: audio/mpeg\r\n\r\n")
        while True:
            request.send(song)

    url = server.answer("/radio", radio)
    info = await decoders.probe(web(url))
    assert info.stream
    assert not info.seekable
    feed = decoders.open(web(url), start_ms=3_600_000)
    frames = await take(feed, 1000)
    feed.close()
    assert opus(frames[:100]).pitch(0.5, 1.5) == pytest.approx(440, abs=1)


async def test_nobody_hears_that_a_decoder_was_killed(decoders, server, tones, opus) -> None:
    """Each of three feeds loses its process in the middle of the song, twice."""
    sources = [file(tones.melody("mp3")), web(server.file(tones.melody("m4a")))]
    sources.append(file(tones.melody("ogg")))
    undisturbed = [await take_all(decoders.open(source)) for source in sources]
    feeds = [decoders.open(source) for source in sources]
    heard = [await take(feed, 100) for feed in feeds]
    killed = decoders.pids[0]
    os.kill(killed, signal.SIGKILL)
    await until(lambda: killed not in decoders.pids)
    for frames, feed in zip(heard, feeds, strict=True):
        assert feed.ready, "five seconds are there, whatever happens"
        frames += await take_all(feed)
        assert feed.error is None
    for frames, expected in zip(heard, undisturbed, strict=True):
        assert len(frames) == len(expected)
        assert frames[:100] == expected[:100]
        was, now = opus(expected), opus(frames)
        for second in range(12):
            start, end = second + 0.1, second + 0.9
            assert now.pitch(start, end) == pytest.approx(was.pitch(start, end), abs=1)
            assert now.level(start, end) == pytest.approx(was.level(start, end), rel=0.02)


async def test_a_decoder_that_hangs_is_replaced_before_the_frames_run_out(
    decoders, tones, opus
) -> None:
    feed = decoders.open(file(tones.melody("mp3")))
    frames = await take(feed, 20)
    hanging = decoders.pids[0]
    os.kill(hanging, signal.SIGSTOP)
    await until(lambda: hanging not in decoders.pids)
    assert feed.starved_since is None
    frames += await take_all(feed)
    assert len(frames) == pytest.approx(600, abs=5)
    assert opus(frames).pitch(5.1, 5.9) == pytest.approx(800, rel=0.01)


async def test_what_kills_its_decoder_twice_fails_and_the_others_go_on(
    decoders, server, tones
) -> None:
    """A song whose server never answers is killed while it opens, whichever process it is in."""
    url = server.answer("/deadly", lambda request: request.wait_for_the_client_to_leave())
    other = decoders.open(file(tones.melody("mp3")))
    await take(other, 1)
    deadly = decoders.open(web(url))
    await until(lambda: len(server.requests) == 1)
    await until(lambda: len(other._track.frames) == AHEAD - 1)
    # Or it might be killed in the moment in which the other one ends its turn, and suspect that.
    slate = deadly._track.process.slate
    await until(lambda: slate.read()[0] == 0)
    (shared,) = decoders.pids
    os.kill(shared, signal.SIGKILL)
    await until(lambda: len(server.requests) == 2)
    assert len(decoders.pids) == 2
    assert not deadly.error
    solitary = deadly._track.process.pid
    assert solitary != other._track.process.pid
    os.kill(solitary, signal.SIGKILL)
    await asyncio.wait_for(deadly.wait(), LONG)
    assert deadly.error is not None
    assert deadly.error.severity == "fault"
    assert len(await take_all(other)) == pytest.approx(600, abs=5)
    assert other.error is None
    assert len(decoders.pids) == 1


async def test_what_needs_too_much_memory_is_tried_alone_and_fails_as_the_medias_doing(
    decoders, tones, tmp_path
) -> None:
    """To come from two billion samples a second to 48,000 takes a filter of gigabytes."""
    with wave.open(str(tmp_path / "shrill.wav"), "wb") as shrill:
        shrill.setparams((1, 2, 0x78787878, 0, "NONE", ""))
        shrill.writeframes(bytes(1000))
    other = decoders.open(file(tones.melody("mp3")))
    await take(other, 1)
    feed = decoders.open(file(tmp_path / "shrill.wav"))
    await until(lambda: len(decoders.pids) == 2 or feed.error)
    assert not feed.error
    await asyncio.wait_for(feed.wait(), LONG)
    assert feed.error is not None
    assert (feed.error.severity, feed.error.cause) == ("suspicious", NO_MEMORY)
    assert len(decoders.pids) == 1
    assert len(await take_all(other)) == pytest.approx(600, abs=5)


async def test_only_the_track_that_was_being_worked_on_is_suspected(
    decoders, server, tones, tmp_path
) -> None:
    """One track is opened by a server that takes its time, one is being worked on: long seeking."""
    url = server.answer("/slow", lambda request: request.wait_for_the_client_to_leave())
    slow = decoders.open(web(url))
    await until(lambda: len(server.requests) == 1)
    long = tmp_path / "long.mp3"
    long.write_bytes(tones.melody("mp3").read_bytes() * 200)
    (shared,) = decoders.pids
    for _ in range(100):
        working = decoders.open(file(long), start_ms=2_000_000)
        slate = working._track.process.slate
        await until(lambda slate=slate: slate.read()[0])
        os.kill(shared, signal.SIGSTOP)
        if slate.read()[0] == working._track.number:
            break
        os.kill(shared, signal.SIGCONT)
        working.close()
    os.kill(shared, signal.SIGKILL)
    await until(lambda: shared not in decoders.pids)
    assert working._track.process.solitary
    assert not slow._track.process.solitary
    assert len(await take(working, 50)) == 50


async def test_more_tracks_than_a_process_has_room_for_get_another(decoders, server) -> None:
    url = server.answer("/stall", lambda request: request.wait_for_the_client_to_leave())
    feeds = [decoders.open(web(url)) for _ in range(TRACKS_PER_PROCESS + 1)]
    assert len(decoders.pids) == 2
    for feed in feeds:
        feed.close()
    assert len(decoders.pids) == 1


async def test_no_process_is_left_when_the_node_stops(server, tones) -> None:
    async with Decoders() as decoders:
        feed = decoders.open(file(tones.melody("mp3")))
        await take(feed, 1)
        (pid,) = decoders.pids
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert feed._track.failure is not None


async def test_a_decoder_holds_no_secrets(tones, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    async with Decoders() as decoders:
        await decoders.probe(file(tones.tone("wav")))
        environment = Path(f"/proc/{decoders.pids[0]}/environ").read_bytes()
        assert b"PATH=" in environment
        assert b"secret" not in environment


async def test_hosts_that_are_none_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="neither a host"):
        Decoders(trusted_hosts="http://a/b")


def test_the_node_never_imports_the_library_that_decodes() -> None:
    imports = "import sys, seraphim.audio_node.sources; sys.exit('av' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", imports], check=False).returncode == 0


async def test_another_sound_or_a_seek_nearby_asks_the_server_for_nothing(
    decoders, server, tones, opus
) -> None:
    feed = decoders.open(web(server.file(tones.melody("mp3"))))
    await take(feed, 100)
    requests = len(server.requests)
    quiet = feed.reopen(2000, Sound(50))
    feed.close()
    frames = await take(quiet, 50)
    assert opus(frames).pitch(0.1, 0.9) == pytest.approx(500, rel=0.01)
    back = quiet.reopen(1000, Sound(50))
    quiet.close()
    assert opus(await take(back, 40)).pitch(0.1, 0.7) == pytest.approx(400, rel=0.01)
    assert len(server.requests) == requests


async def test_a_radio_goes_on_where_it_was_with_another_sound(
    decoders, server, tones, opus
) -> None:
    """It cannot be sought, and need not be asked for again."""
    song = tones.melody("mp3").read_bytes()

    def radio(request) -> None:
        request.send(b"ICY 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                request.send(song)

    feed = decoders.open(web(server.answer("/radio", radio)))
    await take(feed, 110)
    changed = feed.reopen(2200, Sound(50), splice=feed.splice(0) or ())
    feed.close()
    frames = await take(changed, 100)
    changed.close()
    heard = opus(frames)
    # The third second goes on until the fourth begins, 800 ms from here.
    assert heard.pitch(0.1, 0.7) == pytest.approx(500, rel=0.01)
    assert heard.pitch(0.9, 1.7) == pytest.approx(600, rel=0.01)
    assert server.requests == ["/radio"]


async def test_a_feed_that_was_reopened_is_decoded_by_the_same_worker(decoders, tones) -> None:
    feed = decoders.open(file(tones.melody("mp3")))
    await take(feed, 10)
    process = feed._track.process
    for number in range(5):
        newer = feed.reopen(1000 * number, Sound(50 + number))
        feed.close()
        feed = newer
        await take(feed, 3)
        assert feed._track.process is process
        assert list(process.tracks.values()) == [feed._track]
    feed.close()
    assert process.tracks == {}


async def test_nobody_hears_that_a_decoder_with_filters_was_killed(decoders, tones, opus) -> None:
    """What swings begins anew, and goes over from what was heard until then."""
    sound = Sound(100, Filters(tremolo=Tremolo(frequency=2, depth=0.5)))
    feed = decoders.open(file(tones.tone("mp3")), 0, sound)
    await until(lambda: len(feed._track.frames) >= 100)
    killed = decoders.pids[0]
    os.kill(killed, signal.SIGKILL)
    frames = await take(feed, 50)
    await until(lambda: killed not in decoders.pids)
    frames += await take_all(feed)
    assert len(frames) == pytest.approx(150, abs=3)
    left = opus(frames).left
    step = max(abs(b - a) for a, b in itertools.pairwise(left[4800:-9600]))
    assert step < 0.4 * 2 * 3.1416 * 440 / 48_000 * 1.1


async def test_a_title_belongs_to_the_frames_it_was_said_of(decoders, server, tones) -> None:
    """It is read seconds before it is heard."""
    data, interval = tones.melody("mp3").read_bytes(), 8000
    said = [b"StreamTitle='One';", b"", b"", b"", b"", b"", b"", b"StreamTitle='Two';"]

    def radio(request) -> None:
        request.send(b"ICY 200 OK\r\nicy-metaint: 8000\r\n\r\n")
        for number, at in enumerate(range(0, len(data), interval)):
            text = said[number] if number < len(said) else b""
            request.send(data[at : at + interval].ljust(interval, b"\0"))
            size = -(-len(text) // 16)
            request.send(bytes((size,)) + text.ljust(16 * size, b"\0"))
        request.wait_for_the_client_to_leave()

    feed = decoders.open(web(server.answer("/radio", radio)))
    await until(lambda: len(feed._track.frames) >= 240)
    assert feed.title is None
    titles: list[str | None] = []
    for _ in range(240):
        feed.take()
        titles.append(feed.title)
    feed.close()
    first, second = titles.index("One"), titles.index("Two")
    assert first < 30
    # Eight times 8,000 bytes of 128 kbit/s are four seconds.
    assert second == pytest.approx(200, abs=25)
    assert set(titles[second:]) == {"Two"}


async def test_a_station_that_drops_its_listeners_goes_on(decoders, server, tones, opus) -> None:
    data = tones.tone("ogg").read_bytes()

    def radio(request) -> None:
        request.send(b"ICY 200 OK\r\nContent-Type: audio/ogg\r\nicy-name: Ada\r\n\r\n" + data)

    feed = decoders.open(web(server.answer("/radio", radio)))
    frames = await take(feed, 300)
    feed.close()
    # Passed through as they are, but for what ties them together.
    assert len(frames) == 300
    assert opus(frames).pitch(3.5, 5.5) == pytest.approx(440, abs=2)


async def test_a_list_is_told_and_not_played(decoders, server) -> None:
    url = server.answer("/a.m3u", lambda request: request.body(b"#EXTM3U\n#EXTINF:5,One\nb.mp3\n"))
    info = await decoders.probe(web(url))
    assert info.entries == (MediaEntry(f"http://{server.host}/b.mp3", "One", 5000),)
    feed = decoders.open(web(url))
    await feed.wait()
    assert feed.error is not None
    assert "list" in feed.error.message
    feed.close()


async def test_a_source_is_asked_for_with_its_headers(decoders, server, tones) -> None:
    data = tones.tone("mp3").read_bytes()
    asked: list[str | None] = []

    def guarded(request) -> None:
        asked.append(request.headers.get("x-token"))
        request.body(data)

    url = server.answer("/a", guarded)
    await decoders.probe(MediaSource("http", url, (("X-Token", "secret"),)))
    assert set(asked) == {"secret"}
    assert "secret" not in repr(MediaSource("http", url, (("X-Token", "secret"),)))
