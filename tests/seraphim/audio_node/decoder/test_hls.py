import contextlib
import itertools
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.decoder import hls
from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.frames import Media
from seraphim.audio_node.decoder.gate import Turn
from seraphim.audio_node.decoder.hls import Playlist, choose
from seraphim.audio_node.decoder.readers import open_reader
from seraphim.audio_node.filters import Sound
from seraphim.audio_node.media import MediaError, MediaSource
from tests.seraphim.audio_node.decoder.hls_service import package

KINDS = ["mpegts", "fmp4"]
BASE = "https://radio.example/a/list.m3u8"
HEAD = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    for kind, folder in folders.items():
        package(folder, kind)
    return folders


class Service:
    """Serves a folder with a stream in it."""

    def __init__(self, server, folder: Path) -> None:
        self.server = server
        self.text = (folder / "list.m3u8").read_text()
        for file in folder.iterdir():
            self.file(file.name, file.read_bytes())
        self.url = self.playlist(self.text)

    def file(self, name: str, data: bytes) -> str:
        return self.server.answer(f"/{name}", lambda request: request.body(data))

    def playlist(self, text: str, name: str = "list.m3u8") -> str:
        return self.file(name, text.encode())

    @property
    def asked(self) -> list[str]:
        return [path.removeprefix("/") for path in self.server.requests]


@pytest.fixture
def service(server, packaged) -> Service:
    return Service(server, packaged["mpegts"])


@pytest.fixture
def opened(server, turn: Turn) -> Iterator[Callable[..., Media]]:
    with contextlib.ExitStack() as stack:

        def open_url(url: str, **options) -> Media:
            source = MediaSource("http", url, **options)
            reader = open_reader(source, TrustedHosts(server.host), turn)
            stack.enter_context(contextlib.closing(reader))
            return stack.enter_context(contextlib.closing(Media(reader, turn)))

        yield open_url


@pytest.mark.parametrize("volume", [100, 80])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_is_complete_plays_to_its_end(
    server, packaged, opened, opus, kind, volume
) -> None:
    media = opened(Service(server, packaged[kind]).url)
    assert media.info.length_ms == pytest.approx(12_000, abs=60)
    assert media.info.seekable
    sound = opus(media.frames(0, Sound(volume)))
    assert sound.seconds == pytest.approx(12, abs=0.1)
    for second in range(12):
        assert sound.pitch(second + 0.2, second + 0.8) == pytest.approx(300 + 100 * second, abs=2)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seek_is_exact_and_fetches_nothing_between(server, packaged, opened, opus, kind) -> None:
    service = Service(server, packaged[kind])
    media = opened(service.url)
    sound = opus(media.frames(8_500, Sound(90)))
    assert sound.seconds == pytest.approx(3.5, abs=0.1)
    assert sound.pitch(0.05, 0.45) == pytest.approx(1100, abs=2)
    assert sound.pitch(0.55, 1.45) == pytest.approx(1200, abs=2)
    assert not {"2.ts", "2.m4s", "3.ts", "3.m4s"} & set(service.asked)
    back = opus(itertools.islice(media.frames(500, Sound()), 100))
    assert back.pitch(0.1, 0.4) == pytest.approx(300, abs=2)
    assert back.pitch(0.6, 1.4) == pytest.approx(400, abs=2)


def test_a_seek_past_the_end_is_the_end(service, opened) -> None:
    assert list(opened(service.url).frames(13_000, Sound())) == []


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_discontinuity_it_goes_on_without_a_gap(
    server, packaged, opened, opus, kind
) -> None:
    service = Service(server, packaged[kind])
    lines = service.text.splitlines()
    header = [line for line in lines if "MAP" in line]
    names = [line for line in lines if line and not line.startswith("#")]

    def pieces(*numbers: int) -> list[str]:
        found = (("#EXTINF:2.0,", names[number]) for number in numbers)
        return list(itertools.chain.from_iterable(found))

    text = "\n".join([HEAD, *header, *pieces(4, 5), "#EXT-X-DISCONTINUITY", *header, *pieces(0, 1)])
    media = opened(service.playlist(text + "\n#EXT-X-ENDLIST\n", "cut.m3u8"))
    whole = opus(media.frames(0, Sound(90)))
    assert whole.seconds == pytest.approx(8, abs=0.2)
    assert whole.pitch(0.3, 0.8) == pytest.approx(1100, abs=2)
    assert whole.pitch(4.3, 4.8) == pytest.approx(300, abs=2)
    assert whole.pitch(5.3, 5.8) == pytest.approx(400, abs=2)
    assert min(whole.level(at / 10, at / 10 + 0.1) for at in range(1, 78)) > 0.15
    sought = opus(media.frames(5_500, Sound(90)))
    assert sought.pitch(0.1, 0.4) == pytest.approx(400, abs=2)
    assert sought.seconds == pytest.approx(2.5, abs=0.2)


