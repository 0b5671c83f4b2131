"""The prompt: somebody types, while what happens appears above and what is heard below."""

from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.styles import Style

from seraphim.sandbox.errors import SandboxError
from seraphim.sandbox.terminal.actions import Mistyped, Quit, Use, parse
from seraphim.sandbox.terminal.completion import StageCompleter
from seraphim.sandbox.terminal.meter import meter
from seraphim.sandbox.terminal.stage import Stage

REFRESH_SECONDS: Final = 0.1
_STYLE: Final = Style.from_dict({"name": "bold", "place": "ansibrightblack"})


async def run(stage: Stage) -> None:
    """Do what is typed, until `quit` or the end of the input."""
    completer = StageCompleter(stage)
    session: PromptSession[str] = PromptSession(
        completer=completer,
        bottom_toolbar=lambda: _toolbar(stage),
        refresh_interval=REFRESH_SECONDS,
        style=_STYLE,
    )
    with patch_stdout(raw=True):
        while True:
            try:
                line = await session.prompt_async(lambda: _who(stage))
            except KeyboardInterrupt:
                # As in a shell: away with the line.
                continue
            except EOFError:
                return
            try:
                action = parse(line, stage.commands)
                if isinstance(action, Quit):
                    return
                if isinstance(action, Use):
                    action = completer.meant(action)
                if action is not None:
                    await stage.perform(action)
            except (Mistyped, SandboxError) as error:
                stage.screen.complain(str(error))


def _who(stage: Stage) -> StyleAndTextTuples:
    voice = stage.me.voice
    place = f" in {voice.channel.name}" if voice else ""
    return [("class:name", stage.me.name), ("class:place", place), ("", "> ")]


def _toolbar(stage: Stage) -> str:
    channel = stage.listening
    width = get_app().output.get_size().columns
    return meter(channel.name, stage.ear.now, channel.heard.mark().packets, width)
