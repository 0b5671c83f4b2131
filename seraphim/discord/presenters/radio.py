"""A server's radio stations, for who asked alone."""

from collections.abc import Sequence

from actors.guild.settings import Station
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card
from seraphim.discord.presenters.prose import fit

NAME_LIMIT = 100
ADDRESS_LIMIT = 60


def stations_card(stations: Sequence[Station], say: Language) -> Card:
    """Return the stations, in the order in which they were saved."""
    lines = [
        say("station-line", name=_name(station), address=fit(station.address, ADDRESS_LIMIT))
        for station in stations
    ] or [say("stations-empty")]
    return card(say("phrase-radio"), "\n".join(lines), private=True)


def saved_card(station: Station, say: Language) -> Card:
    """Return that the station is saved."""
    return card(say("phrase-radio"), say("station-saved", name=_name(station)), private=True)


def removed_card(station: Station, say: Language) -> Card:
    """Return that the station is saved no more."""
    return card(say("phrase-radio"), say("station-removed", name=_name(station)), private=True)


def _name(station: Station) -> str:
    return f"**{fit(station.name, NAME_LIMIT)}**"
