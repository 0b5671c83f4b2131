"""The screen: messages as boxes, sounds as lines.

rich lays out and colours; it leaves colours away where they are not wanted (`NO_COLOR`, a pipe)
and fits boxes to the terminal. What people see and hear goes to stdout, what went wrong to stderr.
Everything that comes from elsewhere is shown as the characters it is, never as rich's markup or as
orders to the terminal.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from rich.box import ROUNDED
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from seraphim.sandbox.bot import LogLine
from seraphim.sandbox.commands import Command
from seraphim.sandbox.messages import Button, Embed, Message
from seraphim.sandbox.terminal.actions import HELP
from seraphim.sandbox.terminal.chat import Change, News
from seraphim.sandbox.terminal.markdown import Markdown, printable
from seraphim.sandbox.terminal.sound import SILENCE, Sound

WIDEST = 76
PLAIN_COLOR = 0x5865F2
_FIRST = ("timestamp", "level", "event")


class Screen:
    """Where everything is shown.

    Parameters
    ----------
    users
        The names behind the ids of people and of the bot.
    markdown
        Reads what the bot writes.
    """

    def __init__(self, users: Mapping[int, str], markdown: Markdown) -> None:
        self._users = users
        self._markdown = markdown
        self._out = Console(highlight=False, markup=False, emoji=False)
        self._err = Console(highlight=False, markup=False, emoji=False, stderr=True)

    def typed(self, name: str, line: str) -> None:
        """Show what somebody typed."""
        self._out.print(Text.assemble((f"{name}> ", "bold"), printable(line)))

    def message(self, news: News) -> None:
        """Show a message that is new or has changed."""
        message = news.message
        if news.change is Change.DELETED:
            self._out.print(Text(f"✂ {self._headline(message)}: deleted", "dim"))
            return
        title = self._headline(message)
        if news.change is Change.EDITED:
            title += " · edited"
        hint = f"only {self._users[message.visible_to]} sees this" if message.visible_to else None
        color = next((each["color"] for each in message.embeds if "color" in each), PLAIN_COLOR)
        self._out.print(
            Panel(
                Group(*self._body(message)),
                box=ROUNDED,
                title=Text(title),
                title_align="left",
                subtitle=Text(hint, "italic") if hint else None,
                subtitle_align="right",
                border_style=f"#{color:06x}",
                width=min(WIDEST, self._out.width),
            )
        )

    def sound(self, channel: str, sound: Sound) -> None:
        """Show what a channel hears."""
        style = "dim" if sound.name == SILENCE else "bold green"
        self._out.print(Text(f"♪ {channel} hears {sound}", style))

    def note(self, text: str) -> None:
        """Say something of the sandbox's own."""
        self._out.print(Text(text, "dim"))

    def progress(self, text: str) -> None:
        """Say what is being done, to who waits for it."""
        self._err.print(Text(text, "dim"))

    def complain(self, text: str) -> None:
        """Say what went wrong."""
        self._err.print(Text(f"✗ {printable(text)}", "bold red"))

    def help(
        self, commands: Iterable[Command], people: Iterable[str], tracks: Iterable[str]
    ) -> None:
        """Show what can be typed."""
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for typed, does in HELP.items():
            table.add_row(Text(typed, "bold"), Text(does))
        table.add_row()
        for command in commands:
            options = "".join(
                f" {each.name}" if each.required else f" [{each.name}:…]"
                for each in command.options
            )
            table.add_row(Text(f"/{command.name}{options}", "bold cyan"), Text(command.description))
        self._out.print(table)
        self._out.print(Text(f"People: {', '.join(people)}.", "dim"))
        self._out.print(Text(f"Music: {', '.join(tracks)}.", "dim"))

    def log(self, lines: Iterable[LogLine]) -> None:
        """Show lines of the bot's log."""
        for line in lines:
            level = str(line.get("level", ""))
            color = {"warning": "yellow", "error": "red", "critical": "red"}.get(level, "dim")
            rest = "".join(f" {key}={line[key]}" for key in line if key not in _FIRST)
            self._out.print(
                Text.assemble(
                    (_clock(str(line.get("timestamp", ""))), "dim"),
                    f" {printable(str(line.get('event', '')))}",
                    (printable(rest), color),
                )
            )

    def _headline(self, message: Message) -> str:
        who = self._users[message.author_id]
        return f"{who} to {self._users[message.cause.user_id]}" if message.cause else who

    def _body(self, message: Message) -> Iterator[RenderableType]:
        if message.content:
            yield self._markdown.read(message.content)
        for embed in message.embeds:
            yield from self._embed(embed)
        if message.buttons:
            yield Text(" ").join(_button(each) for each in message.buttons)

    def _embed(self, embed: Embed) -> Iterator[RenderableType]:
        if "author" in embed:
            yield Text(printable(embed["author"].get("name", "")), "italic")
        if "title" in embed:
            yield self._markdown.read(embed["title"], "bold")
        if "description" in embed:
            yield self._markdown.read(embed["description"])
        if fields := embed.get("fields"):
            table = Table.grid(padding=(0, 2))
            table.add_column(style="dim", no_wrap=True)
            table.add_column()
            for field in fields:
                table.add_row(
                    self._markdown.read(field.get("name", "")),
                    self._markdown.read(field.get("value", "")),
                )
            yield table
        if "footer" in embed:
            yield Text(printable(embed["footer"].get("text", "")), "dim")


def _button(button: Button) -> Text:
    label = printable(" ".join(filter(None, (button.emoji, button.label))))
    # Disabled ones are told apart without colours too.
    return Text(f"({label})", "dim") if button.disabled else Text(f"[{label}]", "bold")


def _clock(timestamp: str) -> str:
    try:
        return datetime.fromisoformat(timestamp).astimezone().strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        return timestamp
