"""What went wrong inside: a line in the log, and a number that leads there.

People are told the number and nothing else; whoever runs Seraphim finds the line by it.
"""

import structlog

from actors.guild.refusal import Code, Refused
from actors.runtime import ActorStopped, AskTimeout, MailboxFull
from seraphim.discord.provenance import reference

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def refused_by(error: Exception) -> Refused:
    """Return what to tell who asked about `error`, logging what nobody foresaw."""
    if isinstance(error, AskTimeout | ActorStopped | MailboxFull):
        log.warning("interaction.unanswered", error=repr(error))
        return Refused(Code.PLAYER_RESTARTING)
    number = reference()
    log.error("interaction.failed", reference=number, error=repr(error), exc_info=error)
    return Refused(Code.INTERNAL, {"reference": number})
