"""What a group of routes hands over: method, path below the API's root, handler."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from aiohttp import web

Route: TypeAlias = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]
