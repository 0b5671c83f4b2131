"""What a guild has chosen as a document, and back."""

from actors.guild.settings import Announcing, GuildSettings, Station
from seraphim.storage.document import Document, Fields, Upgrade, read, written

UPGRADES: tuple[Upgrade, ...] = ()


def encode(settings: GuildSettings) -> bytes:
    """Return the settings as they are stored."""
    document: Document = {
        "dj_role": settings.dj_role,
        "djs": list(settings.djs),
        "default_volume": settings.default_volume,
        "maximum_volume": settings.maximum_volume,
        "vote_share": settings.vote_share,
        "alone_minutes": settings.alone_minutes,
        "stay": settings.stay,
        "announce": settings.announce.value,
        "language": settings.language,
        "request_channel": settings.request_channel,
        "allowed_channels": list(settings.allowed_channels),
        "longest_track_minutes": settings.longest_track_minutes,
        "longest_queue": settings.longest_queue,
        "sources": list(settings.sources),
        "fair": settings.fair,
        "channel_status": settings.channel_status,
        "stations": [
            {"name": station.name, "address": station.address} for station in settings.stations
        ],
    }
    return written(document, UPGRADES)


def decode(body: bytes) -> GuildSettings:
    """Return the settings that were encoded as `body`. Raises `Damage`."""
    fields = read(body, UPGRADES)
    return GuildSettings(
        dj_role=fields.optional_integer("dj_role"),
        djs=fields.integers("djs"),
        default_volume=fields.optional_integer("default_volume"),
        maximum_volume=fields.integer("maximum_volume"),
        vote_share=fields.integer("vote_share"),
        alone_minutes=fields.integer("alone_minutes"),
        stay=fields.flag("stay"),
        announce=fields.one_of("announce", Announcing),
        language=fields.optional_text("language"),
        request_channel=fields.optional_integer("request_channel"),
        allowed_channels=fields.integers("allowed_channels"),
        longest_track_minutes=fields.optional_integer("longest_track_minutes"),
        longest_queue=fields.integer("longest_queue"),
        sources=fields.texts("sources"),
        fair=fields.flag("fair"),
        channel_status=fields.flag("channel_status"),
        stations=tuple(_station(station) for station in fields.objects("stations")),
    )


def _station(fields: Fields) -> Station:
    return Station(fields.text("name"), fields.text("address"))
