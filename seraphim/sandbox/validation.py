"""Discord's limits on what a bot sends, and its way of saying which one was broken and where.

A request is read into a `Draft` here, so that nothing unchecked gets into the world. All mistakes
of a request are reported together, as a tree shaped like the request (`errors` of code 50035).
Components of the second version (containers, sections) are not modelled and are refused.
"""

from collections.abc import Iterable
from datetime import datetime

from seraphim.sandbox.errors import ErrorTree, invalid
from seraphim.sandbox.json_values import (
    Json,
    JsonObject,
    as_list,
    as_object,
    integer,
    objects,
    text,
)
from seraphim.sandbox.messages import (
    ACTION_ROW,
    BUTTON,
    SELECTS,
    Attachment,
    ButtonStyle,
    Draft,
    MessageFlag,
)

CONTENT_LENGTH = 2000
EMBEDS = 10
EMBED_SIZE = 6000
EMBED_FIELDS = 25
ROWS = 5
BUTTONS_IN_A_ROW = 5
CUSTOM_ID_LENGTH = 100
LABEL_LENGTH = 80
SELECT_OPTIONS = 25
CHOICES = 25
CHOICE_NAME_LENGTH = 100
CHOICE_VALUE_LENGTH = 100

_EMBED_TEXTS = {"title": 256, "description": 4096}
_EMBED_INNER_TEXTS = (("footer", "text", 2048), ("author", "name", 256))
_FIELD_TEXTS = {"name": 256, "value": 1024}
_SENDABLE_FLAGS = (
    MessageFlag.SUPPRESS_EMBEDS | MessageFlag.EPHEMERAL | MessageFlag.SUPPRESS_NOTIFICATIONS
)
_LAST_COLOR = 0xFFFFFF


class Mistakes:
    """What is wrong with a request so far, by where."""

    def __init__(self) -> None:
        self._found: list[tuple[tuple[str, ...], str, str]] = []

    def add(self, path: Iterable[str | int], code: str, message: str) -> None:
        """Note one."""
        self._found.append((tuple(str(step) for step in path), code, message))

    def check_length(
        self, path: Iterable[str | int], value: str | None, *, least: int = 0, most: int
    ) -> None:
        """A string must be of some length; None (absent or not a string) is as good as empty."""
        length = len(value or "")
        if length == 0 < least:
            self.add(path, "BASE_TYPE_REQUIRED", "This field is required")
        elif length > most or length < least:
            bound = f"between {least} and {most}" if least else f"{most} or fewer"
            code = "BASE_TYPE_BAD_LENGTH" if least else "BASE_TYPE_MAX_LENGTH"
            self.add(path, code, f"Must be {bound} in length.")

    def check_count(self, path: Iterable[str | int], count: int, *, most: int) -> None:
        """A list must not be longer."""
        if count > most:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")

    def raise_any(self) -> None:
        """Raise 50035 with all of them, if there is one."""
        if not self._found:
            return
        tree: dict[str, Json] = {}
        for path, code, message in self._found:
            _put(tree, path, {"code": code, "message": message})
        raise invalid(tree)


def _put(tree: dict[str, Json], path: tuple[str, ...], mistake: JsonObject) -> None:
    if path:
        branch = dict(as_object(tree.get(path[0])))
        _put(branch, path[1:], mistake)
        tree[path[0]] = branch
    else:
        tree["_errors"] = [*as_list(tree.get("_errors")), mistake]


def one_mistake(path: Iterable[str | int], code: str, message: str) -> ErrorTree:
    """The tree of a single mistake."""
    tree: dict[str, Json] = {}
    _put(tree, tuple(str(step) for step in path), {"code": code, "message": message})
    return tree


def read_draft(body: JsonObject, files: list[Attachment], *, inside: tuple[str, ...] = ()) -> Draft:
    """A message as a request describes it; raises 50035. `inside` is where in the request it is.

    A null clears what it names, an absent key leaves it as it is.
    """
    mistakes = Mistakes()
    content = text(body, "content")
    mistakes.check_length((*inside, "content"), content, most=CONTENT_LENGTH)
    embeds = objects(body.get("embeds"))
    _check_embeds((*inside, "embeds"), embeds, mistakes)
    components = objects(body.get("components"))
    _check_components((*inside, "components"), components, mistakes)
    flags = MessageFlag(integer(body, "flags") or 0)
    if MessageFlag.IS_COMPONENTS_V2 in flags:
        mistakes.add((*inside, "flags"), "FLAGS_INVALID", "Not modelled: IS_COMPONENTS_V2.")
    mistakes.raise_any()
    return Draft(
        content=(content or "") if "content" in body else None,
        embeds=embeds if "embeds" in body else None,
        components=components if "components" in body else None,
        files=files if "attachments" in body or files else None,
        kept_files=frozenset(integer(each, "id") or 0 for each in objects(body.get("attachments"))),
        flags=flags & _SENDABLE_FLAGS,
        nonce=body.get("nonce"),
    )


