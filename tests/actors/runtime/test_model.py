"""Random lives of a supervisor and its children, against a model small enough to be believed.

The model knows all strategies, dynamic supervisors, intensity, period and backoff, mailboxes that
outlive crashes, monitors, the administration of children, and the restart of the supervisor itself.
After every step states, incarnations, what was handled, what became a dead letter and what the
monitors told must agree.

Every run plays a few hundred lives; `MODEL_RUNS=20000` in the environment plays that many. A life
that fails is shrunk and printed with a `@reproduce_failure` line that replays it, and it is played
first the next time; `pytest --hypothesis-seed=N` fixes the whole run.
"""

import os
from collections import deque
from dataclasses import dataclass, field

import anyio
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime import ChildError, SupervisorSpec
from actors.runtime.testing import Probe, settle

RUNS = int(os.environ.get("MODEL_RUNS", "300"))
INTENSITY, PERIOD, BACKOFF = 3, 10.0, (0.0, 1.0, 4.0)
NAMES = "abc"


@dataclass
class Child:
    restart: str
    static: bool = False
    state: str = "stopped"
    incarnation: int = 0
    attempt: int = 0
    since: float = 0.0
    due: float | None = None
    last_exit: str = "normal"
    queue: deque = field(default_factory=deque)


class Model:
    def __init__(self, strategy, restarts):
        self.strategy = strategy
        self.dynamic = strategy == "dynamic"
        self.restarts_of = restarts
        self.now = 0.0
        self.children = {}
        self.handled = []
        self.dead = []
        self.watched = set()
        self.downs = []
        self.gave_up = False
        self._begin()

    def step(self, action, name, argument):
        getattr(self, action)(name, argument)

    # What is done to it

    def start(self, name, restart):
        if name not in self.children:
            self.children[name] = Child(restart)
            self._spawn(name)

    def tell(self, name, message):
        child = self.children.get(name)
        if child is None or (child.state == "restarting" and message in ("crash", "finish")):
            return
        if child.state == "stopped":
            self.dead.append(message)
        else:
            child.queue.append(message)
            self._handle(name)

    def stop(self, name, _):
        child = self.children.get(name)
        if child is None:
            return
        if child.state == "running":
            self._ended(name, "shutdown")
        elif child.state == "restarting" and child.restart != "permanent":
            self._retire(name, "shutdown")

    def terminate(self, name, _):
        child = self.children.get(name)
        if child is not None:
            self._dismiss(name)

    def again(self, name, _):
        child = self.children.get(name)
        if child is not None and child.state == "stopped":
            self._spawn(name)

    def delete(self, name, _):
        child = self.children.get(name)
        if child is not None and child.state == "stopped":
            del self.children[name]

    def monitor(self, name, _):
        child = self.children.get(name)
        if child is None:
            return
        if child.state == "stopped":
            self.downs.append((name, child.last_exit))
        else:
            self.watched.add(name)

    def collapse(self, _, __):
        """The supervisor crashes, and is started again."""
        self._end_all()
        self.children = {name: child for name, child in self.children.items() if child.static}
        self._begin()

    def advance(self, _, seconds):
        end = self.now + seconds
        while not self.gave_up:
            due = [
                (child.due, name)
                for name, child in self.children.items()
                if child.due is not None and child.due <= end
            ]
            if self.regrouping is not None and self.regrouping[0] <= end:
                due.append((self.regrouping[0], None))
            if not due:
                break
            self.now, name = min(due, key=lambda item: item[0])
            if name is None:
                self._finish_regroup()
            else:
                self._spawn(name)
        self.now = end

    # What follows

    def _begin(self):
        self.restarts = []
        self.regroups = deque()
        self.regrouping = None
        if self.dynamic:
            return
        known, self.children = self.children, {}
        for name in NAMES:
            new = Child(self.restarts_of[name], static=True)
            self.children[name] = known.get(name, new)
        for name in NAMES:
            self._spawn(name)

    def _end_all(self):
        self.regroups.clear()
        self.regrouping = None
        for name in list(self.children):
            self._dismiss(name)

    def _spawn(self, name):
        child = self.children[name]
        child.state = "running"
        child.incarnation += 1
        child.since = self.now
        child.due = None
        self._handle(name)

    def _handle(self, name):
        child = self.children[name]
        while child.state == "running" and child.queue:
            message = child.queue.popleft()
            if message == "crash":
                self._ended(name, "crashed")
            elif message == "finish":
                self._ended(name, "normal")
            else:
                self.handled.append(f"{name} got {message}")

    def _down(self, name, reason):
        if name in self.watched:
            self.watched.discard(name)
            self.downs.append((name, reason))

    def _ended(self, name, reason):
        child = self.children[name]
        child.last_exit = reason
        self._down(name, reason)
        if child.restart == "permanent" or (child.restart == "transient" and reason == "crashed"):
            child.state = "restarting"
            if self.strategy in ("one_for_one", "dynamic"):
                self._restart(name)
            else:
                self.regroups.append(name)
                self._regroup()
        else:
            self._retire(name, reason)

    def _may_restart(self, name):
        self.restarts = [at for at in self.restarts if at > self.now - PERIOD] + [self.now]
        if len(self.restarts) > INTENSITY:
            self.gave_up = True
            self._end_all()
            return False
        return True

    def _delay(self, child):
        child.attempt = 1 if self.now - child.since >= PERIOD else child.attempt + 1
        return BACKOFF[min(child.attempt, len(BACKOFF)) - 1]

    def _restart(self, name):
        if self._may_restart(name):
            child = self.children[name]
            child.due = self.now + self._delay(child)
            if child.due <= self.now:
                self._spawn(name)

    def _regroup(self):
        """Restart groups, one after the other, until one has to wait."""
        while self.regroups and self.regrouping is None:
            failed = self.regroups.popleft()
            child = self.children.get(failed)
            if child is None or child.state != "restarting" or not self._may_restart(failed):
                continue
            delay = self._delay(child)
            group = list(self.children)
            if self.strategy == "rest_for_one":
                group = group[group.index(failed) :]
            for name in reversed(group):
                other = self.children[name]
                if other.state == "running":
                    other.state = "restarting"
                    other.last_exit = "shutdown"
                    self._down(name, "shutdown")
                    if other.restart == "temporary":
                        self._retire(name, "shutdown")
            self.regrouping = (
                self.now + delay,
                [(name, self.children.get(name)) for name in group],
            )
            if delay == 0:
                self._finish_regroup()

    def _finish_regroup(self):
        _, group = self.regrouping
        self.regrouping = None
        for name, child in group:
            if (
                self.children.get(name) is child
                and child is not None
                and child.state == "restarting"
            ):
                self._spawn(name)
        self._regroup()

    def _dismiss(self, name):
        child = self.children[name]
        if child.state == "running":
            child.last_exit = "shutdown"
            self._retire(name, "shutdown")
        elif child.state == "restarting":
            self._retire(name, child.last_exit)

    def _retire(self, name, reason):
        child = self.children[name]
        self._down(name, reason)
        self.dead.extend(child.queue)
        child.queue.clear()
        child.state = "stopped"
        child.last_exit = reason
        child.attempt = 0
        child.due = None
        if self.dynamic or child.restart == "temporary":
            del self.children[name]