@pytest.mark.parametrize("iv", [None, bytes(range(16))])
def test_an_encrypted_stream_is_decrypted_with_its_key(
    server, packaged, opened, opus, iv: bytes | None
) -> None:
    service = Service(server, packaged["mpegts"])
    key = b"sixteen bytes! !"
    service.file("key", key)
    for number in range(7):
        data = (packaged["mpegts"] / f"{number}.ts").read_bytes()
        pad = PKCS7(128).padder()
        encryptor = Cipher(AES128(key), CBC(iv or number.to_bytes(16, "big"))).encryptor()
        service.file(f"{number}.ts", encryptor.update(pad.update(data) + pad.finalize()))
    said = '#EXT-X-KEY:METHOD=AES-128,URI="key"' + (f",IV=0x{iv.hex()}" if iv else "")
    url = service.playlist(service.text.replace("#EXTINF", said + "\n#EXTINF", 1))
    sound = opus(opened(url).frames(0, Sound()))
    assert sound.pitch(10.2, 10.8) == pytest.approx(1300, abs=2)
    assert service.asked.count("key") == 1


def test_a_wrong_key_and_copy_protection_are_said(service, opened) -> None:
    service.file("key", b"short")
    for said in (
        'METHOD=AES-128,URI="key"',
        'METHOD=SAMPLE-AES,URI="key"',
        'METHOD=AES-128,URI="key",KEYFORMAT="com.apple.fps"',
        'METHOD=AES-128,URI="key",IV=12',
    ):
        text = service.text.replace("#EXTINF", f"#EXT-X-KEY:{said}\n#EXTINF", 1)
        with pytest.raises(MediaError, match=r"decrypted|protected|cannot be read"):
            opened(service.playlist(text))


def test_ranges_of_one_file_are_segments(server, packaged, opened, opus) -> None:
    service = Service(server, packaged["fmp4"])
    folder = packaged["fmp4"]
    parts = [(folder / name).read_bytes() for name in ("init.mp4", "0.m4s", "1.m4s", "2.m4s")]
    whole = b"".join(parts)

    def ranged(request) -> None:
        wanted = re.match(r"bytes=(\d+)-(\d+)\Z", request.headers["range"])
        assert wanted is not None
        first, last = int(wanted[1]), int(wanted[2])
        data = whole[first : last + 1]
        request.head(
            "206 Partial Content",
            Content_Range=f"bytes {first}-{last}/{len(whole)}",
            Content_Length=len(data),
        )
        request.send(data)

    server.answer("/all.mp4", ranged)
    sizes = [len(part) for part in parts]
    text = (
        f'{HEAD}#EXT-X-MAP:URI="all.mp4",BYTERANGE="{sizes[0]}@0"\n'
        f"#EXTINF:2,\n#EXT-X-BYTERANGE:{sizes[1]}@{sizes[0]}\nall.mp4\n"
        f"#EXTINF:2,\n#EXT-X-BYTERANGE:{sizes[2]}\nall.mp4\n"
        f"#EXTINF:2,\n#EXT-X-BYTERANGE:{sizes[3]}\nall.mp4\n#EXT-X-ENDLIST\n"
    )
    sound = opus(opened(service.playlist(text)).frames(0, Sound()))
    assert sound.seconds == pytest.approx(6, abs=0.1)
    assert sound.pitch(5.2, 5.8) == pytest.approx(800, abs=2)


