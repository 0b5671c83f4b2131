"""What the two HTTP sides promise, as OpenAPI: routes, ranges, and each status they answer with.

Hosts are on loopback only, and closed: what a request names is asked for, and nobody outside of
this machine is to be asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seraphim.audio_node.filters import BANDS

Schema = Mapping[str, Any]

CLOSED = "127.0.0.1:1"
ENDPOINTS = (CLOSED, "localhost:1", "[::1]:1")
LONG = {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1}
INT = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
SNOWFLAKE = {"type": "string", "pattern": "^[0-9]{1,19}$"}
BOOLEAN = {"type": "boolean"}
TEXT = {"type": "string"}


def bot(*, token: bool) -> Schema:
    """The bot's side, for those who watch it."""
    said = _object({"status": TEXT}, required=["status"])
    refused = _unauthorized(token)
    document = _object({})
    paths = {
        "/livez": _get(_json(200, said), secured=False),
        "/readyz": _get(_json(200, said), _json(503, said), secured=False),
        "/healthz": _get(_json(200, said), _json(503, said), secured=False),
        "/status": _get(_json(200, document), *refused, secured=token),
        "/tree": _get(_json(200, document), *refused, secured=token),
        "/metrics": _get({"200": _answer("text/plain", TEXT)}, *refused, secured=token),
    }
    return _document(paths, {"type": "http", "scheme": "bearer"})


def node(session: str, tracks: Sequence[str]) -> Schema:
    """The node's: Lavalink's REST, with a session that is there and some tracks that it gave."""
    session_id = _parameter("session", {"type": "string", "enum": [session, "nobody"]})
    guild = _parameter("guild", SNOWFLAKE)
    identifier = {
        "type": "string",
        "pattern": f"^(libsearch:[a-z ]{{0,8}}|http://{CLOSED}/[a-z]{{0,8}}|[^:/.]{{0,40}})$",
    }
    encoded = {
        "anyOf": [{"enum": list(tracks)}, {"type": "string", "pattern": "^[A-Za-z0-9+/=]*$"}]
    }
    refusals = [_refused(400), _refused(404), _refused(413)]
    sessions, player = "/v4/sessions/{session}", "/v4/sessions/{session}/players/{guild}"
    told = _json(200, _object({"guildId": TEXT, "volume": INT}, required=["guildId", "volume"]))
    paths = {
        "/version": _get({"200": _answer("text/plain", TEXT)}),
        "/v4/info": _get(_json(200, _object({}))),
        "/v4/stats": _get(_json(200, _object({"players": INT}, required=["players"]))),
        "/v4/loadtracks": _get(
            _json(200, _object({"loadType": TEXT}, required=["loadType"])),
            _refused(400),
            parameters=[_parameter("identifier", identifier, place="query")],
        ),
        "/v4/decodetrack": _get(
            _json(200, _TRACK),
            _refused(400),
            parameters=[_parameter("encodedTrack", encoded, place="query")],
        ),
        "/v4/decodetracks": {
            "post": _operation(
                _json(200, {"type": "array", "items": _TRACK}),
                *refusals,
                body={"type": "array", "items": encoded, "minItems": 1, "maxItems": 5},
            )
        },
        "/v4/routeplanner/status": _get({"204": _EMPTY}),
        sessions: {
            "patch": _operation(
                _json(200, _object({"resuming": BOOLEAN, "timeout": LONG})),
                *refusals,
                parameters=[session_id],
                body=_object({"resuming": BOOLEAN, "timeout": LONG | {"minimum": 0}}),
            )
        },
        f"{sessions}/players": _get(
            _json(200, {"type": "array"}), _refused(404), parameters=[session_id]
        ),
        player: {
            "get": _operation(told, _refused(400), _refused(404), parameters=[session_id, guild]),
            "patch": _operation(
                told,
                *refusals,
                parameters=[
                    session_id,
                    guild,
                    _parameter("noReplace", BOOLEAN, place="query", required=False),
                ],
                body=_update(identifier, encoded),
            ),
            "delete": _operation(
                {"204": _EMPTY}, _refused(400), _refused(404), parameters=[session_id, guild]
            ),
        },
    }
    return _document(paths, {"type": "apiKey", "in": "header", "name": "Authorization"})


