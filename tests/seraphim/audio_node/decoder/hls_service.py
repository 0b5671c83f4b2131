"""A stream as an HLS packager makes it, in pieces on disk."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.error import BlockingIOError as NothingYet
from av.error import EOFError as NothingMore
from av.filter import Graph

SEGMENT_SECONDS = 2
RATE = 44_100


def package(folder: Path, kind: str, *, seconds: float = 12, **options: str) -> str:
    """Cut twelve seconds, the k-th of them at 300 + 100 k Hz; gives the playlist."""
    playlist = folder / "list.m3u8"
    made = {
        "hls_time": str(SEGMENT_SECONDS),
        "hls_list_size": "0",
        "hls_segment_type": kind,
        "hls_segment_filename": str(folder / ("%d.ts" if kind == "mpegts" else "%d.m4s")),
        **options,
    }
    with av.open(str(playlist), "w", format="hls", options=made) as output:
        stream = output.add_stream("aac", rate=RATE, layout="stereo")
        assert isinstance(stream, AudioStream)
        stream.codec_context.open()
        for piece in _melody(seconds):
            output.mux(stream.encode(piece))
        output.mux(stream.encode(None))
    return playlist.read_text()


def _melody(seconds: float) -> Iterable[AudioFrame]:
    tone = "0.4*sin(2*PI*(300+100*floor(t))*t)"
    graph = Graph()
    graph.threads = 1
    graph.link_nodes(
        graph.add("aevalsrc", f"exprs={tone}|{tone}:s={RATE}:d={seconds}:c=stereo"),
        graph.add("aformat", "sample_fmts=fltp"),
        graph.add("asetnsamples", "n=1024:p=0"),
        graph.add("abuffersink"),
    ).configure()
    while True:
        try:
            piece = graph.pull()
        except (NothingYet, NothingMore):
            return
        assert isinstance(piece, AudioFrame)
        piece.time_base = Fraction(1, RATE)
        yield piece
