"""What a radio says between the sounds: the titles of SHOUTcast and Icecast.

Who asks with `Icy-MetaData: 1` is told by `icy-metaint` after how many bytes of sound there is a
byte, and sixteen times as many bytes as it says of text: `StreamTitle='Aurora - Runaway';`. The
text comes from whoever feeds the station, in whatever encoding, and ends in a Discord message.
"""

import re
import unicodedata
from email.message import Message
from typing import Final

__all__ = ["Metadata", "clean", "is_radio"]

LONGEST_TITLE: Final = 250
LONGEST_INTERVAL: Final = 1 << 20

_TITLE: Final = re.compile(rb"StreamTitle='(.*?)'(?:;|\0*\Z)", re.DOTALL)
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Metadata:
    """Takes the titles out of a body that has some text every `interval` bytes."""

    def __init__(self, interval: int) -> None:
        self.title: str | None = None
        """What was said last; None for nothing."""
        self._interval = interval
        self._sound = interval
        self._text: bytearray | None = None
        self._missing = 0

    @classmethod
    def announced(cls, headers: "Message[str, str]") -> "Metadata | None":
        """Make one if the headers say that there will be titles."""
        interval = headers.get("icy-metaint", "").strip()
        if not (interval.isascii() and interval.isdecimal() and len(interval) < 9):
            return None
        return cls(int(interval)) if 0 < int(interval) <= LONGEST_INTERVAL else None

    def strip(self, data: bytes) -> bytes:
        """Give the sound in what came next, and note the title if there was one."""
        sound = bytearray()
        at = 0
        while at < len(data):
            if self._sound:
                piece = data[at : at + self._sound]
                sound += piece
                self._sound -= len(piece)
                at += len(piece)
            elif self._text is None:
                self._text, self._missing = bytearray(), 16 * data[at]
                at += 1
            else:
                piece = data[at : at + self._missing]
                self._text += piece
                self._missing -= len(piece)
                at += len(piece)
            if self._text is not None and not self._missing:
                self._note(bytes(self._text))
                self._text, self._sound = None, self._interval
        return bytes(sound)

    def _note(self, text: bytes) -> None:
        # Most blocks are empty: nothing has changed.
        if text and (found := _TITLE.search(text)) is not None:
            self.title = clean(_decode(found[1])) or None


def is_radio(headers: "Message[str, str]") -> bool:
    """Whether a body without an end is a station's, and not a file of unknown length."""
    return any(name.lower().startswith("icy-") for name in headers) or headers.get(
        "Server", ""
    ).lower().startswith(("icecast", "shoutcast"))


def clean(text: str, longest: int = LONGEST_TITLE) -> str:
    """Make one short line of a text, without what cannot be seen."""
    seen = (
        " " if character.isspace() else character
        for character in text[: 4 * longest]
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    return " ".join("".join(seen).split())[:longest].strip()


def _decode(data: bytes) -> str:
    """Guess: what is not UTF-8 is hardly ever anything but what Windows in the West writes."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").replace("\ufffd", "")
