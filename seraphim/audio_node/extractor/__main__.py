"""The worker itself: `python -m seraphim.audio_node.extractor SOCKET`.

It reads questions, a JSON object a line, and answers each when it is ready, in whatever order. A
few threads read pages, each with a yt-dlp of its own. When the socket ends so does the process, at
once and with whatever its threads are in: nothing here is worth waiting for.
"""

import json
import os
import queue
import resource
import socket
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.extractor import release
from seraphim.audio_node.extractor.guard import guard
from seraphim.audio_node.media import MediaError

if TYPE_CHECKING:
    from seraphim.audio_node.extractor.pages import Addresses, Pages

THREADS: Final = 4
NICE: Final = 5


class _Worker:
    def __init__(self, node: socket.socket, cache: str) -> None:
        self._node = node
        self._cache = cache
        self._sending = threading.Lock()
        self._addresses: Addresses | None = None
        self._questions: queue.SimpleQueue[dict[str, object]] = queue.SimpleQueue()

    def run(self) -> None:
        for number in range(THREADS):
            threading.Thread(target=self._read_pages, name=f"pages-{number}", daemon=True).start()
        with self._node.makefile("rb") as lines:
            for line in lines:
                self._questions.put(cast("dict[str, object]", json.loads(line)))

    def _read_pages(self) -> None:
        pages: Pages | None = None
        while True:
            question = self._questions.get()
            try:
                if pages is None:
                    # Half a second, once a thread: only those that are needed take it.
                    pages = self._pages()
                answer = {"found": _answer(pages, question)}
            except MediaError as error:
                answer = {"error": [error.message, error.severity, error.cause]}
            except Exception as error:  # noqa: BLE001 - whatever yt-dlp meets, the node is told
                cause = f"{type(error).__name__}: {error}"[:500]
                answer = {"error": ["The site could not be read.", "fault", cause]}
            line = json.dumps({"id": question["id"], **answer}) + "\n"
            with self._sending:
                self._node.sendall(line.encode())

    def _pages(self) -> "Pages":
        # yt-dlp is imported when it is needed; the operator's version is found first by then.
        from seraphim.audio_node.extractor import pages

        with self._sending:
            if self._addresses is None:
                self._addresses = pages.Addresses()
        certificates = "SSL_CERT_FILE" in os.environ
        return pages.Pages(self._addresses, cache=self._cache, system_certificates=certificates)


def _answer(pages: "Pages", question: dict[str, object]) -> object:
    match question:
        case {"do": "look", "url": str(url)}:
            found = pages.look(url)
            return None if found is None else asdict(found)
        case {"do": "search", "where": str(where), "words": str(words), "limit": int(limit)}:
            return [asdict(item) for item in pages.search(where, words, limit)]
        case {"do": "address", "url": str(url)}:
            return asdict(pages.address(url))
        case _:
            raise ValueError("not a question")


def main() -> None:
    """Work until the node is gone."""
    settings = cast("dict[str, str]", json.loads(os.environ["SERAPHIM_EXTRACTOR"]))
    memory = int(settings["memory"])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)
    # Before anything imports yt-dlp: the operator's version comes first.
    if newer := release.current(Path(settings["data_dir"])):
        sys.path.insert(0, str(newer))
    guard(TrustedHosts(settings["trusted_hosts"]))
    node = socket.socket(fileno=int(sys.argv[1]))
    _Worker(node, settings["cache"]).run()


if __name__ == "__main__":
    main()
    # Threads that are in the middle of a page are not waited for.
    os._exit(0)
