import contextlib
import struct
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.readers import FileReader, Listed, open_reader
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaSource

KINDS = ["wav", "mp3", "flac", "ogg", "m4a", "aac", "webm"]


@pytest.fixture
def play(turn: Turn) -> Iterator[object]:
    """All frames of a file: `play(path, start_ms, volume)`."""

    def all_frames(path: Path, start_ms: int = 0, volume: int = 100) -> list[bytes]:
        with (
            contextlib.closing(FileReader(str(path), turn)) as reader,
            contextlib.closing(Media(reader, turn)) as media,
        ):
            return list(media.frames(start_ms, Sound(volume)))

    return all_frames


@pytest.fixture
def describe(turn: Turn):
    def info(path: Path):
        with (
            contextlib.closing(FileReader(str(path), turn)) as reader,
            contextlib.closing(Media(reader, turn)) as media,
        ):
            return media.info

    return info


@pytest.mark.parametrize("volume", [100, 99])
@pytest.mark.parametrize("kind", KINDS)
def test_a_tone_keeps_its_pitch_and_length(tones, play, opus, kind, volume) -> None:
    sound = opus(play(tones.tone(kind), volume=volume))
    assert sound.pitch(0.5, 2.5) == pytest.approx(440, abs=0.5)
    # Encoders fill up to whole frames of their own, AAC's of 2048 samples.
    assert sound.seconds == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_in_a_file_is_told(tones, describe, kind) -> None:
    info = describe(tones.tone(kind))
    assert info.length_ms == pytest.approx(3000, abs=100)
    assert not info.stream
    assert info.container == {"m4a": "mp4", "aac": "adts", "webm": "matroska/webm"}.get(kind, kind)
    if kind != "aac":
        assert info.title == "The tone-440"
        assert info.author == "Ada Ångström"


@pytest.mark.parametrize("volume", [100, 99])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start_ms", [3000, 5990, 9010])
def test_a_start_in_the_middle_is_exact_to_a_frame(
    tones, play, opus, kind, start_ms, volume
) -> None:
    """The melody changes its pitch at each full second: that moment is looked for."""
    frames = play(tones.melody(kind), start_ms, volume)
    assert len(frames) * 20 == pytest.approx(12_000 - start_ms, abs=120)
    sound = opus(frames)
    second = -(-(start_ms + 60) // 1000)
    change = second - start_ms / 1000
    assert sound.pitch(change - 0.1 if change > 0.2 else change + 0.9, change + 0.95)
    before, after = 300 + 100 * (second - 1), 300 + 100 * second
    if change > 0.15:
        assert sound.pitch(change - 0.13, change - 0.03) == pytest.approx(before, rel=0.02)
    assert sound.pitch(change + 0.03, change + 0.13) == pytest.approx(after, rel=0.02)


@pytest.mark.parametrize("kind", ["wav", "mp3", "flac", "ogg", "m4a", "webm"])
def test_a_track_that_is_taken_up_again_goes_on_as_if_nothing_had_been(
    tones, play, opus, kind
) -> None:
    """Cut after any frame and go on with another decoder: nothing clicks, nothing is missing.

    A fresh encoder takes two frames to agree with the listener's decoder, so a sixth of the
    amplitude is allowed; without the lead it is all of it.
    """
    path, cut = tones.melody(kind), 217
    whole = play(path)
    taken_up = whole[:cut] + play(path, cut * 20)
    assert len(taken_up) == len(whole)
    expected, heard = opus(whole).left, opus(taken_up).left
    around = range((cut - 2) * 960, (cut + 10) * 960)
    assert max(abs(expected[i] - heard[i]) for i in around) < 0.08


def test_opus_is_copied_unless_its_volume_changes(tones, play) -> None:
    path = tones.tone("ogg")
    with av.open(str(path)) as container:
        packets = [bytes(packet) for packet in container.demux(audio=0) if packet.size]
    assert play(path) == packets
    assert play(path, volume=99) != packets


def test_opus_with_a_gain_in_its_header_is_not_copied(tones, play, opus, tmp_path) -> None:
    """Minus 20 dB, which only a decoder of the file would apply."""
    data = bytearray(tones.tone("ogg").read_bytes())
    head = data.index(b"OpusHead")
    struct.pack_into("<h", data, head + 16, -20 * 256)
    page = data.index(b"OggS")
    data[page + 22 : page + 26] = bytes(4)
    struct.pack_into("<I", data, page + 22, _ogg_checksum(data[page : data.index(b"OggS", 4)]))
    quiet = tmp_path / "quiet.ogg"
    quiet.write_bytes(data)
    loud = opus(play(tones.tone("ogg"))).level(1, 2)
    assert opus(play(quiet)).level(1, 2) == pytest.approx(loud / 10, rel=0.05)


def _ogg_checksum(page: bytes) -> int:
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register & 0x80000000 else 0)) & 0xFFFFFFFF
    return register


@pytest.mark.parametrize("kind", ["mp3", "ogg"])
@pytest.mark.parametrize("volume", [0, 50, 200])
def test_volume_is_in_percent(tones, play, opus, kind, volume) -> None:
    path = tones.tone(kind)
    usual = opus(play(path)).level(1, 2)
    assert opus(play(path, volume=volume)).level(1, 2) == pytest.approx(
        usual * volume / 100, rel=0.03, abs=0.001
    )


