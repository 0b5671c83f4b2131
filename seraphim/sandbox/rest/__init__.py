"""Discord's REST interface, version 10, as far as the bot's libraries use it."""

from seraphim.sandbox.rest.api import PREFIX, Rest

__all__ = ("PREFIX", "Rest")
