"""Random lives of a supervisor's children, against a model that is small enough to be believed.

The model knows one_for_one with intensity, period and backoff, mailboxes that outlive crashes, and
the administration of children. After every step states, incarnations, what was handled and what
became a dead letter must agree. A failing example is printed, shrunk, and replays.
"""

from collections import deque
from dataclasses import dataclass, field

import anyio
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.runtime import ChildError, SupervisorSpec
from actors.runtime.testing import settle

INTENSITY, PERIOD, BACKOFF = 3, 10.0, (0.0, 1.0, 4.0)


@dataclass
class Child:
    restart: str
    state: str = "running"
    incarnation: int = 1
    attempt: int = 0
    since: float = 0.0
    due: float = 0.0
    queue: deque = field(default_factory=deque)


class Model:
    def __init__(self):
        self.now = 0.0
        self.children = {}
        self.restarts = []
        self.gave_up = False
        self.handled = []
        self.dead = []

    def step(self, action, name, argument):
        getattr(self, action)(name, argument)

    def start(self, name, restart):
        if name not in self.children:
            self.children[name] = Child(restart, since=self.now)

    def tell(self, name, message):
        child = self.children.get(name)
        if child is None:
            return
        if child.state == "stopped":
            self.dead.append(message)
        else:
            child.queue.append(message)
            self._handle(name, child)

    def stop(self, name, _):
        child = self.children.get(name)
        if child is None:
            return
        if child.state == "running":
            self._ended(name, child, crashed=False)
        elif child.state == "restarting" and child.restart != "permanent":
            self._retire(name, child)

    def terminate(self, name, _):
        child = self.children.get(name)
        if child is not None and child.state != "stopped":
            self._retire(name, child)

    def again(self, name, _):
        child = self.children.get(name)
        if child is not None and child.state == "stopped":
            self._spawn(name, child)

    def delete(self, name, _):
        child = self.children.get(name)
        if child is not None and child.state == "stopped":
            del self.children[name]

    def advance(self, _, seconds):
        end = self.now + seconds
        while not self.gave_up:
            due = [
                (child.due, name)
                for name, child in self.children.items()
                if child.state == "restarting" and child.due <= end
            ]
            if not due:
                break
            self.now, name = min(due, key=lambda item: item[0])
            self._spawn(name, self.children[name])
        self.now = end

    def _spawn(self, name, child):
        child.state = "running"
        child.incarnation += 1
        child.since = self.now
        self._handle(name, child)

    def _handle(self, name, child):
        while child.state == "running" and child.queue:
            message = child.queue.popleft()
            if message == "crash":
                self._ended(name, child, crashed=True)
            elif message == "finish":
                self._ended(name, child, crashed=False)
            else:
                self.handled.append(f"{name} got {message}")

    def _ended(self, name, child, *, crashed):
        if child.restart == "permanent" or (child.restart == "transient" and crashed):
            self.restarts = [at for at in self.restarts if at > self.now - PERIOD] + [self.now]
            if len(self.restarts) > INTENSITY:
                self.gave_up = True
                for other_name in list(self.children):
                    self._retire(other_name, self.children[other_name])
                return
            quiet = self.now - child.since >= PERIOD
            child.attempt = 1 if quiet else child.attempt + 1
            child.state = "restarting"
            child.due = self.now + BACKOFF[min(child.attempt, len(BACKOFF)) - 1]
            if child.due <= self.now:
                self._spawn(name, child)
        else:
            self._retire(name, child)

    def _retire(self, name, child):
        self.dead.extend(child.queue)
        child.queue.clear()
        child.state = "stopped"
        child.attempt = 0
        if child.restart == "temporary":
            del self.children[name]


class Subject:
    """The same steps on the real thing."""

    def __init__(self, stage, system):
        self.stage = stage
        self.system = system
        self.supervisor = system.supervisor("/root/s")
        self.refs = {}

    async def step(self, action, name, argument):
        stage, present = self.stage, {child.id for child in self.supervisor.which_children()}
        match action:
            case "advance":
                await stage.clock.advance(argument)
            case "start":
                if name not in present:
                    spec = stage.actor(name, restart=argument, mailbox=1000)
                    self.refs[name] = await self.supervisor.start_child(spec)
            case _ if name not in present:
                pass
            case "tell":
                self.refs[name].tell_nowait(self._message(argument))
            case "stop":
                await self.refs[name].stop()
            case "terminate":
                await self.supervisor.terminate_child(name)
            case "again" | "delete":
                try:
                    if action == "again":
                        await self.supervisor.restart_child(name)
                    else:
                        self.supervisor.delete_child(name)
                except ChildError:
                    assert stage.states(self.system, "/root/s")[name] != "stopped"
        await settle()

    def _message(self, argument):
        async def finish(actor):
            actor.context.stop()

        return {"crash": ValueError("crash"), "finish": self.stage.do(finish)}.get(
            argument, argument
        )


_names = st.sampled_from("ab")
_restarts = st.sampled_from(["permanent", "transient", "temporary"])
_tells = st.tuples(st.just("tell"), _names, st.sampled_from(["crash", "finish", "x", "y"]))
_crashes = st.tuples(st.just("tell"), _names, st.just("crash"))
_advances = st.tuples(st.just("advance"), st.just(""), st.sampled_from([0.5, 1.0, 4.0, 5.0, 11.0]))
_orders = st.tuples(st.sampled_from(["stop", "terminate", "again", "delete"]), _names, st.none())
_starts = st.tuples(st.just("start"), _names, _restarts)
_steps = st.builds(
    lambda restarts, steps: [("start", name, restarts[name]) for name in "ab"] + steps,
    st.fixed_dictionaries(dict.fromkeys("ab", _restarts)),
    st.lists(
        st.one_of(_crashes, _tells, _crashes, _advances, _orders, _starts), min_size=8, max_size=40
    ),
)


def _dead(letter):
    if isinstance(letter, str):
        return letter
    return "crash" if isinstance(letter, ValueError) else "finish"


async def _run(make_stage, steps):
    with structlog.testing.capture_logs() as log:
        stage = make_stage(log)
        spec = SupervisorSpec(
            "s", intensity=INTENSITY, period=PERIOD, backoff=BACKOFF, restart="temporary"
        )
        async with stage.system(spec, intensity=0) as system:
            model, subject = Model(), Subject(stage, system)
            letters = []
            system.dead_letters.subscribe(lambda letter: letters.append(_dead(letter.message)))
            for action, name, argument in steps:
                model.step(action, name, argument)
                await subject.step(action, name, argument)
                handled = [line for line in stage.journal if " got " in line]
                assert handled == model.handled
                assert sorted(letters) == sorted(model.dead)
                if model.gave_up:
                    assert stage.states(system) == {}
                    break
                tree = {node.path: node for node in system.tree().children[0].children}
                assert {
                    path.rpartition("/")[2]: (node.state, node.incarnation)
                    for path, node in tree.items()
                } == {
                    name: (child.state, child.incarnation) for name, child in model.children.items()
                }
        starts = sum(line.startswith("start") for line in stage.journal)
        stops = sum(line.startswith("stop") for line in stage.journal)
        assert starts == stops
        assert system.zombies == ()


@settings(max_examples=200, deadline=None)
@given(steps=_steps)
def test_random_lives_agree_with_the_model(make_stage, steps):
    anyio.run(_run, make_stage, steps)
