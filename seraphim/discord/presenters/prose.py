"""Text from elsewhere, made safe and short enough to be shown.

Titles are written by strangers. One may hold markdown, mentions, links, or marks that turn the
line around; it may be endless. All of them are shown as the characters they are. Escaping comes
before cutting, character by character, so that no cut falls inside an escape; a zero-width space
rather than a backslash breaks mentions and links, because no amount of backslashes undoes it.
"""

import re
import unicodedata
from urllib.parse import quote, urlsplit

ELLIPSIS = "…"
GAP = "\N{ZERO WIDTH SPACE}"
LONGEST_LINK = 512

_JOINERS = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co"})
_MARKDOWN = frozenset("\\*_~`|[]()#>")
_BROKEN = frozenset("@<")
_ESCAPED = {ord(character): "\\" + character for character in _MARKDOWN} | {
    ord(character): character + GAP for character in _BROKEN
}
_SPACE = re.compile(r"\s+")


def clean(text: str) -> str:
    """Return `text` on one line, without what cannot be seen; not escaped."""
    if text.isprintable():
        # Nearly every title: its only spaces are plain ones.
        return " ".join(text.split())
    visible = "".join(
        character
        for character in _SPACE.sub(" ", text)
        if character in _JOINERS or unicodedata.category(character) not in _INVISIBLE
    )
    return _SPACE.sub(" ", visible).strip()


def fit(text: str, limit: int) -> str:
    """Return `text` for a place with markdown, as it reads, in at most `limit` characters."""
    whole = clean(text).replace("://", f":{GAP}//")
    shown = ("\\" if whole.startswith(("-", "+")) else "") + whole.translate(_ESCAPED)
    if width(shown) <= limit:
        return shown
    pieces: list[str] = []
    length = 0
    ends: list[int] = []
    for index, character in enumerate(whole):
        piece = _escape(character, first=index == 0)
        length += width(piece)
        pieces.append(piece)
        ends.append(length)
        if length > limit:
            break
    room = limit - width(ELLIPSIS)
    while ends and ends[-1] > room:
        ends.pop()
        pieces.pop()
    return "".join(pieces).rstrip() + ELLIPSIS


def shorten(text: str, limit: int) -> str:
    """Return `text` for a place without markdown, in at most `limit` characters."""
    whole = clean(text)
    if width(whole) <= limit:
        return whole
    kept: list[str] = []
    length = width(ELLIPSIS)
    for character in whole:
        length += width(character)
        if length > limit:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS


def width(text: str) -> int:
    """Return how long Discord may count `text`: in UTF-16 units, the longest of its countings."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def link(address: str | None) -> str | None:
    """Return `address` fit for a link or an image, None if Discord might not take it.

    Discord refuses a whole message for one address it dislikes, so none is risked.
    """
    if address is None or len(address) > LONGEST_LINK:
        return None
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host or "." not in host.strip("."):
        return None
    if not host.isascii() or "@" in parts.netloc or "\\" in address or not address.isprintable():
        return None
    # Parentheses would end a markdown link, and an @ might begin a mention.
    safe = quote(address, safe="%/:?#[]!$&'*+,;=~-._")
    return safe if len(safe) <= LONGEST_LINK else None


def clock(milliseconds: int) -> str:
    """Return a length or position as people write it: `3:07`, `1:02:03`."""
    minutes, seconds = divmod(max(0, milliseconds) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _escape(character: str, *, first: bool) -> str:
    return "\\" + character if first and character in "-+" else character.translate(_ESCAPED)
