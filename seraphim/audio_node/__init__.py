"""A small audio node of Seraphim's own, speaking the part of Lavalink v4 that Seraphim uses.

It is what plays when no Lavalink is configured: a process apart, on loopback, that needs no Java
and no set-up, and that plays on while the bot restarts. It knows the bot not at all; whoever speaks
Lavalink's protocol can use it. Inside, sound goes from `sources` (where a track's bytes are)
through `decoders` (processes that make Opus frames of them) to a `player`, which the one `pacer`
asks for a frame each 20 ms, and by `voice` to Discord. `session` and `server` are the way to the
client.
"""

import os
import sys
from typing import Final

WRONG_CONFIGURATION: Final = 78


def main(*, embedded: bool) -> int:
    """Run a node with the settings of the environment; returns the process's exit code.

    `embedded`: as the bot starts it, on the last node's port and for as long as it has clients.
    """
    from seraphim.audio_node.options import NodeOptions, WrongOptions
    from seraphim.audio_node.process import run

    try:
        options = NodeOptions.from_environment(os.environ, embedded=embedded)
    except WrongOptions as error:
        print(error, file=sys.stderr)
        return WRONG_CONFIGURATION
    return run(options)
