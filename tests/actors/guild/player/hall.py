"""A voice channel with listeners in it, and the player's core between them."""

from dataclasses import replace

from actors.guild.player.messages import (
    ListenersChanged,
    Member,
    PlayerMessage,
    TimeIsUp,
    TrackStarted,
    VoiceStateChanged,
)
from actors.guild.settings import GuildSettings
from tests.actors.guild.player.test_core import HERE, Guild

ADA, GRACE, LINUS, MARIE, DJ = (
    Member(1, HERE),
    Member(2, HERE),
    Member(3, HERE),
    Member(4, HERE),
    Member(5, HERE, dj=True),
)


class Hall(Guild):
    """Ada has asked for what plays and what waits."""

    def __init__(self, *listeners: Member, settings: GuildSettings | None = None) -> None:
        super().__init__()
        self.state = replace(self.state, settings=settings or GuildSettings())
        self.ready().joined().hear(*listeners)

    def hear(self, *listeners: Member) -> None:
        self.tell(ListenersChanged(frozenset(member.id for member in listeners)))

    def with_music(self, *names: str) -> "Hall":
        self.play(*names)
        self.tell(TrackStarted(self.sounding))
        return self

    def later(self, ms: int, key: str) -> object:
        self.now += ms
        return self.tell(TimeIsUp(key))

    def kicked(self) -> None:
        self.tell(VoiceStateChanged(None, None))

    def is_refused(self, message: PlayerMessage) -> bool:
        before = self.state
        reply = self.tell(message)
        return type(reply).__name__ == "Refused" and self.state == before
