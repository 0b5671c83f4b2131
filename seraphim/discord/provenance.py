"""Where work comes from: the interaction that everything done for it, and logged of it, names."""

import secrets

import hikari

from actors.runtime import origin


def begin(command: str, interaction: hikari.PartialInteraction) -> None:
    """Let what this task does from here on belong to `interaction`, by which `command` was given.

    It gets the number by which whoever asked and whoever runs Seraphim can speak about it.
    """
    user = getattr(interaction, "user", None)
    origin.set(
        {
            "command": command,
            "guild": getattr(interaction, "guild_id", None),
            "user": None if user is None else user.id,
            "reference": reference(),
        }
    )


def reference() -> str:
    """Return the number of the work under way, or a new one where there is none."""
    work = origin.get() or {}
    return str(work.get("reference") or secrets.token_hex(4).upper())
