"""Loaded by schemathesis: what a request names lies on this machine, or it is not sent."""

import re
from typing import Any

import schemathesis

from seraphim.audio_node.server.updates import ENDPOINT
from tests.fuzz.openapi import CLOSED, ENDPOINTS

_NAMES_NOTHING = re.compile(rf"libsearch:.*|http://{CLOSED}/.*|[^:/.]*", re.DOTALL)


@schemathesis.hook
def filter_query(_: Any, query: Any) -> bool:
    return not isinstance(query, dict) or _is_here(query)


@schemathesis.hook
def filter_body(_: Any, body: Any) -> bool:
    if not isinstance(body, dict):
        return True
    voice = body.get("voice")
    return all(
        _is_here(part) for part in (body, body.get("track"), body.get("next"))
    ) and not _connects(voice.get("endpoint") if isinstance(voice, dict) else None)


def _is_here(fields: Any) -> bool:
    named = fields.get("identifier") if isinstance(fields, dict) else None
    return not isinstance(named, str) or _NAMES_NOTHING.fullmatch(named) is not None


def _connects(endpoint: Any) -> bool:
    """Whether it is somewhere else than here."""
    named = isinstance(endpoint, str) and ENDPOINT.fullmatch(endpoint) is not None
    return named and endpoint not in ENDPOINTS
