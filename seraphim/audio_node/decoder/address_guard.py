"""From where media may be fetched: the public internet, and what the operator trusts.

Anybody who may type `/play` chooses what this machine connects to. So nothing is refused by its
spelling alone: a URL is taken apart once, strictly, by `Target.parse`; its name is resolved; every
address that came out of it is judged by `is_public`; and the connection is made to the judged
address itself, so that a name which resolves differently a moment later (DNS rebinding) gains
nothing. Spellings that the resolver would read in its own way (`0x7f.1`, `2130706433`, a trailing
dot) are refused before that, since no honest URL has them.
"""

import re
import socket
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from seraphim.addresses import is_public
from seraphim.audio_node.media import MediaError

LONGEST_URL: Final = 8192

# A name as DNS and certificates have it; IDNA has already made ASCII of everything else.
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\Z"
)
_NUMBER: Final = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart; `path` has its query too, and is percent-encoded."""

    secure: bool
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Take an http(s) URL apart.

        Raises
        ------
        MediaError
            If it is not one, has credentials in it, or names its host in an unusual way.
        """
        if len(url) > LONGEST_URL or _UNPRINTABLE.search(url):
            raise _refusal("This is not a URL that can be played.", "unusual characters or length")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise _refusal("This is not a URL that can be played.", str(error)) from error
        if parts.scheme not in ("http", "https"):
            raise _refusal("Only http and https URLs can be played.", "another scheme")
        if "@" in parts.netloc:
            raise _refusal("A URL with a name or password in it is not played.", "credentials")
        if port == 0 or parts.netloc.endswith(":"):
            raise _refusal("This is not a URL that can be played.", "port")
        secure = parts.scheme == "https"
        path = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*[]-._")
        if parts.query:
            path += "?" + quote(parts.query, safe="/%:=&?~+!$,;'@()*[]-._|")
        return cls(secure, _host(parts.hostname or ""), port or (443 if secure else 80), path)

    @property
    def authority(self) -> str:
        """Host and, where it is not the scheme's own, port: the `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL again, normalised; its query may hold secrets."""
        return f"{'https' if self.secure else 'http'}://{self.authority}{self.path}"


class TrustedHosts:
    """The hosts whose private addresses may be played from: `host` or `host:port`, with commas.

    Raises
    ------
    ValueError
        If an entry is neither.
    """

    def __init__(self, text: str = "") -> None:
        self._entries: set[tuple[str, int | None]] = set()
        for entry in filter(None, (part.strip() for part in text.split(","))):
            try:
                parts = urlsplit(f"//{entry}")
                bare = parts.netloc == entry and "@" not in entry and not entry.endswith(":")
                if not bare:
                    raise ValueError
                self._entries.add((_host(parts.hostname or ""), parts.port))
            except (ValueError, MediaError) as error:
                raise ValueError(f"{entry!r} is neither a host nor host:port") from error

    def __contains__(self, target: Target) -> bool:
        return not self._entries.isdisjoint({(target.host, None), (target.host, target.port)})


def resolve(target: Target, trusted: TrustedHosts) -> list[tuple[socket.AddressFamily, str]]:
    """Look up a target's addresses, all of which may be connected to.

    Raises
    ------
    MediaError
        If the name is unknown, or if a single one of its addresses is not public and the target
        is not trusted.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise MediaError(
            f"The server {target.host} was not found.", "common", f"getaddrinfo: {error}"
        ) from error
    addresses: list[tuple[socket.AddressFamily, str]] = []
    for family, _, _, _, place in found:
        if family not in (socket.AF_INET, socket.AF_INET6):
            continue
        address = ip_address(str(place[0]))
        if target not in trusted and not is_public(address):
            raise _refusal(
                "Media is not played from private addresses.", f"{target.host} is not public"
            )
        addresses.append((family, str(address)))
    if not addresses:
        raise MediaError(f"The server {target.host} was not found.", "common", "no address")
    return addresses


def _host(host: str) -> str:
    """Normalise a host, or raise `MediaError` for one that is not written as hosts are."""
    if ":" in host:
        try:
            address = IPv6Address(host)
            if address.scope_id is not None:
                raise AddressValueError("a scope is a matter of this machine")
            return str(address)
        except AddressValueError as error:
            raise _refusal("This is not a URL that can be played.", str(error)) from error
    try:
        # Full-width digits, ideographic dots and the like become what a resolver would see.
        name = host.encode("idna").decode().lower()
    except UnicodeError as error:
        raise _refusal("This is not a URL that can be played.", "host name") from error
    if not _NAME.match(name):
        raise _refusal("This is not a URL that can be played.", "host name")
    if _NUMBER.match(name.rpartition(".")[2]):
        try:
            return str(IPv4Address(name))
        except AddressValueError as error:
            raise _refusal("This is not a URL that can be played.", "unusual address") from error
    return name


def _refusal(message: str, cause: str) -> MediaError:
    return MediaError(message, "common", cause)
