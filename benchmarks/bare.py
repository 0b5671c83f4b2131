"""What the audio node's figures are held against: the same work with nothing around it.

`python -m benchmarks.bare ticker SECONDS` looks at the clock each 20 ms, and prints the longest
from one look to the next in ms, and what 99 % of them are below.

`python -m benchmarks.bare codec FILE` decodes, resamples and encodes a song as the node does, for
twenty players: each in turn a second of it, when that second has come. It prints the ms of CPU that
a second of one takes. In one go a codec is a fifth cheaper, because all that it uses is still in
the CPU's caches; but nobody can play music so.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from fractions import Fraction

import av
from av.audio.frame import AudioFrame

RATE, FRAME, PERIOD = 48_000, 960, 0.02
UNIT = Fraction(1, RATE)
PLAYERS, SECONDS, SECOND = 20, 8, 50


async def ticker(seconds: float) -> tuple[float, float]:
    due = last = time.monotonic()
    end, gaps = due + seconds, list[float]()
    while last < end:
        due += PERIOD
        await asyncio.sleep(due - time.monotonic())
        now = time.monotonic()
        gaps.append(1000 * (now - last))
        last = now
    gaps.sort()
    return gaps[-1], gaps[int(len(gaps) * 0.99)]


def encoded(path: str) -> Iterator[object]:
    """Decode and encode a song, a frame at a time."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "stereo", "flt"
    encoder.time_base, encoder.bit_rate, encoder.thread_count = UNIT, 128_000, 1
    encoder.options = {"compression_level": "5", "frame_duration": "20"}
    samples = 0
    with av.open(path) as container:
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        graph = av.filter.Graph()
        graph.threads = 1
        graph.link_nodes(
            graph.add_abuffer(template=stream, time_base=stream.time_base),
            graph.add("aresample", str(RATE)),
            graph.add("aformat", "sample_fmts=flt:channel_layouts=stereo"),
            graph.add("asetnsamples", f"n={FRAME}:p=1"),
            graph.add("abuffersink"),
        ).configure()
        for decoded in container.decode(stream):
            graph.push(decoded)
            while True:
                try:
                    piece = graph.pull()
                except av.error.BlockingIOError:
                    break
                assert isinstance(piece, AudioFrame)
                piece.pts, piece.time_base = samples, UNIT
                samples += piece.samples
                yield encoder.encode(piece)


def codec(path: str) -> float:
    players = [encoded(path) for _ in range(PLAYERS)]
    for player in players:
        for _ in range(SECOND):
            next(player)
    began, used = time.monotonic(), time.process_time()
    for turn in range(SECONDS * PLAYERS):
        due = began + turn / PLAYERS
        time.sleep(max(0.0, due - time.monotonic()))
        for _ in range(SECOND):
            next(players[turn % PLAYERS])
    return 1000 * (time.process_time() - used) / (SECONDS * PLAYERS)


if __name__ == "__main__":
    what, argument = sys.argv[1:]
    if what == "ticker":
        print(*asyncio.run(ticker(float(argument))))
    else:
        print(codec(argument))
