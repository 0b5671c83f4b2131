"""Which addresses are public, and which hosts lie inside: this machine and private networks.

Whoever types an address would have our side open it, so it must not lead back into the house. A
host can be judged here only as far as it is a literal address, in whatever spelling: `127.1`,
`0x7f000001`, `[::ffff:7f00:1]` and full-width digits are all this machine. What a name resolves to
is judged where the connection is made.

`ipaddress.is_global` alone is not enough: it lets multicast, NAT64 and 6to4 through, and in Python
3.11 some reserved ranges too.
"""

import socket
import unicodedata
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

LOCAL_NAMES: Final = ("localhost", "local", "internal", "localdomain")

_REFUSED_V4: Final = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
# Teredo and other protocol assignments, documentation, 6to4, and the newer documentation range.
_REFUSED_V6: Final = tuple(
    IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# Interface identifiers that carry an IPv4 address (ISATAP), wherever they are.
_ISATAP: Final = (0x00005EFE, 0x02005EFE)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address belongs to somebody on the public internet.

    An IPv4 address inside NAT64's prefix is judged as itself, since that is how hosts without IPv4
    reach it; in any other clothes (mapped, compatible, 6to4, Teredo, ISATAP) it is refused, as
    no name of a public server resolves to these.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _REFUSED_V4)
    if address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.scope_id is not None or address not in _GLOBAL_UNICAST or not address.is_global:
        return False
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        return False
    return not any(address in network for network in _REFUSED_V6)


def is_inside(host: str) -> bool:
    """Return whether `host`, a name or a literal address, certainly lies inside.

    A name that may resolve to anything does not; `localhost` and what ends with it does.
    """
    host = plain(host)
    address = literal(host)
    if address is not None:
        return not is_public(address)
    return not host or any(host == name or host.endswith(f".{name}") for name in LOCAL_NAMES)


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine, by its usual name or as a literal address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


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
    if host.split() != [host]:
        return None
    try:
        # Looks nothing up: it reads one to four numbers, decimal, octal or hexadecimal.
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