class Subject:
    """The same steps on the real thing."""

    def __init__(self, stage, system, probe):
        self.stage = stage
        self.system = system
        self.probe = probe
        self.refs = {}

    async def step(self, action, name, argument):
        supervisor = self.system.supervisor("/root/s")
        self.refs = {child.id: child.ref for child in supervisor.which_children()}
        state = self.stage.states(self.system, "/root/s").get(name)
        match action:
            case "advance":
                await self.stage.clock.advance(argument)
            case "collapse":
                self.system.crash("/root/s", ValueError("collapse"))
            case "start":
                if state is None:
                    spec = self.stage.actor(name, restart=argument, mailbox=1000)
                    await supervisor.start_child(spec)
            case _ if state is None:
                pass
            case "tell":
                if state != "restarting" or argument not in ("crash", "finish"):
                    self.refs[name].tell_nowait(self._message(argument))
            case "stop":
                await self.refs[name].stop()
            case "monitor":
                self.probe.monitor(self.refs[name])
            case "terminate":
                await supervisor.terminate_child(name)
            case "again" | "delete":
                try:
                    if action == "again":
                        await supervisor.restart_child(name)
                    else:
                        supervisor.delete_child(name)
                except ChildError:
                    assert state != "stopped"
        await settle()

    def _message(self, argument):
        async def finish(actor):
            actor.context.stop()

        return {"crash": ValueError("crash"), "finish": self.stage.do(finish)}.get(
            argument, argument
        )

    def downs(self):
        return sorted((down.ref.name, down.reason.kind) for down in self.probe.received)

    def children(self):
        node = next(node for node in self.system.tree().children if node.path == "/root/s")
        return {
            child.path.rpartition("/")[2]: (child.state, child.incarnation)
            for child in node.children
        }


