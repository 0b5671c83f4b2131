"""The names of Discord's voice gateway, version 8: numbers, modes and sizes both ends agree on.

The audio node speaks this protocol from one side and the sandbox from the other. They share what a
document would tell both (opcodes, close codes, modes, the layout of a discovery packet) and nothing
that could hide a mistake: each has a packet writer or reader, and encryption, of its own, so that
a test in which they understand each other says something about Discord too.
"""

from seraphim.voice.codes import RESUMABLE, CloseCode, Opcode, Speaking
from seraphim.voice.discovery import Address
from seraphim.voice.modes import PREFERRED_MODES, Mode
from seraphim.voice.sound import (
    CHANNELS,
    FRAME_MS,
    FRAME_SAMPLES,
    FRAMES_PER_SECOND,
    SAMPLE_RATE,
    SILENCE,
    SILENCE_FRAMES,
)

GATEWAY_VERSION = 8
"""The version asked for in the address: `wss://<endpoint>/?v=8`."""

__all__ = (
    "CHANNELS",
    "FRAMES_PER_SECOND",
    "FRAME_MS",
    "FRAME_SAMPLES",
    "GATEWAY_VERSION",
    "PREFERRED_MODES",
    "RESUMABLE",
    "SAMPLE_RATE",
    "SILENCE",
    "SILENCE_FRAMES",
    "Address",
    "CloseCode",
    "Mode",
    "Opcode",
    "Speaking",
)