def _update(identifier: Schema, encoded: Schema) -> Schema:
    begun = {"userData": _object({}), "encoded": encoded, "identifier": identifier}
    end = LONG | {"minimum": 1}
    voice = {
        "token": {"type": "string", "minLength": 1},
        "endpoint": {"enum": list(ENDPOINTS)},
        "sessionId": {"type": "string", "minLength": 1},
        "channelId": SNOWFLAKE,
    }
    track = _object(begun | {"encoded": {"anyOf": [encoded, {"type": "null"}]}})
    return _object(
        {
            "track": track,
            "next": {"anyOf": [_object(begun | {"position": LONG, "endTime": end}), _NULL]},
            "position": LONG,
            "endTime": {"anyOf": [end, _NULL]},
            "volume": INT,
            "paused": BOOLEAN,
            "filters": _FILTERS,
            "voice": _object(voice, required=list(voice)),
        }
    )


def _object(fields: Schema, required: Sequence[str] = ()) -> Schema:
    return {"type": "object", "properties": dict(fields), "required": list(required)}


def _number(low: float, high: float, *, above: bool = False) -> Schema:
    least = {"exclusiveMinimum": low} if above else {"minimum": low}
    return {"type": "number", "maximum": high, **least}


_NULL = {"type": "null"}
_EMPTY = {"description": "nothing"}
_SHARE = _number(0, 1)
_RATE = _number(0, 20_000, above=True)
_TEMPO = _number(0.25, 4)
"""What the product of two is allowed with."""

_ANY = _number(-1e6, 1e6)
_TRACK = _object({"encoded": TEXT, "info": _object({})}, required=["encoded", "info"])
_FILTERS = _object(
    {
        "volume": _number(0, 5),
        "equalizer": {
            "type": "array",
            "maxItems": 20,
            "items": _object(
                {
                    "band": {"type": "integer", "minimum": 0, "maximum": BANDS - 1},
                    "gain": _number(-0.25, 1),
                },
                required=["band"],
            ),
        },
        "karaoke": _object(
            {
                "level": _SHARE,
                "monoLevel": _SHARE,
                "filterBand": _number(0, 24_000),
                "filterWidth": _RATE,
            }
        ),
        "timescale": _object(dict.fromkeys(("speed", "pitch", "rate"), _TEMPO)),
        "tremolo": _object({"frequency": _RATE, "depth": _SHARE}),
        "vibrato": _object({"frequency": _number(0, 14, above=True), "depth": _SHARE}),
        "rotation": _object({"rotationHz": _number(-100, 100)}),
        "distortion": _object(dict.fromkeys(("sinOffset", "tanScale", "offset", "scale"), _ANY)),
        "channelMix": _object(dict.fromkeys(("leftToLeft", "rightToLeft"), _SHARE)),
        "lowPass": _object({"smoothing": _ANY}),
        "pluginFilters": _object({"loudness": _object({"target": _number(-30, -5)})}),
    }
)
_ERROR = _object(
    {"status": INT, "error": TEXT, "message": TEXT, "path": TEXT, "timestamp": LONG},
    required=["status", "error", "message", "path", "timestamp"],
)


def _document(paths: Schema, scheme: Schema) -> Schema:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Seraphim", "version": "4"},
        "components": {"securitySchemes": {"key": scheme}},
        "paths": paths,
    }


def _get(*answers: Schema, parameters: Sequence[Schema] = (), secured: bool = True) -> Schema:
    return {"get": _operation(*answers, parameters=parameters, secured=secured)}


def _operation(
    *answers: Schema,
    parameters: Sequence[Schema] = (),
    body: Schema | None = None,
    secured: bool = True,
) -> Schema:
    operation: dict[str, Any] = {
        "parameters": list(parameters),
        "responses": {status: answer for one in answers for status, answer in one.items()},
    }
    if secured:
        operation["security"] = [{"key": []}]
        for status in ("401", "403"):
            operation["responses"].setdefault(status, {"description": "the key is wrong"})
    if body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def _parameter(name: str, schema: Schema, *, place: str = "path", required: bool = True) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema}


def _answer(kind: str, schema: Schema) -> Schema:
    return {"description": "an answer", "content": {kind: {"schema": schema}}}


def _json(status: int, schema: Schema) -> Schema:
    return {str(status): _answer("application/json", schema)}


def _refused(status: int) -> Schema:
    return _json(status, _ERROR)


def _unauthorized(token: bool) -> Sequence[Schema]:
    return [_json(401, _object({"error": TEXT}, required=["error"]))] if token else []


__all__ = ["CLOSED", "ENDPOINTS", "bot", "node"]
