"""How the gateway squeezes what it sends: one stream per connection, flushed after each payload."""

import sys
import zlib
from typing import Protocol

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


class Squeeze(Protocol):
    """A compressor of one connection."""

    def __call__(self, payload: bytes, /) -> bytes:
        """The next piece of the stream; the client can decode all of `payload` from it."""
        ...


def stream(name: str | None) -> Squeeze | None:
    """The compressor that a gateway URL's `compress` asks for; None: plain text.

    Raises ValueError for one that Discord does not know.
    """
    match name:
        case None | "":
            return None
        case "zlib-stream":
            deflate = zlib.compressobj()
            return lambda payload: deflate.compress(payload) + deflate.flush(zlib.Z_SYNC_FLUSH)
        case "zstd-stream":
            zstandard = zstd.ZstdCompressor()
            return lambda payload: zstandard.compress(payload, mode=zstandard.FLUSH_BLOCK)
        case _:
            raise ValueError(f"no such compression: {name}")
