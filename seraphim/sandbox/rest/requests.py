"""Reading requests and writing responses."""

import json

from aiohttp import BodyPartReader, web

from seraphim.sandbox.errors import DiscordError, malformed
from seraphim.sandbox.json_values import Json, JsonObject, as_object, dump, objects, parse
from seraphim.sandbox.messages import Attachment
from seraphim.sandbox.snowflakes import Snowflakes


async def read_object(request: web.Request) -> JsonObject:
    """The body as an object; raises 50109 when it is no JSON."""
    return as_object(await _read_json(request))


async def read_objects(request: web.Request) -> list[JsonObject]:
    """The body as a list of objects; raises 50109 when it is no JSON."""
    return objects(await _read_json(request))


async def read_message(
    request: web.Request, snowflakes: Snowflakes
) -> tuple[JsonObject, list[Attachment]]:
    """A body that may come with files, and the files; raises 50109 when it is no JSON."""
    if not request.content_type.startswith("multipart/"):
        return await read_object(request), []
    body: JsonObject = {}
    files: list[Attachment] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            raise malformed()
        if part.name == "payload_json":
            body = as_object(_parse(await part.read(decode=True)))
        elif part.filename:
            files.append(
                Attachment(
                    id=snowflakes.next(),
                    filename=part.filename,
                    content=bytes(await part.read(decode=True)),
                    content_type=part.headers.get("Content-Type", "application/octet-stream"),
                )
            )
    return body, files


async def _read_json(request: web.Request) -> Json:
    raw = await request.read()
    return _parse(raw) if raw else {}


def _parse(raw: bytes | bytearray) -> Json:
    try:
        return parse(bytes(raw))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise malformed() from None


def reply(value: Json, status: int = 200) -> web.Response:
    """A response with a body."""
    # Exactly this content type, without a charset, as Discord has it: clients compare it.
    return web.Response(body=dump(value).encode(), status=status, content_type="application/json")


def no_content() -> web.Response:
    """A response that says only that it is done."""
    return web.Response(status=204)


def refuse(error: DiscordError) -> web.Response:
    """A response that says what was wrong."""
    return reply(error.payload, error.status)


def number(request: web.Request, name: str) -> int:
    """An id in the path; what is no number is the id of nothing."""
    value = request.match_info[name]
    return int(value) if value.isascii() and value.isdigit() else 0


def query(request: web.Request, name: str) -> int | None:
    """A whole number in the query, if it is there."""
    value = request.query.get(name, "")
    return int(value) if value.isascii() and value.isdigit() else None
