"""The node as a process: its log, its signals, its exit code.

One JSON object a line on stdout, as the bot's log: `audio-node.listening` with the port says that
the node can be used. The log never holds a password, a voice token or an address's query.
"""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from typing import Final, cast

import structlog

from seraphim.audio_node.node import AudioNode, CannotStart
from seraphim.audio_node.options import NodeOptions
from seraphim.audio_node.server.errors import unforeseen

DONE: Final = 0
CANNOT_START: Final = 1
COLLECT: Final = (700, 5, 2)
"""After how many new objects, times how many rounds, times how many of those: all are looked at."""

_log = cast("structlog.stdlib.BoundLogger", structlog.get_logger())


def run(options: NodeOptions) -> int:
    """Run a node until SIGTERM, SIGINT or a minute alone; returns the exit code."""
    _configure_log()
    try:
        asyncio.run(_serve(options))
    except CannotStart as error:
        _log.error("audio-node.refused", host=options.host, port=options.port, reason=str(error))
        return CANNOT_START
    return DONE


async def _serve(options: NodeOptions) -> None:
    async with AudioNode(options) as node:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(unforeseen)
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(number, node.end)
        # What is there by now stays: the collector need not look at it again, which took 50 ms.
        gc.collect()
        gc.freeze()
        # A connection that was closed is a circle of tasks, frames and TLS buffers, 150 kB of it,
        # and few objects: left to itself the collector came by every 500 of them. What it still
        # has to look at is little; the second call lets it know.
        gc.set_threshold(*COLLECT)
        gc.collect()
        instance = node.instance
        _log.info(
            "audio-node.listening",
            host=instance.host,
            port=instance.port,
            instance=instance.instance,
            pid=instance.pid,
        )
        await node.ended()
        _log.info("audio-node.stopping")
    _log.info("audio-node.stopped")


def _configure_log() -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # By the standard library's way out, as what aiohttp and asyncio complain about: where a
        # line cannot be written, because the disk is full, it does not raise.
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    logging.raiseExceptions = False
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger(__package__).setLevel(logging.INFO)
