"""IP discovery: a client behind NAT asks the voice server's UDP port which address it is seen at.

A packet is u16 kind, u16 length (70: what follows these two), u32 ssrc, 64 bytes of address as
text ended by zeros, u16 port; all big-endian. The request leaves address and port zero.
"""

import struct
from typing import NamedTuple

REQUEST = 1
RESPONSE = 2
SIZE = 74

LAYOUT = struct.Struct(">HHI64sH")
BODY_LENGTH = SIZE - 4


class Address(NamedTuple):
    """Where a client's packets come from, as the voice server sees it."""

    ip: str
    port: int
