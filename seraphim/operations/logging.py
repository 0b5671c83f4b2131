"""The log: structlog for everything, one shape, no secrets.

hikari, arc, ongaku and aiohttp log through the standard library; their records take the same way
out as ours. Secrets are cut out of the finished line, whatever field, message or traceback they
came in by: the one place that nothing gets past.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

REDACTED = "[secret]"
# Too chatty or too frank below these levels: hikari names its gateway session, by which anybody
# could resume it, and prints requests with their headers.
QUIET = dict.fromkeys(("aiohttp", "alembic", "arc", "asyncio", "hikari"), logging.WARNING)


def configure(
    *,
    level: str,
    style: Literal["json", "console"],
    secrets: Iterable[str] = (),
    stream: TextIO = sys.stdout,
) -> None:
    """Send every record to `stream`, one JSON object a line or readable. May be called again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    render: list[Processor]
    if style == "json":
        render = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    else:
        # Plain tracebacks: the pretty ones print local variables, and those hold tokens.
        plain = structlog.dev.plain_traceback
        render = [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *render,
                _redactor(secrets),
            ],
        )
    )
    # What cannot be written is lost; the complaint would show the record as it was, secrets too.
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))


def _redactor(secrets: Iterable[str]) -> Callable[[WrappedLogger, str, EventDict], EventDict]:
    # As they are, and as JSON writes them.
    forms = {form for secret in secrets if secret for form in (secret, json.dumps(secret)[1:-1])}

    def redact(_: WrappedLogger, __: str, line: EventDict) -> EventDict:
        # Behind the renderer the event is the finished line.
        text = str(line)
        for form in forms:
            text = text.replace(form, REDACTED)
        return text  # type: ignore[return-value]

    return redact
