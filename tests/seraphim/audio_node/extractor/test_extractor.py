"""The worker's life: deadlines, deaths and hangs, with workers that do as a test says."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from seraphim.audio_node.extractor import Address, Collection, Extractor, Item
from seraphim.audio_node.media import MediaError

pytestmark = pytest.mark.anyio

PAGE = "https://site.example/song"
ITEM = {
    "url": PAGE,
    "identifier": "song",
    "title": "A song",
    "author": "Ada",
    "length_ms": 1000,
    "live": False,
    "source": "site",
    "artwork": None,
    "isrc": None,
}

# A worker: for each question it does what its URL, or its words, say.
WORKER = """
import json, os, pathlib, signal, socket, subprocess, sys, time
node = socket.socket(fileno=int(sys.argv[-1]))
lives = pathlib.Path(os.environ["LIVES"])
life = len(lives.read_text().split()) + 1 if lives.exists() else 1
lives.write_text("x " * life)
item = json.loads(os.environ["ITEM"])
for line in node.makefile("rb"):
    question = json.loads(line)
    about = question.get("url") or question.get("words")
    def say(**answer):
        node.sendall((json.dumps({"id": question["id"], **answer}) + "\\n").encode())
    if "die-always" in about or ("die" in about and life == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    elif "run-something" in about:
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
        pathlib.Path(f"{lives}.grandchild").write_text(str(child.pid))
    elif "hang" in about:
        pass
    elif "late" in about:
        time.sleep(0.05)
        say(found=item)
    elif "nonsense" in about and life == 1:
        node.sendall(b"not JSON\\n")
    elif "wrong" in about:
        say(found={"url": 5})
    elif "refused" in about:
        say(error=["It is private.", "common", "private: told so"])
    elif "nobody" in about:
        say(found=None)
    elif "life" in about:
        say(found=dict(item, title=f"life {life}, {os.getpid()}"))
    elif "list" in about:
        say(found={"title": "Mix", "items": [item, item], "selected": 1})
    elif question["do"] == "search":
        say(found=[dict(item, title=about)] * question["limit"])
    elif question["do"] == "address":
        say(found={"url": about + "/sound", "headers": [["Referer", about]], "expires_at": 7.0})
    else:
        say(found=item)
"""

Make = Callable[..., Extractor]


@pytest.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    made: list[Extractor] = []

    def make(**options: float) -> Extractor:
        extractor = Extractor(
            data_dir=tmp_path,
            environment={"LIVES": str(tmp_path / "lives"), "ITEM": json.dumps(ITEM)},
            command=(sys.executable, "-c", WORKER),
            **options,  # type: ignore[arg-type]
        )
        made.append(extractor)
        return extractor

    yield make
    for extractor in made:
        await extractor.close()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def zombie(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return True
    return stat.rpartition(")")[2].split()[0] == "Z"


def fetch(data_dir: Path) -> None:
    (data_dir / "yt-dlp" / "2099.11.01" / "yt_dlp").mkdir(parents=True)
    (data_dir / "yt-dlp" / "current").write_text("2099.11.01")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - what it looks at is another process
            await asyncio.sleep(0.01)


async def test_questions_are_answered(make: Make) -> None:
    extractor = make()
    assert extractor.pid is None
    item = Item(PAGE, "song", "A song", "Ada", 1000, live=False, source="site")
    assert await extractor.look(PAGE) == item
    assert await extractor.look("https://site.example/nobody") is None
    assert await extractor.look("https://site.example/list") == Collection("Mix", (item, item), 1)
    assert [one.title for one in await extractor.search("ytsearch", "words", 2)] == ["words"] * 2
    assert await extractor.address(PAGE) == Address(f"{PAGE}/sound", (("Referer", PAGE),), 7.0)


async def test_a_refusal_is_told_with_its_reason(make: Make) -> None:
    with pytest.raises(MediaError, match="It is private") as refusal:
        await make().look("https://site.example/refused")
    assert (refusal.value.severity, refusal.value.cause) == ("common", "private: told so")


@pytest.mark.parametrize("end", ["die", "nonsense"])
async def test_a_worker_that_is_lost_is_replaced_and_asked_again(end: str, make: Make) -> None:
    extractor = make()
    item = await extractor.look(f"https://site.example/{end}-life")
    assert isinstance(item, Item)
    assert item.title.startswith("life 2")


async def test_what_kills_it_twice_fails_and_the_rest_goes_on(make: Make) -> None:
    extractor = make()
    with pytest.raises(MediaError) as failure:
        await extractor.look("https://site.example/die-always")
    assert failure.value.severity == "fault"
    assert await extractor.look(PAGE) is not None


async def test_others_are_asked_again_when_one_of_them_kills_it(make: Make) -> None:
    extractor = make()
    questions = [extractor.look(f"{PAGE}-{number}") for number in range(5)]
    outcomes = await asyncio.gather(
        extractor.look("https://site.example/die-always"), *questions, return_exceptions=True
    )
    assert isinstance(outcomes[0], MediaError)
    assert [type(one) for one in outcomes[1:]] == [Item] * 5


async def test_one_that_hangs_is_given_up_in_time_and_killed(make: Make) -> None:
    extractor = make(deadline_seconds=0.5)
    await extractor.look(PAGE)
    pid = extractor.pid
    assert pid is not None
    with pytest.raises(MediaError) as failure:
        await extractor.look("https://site.example/hang")
    assert (failure.value.severity, failure.value.cause) == ("fault", "yt-dlp's deadline")
    await until(lambda: gone(pid))
    item = await extractor.look("https://site.example/life")
    assert isinstance(item, Item)
    assert item.title.startswith("life 2")


async def test_one_that_has_too_much_to_do_is_not_killed_for_it(make: Make) -> None:
    # It does one after the other, each well in time, and more come than it can do.
    extractor = make(deadline_seconds=2)
    await extractor.look(PAGE)
    pid = extractor.pid

    async def ask(number: int) -> object:
        await asyncio.sleep(number * 0.01)
        return await extractor.look(f"{PAGE}/late-{number}")

    outcomes = await asyncio.gather(*map(ask, range(120)), return_exceptions=True)
    late = [one for one in outcomes if not isinstance(one, Item)]
    assert late
    assert all(isinstance(one, MediaError) and one.cause == "yt-dlp's deadline" for one in late)
    assert extractor.pid == pid


async def test_an_answer_of_the_wrong_kind_is_no_answer(make: Make) -> None:
    extractor = make()
    for ask in (extractor.look, extractor.address):
        with pytest.raises(MediaError) as failure:
            await ask("https://site.example/wrong")
        assert failure.value.severity == "fault"


async def test_it_ends_when_it_has_nothing_to_do_and_comes_back(make: Make) -> None:
    extractor = make(idle_seconds=0.05)
    await extractor.look(PAGE)
    pid = extractor.pid
    assert pid is not None
    await until(lambda: extractor.pid is None and gone(pid))
    assert await extractor.look(PAGE) is not None


async def test_it_ends_with_whoever_started_it(make: Make) -> None:
    extractor = make()
    await extractor.look(PAGE)
    pid = extractor.pid
    assert pid is not None
    await extractor.close()
    assert gone(pid)


async def test_whoever_waits_when_it_is_closed_is_told_so(make: Make) -> None:
    extractor = make()
    await extractor.look(PAGE)
    pid = extractor.pid
    assert pid is not None
    waiting = [asyncio.create_task(extractor.look(f"{PAGE}/hang")) for _ in range(12)]
    await asyncio.sleep(0.1)
    await extractor.close()
    for outcome in await asyncio.gather(*waiting, return_exceptions=True):
        assert isinstance(outcome, MediaError)
        assert outcome.cause == "the extractor is closed"
    # Nobody was started in its place.
    assert extractor.pid is None
    assert gone(pid)


async def test_one_that_was_only_to_finish_is_ended_too(make: Make, tmp_path: Path) -> None:
    extractor = make()
    await extractor.look(PAGE)
    pid = extractor.pid
    assert pid is not None
    waiting = asyncio.create_task(extractor.look(f"{PAGE}/hang"))
    await asyncio.sleep(0)
    fetch(tmp_path)
    await extractor.look(PAGE)
    assert extractor.pid != pid
    assert not gone(pid)
    await extractor.close()
    assert gone(pid)
    with pytest.raises(MediaError, match="stopping"):
        await waiting


async def test_what_it_runs_ends_with_it(make: Make, tmp_path: Path) -> None:
    extractor = make(deadline_seconds=1)
    with pytest.raises(MediaError):
        await extractor.look("https://site.example/run-something-and-hang")
    grandchild = int((tmp_path / "lives.grandchild").read_text())
    await until(lambda: gone(grandchild) or zombie(grandchild))


async def test_another_version_is_taken_with_the_next_question(make: Make, tmp_path: Path) -> None:
    extractor = make()
    first = await extractor.look("https://site.example/life")
    fetch(tmp_path)
    second = await extractor.look("https://site.example/life")
    assert isinstance(first, Item)
    assert isinstance(second, Item)
    assert first.title.startswith("life 1")
    assert second.title.startswith("life 2")


async def test_a_worker_that_cannot_be_started_is_a_fault(tmp_path: Path) -> None:
    extractor = Extractor(data_dir=tmp_path, command=(str(tmp_path / "nothing"),))
    with pytest.raises(MediaError) as failure:
        await extractor.look(PAGE)
    assert failure.value.severity == "fault"
    await extractor.close()
