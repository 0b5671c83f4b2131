"""What is written in a guild, as news: each message once, and again when it looks otherwise."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from seraphim.sandbox.json_values import Json
from seraphim.sandbox.messages import Message
from seraphim.sandbox.people import Member
from seraphim.sandbox.places import TextChannel, VoiceChannel


class Change(Enum):
    """What became of a message."""

    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class News:
    """A message that changed."""

    message: Message
    change: Change


@dataclass(slots=True)
class _Shown:
    message: Message
    edits: int
    looks: Json


class Chat:
    """The channels of a guild, as all of its people together see them."""

    def __init__(
        self, channels: Iterable[TextChannel | VoiceChannel], members: Iterable[Member]
    ) -> None:
        self._channels = tuple(channels)
        self._members = tuple(members)
        self._shown: dict[int, _Shown] = {}

    def news(self) -> list[News]:
        """What has changed since this was last asked, in the order in which it was written.

        An answer that is still being thought about is no news yet, nor is an edit after which a
        message looks as before.
        """
        found: list[News] = []
        there = self._there()
        for shown in [each for key, each in self._shown.items() if key not in there]:
            found.append(News(shown.message, Change.DELETED))
            del self._shown[shown.message.id]
        for message in there.values():
            known = self._shown.get(message.id)
            if message.loading or (known and known.edits == message.edits):
                continue
            now = _looks(message)
            if known is None or known.looks != now:
                found.append(News(message, Change.EDITED if known else Change.NEW))
            self._shown[message.id] = _Shown(message, message.edits, now)
        return found

    def with_button(self, name: str, member: Member) -> Message | None:
        """The newest message on which `member` sees a button of that name, best one that can be
        pressed.
        """
        named = [
            (not button.disabled, message.id, message)
            for message in self.with_buttons(member)
            for button in message.buttons
            if button.is_called(name)
        ]
        return max(named, key=lambda one: one[:2])[2] if named else None

    def with_buttons(self, member: Member) -> Sequence[Message]:
        """The messages with buttons that `member` sees, oldest first."""
        return [
            message
            for channel in self._channels
            for message in channel.seen_by(member)
            if message.buttons
        ]

    def _there(self) -> dict[int, Message]:
        found = {
            message.id: message
            for channel in self._channels
            for member in self._members
            for message in channel.seen_by(member)
        }
        return dict(sorted(found.items()))


def _looks(message: Message) -> Json:
    return [message.content, message.raw_embeds, message.components]
