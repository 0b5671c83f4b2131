"""A Discord on your own machine: small, stateful and honest.

It enforces what Discord enforces, so that a bot which works here works there. `Sandbox` is the way
in; everything else is what it hands out.

    sandbox ─ places, people, faults      what tests and people use
    rest, gateway, voice                  what the bot talks to
    discord                               what both stand on:
    world, voice_states, interactions, commands, sessions, disruptions
"""

from seraphim.sandbox.commands import Choice, Command, Option, OptionKind
from seraphim.sandbox.disruptions import Refusal
from seraphim.sandbox.entities import Role
from seraphim.sandbox.errors import CannotDo, NoAnswer, SandboxError
from seraphim.sandbox.faults import Faults
from seraphim.sandbox.filling import Upload
from seraphim.sandbox.intents import Intent
from seraphim.sandbox.messages import Button, Embed, Message
from seraphim.sandbox.people import Answer, Bot, Member
from seraphim.sandbox.permissions import Permission
from seraphim.sandbox.places import Guild, TextChannel, VoiceChannel
from seraphim.sandbox.sandbox import Sandbox
from seraphim.sandbox.timing import Timing
from seraphim.sandbox.voice import DavePolicy

__all__ = (
    "Answer",
    "Bot",
    "Button",
    "CannotDo",
    "Choice",
    "Command",
    "DavePolicy",
    "Embed",
    "Faults",
    "Guild",
    "Intent",
    "Member",
    "Message",
    "NoAnswer",
    "Option",
    "OptionKind",
    "Permission",
    "Refusal",
    "Role",
    "Sandbox",
    "SandboxError",
    "TextChannel",
    "Timing",
    "Upload",
    "VoiceChannel",
)
