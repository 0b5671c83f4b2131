"""`python -m tests.fuzz.guided READER FOLDER SECONDS SEED`: search, led by what code is reached.

libFuzzer takes a process for itself and ends it, so that each reader is searched in one of its own.
`search` runs them; what one of them finds stays in a file, to be read again.
"""

import asyncio
import importlib.util
import logging
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

LONGEST_INPUT = 8192
SECONDS_AT_MOST = 5
"""How long one input may take."""
MOST_MEMORY_MB = 1024
GRACE_SECONDS = 30
"""What a search may take longer than it was given: it has to begin, and to end."""

AT_ONCE = 2
ROOT = Path(__file__).parents[2]

available = importlib.util.find_spec("atheris") is not None
"""Atheris comes without a compiler for Linux on x86-64 alone."""


@dataclass(frozen=True, slots=True)
class Found:
    """What came of one reader. `finding` is empty, or what went wrong; `input` shows it again."""

    reader: str
    inputs: int
    reached: int
    finding: str = ""
    input: bytes = b""


async def search(readers: Sequence[str], *, seconds: float, seed: int) -> list[Found]:
    """Search all of them, in about `seconds` altogether."""
    turn = asyncio.Semaphore(AT_ONCE)
    share = max(1, round(seconds * min(AT_ONCE, len(readers)) / len(readers)))

    async def one(reader: str) -> Found:
        async with turn:
            return await _search(reader, share, seed)

    return await asyncio.gather(*map(one, readers))


async def _search(reader: str, seconds: int, seed: int) -> Found:
    with tempfile.TemporaryDirectory(prefix=f"fuzz-{reader}-") as folder:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.fuzz.guided", reader, folder, str(seconds), str(seed)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                said = (await child.communicate())[0].decode("utf-8", "replace")
        except TimeoutError:
            return Found(reader, 0, 0, "the search never ended")
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        bad = [path.read_bytes() for path in Path(folder).glob("bad-*")]
    inputs = re.findall(r"^#(\d+)", said, re.MULTILINE)
    reached = re.findall(r" cov: (\d+)", said)
    return Found(
        reader,
        int(inputs[-1]) if inputs else 0,
        max(map(int, reached), default=0),
        _reason(said) if bad or child.returncode else "",
        bad[0] if bad else b"",
    )


def _reason(said: str) -> str:
    """What was raised, or what libFuzzer says of too much time or memory."""
    _, _, stack = said.partition("=== Uncaught Python exception: ===\n")
    told = stack or "".join(re.findall(r"ERROR: libFuzzer: .+", said)[:1])
    return (told or said[-500:]).partition("\n")[0]


def main(reader: str, folder: str, seconds: str, seed: str) -> None:
    """Search one reader; does not return."""
    import atheris
    import structlog

    with atheris.instrument_imports(include=["seraphim"]):
        from tests.fuzz.readers import BY_NAME
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    chosen = BY_NAME[reader]
    corpus, words = Path(folder, "corpus"), Path(folder, "words")
    corpus.mkdir()
    for number, data in enumerate(chosen.seeds):
        (corpus / str(number)).write_bytes(data)
    # One without a word in it is a mistake to libFuzzer.
    words.write_text("\n".join(map(_spelled, chosen.words or (b"\0",))))
    options = {
        "max_total_time": seconds,
        "seed": seed,
        "max_len": LONGEST_INPUT,
        "timeout": SECONDS_AT_MOST,
        "rss_limit_mb": MOST_MEMORY_MB,
        "artifact_prefix": f"{folder}/bad-",
        "dict": words,
    }
    arguments = [f"-{name}={value}" for name, value in options.items()]
    atheris.Setup([sys.argv[0], *arguments, str(corpus)], chosen.try_)
    atheris.Fuzz()


def _spelled(word: bytes) -> str:
    """As libFuzzer's dictionaries have it."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in word) + '"'


if __name__ == "__main__":
    main(*sys.argv[1:])