def test_plain_aac_with_its_time_stamps_before_it_is_understood(
    server, tones, packaged, opened, opus
) -> None:
    """As radios have it: each segment is ADTS behind an ID3 tag."""
    service = Service(server, packaged["mpegts"])
    data = tones.melody("aac").read_bytes()
    frames: list[bytes] = []
    while data:
        size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        frames.append(data[:size])
        data = data[size:]
    stamp = b"com.apple.streaming.transportStreamTimestamp\0" + bytes(8)
    private = b"PRIV" + len(stamp).to_bytes(4, "big") + b"\0\0" + stamp
    tag = b"ID3\4\0\0" + bytes((0, 0, 0, len(private))) + private
    text = HEAD
    for number, at in enumerate(range(0, len(frames), 86)):
        piece = frames[at : at + 86]
        service.file(f"{number}.aac", tag + b"".join(piece))
        text += f"#EXTINF:{len(piece) * 1024 / 44_100},\n{number}.aac\n"
    media = opened(service.playlist(text + "#EXT-X-ENDLIST\n"))
    sound = opus(media.frames(0, Sound()))
    assert sound.seconds == pytest.approx(12, abs=0.2)
    assert sound.pitch(9.2, 9.8) == pytest.approx(1200, abs=2)
    sought = opus(media.frames(8_500, Sound(90)))
    assert sought.pitch(0.6, 1.4) == pytest.approx(1200, abs=2)


def test_a_name_that_turns_private_is_refused_in_the_middle_of_a_stream(
    server, service, turn: Turn, monkeypatch
) -> None:
    """It was public when the playlist was fetched."""
    answers = iter(["93.184.216.34", "10.0.0.1"])
    connect = socket.socket.connect

    def rebinding(host: str, port: int, **_: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, place: connect(self, ("127.0.0.1", place[1]))
    )
    source = MediaSource("http", f"http://rebinding.example:{server.port}/list.m3u8")
    reader = open_reader(source, TrustedHosts(), turn)
    with contextlib.closing(reader), pytest.raises(MediaError, match="private"):
        Media(reader, turn)
    assert service.asked == ["list.m3u8"]


def test_the_best_sound_of_a_master_playlist_is_played(service, opened, opus) -> None:
    url = service.playlist(
        "#EXTM3U\n#EXT-X-VERSION:4\n"
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x",DEFAULT=YES,URI="list.m3u8"\n'
        '#EXT-X-STREAM-INF:BANDWIDTH=100000,CODECS="avc1,mp4a.40.2",AUDIO="a"\nnowhere.m3u8\n',
        "master.m3u8",
    )
    assert opus(opened(url).frames(0, Sound())).seconds == pytest.approx(12, abs=0.1)
    assert service.asked[:2] == ["master.m3u8", "list.m3u8"]


def test_a_master_in_a_master_is_refused(service, opened) -> None:
    text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n"
    service.playlist(text.format("list.m3u8"), "inner.m3u8")
    with pytest.raises(MediaError, match="list of lists"):
        opened(service.playlist(text.format("inner.m3u8"), "outer.m3u8"))


