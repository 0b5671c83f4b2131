"""What systemd is told: that we are up, that we go, and again and again that we live.

One datagram to a socket that it names in the environment (sd_notify(3)); where nothing is named
nobody asks. The watchdog is fed by the health actor's looks alone: a loop that hangs and a tree
that is gone both leave it hungry, and systemd starts the process again. A timer of our own in the
process would go on feeding it when all the rest is dead.
"""

import os
import socket
from collections.abc import Mapping

import structlog

from actors.health.assessment import Health

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_STATUS = 500


class Systemd:
    """Implements `Warden`. Without `address` it tells nobody. Nothing here raises or waits."""

    def __init__(self, address: str | None, *, watched: bool = False) -> None:
        # The first letter of an abstract address is written as @.
        self._address = "\0" + address[1:] if address and address.startswith("@") else address
        self._watched = watched
        self._status: str | None = None
        self._unheard = False

    @classmethod
    def of(cls, environ: Mapping[str, str] = os.environ) -> "Systemd":
        """Return the one that `environ` names."""
        watched = "WATCHDOG_USEC" in environ and environ.get("WATCHDOG_PID", str(os.getpid())) == (
            str(os.getpid())
        )
        return cls(environ.get("NOTIFY_SOCKET") or None, watched=watched)

    def ready(self) -> None:
        """Everything is up."""
        self._say("READY=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._say("STOPPING=1")

    def alive(self, health: Health | None) -> None:
        """Feed the watchdog, and show how it is where that is news."""
        words = ["WATCHDOG=1"] if self._watched else []
        if health is not None:
            status = "; ".join([health.status, *(reason.text for reason in health.reasons)])
            if status != self._status:
                self._status = status
                words.append(f"STATUS={' '.join(status.split())[:LONGEST_STATUS]}")
        if words:
            self._say(*words)

    def _say(self, *words: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
                end.setblocking(False)
                end.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            # Once: it is asked every second.
            if not self._unheard:
                log.warning("systemd.unheard", error=str(error))
            self._unheard = True
        else:
            self._unheard = False
