from collections.abc import Sequence

import hikari

from seraphim.discord.permissions import SPEAKING, granted, names

P = hikari.Permissions
GUILD, BOT, ROLE, OTHER = 1, 2, 3, 4


def overwrite(target: int, *, allow: P = P.NONE, deny: P = P.NONE) -> hikari.PermissionOverwrite:
    return hikari.PermissionOverwrite(
        id=target, type=hikari.PermissionOverwriteType.ROLE, allow=allow, deny=deny
    )


def allowed(
    *overwrites: hikari.PermissionOverwrite,
    everyone: P = SPEAKING,
    role: P = P.NONE,
    roles: Sequence[int] = (ROLE,),
) -> P:
    return granted(
        guild=GUILD,
        member=BOT,
        roles={GUILD: everyone, ROLE: role, OTHER: P.ADMINISTRATOR},
        member_roles=roles,
        overwrites={each.id: each for each in overwrites},
    )


def test_everybodys_role_counts() -> None:
    assert allowed() == SPEAKING


def test_a_channel_denies_everybody_and_allows_a_role() -> None:
    closed = overwrite(GUILD, deny=P.CONNECT)
    assert not allowed(closed) & P.CONNECT
    assert allowed(closed, overwrite(ROLE, allow=P.CONNECT)) & P.CONNECT


def test_a_members_own_overwrite_comes_last() -> None:
    opened = overwrite(ROLE, allow=P.SPEAK)
    assert not allowed(opened, overwrite(BOT, deny=P.SPEAK)) & P.SPEAK


def test_a_role_that_the_member_has_not_does_not_count() -> None:
    assert not allowed(everyone=P.NONE)
    assert not allowed(overwrite(OTHER, allow=P.CONNECT), everyone=P.VIEW_CHANNEL) & P.CONNECT


def test_administrators_may_do_everything() -> None:
    assert allowed(overwrite(GUILD, deny=SPEAKING), roles=(OTHER,)) & SPEAKING == SPEAKING


def test_who_cannot_see_a_channel_can_do_nothing_there() -> None:
    assert allowed(overwrite(GUILD, deny=P.VIEW_CHANNEL)) == P.NONE


def test_permissions_are_named_as_discord_names_them() -> None:
    assert names(P.VIEW_CHANNEL | P.SPEAK) == "VIEW_CHANNEL SPEAK"
