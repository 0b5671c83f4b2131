"""Which hosts lie inside: this machine and private networks, in whatever spelling.

Whoever types an address would have our side open it, so it must not lead back into the house.
Only literal addresses can be judged here, without a look-up; what a name resolves to is judged
where the connection is made. The spellings are the point: `127.1`, `0x7f000001`, `[::ffff:7f00:1]`
and full-width digits are all this machine. A list of forbidden prefixes was rejected: it is the
forgotten one that gets used, so whatever the standard library does not call global is inside.
"""

import socket
import unicodedata
from ipaddress import IPv4Address, IPv6Address, ip_address

LOCAL_NAMES = ("localhost", "local", "internal", "localdomain")
# Wraps an IPv4 address in its last bits (RFC 6052).
_NAT64 = IPv6Address("64:ff9b::")


def is_inside(host: str) -> bool:
    """Return whether `host`, a name or a literal address, certainly lies inside.

    A name that may resolve to anything does not; `localhost` and what ends with it does.
    """
    host = plain(host)
    address = literal(host)
    if address is not None:
        return not _is_global(address)
    return not host or any(host == name or host.endswith(f".{name}") for name in LOCAL_NAMES)


def plain(host: str) -> str:
    """Return `host` as a resolver would read it: folded, lower case, without the last dot."""
    folded = unicodedata.normalize("NFKC", host).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    return folded.strip("[]").rstrip(".").lower()


def literal(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that `host` spells, None when it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    # inet_aton stops at white space and takes what precedes it; a resolver would not.
    if any(character.isspace() for character in host):
        return None
    try:
        # Looks nothing up: it reads one to four numbers, decimal, octal or hexadecimal.
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _is_global(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return address.is_global and not address.is_multicast


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address only wraps."""
    number = int(address)
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if number >> 32 == int(_NAT64) >> 32 or (number >> 32 == 0 and number > 1):
        return IPv4Address(number & 0xFFFFFFFF)
    return None
