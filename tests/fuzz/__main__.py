"""`python -m tests.fuzz [media|http|bytes]`: what strangers say, broken in thousands of ways.

media: files through the node's decoders, while a song plays beside them
http: requests of all kinds to the bot's HTTP side and the node's
bytes: whatever reads bytes in Python, led by what code is reached

Without a name it is all three, one after the other. The exit code is 1 if something has to be
mended; each finding comes with how to see it again.
"""

import argparse
import asyncio
import base64
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from time import monotonic

from tests.fuzz import guided, http
from tests.fuzz.media import OUTCOMES, Report, run
from tests.fuzz.mutation import Mutant, mutant
from tests.fuzz.readers import BY_NAME

SECONDS = {"media": 180.0, "http": 120.0, "bytes": 60.0}
COMMAND = "python -m tests.fuzz"


def main() -> int:
    options = _options()
    if options.part == "bytes" and options.input is not None:
        BY_NAME[options.reader].try_(base64.b64decode(options.input))
        print("It is read as it should be.")
        return 0
    parts = {"media": _media, "http": _http, "bytes": _bytes}
    findings: list[str] = []
    for name in SECONDS if options.part is None else (options.part,):
        seconds = SECONDS[name] if options.seconds is None else options.seconds
        print(f"--- {name}, about {seconds:.0f} s, seed {options.seed}", flush=True)
        findings += parts[name](options, seconds)
    print("---")
    for finding in findings:
        print(f"WRONG: {finding}\n")
    print(f"{len(findings)} to be mended" if findings else "nothing to be mended")
    return 1 if findings else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=COMMAND, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", nargs="?", choices=list(SECONDS), metavar="PART")
    parser.add_argument("--seconds", type=float, metavar="N", help="how long, for each part")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="N", help="1; others break otherwise"
    )
    parser.add_argument(
        "--only", type=int, metavar="N", help="media: the file of this number alone"
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="media: write that file here")
    parser.add_argument("--reader", choices=list(BY_NAME), help="bytes: this reader alone")
    parser.add_argument("--input", metavar="BASE64", help="bytes: what the reader is to read")
    return parser.parse_args()


# --- media ---


def _media(options: argparse.Namespace, seconds: float) -> list[str]:
    if options.only is None:
        mutants = _mutants(options.seed, seconds)
    else:
        mutants = iter([mutant(options.seed, options.only)])
        if options.keep is not None:
            made = mutant(options.seed, options.only)
            (options.keep / made.name).write_bytes(made.data)
            print(f"{options.keep / made.name}: {made.start_ms} ms, {made.sound}")
    report = asyncio.run(run(mutants, told=_tell))
    _conclude(report)
    again = (
        f"{COMMAND} media --seed {options.seed} --only N --keep DIR, N as the file's name has it"
    )
    return [f"{mistake}\n  again: {again}" for mistake in report.mistakes]


def _mutants(seed: int, seconds: float) -> Iterator[Mutant]:
    end = monotonic() + seconds
    for number in count():
        if monotonic() > end:
            return
        yield mutant(seed, number)


def _tell(report: Report) -> None:
    print(f"\r{report.files} files …", end="", file=sys.stderr, flush=True)


def _conclude(report: Report) -> None:
    rate = report.files / report.seconds
    print(f"\r{report.files} broken files in {report.seconds:.0f} s, {rate:.0f}/s")
    for outcome, meaning in OUTCOMES.items():
        print(f"  {report.outcomes[outcome]:6} {meaning}")
    print("reasons")
    for reason, number in report.reasons.most_common(20):
        print(f"  {number:6} {reason}")
    print(f"decoder processes given up: {report.deaths.total()}")
    for reason, number in report.deaths.most_common():
        print(f"  {number:6} {reason}")
    print(f"most memory of one: {report.memory >> 20} MB")
    print(f"slowest: {report.slowest[0]:.1f} s ({report.slowest[1]})")
    print(
        f"the song beside them: {report.song_frames} frames,"
        f" longest silence {report.starved_seconds:.2f} s"
    )


# --- http ---


def _http(options: argparse.Namespace, seconds: float) -> list[str]:
    outcomes = asyncio.run(http.run(seconds=seconds, seed=options.seed))
    for one in outcomes:
        first, last = (size >> 20 for size in one.memory)
        print(f"  {one.server}: {one.requests} requests, {one.hostile} that are none,", end=" ")
        print(f"{first} MB and in the end {last} MB")
    again = f"{COMMAND} http --seed {options.seed} --seconds {seconds:.0f}"
    return [f"{one.server}: {what}\n  again: {again}" for one in outcomes for what in one.findings]


# --- bytes ---


def _bytes(options: argparse.Namespace, seconds: float) -> list[str]:
    if not guided.available:
        print("  atheris is not here: what each reader is meant for is tried in the tests alone")
        return []
    readers = list(BY_NAME) if options.reader is None else [options.reader]
    findings: list[str] = []
    for one in asyncio.run(guided.search(readers, seconds=seconds, seed=options.seed)):
        print(f"  {one.reader}: {one.inputs} inputs, {one.reached} places reached")
        if one.finding:
            shown = base64.b64encode(one.input).decode("ascii")
            again = f"{COMMAND} bytes --reader {one.reader} --input {shown}"
            findings.append(f"{one.reader}: {one.finding}\n  again: {again}")
    return findings


if __name__ == "__main__":
    sys.exit(main())
