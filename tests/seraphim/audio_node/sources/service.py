"""A music service's web API, played by a server on loopback that answers what it was told."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    form: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Reaction = Callable[[Asked], object]


class Service:
    """What is at each path: a value for JSON, bytes, an `Answer`, or what makes one of them."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._at: dict[str, object] = {}
        self._once: defaultdict[str, list[object]] = defaultdict(list)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._server = TestServer(application)

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.close()

    def at(self, path: str, reaction: object) -> None:
        self._at[path] = reaction

    def once(self, path: str, reaction: object) -> None:
        """React so the next time, in the order of calls, and then as `at` says."""
        self._once[path].append(reaction)

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        path = request.path
        asked = Asked(request.method, path, dict(request.query), dict(request.headers), form)
        self.asked.append(asked)
        waiting = self._once[path]
        reaction = waiting.pop(0) if waiting else self._at.get(path, Answer(status=404))
        if callable(reaction):
            reaction = reaction(asked)
        answer = reaction if isinstance(reaction, Answer) else Answer(reaction)
        body = answer.body
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(status=answer.status, body=data, headers=dict(answer.headers))