def test_a_start_behind_the_end_is_the_end(tones, play) -> None:
    assert play(tones.tone("mp3"), 60_000) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 100_000,
        b"This is a text, not a song.\n" * 1000,
        b"<html><body>Not found</body></html>",
        b"ID3\x04\0\0\0\0\0\x0a" + b"\0" * 200_000,
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + b"\xff" * 5000,
        b"OggS" + b"\xff" * 50_000,
        b"\x1aE\xdf\xa3" + b"\xff" * 50_000,
        b"\0\0\0\x20ftypM4A \0\0\0\0" + b"\xff" * 50_000,
    ],
    ids=["empty", "zeros", "text", "html", "tag", "wav", "ogg", "webm", "m4a"],
)
def test_what_is_not_audio_is_an_error(play, tmp_path, body) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(body)
    with pytest.raises(MediaError) as error:
        play(path)
    assert error.value.severity == "common"


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_heard_as_far_as_it_goes_or_is_an_error(
    tones, play, tmp_path, kind
) -> None:
    data = bytearray(tones.tone(kind).read_bytes())
    third = len(data) // 3
    data[third : third + 3000] = bytes(index * 37 & 0xFF for index in range(3000))
    path = tmp_path / f"damaged.{kind}"
    path.write_bytes(data)
    frames: list[bytes] = []
    with contextlib.suppress(MediaError):
        frames = play(path)
    assert len(frames) < 170
    assert len(frames) > 20 or kind == "m4a"


@pytest.mark.parametrize("kind", ["wav", "mp3", "flac", "ogg", "aac", "webm"])
def test_a_file_that_is_cut_off_is_heard_to_its_end(tones, play, tmp_path, kind) -> None:
    data = tones.tone(kind).read_bytes()
    path = tmp_path / f"half.{kind}"
    path.write_bytes(data[: len(data) // 2])
    assert 40 < len(play(path)) < 100


def test_a_picture_is_not_given_to_a_decoder(play, tmp_path) -> None:
    """A video without sound: none of its streams is opened."""
    path = tmp_path / "video.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(MediaError, match="no sound"):
        play(path)


@pytest.fixture
def play_url(server, turn: Turn):
    def all_frames(url: str) -> list[bytes]:
        trusted = TrustedHosts(server.host)
        with (
            contextlib.closing(open_reader(MediaSource("http", url), trusted, turn)) as reader,
            contextlib.closing(Media(reader, turn)) as media,
        ):
            return list(media.frames(0, Sound()))

    return all_frames


@pytest.mark.parametrize(
    "name", ["list.m3u8", "list.m3u", "list.sdp", "list.mpd", "list.ffconcat", "list.pls", "a.mp3"]
)
def test_media_that_names_other_media_opens_none_of_it(server, tones, play_url, name) -> None:
    song = tones.tone("mp3")
    secret = server.file(song)
    m3u8 = (
        "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n"
        f"#EXTINF:3.0,\nfile://{song}\n#EXTINF:3.0,\n{song}\n"
        "#EXT-X-ENDLIST\n"
    )
    sdp = (
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=audio {server.port} RTP/AVP 97\na=rtpmap:97 opus/48000/2\n"
    )
    mpd = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT3S"><Period><AdaptationSet mimeType="audio/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{secret}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )
    concat = f"ffconcat version 1.0\nfile '{song}'\nfile '{secret}'\n"
    pls = f"[playlist]\nFile1={secret}\nNumberOfEntries=1\n"
    for body in (m3u8, sdp, mpd, concat, pls):
        data = body.encode()
        url = server.answer(f"/{name}", lambda request, data=data: request.body(data))
        with pytest.raises((MediaError, Listed), match=r"not audio|Only http|nothing|a list"):
            play_url(url)
    assert set(server.requests) == {f"/{name}"}


def test_an_m4a_with_its_index_at_the_end_takes_three_requests(server, tones, play_url) -> None:
    url = server.file(tones.melody("m4a"))
    assert len(play_url(url)) == pytest.approx(600, abs=6)
    assert len(server.requests) <= 3


def test_little_of_a_wav_is_read_before_its_first_frame(server, tones, turn: Turn) -> None:
    data = tones.melody("wav").read_bytes()

    def slow(request) -> None:
        start = int(request.headers["range"].removeprefix("bytes=").rstrip("-"))
        request.head(
            "206 Partial Content",
            Content_Range=f"bytes {start}-{len(data) - 1}/{len(data)}",
            Content_Length=len(data) - start,
        )
        request.send(data[start:131_072])
        request.wait_for_the_client_to_leave()

    url = server.answer("/a.wav", slow)
    source, trusted = MediaSource("http", url), TrustedHosts(server.host)
    with (
        contextlib.closing(open_reader(source, trusted, turn)) as reader,
        contextlib.closing(Media(reader, turn)) as media,
    ):
        assert media.info.length_ms == pytest.approx(12_010, abs=20)
        assert next(media.frames(0, Sound()))