def _check_embeds(path: tuple[str, ...], embeds: list[JsonObject], mistakes: Mistakes) -> None:
    mistakes.check_count(path, len(embeds), most=EMBEDS)
    total = 0
    for index, embed in enumerate(embeds):
        here = (*path, str(index))
        texts = [(key, text(embed, key), most) for key, most in _EMBED_TEXTS.items()]
        for outer, inner, most in _EMBED_INNER_TEXTS:
            texts.append((outer, text(as_object(embed.get(outer)), inner), most))
        for key, value, most in texts:
            mistakes.check_length((*here, key), value, most=most)
            total += len(value or "")
        fields = objects(embed.get("fields"))
        mistakes.check_count((*here, "fields"), len(fields), most=EMBED_FIELDS)
        for number, each in enumerate(fields):
            for key, most in _FIELD_TEXTS.items():
                value = text(each, key)
                mistakes.check_length((*here, "fields", number, key), value, least=1, most=most)
                total += len(value or "")
        if not 0 <= (integer(embed, "color") or 0) <= _LAST_COLOR:
            mistakes.add((*here, "color"), "NUMBER_TYPE_MAX", "int value should be a color.")
        for key in ("image", "thumbnail"):
            picture = as_object(embed.get(key))
            if picture and not (text(picture, "url") or "").startswith(
                ("http://", "https://", "attachment://")
            ):
                mistakes.add(
                    (*here, key, "url"), "URL_TYPE_INVALID_SCHEME", "Not a well formed URL."
                )
    if total > EMBED_SIZE:
        mistakes.add(
            path,
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {EMBED_SIZE}",
        )


def _check_components(path: tuple[str, ...], rows: list[JsonObject], mistakes: Mistakes) -> None:
    mistakes.check_count(path, len(rows), most=ROWS)
    custom_ids: set[str] = set()
    for index, row in enumerate(rows):
        here = (*path, str(index))
        if integer(row, "type") != ACTION_ROW:
            mistakes.add((*here, "type"), "UNION_TYPE_CHOICES", "Value must be one of (1,).")
            continue
        inner = objects(row.get("components"))
        selects = sum(integer(component, "type") in SELECTS for component in inner)
        room = 1 if selects else BUTTONS_IN_A_ROW
        if not 1 <= len(inner) <= room:
            mistakes.add(
                (*here, "components"),
                "BASE_TYPE_BAD_LENGTH",
                f"Must be between 1 and {room} in length.",
            )
        for number, component in enumerate(inner):
            there = (*here, "components", str(number))
            _check_component(there, component, mistakes)
            custom_id = text(component, "custom_id")
            if custom_id is not None and custom_id in custom_ids:
                mistakes.add(
                    (*there, "custom_id"),
                    "COMPONENT_CUSTOM_ID_DUPLICATED",
                    "Component custom id cannot be duplicated",
                )
            custom_ids.add(custom_id or "")


def _check_component(path: tuple[str, ...], component: JsonObject, mistakes: Mistakes) -> None:
    kind = integer(component, "type")
    if kind == BUTTON:
        _check_button(path, component, mistakes)
        return
    if kind not in SELECTS:
        mistakes.add((*path, "type"), "UNION_TYPE_CHOICES", "Value must be one of (2, 3, 5-8).")
        return
    custom_id = text(component, "custom_id")
    mistakes.check_length((*path, "custom_id"), custom_id, least=1, most=CUSTOM_ID_LENGTH)
    options = objects(component.get("options"))
    mistakes.check_count((*path, "options"), len(options), most=SELECT_OPTIONS)
    for index, option in enumerate(options):
        for key in ("label", "value"):
            mistakes.check_length(
                (*path, "options", index, key), text(option, key), least=1, most=100
            )


def _check_button(path: tuple[str, ...], component: JsonObject, mistakes: Mistakes) -> None:
    style = integer(component, "style")
    label = text(component, "label")
    mistakes.check_length((*path, "label"), label, most=LABEL_LENGTH)
    if style not in set(ButtonStyle):
        mistakes.add((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of (1, 2, 3, 4, 5).")
    if not label and not component.get("emoji"):
        mistakes.add(path, "BUTTON_COMPONENT_INVALID_LABEL", "A button needs a label or an emoji.")
    if style == ButtonStyle.LINK:
        if not (text(component, "url") or "").startswith(("http://", "https://", "discord://")):
            mistakes.add((*path, "url"), "BASE_TYPE_REQUIRED", "This field is required")
        return
    custom_id = text(component, "custom_id")
    mistakes.check_length((*path, "custom_id"), custom_id, least=1, most=CUSTOM_ID_LENGTH)


def read_choices(body: JsonObject) -> list[tuple[str, str | int | float]]:
    """The choices of an autocomplete answer as (name, value); raises 50035."""
    mistakes = Mistakes()
    raw = objects(body.get("choices"))
    mistakes.check_count(("data", "choices"), len(raw), most=CHOICES)
    choices: list[tuple[str, str | int | float]] = []
    for index, choice in enumerate(raw):
        here = ("data", "choices", str(index))
        name = text(choice, "name")
        mistakes.check_length((*here, "name"), name, least=1, most=CHOICE_NAME_LENGTH)
        value = choice.get("value")
        if isinstance(value, str):
            mistakes.check_length((*here, "value"), value, least=1, most=CHOICE_VALUE_LENGTH)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            mistakes.add((*here, "value"), "BASE_TYPE_REQUIRED", "This field is required")
            continue
        choices.append((name or "", value))
    mistakes.raise_any()
    return choices


def read_moment(body: JsonObject, key: str) -> datetime | None:
    """A moment in ISO 8601, None where there is none; raises 50035."""
    value = body.get(key)
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise invalid(
            one_mistake((key,), "DATE_TIME_TYPE_PARSE", f"Could not parse {value}.")
        ) from None


def wants_ephemeral(body: JsonObject) -> bool:
    """Whether the data of a deferred answer asks for one that only the member sees."""
    return MessageFlag.EPHEMERAL in MessageFlag(integer(body, "flags") or 0)
