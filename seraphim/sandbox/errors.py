"""What can go wrong, on Discord's side of the wire and on the people's.

DiscordError      an answer that Discord gives to the bot: HTTP status, JSON code, message
SandboxError      what a person could not do
├─ CannotDo       Discord's own app would not have offered it
└─ NoAnswer       the bot did not answer in time
"""

from collections.abc import Mapping
from typing import TypeAlias

from seraphim.sandbox.json_values import Json, JsonObject

ErrorTree: TypeAlias = Mapping[str, "Json"]
"""Where in the request what is wrong, nested like the request; leaves are `_errors` lists."""


class DiscordError(Exception):
    """Discord refuses a request: it becomes the response."""

    def __init__(
        self, status: int, code: int, message: str, *, errors: ErrorTree | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    @property
    def payload(self) -> JsonObject:
        """The body of the response."""
        body: dict[str, Json] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


class SandboxError(Exception):
    """A person in the sandbox could not do what was asked of them."""


class CannotDo(SandboxError):
    """Discord's own app would not have let this person do it."""


class NoAnswer(SandboxError):
    """The bot did not answer in time: people read "The application did not respond"."""


def unauthorized() -> DiscordError:
    """The token is missing or wrong."""
    return DiscordError(401, 0, "401: Unauthorized")


def not_found() -> DiscordError:
    """No such route."""
    return DiscordError(404, 0, "404: Not Found")


def malformed() -> DiscordError:
    """The body is no JSON."""
    return DiscordError(400, 50109, "The request body contains invalid JSON.")


def invalid(errors: ErrorTree) -> DiscordError:
    """The body breaks the rules; `errors` says which and where."""
    return DiscordError(400, 50035, "Invalid Form Body", errors=errors)


def unknown(what: str) -> DiscordError:
    """There is no such thing, or the bot may not know of it."""
    return DiscordError(404, _UNKNOWN[what], f"Unknown {what}")


def missing_access() -> DiscordError:
    """The bot cannot see the place."""
    return DiscordError(403, 50001, "Missing Access")


def missing_permissions() -> DiscordError:
    """The bot may not do this here."""
    return DiscordError(403, 50013, "Missing Permissions")


def not_the_author() -> DiscordError:
    """Only the author edits a message."""
    return DiscordError(403, 50005, "Cannot edit a message authored by another user")


def empty_message() -> DiscordError:
    """A message needs content, an embed, a component or a file."""
    return DiscordError(400, 50006, "Cannot send an empty message")


def wrong_channel_type() -> DiscordError:
    """Messages do not go there."""
    return DiscordError(400, 50008, "Cannot send messages in a non-text channel")


def wrong_kind_of_channel() -> DiscordError:
    """This cannot be done in such a channel."""
    return DiscordError(400, 50024, "Cannot execute action on this channel type")


def already_acknowledged() -> DiscordError:
    """An interaction has one first answer."""
    return DiscordError(400, 40060, "Interaction has already been acknowledged.")


def invalid_webhook_token() -> DiscordError:
    """The token belongs to another application."""
    return DiscordError(401, 50027, "Invalid Webhook Token")


_UNKNOWN = {
    "Application": 10002,
    "Channel": 10003,
    "Guild": 10004,
    "Member": 10007,
    "Message": 10008,
    "Role": 10011,
    "User": 10013,
    "Webhook": 10015,
    "interaction": 10062,
    "application command": 10063,
    "Voice State": 10065,
}
