"""Pykka: an actor is a thread, its mailbox an unbounded queue."""

import threading
import time

import pykka

from benchmarks.actors.measuring import TICK, TICKS, TIMEOUT, resident_bytes

FEW = 20
"""Threads are dear: so many times fewer of them are started where the others start thousands."""


class Echoing(pykka.ThreadingActor):
    def on_receive(self, message: object) -> object:
        return message


class Starting(pykka.ThreadingActor):
    """Says when it has started, which `start` does not wait for."""

    def __init__(self, started: threading.Event) -> None:
        super().__init__()
        self.started = started

    def on_start(self) -> None:
        self.started.set()


class Counting(pykka.ThreadingActor):
    def __init__(self, messages: int, done: threading.Event) -> None:
        super().__init__()
        self.left = messages
        self.done = done

    def on_receive(self, message: object) -> None:
        self.left -= 1
        if not self.left:
            self.done.set()


class Gated(pykka.ThreadingActor):
    def __init__(self, gate: threading.Event) -> None:
        super().__init__()
        self.gate = gate

    def on_receive(self, message: object) -> None:
        self.gate.wait()


def tell(messages: int) -> float:
    done = threading.Event()
    ref = Counting.start(messages, done)
    began = time.perf_counter()
    for number in range(messages):
        ref.tell(number)
    done.wait()
    rate = messages / (time.perf_counter() - began)
    ref.stop()
    return rate


def ask(asks: int) -> list[float]:
    ref = Echoing.start()
    taken: list[float] = []
    for _ in range(asks):
        began = time.perf_counter()
        ref.ask("message", timeout=TIMEOUT)
        taken.append(time.perf_counter() - began)
    ref.stop()
    return taken


def ask_together(asks: int, width: int) -> float:
    ref = Echoing.start()

    def caller() -> None:
        for _ in range(asks // width):
            ref.ask("message", timeout=TIMEOUT)

    callers = [threading.Thread(target=caller) for _ in range(width)]
    began = time.perf_counter()
    for one in callers:
        one.start()
    for one in callers:
        one.join()
    rate = asks / (time.perf_counter() - began)
    ref.stop()
    return rate


def start_and_stop(children: int) -> float:
    children //= FEW
    began = time.perf_counter()
    for _ in range(children):
        started = threading.Event()
        ref = Starting.start(started)
        started.wait()
        ref.stop()
    return children / (time.perf_counter() - began)


def idle(children: int) -> float:
    children //= FEW
    Echoing.start()
    before = resident_bytes()
    for _ in range(children):
        Echoing.start()
    size = (resident_bytes() - before) / children
    pykka.ActorRegistry.stop_all()
    return size


def beside_backlog(messages: int) -> float:
    gate = threading.Event()
    ref = Gated.start(gate)
    for number in range(messages):
        ref.tell(number)
    worst = 0.0
    for number in range(TICKS):
        due = time.perf_counter() + TICK
        time.sleep(TICK)
        worst = max(worst, time.perf_counter() - due)
        if not number:
            gate.set()
    ref.stop()
    return worst


def stop_all(children: int) -> float:
    children //= FEW
    refs = [Echoing.start() for _ in range(children)]
    began = time.perf_counter()
    for ref in reversed(refs):
        ref.stop()
    return (time.perf_counter() - began) * FEW