_names = st.sampled_from(NAMES)
_restarts = st.sampled_from(["permanent", "transient", "temporary"])
_strategies = st.sampled_from(["one_for_one", "one_for_all", "rest_for_one", "dynamic"])
_tells = st.tuples(st.just("tell"), _names, st.sampled_from(["crash", "finish", "x", "y"]))
_crashes = st.tuples(st.just("tell"), _names, st.just("crash"))
_advances = st.tuples(st.just("advance"), st.just(""), st.sampled_from([0.5, 1.0, 4.0, 5.0, 11.0]))
_orders = st.tuples(st.sampled_from(["stop", "terminate", "again", "delete"]), _names, st.none())
_monitors = st.tuples(st.just("monitor"), _names, st.none())
_collapses = st.tuples(st.just("collapse"), st.just(""), st.none())
_starts = st.tuples(st.just("start"), _names, _restarts)
_steps = st.lists(
    st.one_of(
        _crashes, _tells, _crashes, _advances, _orders, _monitors, _starts, _starts, _collapses
    ),
    min_size=8,
    max_size=40,
)


def _dead(letter):
    if isinstance(letter, str):
        return letter
    return "crash" if isinstance(letter, ValueError) else "finish"


def _spec(stage, strategy, restarts):
    options = {"intensity": INTENSITY, "period": PERIOD, "backoff": BACKOFF, "restart": "transient"}
    if strategy == "dynamic":
        return SupervisorSpec("s", dynamic=True, **options)
    children = [stage.actor(name, restart=restarts[name], mailbox=1000) for name in NAMES]
    return SupervisorSpec("s", children, strategy=strategy, **options)


async def _play(make_stage, strategy, restarts, steps):
    with structlog.testing.capture_logs() as log:
        stage = make_stage(log)
        watchers = SupervisorSpec("watchers", dynamic=True)
        supervised = _spec(stage, strategy, restarts)
        async with stage.system(watchers, supervised, intensity=1000) as system:
            probe = await Probe.start(system.supervisor("/root/watchers"))
            model, subject = Model(strategy, restarts), Subject(stage, system, probe)
            letters = []
            system.dead_letters.subscribe(lambda letter: letters.append(_dead(letter.message)))
            for step in steps:
                model.step(*step)
                await subject.step(*step)
                assert [line for line in stage.journal if " got " in line] == model.handled
                assert sorted(letters) == sorted(model.dead)
                assert subject.downs() == sorted(model.downs)
                if model.gave_up:
                    assert stage.states(system)["s"] == "stopped"
                    break
                assert subject.children() == {
                    name: (child.state, child.incarnation) for name, child in model.children.items()
                }
        starts = sum(line.startswith("start") for line in stage.journal)
        stops = sum(line.startswith("stop") for line in stage.journal)
        assert starts == stops
        assert system.zombies == ()


@settings(max_examples=RUNS, deadline=None, print_blob=True)
@given(
    strategy=_strategies,
    restarts=st.fixed_dictionaries(dict.fromkeys(NAMES, _restarts)),
    steps=_steps,
)
def test_random_lives_agree_with_the_model(make_stage, strategy, restarts, steps):
    anyio.run(_play, make_stage, strategy, restarts, steps)
