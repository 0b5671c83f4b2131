"""A message as it stands in a channel, and what can be seen and pressed on it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, IntFlag
from typing import TypedDict, cast

from seraphim.sandbox.json_values import Json, JsonObject, as_object, flag, integer, objects, text


class EmbedField(TypedDict, total=False):
    """A titled piece of an embed."""

    name: str
    value: str
    inline: bool


class EmbedFooter(TypedDict, total=False):
    """The small print below an embed."""

    text: str
    icon_url: str


class EmbedAuthor(TypedDict, total=False):
    """The small print above an embed's title."""

    name: str
    url: str
    icon_url: str


class EmbedImage(TypedDict, total=False):
    """A picture in an embed."""

    url: str


class Embed(TypedDict, total=False):
    """A framed piece of a message."""

    title: str
    description: str
    url: str
    color: int
    timestamp: str
    footer: EmbedFooter
    author: EmbedAuthor
    image: EmbedImage
    thumbnail: EmbedImage
    fields: list[EmbedField]


class MessageFlag(IntFlag):
    """What kind of message it is."""

    NONE = 0
    SUPPRESS_EMBEDS = 1 << 2
    EPHEMERAL = 1 << 6
    LOADING = 1 << 7
    SUPPRESS_NOTIFICATIONS = 1 << 12
    IS_COMPONENTS_V2 = 1 << 15


class MessageKind(IntEnum):
    """Where a message comes from."""

    DEFAULT = 0
    CHAT_INPUT_COMMAND = 20


class ButtonStyle(IntEnum):
    """What a button looks like; the last is a link and is not sent to the bot."""

    PRIMARY = 1
    SECONDARY = 2
    SUCCESS = 3
    DANGER = 4
    LINK = 5


@dataclass(frozen=True, slots=True)
class Button:
    """One button under a message."""

    custom_id: str
    label: str
    emoji: str
    style: ButtonStyle
    disabled: bool
    url: str | None

    def is_called(self, name: str) -> bool:
        """Whether a person who says `name` means this one: custom id, its last part, or label."""
        return name in (self.custom_id, self.custom_id.rpartition(":")[2], self.label)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message."""

    id: int
    filename: str
    content: bytes = field(repr=False)
    content_type: str


@dataclass(frozen=True, slots=True)
class Cause:
    """The interaction that a message answers."""

    interaction_id: int
    kind: int
    user_id: int
    command: str
    pressed_message_id: int | None


@dataclass(slots=True, eq=False)
class Message:
    """A message; it changes in place when it is edited, so whoever holds it sees what is there."""

    id: int
    channel_id: int
    guild_id: int
    author_id: int
    created_at: datetime
    kind: MessageKind = MessageKind.DEFAULT
    content: str = ""
    raw_embeds: list[JsonObject] = field(default_factory=list[JsonObject])
    components: list[JsonObject] = field(default_factory=list[JsonObject])
    attachments: list[Attachment] = field(default_factory=list[Attachment])
    flags: MessageFlag = MessageFlag.NONE
    edited_at: datetime | None = None
    edits: int = 0
    deleted: bool = False
    cause: Cause | None = None
    visible_to: int | None = None
    """The only user who sees it (ephemeral), or None: everyone in the channel."""
    nonce: Json = None

    @property
    def embeds(self) -> list[Embed]:
        """Its embeds; their fields have the right types, that was checked when they came."""
        return [cast(Embed, embed) for embed in self.raw_embeds]

    @property
    def ephemeral(self) -> bool:
        """Whether only one member sees it."""
        return self.visible_to is not None

    @property
    def loading(self) -> bool:
        """Whether people still read "… is thinking"."""
        return MessageFlag.LOADING in self.flags

    @property
    def buttons(self) -> list[Button]:
        """Its buttons, row by row."""
        return [
            Button(
                custom_id=text(component, "custom_id") or "",
                label=text(component, "label") or "",
                emoji=text(as_object(component.get("emoji")), "name") or "",
                style=ButtonStyle(integer(component, "style") or ButtonStyle.SECONDARY),
                disabled=flag(component, "disabled"),
                url=text(component, "url"),
            )
            for component in self._interactive()
            if integer(component, "type") == BUTTON
        ]

    def _interactive(self) -> Iterator[JsonObject]:
        for row in self.components:
            yield from objects(row.get("components"))


@dataclass(frozen=True, slots=True)
class Draft:
    """What a request wants a message to be; None leaves a part as it is."""

    content: str | None = None
    embeds: list[JsonObject] | None = None
    components: list[JsonObject] | None = None
    files: list[Attachment] | None = None
    kept_files: frozenset[int] = frozenset()
    """Attachments that the message has already and that stay; the others go if `files` is set."""
    flags: MessageFlag = MessageFlag.NONE
    nonce: Json = None

    @property
    def empty(self) -> bool:
        """Whether there would be nothing to see."""
        return not (self.content or self.embeds or self.components or self.files)

    def would_empty(self, message: Message) -> bool:
        """Whether nothing would be left of `message`."""

        def rest(new: Sequence[object] | str | None, old: Sequence[object] | str) -> bool:
            return bool(old if new is None else new)

        return not (
            rest(self.content, message.content)
            or rest(self.embeds, message.raw_embeds)
            or rest(self.components, message.components)
            or self.files
            or (message.attachments if self.files is None else self.kept_files)
        )

    def apply(self, message: Message) -> None:
        """Make `message` what this says."""
        if self.content is not None:
            message.content = self.content
        if self.embeds is not None:
            message.raw_embeds = self.embeds
        if self.components is not None:
            message.components = numbered(self.components)
        if self.files is not None:
            kept = [each for each in message.attachments if each.id in self.kept_files]
            message.attachments = kept + self.files


ACTION_ROW = 1
BUTTON = 2
SELECTS = frozenset({3, 5, 6, 7, 8})


def numbered(rows: list[JsonObject]) -> list[JsonObject]:
    """Components with an `id` each, as Discord gives to those that come without."""
    taken = {integer(component, "id") for row in rows for component in _all_of(row)}
    free = (number for number in range(1, 1 << 16) if number not in taken)

    def number(component: JsonObject) -> JsonObject:
        mine = integer(component, "id") or next(free)
        inner: Mapping[str, Json] = (
            {"components": [number(each) for each in objects(component["components"])]}
            if "components" in component
            else {}
        )
        return {**component, "id": mine, **inner}

    return [number(row) for row in rows]


def _all_of(row: JsonObject) -> Iterator[JsonObject]:
    yield row
    yield from objects(row.get("components"))
