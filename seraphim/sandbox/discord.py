"""Discord's inside, wired: one application, its bot, and the world they are in.

What talks to the bot (REST, gateway) and what people use (`places`, `people`, `faults`) both stand
on this, and know nothing of each other.
"""

import base64
import secrets
from collections import defaultdict

from seraphim.sandbox.changes import Changes
from seraphim.sandbox.commands import CommandRegistry
from seraphim.sandbox.disruptions import Disruptions
from seraphim.sandbox.entities import User
from seraphim.sandbox.gateway import Gateway
from seraphim.sandbox.intents import Intent
from seraphim.sandbox.interactions import Interactions
from seraphim.sandbox.snowflakes import Snowflakes
from seraphim.sandbox.timing import Timing
from seraphim.sandbox.voice import CertificateAuthority, DavePolicy, Heard, VoiceServer
from seraphim.sandbox.voice_states import VoiceStates
from seraphim.sandbox.world import World


class Discord:
    """Everything but the sockets."""

    def __init__(self, bot_name: str, timing: Timing, granted: Intent, dave: DavePolicy) -> None:
        self.timing = timing
        self.snowflakes = Snowflakes()
        self.bot = User(self.snowflakes.next(), bot_name, bot=True)
        self.token = _token(self.bot.id)
        self.authority = CertificateAuthority()
        self.heard: defaultdict[int, Heard] = defaultdict(Heard)
        self.changes = Changes()
        self.disruptions = Disruptions()
        self.world = World(self.bot, self.snowflakes)
        self.commands = CommandRegistry(self.snowflakes)
        self.gateway = Gateway(
            self.world,
            self.changes,
            timing,
            token=self.token,
            granted=granted,
            intercept=self.disruptions.delays_of,
        )
        self.voice_states = VoiceStates(
            self.world,
            self.gateway,
            lambda policy: VoiceServer(self.authority, self.heard.__getitem__, dave=policy),
            dave,
        )
        self.interactions = Interactions(
            self.world, self.gateway, self.changes, self.snowflakes, timing
        )


def _token(application_id: int) -> str:
    """Looks like Discord's: the application's id, a time, a signature."""
    name = base64.urlsafe_b64encode(str(application_id).encode()).decode().rstrip("=")
    return f"{name}.{secrets.token_urlsafe(5)[:6]}.{secrets.token_urlsafe(28)}"
