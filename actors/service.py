"""Services: what the outside runs for us, as an actor.

A gateway client, a child process, a listening socket: each starts, runs until it breaks, and is
stopped. As an actor it stands in the tree, is started and stopped in order, and is restarted when
it breaks.
"""

from collections.abc import Callable
from typing import Protocol

import anyio

from actors.runtime import Actor, Exit


class FatalService(Exception):
    """No restart can help, a wrong token for one: the whole system has to stop.

    `message` says what is wrong and what to do about it; it holds no secret.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Service(Protocol):
    """Something that runs outside the actors. All three may be called again after a stop."""

    async def start(self) -> None:
        """Start, and return when it is ready for work. Raises what keeps it from that."""
        ...

    async def run(self) -> None:
        """Return when it has ended by itself, raise when it broke; may be cancelled."""
        ...

    async def stop(self) -> None:
        """Stop it; also after a failed start, and after it broke."""
        ...


class ServiceActor(Actor[None]):
    """Keeps a service: up after `on_start`, down after `on_stop`; crashes as the service does.

    `on_fatal` is called with an error that no restart can help.
    """

    def __init__(self, service: Service, on_fatal: Callable[[FatalService], None]) -> None:
        self._service = service
        self._on_fatal = on_fatal

    async def on_start(self) -> None:
        """Return when the service is ready."""
        try:
            await self._service.start()
        except BaseException as error:
            # Nobody else will: what never started is not stopped by the runtime.
            with anyio.CancelScope(shield=True):
                await self._service.stop()
            self._abort_if_fatal(error)
            raise
        self.context.start_task(self._run, name="run")

    async def receive(self, message: None) -> None:
        """Understand nothing: a service is spoken to through its own interface."""

    async def on_stop(self, reason: Exit) -> None:
        """Stop the service, whatever state it is in."""
        await self._service.stop()

    async def _run(self) -> None:
        try:
            await self._service.run()
        except FatalService as error:
            self._abort_if_fatal(error)
            raise
        self.context.stop()

    def _abort_if_fatal(self, error: BaseException) -> None:
        if isinstance(error, FatalService):
            self._on_fatal(error)
