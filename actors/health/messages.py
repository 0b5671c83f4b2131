"""What the health actor understands."""

from dataclasses import dataclass

from actors.health.assessment import Health
from actors.health.readings import Readings
from actors.runtime import Ask, Name


@dataclass(frozen=True, slots=True)
class Report:
    """How it is, and by which readings; at most a moment old."""

    health: Health
    readings: Readings


@dataclass(frozen=True, slots=True)
class CheckUp(Ask[Report]):
    """Tell how it is."""


HealthMessage = CheckUp

HEALTH: Name[HealthMessage] = Name("health")
