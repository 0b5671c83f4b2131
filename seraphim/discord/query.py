"""What people type after `/play`, turned into what a node loads, or refused.

Pure, so that every rule can be tried without a Discord. An address is handed on exactly as it was
typed: a parser that repairs is a parser that the next one disagrees with, and the difference is
where addresses slip through. So anything that two parsers might read differently is refused.
"""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from actors.guild.player.ports import SEARCH
from actors.guild.refusal import Code, Refused
from seraphim.addresses import is_inside, plain
from seraphim.lavalink.searching import PREFIXES

SHORTEST = 2
LONGEST = 500
TRACK = "library:"
"""Names one track of the library, as suggestions do."""
PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_TRACK = re.compile(TRACK + r"[0-9A-Za-z_-]{1,64}")
# Schemes that name something without an authority. Other words may well end with a colon.
_BARE_SCHEME = re.compile(r"(?:data|file|javascript|vbscript|blob|about):\S", re.IGNORECASE)
# Control characters, lone surrogates, line separators, and marks that reverse what is read.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
_REVERSING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def identifier(
    typed: str, trusted: Collection[str] = (), source: str | None = None
) -> str | Refused:
    """Return what is loaded for `typed`: an address as it is, or words as a search.

    They are searched for in `source`, None: wherever the guild looks. `trusted` are the hosts, as
    `host` or `host:port`, whose inside addresses may be opened.
    """
    text = typed.strip()
    if len(text) < SHORTEST:
        return Refused(Code.QUERY_TOO_SHORT, {"lowest": SHORTEST})
    if len(text) > LONGEST:
        return Refused(Code.QUERY_TOO_LONG, {"highest": LONGEST})
    # What is forbidden cannot be printed, and hardly anybody types what cannot.
    if not text.isprintable() and any(_forbidden(character) for character in text):
        return Refused(Code.FORBIDDEN_QUERY)
    # In Discord, angle brackets around an address keep it from being previewed.
    address = text[1:-1] if text.startswith("<") and text.endswith(">") else text
    if _SCHEME.match(address):
        return address if _may_be_opened(address, trusted) else Refused(Code.FORBIDDEN_QUERY)
    if _TRACK.fullmatch(text):
        return text
    if _BARE_SCHEME.match(text):
        return Refused(Code.FORBIDDEN_QUERY)
    return (SEARCH if source is None else PREFIXES[source]) + " ".join(text.split())


def _forbidden(character: str) -> bool:
    return character in _REVERSING or unicodedata.category(character) in _FORBIDDEN_CATEGORIES


def _may_be_opened(address: str, trusted: Collection[str]) -> bool:
    if "\\" in address or address.split() != [address]:
        return False
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in PORTS or not host or "@" in parts.netloc or "%" in parts.netloc:
        return False
    return not is_inside(host) or _is_trusted(parts, host, port, trusted)


def _is_trusted(parts: SplitResult, host: str, port: int | None, trusted: Collection[str]) -> bool:
    name = plain(host)
    wrapped = f"[{name}]" if ":" in name else name
    full = f"{wrapped}:{port or PORTS[parts.scheme]}"
    return any(entry.lower() in {name, wrapped, full} for entry in trusted)
