"""The whole supervision tree, on one page.

    root              one_for_one, 10 restarts in 60 s
    ├─ store          snapshots and notes; stopped last: every save lands
    ├─ rate-limiter   who is too fast
    ├─ preferences    what guilds have chosen
    ├─ discord        REST and gateway; up when the guilds have arrived
    ├─ lavalink
    │  ├─ audio-node  only when no node is configured
    │  └─ node-<name> the link
    ├─ sources        what all guilds know together of where music comes from
    ├─ guilds         dynamic; see `actors.guild.tree`
    ├─ health         says how all of it is
    ├─ operator       the operator's socket
    ├─ http           endpoints for whoever watches
    └─ intake         started last, stopped first

It starts from top to bottom and stops from bottom to top: nobody is promised what is not up yet,
guilds leave voice while there is still a gateway to say so, and players end while there is still
a node to tell.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from actors.guild.player.actor import PlayerPorts
from actors.health.actor import HealthActor
from actors.health.messages import HEALTH
from actors.health.ports import Instruments, Warden
from actors.intake import INTAKE, Intake
from actors.preferences.actor import PreferencesActor
from actors.preferences.messages import PREFERENCES
from actors.rate_limiter.actor import RateLimiterActor
from actors.rate_limiter.buckets import Allowance
from actors.rate_limiter.messages import RATE_LIMITER
from actors.runtime import ChildSpec, SupervisorSpec
from actors.service import FatalService, Service, ServiceActor
from actors.sources.actor import SourcesActor
from actors.sources.board import SourceBoard
from actors.sources.messages import SOURCES
from actors.store.actor import StoreActor
from actors.store.messages import STORE
from actors.store.ports import Storage

# The first comes at once, so that what merely slipped is up again before anybody notices.
BACKOFF_SECONDS = (0.0, 0.5, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Watch:
    """Those who look after a running tree.

    The `instruments` show what the tree does not know, and the `warden` starts a process again that
    hangs; every `interval` seconds it is said how all is; `http` serves who watches from outside.
    """

    instruments: Instruments
    warden: Warden
    http: Service
    interval: float


@dataclass(frozen=True, slots=True)
class House:
    """All that the tree is made of.

    `storage` is where the store writes; `allowance` is how much one person may ask for; `links` are
    the specs of the nodes' links; `audio_node` is the embedded node, if it is used; `sources` is
    where it stands which sources are passed over; there is no `watch` where nobody looks, as in a
    simulation; `volume` is the one that each guild begins with, in percent; `on_awake` hears which
    guilds were in voice when the process before ended; `on_fatal` hears of an error that no restart
    can help.
    """

    storage: Storage
    allowance: Allowance
    discord: Service
    audio_node: Service | None
    links: Sequence[ChildSpec[Any]]
    operator: Service
    watch: Watch | None
    sources: SourceBoard
    ports: PlayerPorts
    volume: int
    on_awake: Callable[[Collection[int]], Awaitable[None]]
    on_fatal: Callable[[FatalService], None]


def link_id(node: str) -> str:
    """Return the id of the link to the node of that name, a child of `lavalink`."""
    return f"node-{node}"


def root_tree(house: House) -> SupervisorSpec:
    """Return the root of the supervision tree."""

    def service(id: str, service: Service, *, shutdown: float = 5.0) -> ChildSpec[None]:
        return ChildSpec(
            id=id, start=lambda: ServiceActor(service, house.on_fatal), shutdown=shutdown
        )

    health: list[ChildSpec[Any]] = []
    http: list[ChildSpec[Any]] = []
    if (watch := house.watch) is not None:
        health = [
            ChildSpec(
                id="health",
                start=lambda: HealthActor(
                    watch.instruments, watch.warden, house.ports.now, interval=watch.interval
                ),
                name=HEALTH,
            )
        ]
        http = [service("http", watch.http)]
    embedded = [] if house.audio_node is None else [service("audio-node", house.audio_node)]
    return SupervisorSpec(
        id="root",
        intensity=10,
        period=60.0,
        backoff=BACKOFF_SECONDS,
        children=(
            ChildSpec(
                id="store",
                start=lambda: StoreActor(house.storage, house.ports.now),
                name=STORE,
                # It is told by every guild, and never far behind: nothing in it waits.
                mailbox=4096,
                shutdown=10.0,
            ),
            ChildSpec(
                id="rate-limiter",
                start=lambda: RateLimiterActor(house.allowance),
                name=RATE_LIMITER,
                # It is asked before everything, floods included.
                mailbox=4096,
            ),
            ChildSpec(
                id="preferences",
                start=lambda: PreferencesActor(house.ports.board),
                name=PREFERENCES,
            ),
            service("discord", house.discord, shutdown=10.0),
            SupervisorSpec(
                id="lavalink",
                intensity=5,
                period=60.0,
                backoff=BACKOFF_SECONDS,
                children=(*embedded, *house.links),
            ),
            ChildSpec(
                id="sources",
                start=lambda: SourcesActor(house.sources, house.ports.now),
                name=SOURCES,
                # Every guild tells it of every track.
                mailbox=4096,
            ),
            SupervisorSpec(id="guilds", dynamic=True, shutdown=10.0),
            *health,
            service("operator", house.operator),
            *http,
            ChildSpec(
                id="intake",
                start=lambda: Intake(house.ports, volume=house.volume, on_awake=house.on_awake),
                name=INTAKE,
            ),
        ),
    )
