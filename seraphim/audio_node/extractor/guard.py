"""Where the worker may connect to: the public internet, and what the operator trusts.

yt-dlp follows redirects, reads manifests and asks whatever a page tells it to, through libraries of
its own. So nothing is judged by its name: every connection of the process goes through `connect`,
where the address is what it is, whatever a name resolved to a moment ago. What would connect on
its own is kept away: libcurl, and all programs but the one that solves YouTube's riddles, which
yt-dlp runs without a network.
"""

import os
import socket
import sys
from ipaddress import ip_address
from pathlib import PurePath
from typing import Final, cast

from seraphim.addresses import is_public
from seraphim.audio_node.decoder.address_guard import Target, TrustedHosts

__all__ = ["Forbidden", "guard"]


PROGRAMS: Final = ("deno",)


class Forbidden(ConnectionRefusedError):
    """The address is not public, or it is no way to go there."""


def guard(trusted: TrustedHosts) -> None:
    """Let this process connect to public addresses and trusted ones alone, from now on."""
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex

    def judged_connect(self: socket.socket, address: object) -> None:
        _judge(self, address, trusted)
        connect(self, address)  # pyright: ignore[reportArgumentType]

    def judged_connect_ex(self: socket.socket, address: object) -> int:
        _judge(self, address, trusted)
        return connect_ex(self, address)  # pyright: ignore[reportArgumentType]

    socket.socket.connect = judged_connect
    socket.socket.connect_ex = judged_connect_ex
    # Its import fails, as if it were not installed.
    sys.modules["curl_cffi"] = None  # pyright: ignore[reportArgumentType]
    sys.addaudithook(_judge_program)


def _judge_program(event: str, arguments: tuple[object, ...]) -> None:
    # `subprocess` does it by either, as Python and the C library are.
    if event in ("subprocess.Popen", "os.posix_spawn"):
        program = os.fsdecode(cast("str | bytes | os.PathLike[str]", arguments[0]))
        if PurePath(program).name in PROGRAMS:
            return
    elif event not in ("os.exec", "os.posix_spawn", "os.spawn", "os.system"):
        return
    raise Forbidden("no programs are run here")


def _judge(connecting: socket.socket, address: object, trusted: TrustedHosts) -> None:
    if connecting.type & ~(socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) != socket.SOCK_STREAM:
        # Names are asked for by the C library, not here: what else sends datagrams is not yt-dlp.
        raise Forbidden("only TCP is spoken here")
    if not isinstance(address, tuple) or len(address) < 2:  # pyright: ignore[reportUnknownArgumentType]
        raise Forbidden("only internet addresses are connected to")
    host, port = str(address[0]), int(address[1])  # pyright: ignore[reportUnknownArgumentType]
    try:
        literal = ip_address(host)
    except ValueError:
        raise Forbidden("only addresses are connected to, not names") from None
    target = Target(False, str(literal), port, "/")
    if target not in trusted and not is_public(literal):
        raise Forbidden("that address is not public")
