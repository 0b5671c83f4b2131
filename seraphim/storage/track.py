"""A track as a document: in snapshots, and as somebody's favourite."""

from actors.guild.player.track import Track
from seraphim.storage.document import Document, Fields, Upgrade, read, written

UPGRADES: tuple[Upgrade, ...] = ()


def encode(track: Track) -> bytes:
    """Return the track as it is stored by itself."""
    return written(from_track(track), UPGRADES)


def decode(body: bytes) -> Track:
    """Return the track that was encoded as `body`. Raises `Damage`."""
    return to_track(read(body, UPGRADES))


def from_track(track: Track) -> Document:
    """Return the part of a document that is a track."""
    return {
        "encoded": track.encoded,
        "identifier": track.identifier,
        "title": track.title,
        "author": track.author,
        "length_ms": track.length_ms,
        "seekable": track.seekable,
        "source": track.source,
        "uri": track.uri,
        "artwork": track.artwork,
        "isrc": track.isrc,
    }


def to_track(fields: Fields) -> Track:
    """Return the track that part of a document is. Raises `Damage`."""
    return Track(
        encoded=fields.text("encoded"),
        identifier=fields.text("identifier"),
        title=fields.text("title"),
        author=fields.text("author"),
        length_ms=fields.optional_integer("length_ms"),
        seekable=fields.flag("seekable"),
        source=fields.text("source"),
        uri=fields.optional_text("uri"),
        artwork=fields.optional_text("artwork"),
        isrc=fields.optional_text("isrc"),
    )
