"""The log: structlog for everything, one shape, no secrets.

hikari, arc, ongaku and aiohttp log through the standard library; their records take the same way
out as ours. Every line is made once, as JSON, for stdout, the file and those who follow; the
readable console is a second way to say the same. What a line says is cleaned of secrets value by
value before it is made, whatever field, message or traceback they came in by.

`origin` of the actors' runtime tells whose work a line belongs to: the interaction that began it.
"""

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Never, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from actors.runtime import ActorRef, Receive, origin
from seraphim.operations.journal import Journal, LogFile
from seraphim.operations.redaction import REDACTED, Redaction

__all__ = ["REDACTED", "add_origin", "configure", "name_the_actor"]

# Too chatty or too frank below these levels: hikari names its gateway session, by which anybody
# could resume it, and prints requests with their headers; ongaku prints what it is told.
QUIET = dict.fromkeys(("aiohttp", "alembic", "arc", "asyncio", "hikari", "ongaku"), logging.WARNING)


def configure(
    *,
    level: str,
    style: Literal["json", "console"],
    secrets: Iterable[str] = (),
    stream: TextIO = sys.stdout,
    file: Path | None = None,
) -> Journal:
    """Send every record to `stream`, one JSON object a line or readable, and to `file` as JSON.

    Returns the journal that keeps the last lines. May be called again. Raises OSError where `file`
    cannot be written to.
    """
    redaction = Redaction(secrets)
    journal = Journal()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        add_origin,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    foreign: list[Processor] = [structlog.stdlib.add_logger_name, *shared]
    clean: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        # Plain tracebacks: the pretty ones print local variables, and those hold tokens.
        structlog.processors.format_exc_info,
        _redactor(redaction),
    ]
    as_json = _Once(
        foreign_pre_chain=foreign,
        processors=[*clean, structlog.processors.JSONRenderer(ensure_ascii=False)],
    )
    readable = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=foreign,
        processors=[*clean, structlog.dev.ConsoleRenderer(colors=stream.isatty())],
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(stream), _ToJournal(journal)]
    handlers += [] if file is None else [LogFile(file)]
    for handler in handlers:
        handler.setFormatter(as_json)
    if style == "console":
        handlers[0].setFormatter(readable)
    # What cannot be written is lost; the complaint would show the record as it was, secrets too.
    logging.raiseExceptions = False
    root = logging.getLogger()
    for handler in root.handlers:
        if isinstance(handler, LogFile):
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, lowest in QUIET.items():
        logging.getLogger(name).setLevel(max(lowest, root.level))
    return journal


def name_the_actor(actor: ActorRef[Never], receive: Receive) -> Receive:
    """Let what an actor and its tasks log name it: a hook that costs nothing for each message."""
    structlog.contextvars.bind_contextvars(actor=actor.path)
    return receive


class _ToJournal(logging.Handler):
    """Hands finished lines to the journal."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it over; what cannot be formatted is lost, as anywhere else."""
        try:
            self._journal.write(self.format(record))
        except Exception:  # noqa: BLE001
            self.handleError(record)


class _Once(structlog.stdlib.ProcessorFormatter):
    """Makes each record's line once, however many handlers write it."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        made = cast("str | None", getattr(record, "finished_line", None))
        if made is None:
            made = super().format(record)
            record.finished_line = made
        return made


def add_origin(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add whose work it is, where the line itself does not say it."""
    work = origin.get()
    if work is not None:
        for name, value in work.items():
            event.setdefault(name, value)
    return event


def _redactor(redaction: Redaction) -> Processor:
    def redact(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {redaction.text(name): redaction.field(name, value) for name, value in event.items()}

    return redact
