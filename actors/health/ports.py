"""What the health actor needs of the world."""

from typing import Protocol

from actors.health.assessment import Health
from actors.health.readings import Measured


class Instruments(Protocol):
    """Where the readings come from that the tree does not have."""

    def read(self) -> Measured:
        """Return them as they are now. It waits for nothing."""
        ...


class Warden(Protocol):
    """Who starts the process again if it hangs: systemd, where there is one."""

    def alive(self, health: Health | None) -> None:
        """Tell it that loop and tree are at work, and how it is if that is known. Never raises."""
        ...
