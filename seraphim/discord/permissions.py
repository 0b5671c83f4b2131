"""What the bot needs to be allowed, and what it is allowed in a channel."""

from collections.abc import Iterable, Mapping

import hikari

P = hikari.Permissions

WRITING = P.VIEW_CHANNEL | P.SEND_MESSAGES | P.EMBED_LINKS
WRITING_IN_THREADS = P.VIEW_CHANNEL | P.SEND_MESSAGES_IN_THREADS | P.EMBED_LINKS
SPEAKING = P.VIEW_CHANNEL | P.CONNECT | P.SPEAK
NAMES = (
    "VIEW_CHANNEL",
    "CONNECT",
    "SPEAK",
    "SEND_MESSAGES",
    "SEND_MESSAGES_IN_THREADS",
    "EMBED_LINKS",
)
ROOM = "ROOM"
"""Stands among missing permissions for room in the channel."""


def granted(
    *,
    guild: int,
    member: int,
    roles: Mapping[int, hikari.Permissions],
    member_roles: Iterable[int],
    overwrites: Mapping[hikari.Snowflake, hikari.PermissionOverwrite],
) -> hikari.Permissions:
    """Return what a member may do in a channel, by Discord's rules.

    `roles` are the permissions of the guild's roles; everybody has the one whose id is the
    guild's. An administrator may do everything.
    """
    # Everybody's role comes first, and its overwrite is applied before the others.
    held = [role for role in member_roles if role in roles and role != guild]
    permissions = roles.get(guild, P.NONE)
    for role in held:
        permissions |= roles[role]
    if permissions & P.ADMINISTRATOR:
        return P.all_permissions()
    for layer in ([guild], held, [member]):
        allow = deny = P.NONE
        for identity in layer:
            overwrite = overwrites.get(hikari.Snowflake(identity))
            if overwrite is not None:
                allow |= overwrite.allow
                deny |= overwrite.deny
        permissions = (permissions & ~deny) | allow
    # Whoever cannot see a channel can do nothing in it.
    return permissions if permissions & P.VIEW_CHANNEL else P.NONE


def names(permissions: hikari.Permissions) -> str:
    """Return Discord's names of permissions, with spaces between, in the order one meets them."""
    return " ".join(name for name in NAMES if permissions & P[name])
