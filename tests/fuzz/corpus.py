"""Valid files of every container that the node plays, and some that it must not, made by PyAV.

They are small: most of what can be wrong with media is wrong in its first kilobytes, and a mutation
that hits only samples teaches nothing.
"""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import av
import av.error
import av.filter
from av.audio.stream import AudioStream

SECONDS = 1.0
SOUND = "0.3*sin(2*PI*(440+100*t)*t)+0.05*random(0)"
"""A rising tone with some noise in it."""

TITLE = {"title": "Åurora ☃", "artist": "The Choir", "album": "First Light", "comment": "x" * 300}


@dataclass(frozen=True, slots=True)
class Seed:
    """A file that is well. `plays` is what a node should make of it."""

    name: str
    data: bytes
    plays: bool = True


@dataclass(frozen=True, slots=True)
class _Recipe:
    container: str
    codec: str
    rate: int = 48_000
    layout: str = "stereo"
    options: Mapping[str, str] | None = None


_RECIPES = {
    "mp3": _Recipe("mp3", "libmp3lame", 44_100),
    "mono.mp3": _Recipe("mp3", "libmp3lame", 22_050, "mono", {"write_xing": "0"}),
    "aac": _Recipe("adts", "aac", 44_100),
    "m4a": _Recipe("ipod", "aac", 44_100),
    "alac.m4a": _Recipe("ipod", "alac", 44_100),
    "fragmented.mp4": _Recipe("mp4", "aac", options={"movflags": "frag_keyframe+empty_moov"}),
    "pcm.mov": _Recipe("mov", "pcm_s16be", 8_000, "mono"),
    "opus.ogg": _Recipe("ogg", "libopus"),
    "vorbis.ogg": _Recipe("ogg", "vorbis", 44_100),
    "flac.ogg": _Recipe("ogg", "flac", 16_000, "mono"),
    "opus.webm": _Recipe("webm", "libopus"),
    "vorbis.webm": _Recipe("webm", "vorbis", 44_100),
    "flac.mka": _Recipe("matroska", "flac", 16_000, "mono"),
    "aac.mka": _Recipe("matroska", "aac"),
    "mp3.mka": _Recipe("matroska", "libmp3lame", 44_100),
    "flac": _Recipe("flac", "flac", 16_000),
    "5.1.flac": _Recipe("flac", "flac", 8_000, "5.1"),
    "wav": _Recipe("wav", "pcm_s16le", 8_000),
    "u8.wav": _Recipe("wav", "pcm_u8", 8_000, "mono"),
    "24.wav": _Recipe("wav", "pcm_s24le", 8_000, "mono"),
    "float.wav": _Recipe("wav", "pcm_f32le", 8_000, "mono"),
    "alaw.wav": _Recipe("wav", "pcm_alaw", 8_000, "mono"),
    "ms.wav": _Recipe("wav", "adpcm_ms", 8_000, "mono"),
    "ima.wav": _Recipe("wav", "adpcm_ima_wav", 8_000, "mono"),
    "aac.ts": _Recipe("mpegts", "aac"),
    "mp2.ts": _Recipe("mpegts", "mp2"),
    "ac3.ts": _Recipe("mpegts", "ac3"),
    "opus.ts": _Recipe("mpegts", "libopus"),
}

