"""The decoder process itself: `python -m seraphim.audio_node.decoder SOCKET SLATE`.

Its main thread does nothing but listen to the node, so that it always answers; the tracks' threads
talk back through the same socket. When the socket ends, so does the process, at once and with
whatever its threads are in: nothing here is worth waiting for.
"""

import collections
import os
import resource
import socket
import sys
import threading
from typing import Final

from seraphim.audio_node.decoder.address_guard import TrustedHosts
from seraphim.audio_node.decoder.encoder import encode as encode_frames
from seraphim.audio_node.decoder.encoder import quiet_frame
from seraphim.audio_node.decoder.gate import Gate
from seraphim.audio_node.decoder.slate import Slate
from seraphim.audio_node.decoder.wire import (
    Close,
    Configure,
    Credit,
    Hello,
    Message,
    Open,
    Ping,
    Pong,
    Splitter,
    encode,
)
from seraphim.audio_node.decoder.worker import Worker

MEMORY: Final = 1 << 30
STACK: Final = 1 << 20
NICE: Final = 5
"""The node's own process goes first: it must be in time, and here there are five seconds of it."""


class _Decoder:
    def __init__(self, node: socket.socket, slate: Slate) -> None:
        self._node = node
        self._sending = threading.Lock()
        self._gate = Gate(slate)
        self._trusted = TrustedHosts()
        self._patience = 10.0
        self._workers: dict[int, Worker] = {}

    def run(self) -> None:
        """Listen until the node is gone."""
        splitter = Splitter()
        # The first frame of a process takes ten times as long as any other; nobody waits for this.
        collections.deque(encode_frames(iter((quiet_frame(),))), maxlen=0)
        self._send(Hello())
        while data := self._node.recv(65536):
            for message in splitter.feed(data):
                self._obey(message)

    def _obey(self, message: Message) -> None:
        match message:
            case Configure(trusted_hosts, patience):
                self._trusted, self._patience = TrustedHosts(trusted_hosts), patience
            case Open():
                self._open(message)
            case Credit(track, frames):
                if worker := self._workers.get(track):
                    worker.add_credit(frames)
            case Close(track):
                if worker := self._workers.pop(track, None):
                    worker.close()
            case Ping():
                self._send(Pong())
            case _:
                raise ValueError(f"{type(message).__name__} is not for a decoder")

    def _open(self, order: Open) -> None:
        if worker := self._workers.pop(order.instead_of, None):
            # It must be found under its new number before it can come to its end.
            self._workers[order.track] = worker
            if worker.take_up(order):
                return
        worker = self._workers[order.track] = Worker(
            order,
            gate=self._gate,
            trusted=self._trusted,
            patience=self._patience,
            send=self._send,
            done=self._forget,
        )
        worker.start()

    def _forget(self, worker: Worker) -> None:
        if self._workers.get(worker.track) is worker:
            del self._workers[worker.track]

    def _send(self, message: Message) -> None:
        with self._sending:
            try:
                self._node.sendall(encode(message))
            except OSError:
                os._exit(0)


def _confine() -> None:
    """Bound what media can make of this process."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICE)
    threading.stack_size(STACK)


def main() -> None:
    """Work for the node at the other end of the socket."""
    slate = Slate(int(sys.argv[2]))
    _confine()
    with socket.socket(fileno=int(sys.argv[1])) as node:
        _Decoder(node, slate).run()
    os._exit(0)


if __name__ == "__main__":
    main()