class Live:
    """A live stream: the test says how far it has come."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hls, "LEAST_RELOAD", 0.02)
        monkeypatch.setattr(hls, "LONGEST_RELOAD", 0.02)
        self.service = service
        self.first, self.end, self.over = 0, 3, False
        self.url = service.server.answer("/live.m3u8", self._answer)

    def _answer(self, request) -> None:
        lines = [HEAD, f"#EXT-X-MEDIA-SEQUENCE:{self.first}"]
        lines += [f"#EXTINF:2,\n{number}.ts" for number in range(self.first, self.end)]
        if self.over:
            lines.append("#EXT-X-ENDLIST")
        request.body("\n".join(lines).encode())


@pytest.fixture
def live(service, monkeypatch) -> Live:
    return Live(service, monkeypatch)


def test_a_live_stream_is_begun_near_its_end_and_followed(live, opened, opus) -> None:
    live.first, live.end = 0, 4
    media = opened(live.url)
    assert media.info.stream
    frames = media.frames(0, Sound())
    taken = list(itertools.islice(frames, 250))
    live.first, live.end, live.over = 3, 6, True
    taken += frames
    sound = opus(taken)
    assert "0.ts" not in live.service.asked
    assert sound.seconds == pytest.approx(10, abs=0.1)
    for second in range(10):
        assert sound.pitch(second + 0.2, second + 0.8) == pytest.approx(500 + 100 * second, abs=2)


def test_a_live_stream_that_ran_on_meanwhile_is_taken_up_where_it_is(live, opened, opus) -> None:
    frames = opened(live.url).frames(0, Sound())
    taken = list(itertools.islice(frames, 200))
    live.first, live.end, live.over = 4, 6, True
    sound = opus(itertools.chain(taken, frames))
    assert sound.pitch(5.2, 5.8) == pytest.approx(800, abs=2)
    assert sound.pitch(6.2, 6.8) == pytest.approx(1100, abs=2)


def test_a_live_stream_goes_on_after_failures_of_its_server(live, opened, opus) -> None:
    media = opened(live.url)
    server = live.service.server
    answer = server.answers["/live.m3u8"]
    troubles = iter(["503 Busy", "404 Not Found", "503 Busy", "503 Busy"])

    def troubled(request) -> None:
        trouble = next(troubles, None)
        if trouble is None:
            answer(request)
        else:
            request.head(trouble, Content_Length=0)

    server.answer("/live.m3u8", troubled)
    del server.answers["/1.ts"]
    live.end, live.over = 5, True
    frames = list(media.frames(0, Sound()))
    assert next(troubles, None) is None
    assert opus(frames).seconds == pytest.approx(8, abs=0.1)


def test_a_live_stream_that_is_gone_fails_in_time(live, opened) -> None:
    frames = opened(live.url).frames(0, Sound())
    live.service.server.answers.pop("/live.m3u8")
    with pytest.raises(MediaError, match="404"):
        list(frames)
    assert live.service.asked.count("live.m3u8") == 1 + hls.MOST_MISSED + 1


def test_a_live_stream_that_stands_still_is_waited_for_no_longer_than_patience(
    live, opened, turn: Turn
) -> None:
    frames = opened(live.url).frames(0, Sound())
    turn.patience = 1.0
    turn.progress()
    with pytest.raises(MediaError, match="does not arrive"):
        for _ in frames:
            pass


@pytest.mark.parametrize(
    "place",
    [
        "http://127.0.0.1:1/secret.ts",
        "http://localhost:{port}/secret.ts",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//10.0.0.1/a.ts",
        "data:text/plain,hello",
        "concat:a|b",
        "http://[::ffff:7f00:1]:{port}/secret.ts",
    ],
)
def test_what_a_playlist_names_is_judged_like_any_url(server, service, opened, place) -> None:
    service.file("secret.ts", b"secret")
    place = place.format(port=server.port)
    for text in (
        f"{HEAD}#EXTINF:2,\n{place}\n#EXT-X-ENDLIST\n",
        f'{HEAD}#EXT-X-MAP:URI="{place}"\n#EXTINF:2,\n0.ts\n#EXT-X-ENDLIST\n',
        f'{HEAD}#EXT-X-KEY:METHOD=AES-128,URI="{place}"\n#EXTINF:2,\n0.ts\n#EXT-X-ENDLIST\n',
        f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{place}\n",
    ):
        with pytest.raises(MediaError):
            opened(service.playlist(text))
    server.answer("/moved.ts", lambda request: request.head("302 Found", Location=place))
    with pytest.raises(MediaError):
        opened(service.playlist(f"{HEAD}#EXTINF:2,\nmoved.ts\n#EXT-X-ENDLIST\n"))
    assert "secret.ts" not in service.asked


def test_headers_go_to_the_playlists_own_server_alone(server, service, opened) -> None:
    seen: dict[str, dict[str, str]] = {}
    data = (service.text).encode()

    def note(request) -> None:
        seen[request.path] = request.headers
        request.body(data)

    server.answer("/list.m3u8", note)
    opened(service.url, headers=(("Referer", "https://a.example/"), ("Range", "bytes=5-")))
    assert seen["/list.m3u8"]["referer"] == "https://a.example/"
    assert seen["/list.m3u8"]["range"] == "bytes=0-"


def test_too_much_is_refused(service, opened, monkeypatch) -> None:
    monkeypatch.setattr(hls, "LARGEST_PIECE", 1000)
    with pytest.raises(MediaError, match="too large"):
        opened(service.url)
    many = "#EXTINF:1,\na.ts\n" * (hls.MOST_SEGMENTS + 1)
    with pytest.raises(MediaError, match="too many"):
        opened(service.playlist(HEAD + many))


@pytest.mark.parametrize(
    ("lines", "chosen"),
    [
        # The group of the best variant, its default first.
        (
            [
                '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="lo",URI="lo.m3u8",DEFAULT=YES',
                '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="hi",NAME="other",URI="other.m3u8"',
                '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="hi",URI="hi.m3u8",DEFAULT=YES',
                '#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO="hi"\nv1.m3u8',
                '#EXT-X-STREAM-INF:BANDWIDTH=5,AUDIO="lo"\nv2.m3u8',
            ],
            "hi.m3u8",
        ),
        # A group without an address is in the variant itself.
        (
            [
                '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x"',
                '#EXT-X-STREAM-INF:BANDWIDTH=9,AUDIO="a"\nv1.m3u8',
            ],
            "v1.m3u8",
        ),
        # Sound alone before pictures, the best of it.
        (
            [
                '#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS="mp4a.40.5"\nlo.m3u8',
                '#EXT-X-STREAM-INF:BANDWIDTH=8,CODECS="mp4a.40.2"\nhi.m3u8',
                '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="avc1.4d,mp4a.40.2"\nvideo.m3u8',
            ],
            "hi.m3u8",
        ),
        # With pictures, the smallest that sounds.
        (
            [
                '#EXT-X-STREAM-INF:BANDWIDTH=3,CODECS="avc1.4d",RESOLUTION=1x1\nmute.m3u8',
                '#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS="avc1.4d,mp4a.40.2",RESOLUTION=1x1\nlo.m3u8',
                "#EXT-X-STREAM-INF:BANDWIDTH=9,RESOLUTION=1x1\nhi.m3u8",
            ],
            "lo.m3u8",
        ),
    ],
)
def test_what_is_chosen(lines, chosen) -> None:
    assert choose("\n".join(["#EXTM3U", *lines]), BASE) == f"https://radio.example/a/{chosen}"


def test_a_media_playlist_is_no_master() -> None:
    assert choose(HEAD + "#EXTINF:1,\na.ts", BASE) is None


@given(
    st.lists(
        st.sampled_from(
            [
                "#EXTINF:2,", "#EXTINF:x", "#EXTINF:-1", "#EXTINF:1e999,", "a.ts", "http://[", "\0",
                "#EXT-X-BYTERANGE:5@1", "#EXT-X-BYTERANGE:9", "#EXT-X-DISCONTINUITY", "#EXT-X-GAP",
                "#EXT-X-MEDIA-SEQUENCE:7", "#EXT-X-MEDIA-SEQUENCE:x", "#EXT-X-ENDLIST",
                '#EXT-X-MAP:URI="m",BYTERANGE="5@0"', "#EXT-X-MAP:", "#EXT-X-KEY:METHOD=NONE",
                '#EXT-X-KEY:METHOD=AES-128,URI="k"', "#EXT-X-TARGETDURATION:99999999",
            ]
        ) | st.text(max_size=20),
        max_size=30,
    )
)  # fmt: skip
def test_whatever_a_playlist_says_it_is_read_or_refused(lines: list[str]) -> None:
    try:
        read = Playlist.read("\n".join(["#EXTM3U", *lines]), BASE)
    except MediaError:
        return
    numbers = [segment.number for segment in read.segments]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) if numbers else True
    parts = [segment.part for segment in read.segments]
    assert parts == sorted(parts)
    assert all(0 <= segment.seconds <= hls.LONGEST_SEGMENT for segment in read.segments)
