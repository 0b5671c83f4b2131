import contextlib
import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.decoder import web
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.icecast import LONGEST_TITLE, Metadata
from seraphim.audio_node.decoder.web import HttpReader
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError


def block(text: bytes) -> bytes:
    size = -(-len(text) // 16)
    return bytes((size,)) + text.ljust(16 * size, b"\0")


def titled(sound: bytes, interval: int, *texts: bytes) -> bytes:
    """Sound with a text after each interval; the texts are used up, then nothing is said."""
    pieces = [sound[at : at + interval] for at in range(0, len(sound), interval)]
    said = itertools.chain(texts, itertools.repeat(b""))
    return b"".join(
        piece + (block(next(said)) if len(piece) == interval else b"") for piece in pieces
    )


def title_of(text: bytes) -> str | None:
    metadata = Metadata(4)
    assert metadata.strip(titled(b"soundsound", 4, text)) == b"soundsound"
    return metadata.title


@given(
    st.binary(max_size=200),
    st.integers(1, 50),
    st.lists(st.binary(max_size=40), max_size=5),
    st.lists(st.integers(1, 60), min_size=1),
)
def test_the_sound_comes_out_whole_however_it_arrives(sound, interval, texts, sizes) -> None:
    data = titled(sound, interval, *texts)
    metadata = Metadata(interval)
    found, at = b"", 0
    for size in itertools.cycle(sizes):
        if at >= len(data):
            break
        found += metadata.strip(data[at : at + size])
        at += size
    assert found == sound


@given(st.binary(max_size=4080))
def test_whatever_is_said_a_title_is_one_short_line_that_can_be_seen(text: bytes) -> None:
    title = title_of(b"StreamTitle='" + text[:4000] + b"';")
    if title is not None:
        assert 0 < len(title) <= LONGEST_TITLE
        assert title == " ".join(title.split())
        assert all(character.isprintable() for character in title)


@pytest.mark.parametrize(
    ("said", "title"),
    [
        (b"StreamTitle='Aurora - Runaway';StreamUrl='';", "Aurora - Runaway"),
        (b"StreamTitle='It's a sin';", "It's a sin"),
        ("StreamTitle='Björk';".encode(), "Björk"),
        ("StreamTitle='Björk “Jóga”';".encode("cp1252"), "Björk “Jóga”"),
        (b"StreamTitle='a\x00b\x1b[31mc\r\nd';", "ab[31mc d"),
        ("StreamTitle='\u202egnirts \u200b\ufeffx';".encode(), "gnirts x"),
        (b"StreamTitle='cut off'", "cut off"),
        (b"StreamTitle='';", None),
        (b"StreamUrl='http://a';", None),
    ],
)
def test_what_a_station_says(said: bytes, title: str | None) -> None:
    assert title_of(said) == title


def test_a_title_that_ends_is_gone() -> None:
    metadata = Metadata(4)
    metadata.strip(titled(b"soundsound", 4, b"StreamTitle='a';", b"StreamTitle='';"))
    assert metadata.title is None


@pytest.fixture
def listen(server, turn: Turn) -> Iterator[object]:
    opened: list[HttpReader] = []

    def open_url(url: str) -> HttpReader:
        opened.append(HttpReader(url, TrustedHosts(server.host), turn))
        return opened[-1]

    yield open_url
    for reader in opened:
        reader.close()


@pytest.mark.parametrize("head", ["HTTP/1.0 200 OK", "ICY 200 OK"])
def test_the_titles_are_asked_for_and_are_not_in_the_sound(server, listen, head) -> None:
    sound = bytes(range(256)) * 40
    asked: list[str | None] = []

    def station(request) -> None:
        asked.append(request.headers.get("icy-metadata"))
        said = f"{head}\r\nicy-name: Ada\r\nicy-metaint: 4000\r\n\r\n"
        request.send(said.encode() + titled(sound, 4000, b"StreamTitle='One';"))

    reader = listen(server.answer("/", station))
    assert asked == ["1"]
    found = b""
    while piece := reader.read(700):
        found += piece
    assert found == sound
    assert reader.title == "One"
    assert (reader.endless, reader.size, reader.station) == (True, None, "Ada")


@pytest.mark.parametrize("interval", ["0", "-1", "x", "99999999", "٣", ""])
def test_an_interval_that_cannot_be_is_none(server, listen, interval) -> None:
    def station(request) -> None:
        request.send(f"ICY 200 OK\r\nicy-metaint: {interval}\r\n\r\n".encode() + b"sound" * 9)

    reader = listen(server.answer("/", station))
    assert reader.read(100) == b"sound" * 9


@pytest.mark.parametrize("kind", ["mp3", "aac", "ogg"])
def test_a_station_whose_connection_breaks_goes_on(
    server, tones, turn: Turn, opus, monkeypatch, kind
) -> None:
    monkeypatch.setattr(web, "RECONNECTIONS", (0.0, 0.01, 0.01, 0.01))
    data = tones.tone(kind).read_bytes()
    answers = iter(["sound", "503 Busy", "404 Not Found", "sound", "sound"])

    def station(request) -> None:
        answer = next(answers, "404 Not Found")
        if answer == "sound":
            request.head(icy_name="Ada")
            request.send(data)
        else:
            request.head(answer, Content_Length=0)

    url = server.answer("/", station)
    frames: list[bytes] = []
    with (
        contextlib.closing(HttpReader(url, TrustedHosts(server.host), turn)) as reader,
        contextlib.closing(Media(reader, turn)) as media,
        pytest.raises(MediaError, match="connection was lost"),
    ):
        frames += iter(media.frames(0, Sound(90)))
    sound = opus(frames)
    # The frame that was not yet full when all was lost is not made up.
    assert sound.seconds == pytest.approx(9, abs=0.4)
    assert sound.pitch(5, 5.9) == pytest.approx(440, abs=2)
    assert len(server.requests) == 1 + len(web.RECONNECTIONS)


def test_a_file_of_unknown_length_is_not_begun_again(server, tones, turn: Turn, opus) -> None:
    data = tones.tone("mp3").read_bytes()

    def unknown(request) -> None:
        request.head()
        request.send(data)

    url = server.answer("/", unknown)
    with (
        contextlib.closing(HttpReader(url, TrustedHosts(server.host), turn)) as reader,
        contextlib.closing(Media(reader, turn)) as media,
    ):
        assert opus(media.frames(0, Sound())).seconds == pytest.approx(3, abs=0.1)
    assert len(server.requests) == 1


def test_what_is_compressed_without_being_asked_for_is_refused(server, listen) -> None:
    url = server.answer("/", lambda request: request.body(b"x", Content_Encoding="gzip"))
    with pytest.raises(MediaError, match="compressed"):
        listen(url)


def test_a_head_without_an_end_is_refused(server, listen) -> None:
    def endless(request) -> None:
        request.send(b"ICY 200 OK\r\n")
        while True:
            request.send(b"icy-x: y\r\n" * 100)

    with pytest.raises(MediaError, match="could not be reached"):
        listen(server.answer("/", endless))