PLAYLISTS = {
    "media.m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n"
    '#EXT-X-KEY:METHOD=AES-128,URI="key",IV=0x00\n#EXTINF:4.0,one\nfile:///etc/hostname\n'
    "#EXTINF:4.0,two\nhttp://127.0.0.1:1/two.ts\n#EXT-X-ENDLIST\n",
    "master.m3u8": '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=64000,CODECS="mp4a.40.2"\nlow.m3u8\n'
    "#EXT-X-STREAM-INF:BANDWIDTH=128000\nhttp://127.0.0.1:1/high.m3u8\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\n"
    "t=0 0\nm=audio 5004 RTP/AVP 0\n",
    "concat": "ffconcat version 1.0\nfile /etc/hostname\n",
    "pls": "[playlist]\nFile1=http://127.0.0.1:1/x.mp3\nNumberOfEntries=1\n",
    "list.m3u": "#EXTM3U\n#EXTINF:12,Åurora - One\none.mp3\n#EXTINF:-1,\nhttp://127.0.0.1:1/live\n",
    "list.xspf": '<?xml version="1.0"?><playlist version="1" xmlns="http://xspf.org/ns/0/"><trackList>'
    "<track><location>http://127.0.0.1:1/a.mp3</location><title>One</title></track>"
    "</trackList></playlist>",
    "map.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    '#EXT-X-MAP:URI="init.mp4",BYTERANGE="500@0"\n#EXTINF:2.0,\n#EXT-X-BYTERANGE:900@500\na.mp4\n'
    "#EXT-X-DISCONTINUITY\n#EXTINF:2.0,\n#EXT-X-BYTERANGE:900\na.mp4\n#EXT-X-ENDLIST\n",
    "html": "<!doctype html><html><title>Not found</title><body>" + "<p>no</p>" * 200,
    "json": '{"error": "not found"}',
}


@cache
def seeds() -> tuple[Seed, ...]:
    """The whole corpus, always the same."""
    made = [Seed(name, _encode(recipe)) for name, recipe in _RECIPES.items()]
    made.append(Seed("id3.mp3", _id3() + next(one.data for one in made if one.name == "mp3")))
    texts = [Seed(name, text.encode(), plays=False) for name, text in PLAYLISTS.items()]
    return (*made, *texts, Seed("empty", b"", plays=False))


def long_song() -> bytes:
    """Twenty seconds that have to be transcoded: what plays beside all that is broken."""
    return _encode(_Recipe("flac", "flac", 16_000), seconds=20)


def _encode(recipe: _Recipe, seconds: float = SECONDS) -> bytes:
    file = io.BytesIO()
    options = {} if recipe.options is None else dict(recipe.options)
    with av.open(file, "w", format=recipe.container, options=options) as container:
        container.metadata.update(TITLE)
        stream = container.add_stream(recipe.codec, rate=recipe.rate, layout=recipe.layout)
        # FFmpeg's own encoder of Vorbis is called an experiment.
        stream.codec_context.options = {"strict": "experimental"}
        assert isinstance(stream, AudioStream)
        stream.codec_context.open()
        size = stream.codec_context.frame_size or 1024
        graph = av.filter.Graph()
        graph.threads = 1
        form = f"sample_fmts={stream.format.name}:channel_layouts={recipe.layout}"
        graph.link_nodes(
            graph.add("aevalsrc", f"{SOUND}:s={recipe.rate}:d={seconds}"),
            graph.add("aformat", form),
            graph.add("asetnsamples", f"n={size}:p=0"),
            graph.add("abuffersink"),
        ).configure()
        while True:
            try:
                frame = graph.pull()
            except (av.error.EOFError, av.error.BlockingIOError):
                break
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _id3() -> bytes:
    """A tag of version 2.3 as players write them: text, a picture, a private frame."""

    def frame(name: str, content: bytes) -> bytes:
        return name.encode() + struct.pack(">IH", len(content), 0) + content

    picture = b"\x89PNG\r\n\x1a\n" + bytes(64)
    frames = (
        frame("TIT2", b"\1" + "Aurora ☃".encode("utf-16"))
        + frame("TPE1", b"\0The Choir")
        + frame("TSRC", b"\0GBAYE0601498")
        + frame("APIC", b"\0image/png\0\3cover\0" + picture)
        + frame("CHAP", b"one\0" + struct.pack(">IIII", 0, 500, 0xFFFFFFFF, 0xFFFFFFFF))
        + frame("PRIV", b"someone\0" + bytes(40))
        + frame("TXXX", b"\0replaygain_track_gain\x00-3.5 dB")
    )
    size = len(frames)
    synchsafe = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + synchsafe + frames
