"""What never stands in a log: our secrets, and whatever looks like one of Discord's.

Our own are known, and are cut out in every form that they take on their way into a line: as they
are, as JSON, Python and an address write them. Others' are known by where they stand: a token in an
address, a header, a field that is called so. Values are cleaned before a line is made of them, so
that a short secret cannot break the line's JSON.
"""

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import cast
from urllib.parse import quote, quote_plus

REDACTED = "[secret]"

_NAMED = (
    r"authorization|cookie|(?:\w*[_-])?(?:token|password|passwd|secret|api_?key)|secret[_-]?key"
    r"|(?:voice|gateway)?session_?id|arl"
)
# Where the value of a field begins: after its name and an opening quote, escaped or not.
_GIVEN = r"""\\*["']?\s*(?:[:=]|,)\s*(?:b(?=\\*["']))?\\*["']?\s*(?:Secret\()?\\*["']?"""
PATTERNS = (
    # A bot's token: its id in base64, a time, a signature.
    re.compile(r"(?<![\w-])()[MNO][\w-]{17,27}\.[\w-]{5,8}\.[\w-]{20,}"),
    # An interaction's or a webhook's token stands in the address that answers it.
    re.compile(r"(?i)((?:webhooks|interactions)(?:/|%2F)\d+(?:/|%2F))[\w.~-]{8,}"),
    re.compile(r"(?<![\w-])()aW50ZXJhY3Rpb246[\w=-]+"),
    re.compile(r"(?i)(?<![a-z])((?:bot|bearer|basic)\s+)(?=[\w.~+/=-]*[\d.=])[\w.~+/=-]{16,}"),
    # What stands before the @ of an address.
    re.compile(r"([a-z][a-z0-9+.-]*://[^\s/:@\"']*:)[^\s/@\"']+(?=@)"),
    re.compile(
        rf"(?i)(?<![a-z0-9])((?:{_NAMED}){_GIVEN}(?:(?:bot|bearer|basic)\s+)?)"
        r"(?!\[secret\]|None\b|null\b|\*)[^\s\"'\\,;&)}\]]+"
    ),
)
_HINTS = re.compile(
    r"(?i)token|secret|passw|authoriz|cookie|session|api_?key|\barl|bearer|basic|\bbot "
    r"|webhooks|interactions|://|aW50ZXJhY3Rpb246|[MNO][\w-]{17,27}\."
)
_SENSITIVE = re.compile(rf"(?i)(?:{_NAMED})\Z")
_DEEPEST = 12


class Redaction:
    """Cuts `secrets`, and what looks like one, out of texts and values."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets if secret for form in _forms(secret)}
        # The longest first: one may hold another.
        ordered = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, text: str) -> str:
        """Return `text` without them."""
        if self._known is not None:
            text = self._known.sub(REDACTED, text)
        if _HINTS.search(text):
            for pattern in PATTERNS:
                text = pattern.sub(rf"\1{REDACTED}", text)
        return text

    def value(self, value: object, depth: int = 0) -> object:
        """Return `value` as JSON knows it, without them in its keys, its items and its texts."""
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self.text(str(value))
        if isinstance(value, int | float):
            shown = str(value)
            return value if self.text(shown) == shown else REDACTED
        if depth >= _DEEPEST:
            return "…"
        if isinstance(value, Mapping):
            pairs = cast("Mapping[object, object]", value).items()
            return {
                self.text(str(key)): self.field(str(key), item, depth + 1) for key, item in pairs
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in cast("Iterable[object]", value)]
        return self.text(_shown(value))

    def field(self, name: str, value: object, depth: int = 0) -> object:
        """Return what stands under `name`: nothing of it where the name says that it is secret."""
        if value is not None and not isinstance(value, bool) and _SENSITIVE.match(name):
            return REDACTED
        return self.value(value, depth)


def _shown(value: object) -> str:
    # What cannot even be shown must not take the line with it.
    try:
        return str(value)
    except Exception as error:  # noqa: BLE001
        return f"<{type(value).__name__}: {type(error).__name__}>"


def _forms(secret: str) -> set[str]:
    written = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        repr(secret.encode())[2:-1],
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
    }
    if len(secret) >= 8:
        encoded = secret.encode()
        written |= {base64.b64encode(encoded).decode(), base64.urlsafe_b64encode(encoded).decode()}
    # In a text that is quoted itself.
    return written | {json.dumps(form)[1:-1] for form in written}
