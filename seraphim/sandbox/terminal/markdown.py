"""Discord's markdown, as much of it as a bot writes, as styled text.

What it stands for is shown, as Discord's app would: names for mentions, a stretch of time for a
moment. A markdown library was rejected: Discord's dialect escapes, nests and mentions in ways of
its own, and CommonMark would swallow line breaks and make lists of numbers.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from rich.text import Text

_TOKEN: Final = re.compile(
    r"\\(?P<escaped>[^A-Za-z0-9\s])"
    r"|\*\*(?P<bold>(?:\\.|[^\\])+?)\*\*"
    r"|\*(?P<italic>(?![\s*])(?:\\.|[^\\*])+?(?<!\s))\*"
    r"|`(?P<code>[^`\n]+)`"
    r"|<@!?(?P<user>\d+)>"
    r"|<#(?P<channel>\d+)>"
    r"|<t:(?P<moment>\d+)(?::\w)?>",
    re.DOTALL,
)
_UNITS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


class Markdown:
    """Reads markdown in one guild.

    Parameters
    ----------
    users, channels
        The names behind ids.
    now
        Tells the time, in seconds since 1970.
    """

    def __init__(
        self,
        users: Mapping[int, str],
        channels: Mapping[int, str],
        now: Callable[[], float],
    ) -> None:
        self._users = users
        self._channels = channels
        self._now = now

    def read(self, source: str, style: str = "") -> Text:
        """The text as people see it."""
        source = printable(source)
        text = Text(style=style)
        end = 0
        for token in _TOKEN.finditer(source):
            text.append(source[end : token.start()])
            text.append_text(self._render(token))
            end = token.end()
        return text.append(source[end:])

    def _render(self, token: re.Match[str]) -> Text:
        kind, content = token.lastgroup, token[token.lastgroup or 0]
        match kind:
            case "bold" | "italic":
                return self.read(content, kind)
            case "code":
                return Text(content, "cyan")
            case "user":
                return Text(f"@{self._users.get(int(content), 'unknown-user')}", "blue")
            case "channel":
                return Text(f"#{self._channels.get(int(content), 'unknown')}", "blue")
            case "moment":
                return Text(relative(int(content) - self._now()))
            case _:
                return Text(content)


def relative(seconds: float) -> str:
    """A stretch of time from now, as Discord words it: `in 38 seconds`, `2 minutes ago`."""
    whole = round(abs(seconds))
    size, unit = next((each for each in _UNITS if whole >= each[0]), _UNITS[-1])
    count = round(whole / size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds >= 0 else f"{words} ago"


def printable(text: str) -> str:
    """Without what a terminal would take for an order."""
    return "".join(
        each if each == "\n" or each.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for each in text
        if each != "\N{ZERO WIDTH SPACE}"
    )
