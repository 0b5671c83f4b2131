"""Discord's periods, in one place, so that a test need not wait them out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """All in seconds."""

    first_answer: float = 3.0
    """How long an interaction waits for its first answer."""

    interaction_token: float = 900.0
    """How long an interaction can be followed up."""

    heartbeat_interval: float = 41.25

    resume_window: float = 90.0
    """How long a session without a socket can be resumed."""
