from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.permissions import (
    ALL,
    EVERYONE,
    Overwrite,
    Permission,
    Target,
    in_channel,
    in_guild,
)

GUILD, DJ, FAN, ADA = 1, 2, 3, 4
VIEW, SEND, EMBED = Permission.VIEW_CHANNEL, Permission.SEND_MESSAGES, Permission.EMBED_LINKS
CONNECT, SPEAK = Permission.CONNECT, Permission.SPEAK

any_permissions = st.integers(0, int(ALL)).map(Permission)
any_overwrites = st.lists(
    st.builds(
        Overwrite,
        id=st.sampled_from((GUILD, DJ, FAN, ADA)),
        target=st.just(Target.ROLE),
        allow=any_permissions,
        deny=any_permissions,
    ),
    unique_by=lambda overwrite: overwrite.id,
)


def here(base, *overwrites):
    return in_channel(base, overwrites, everyone_id=GUILD, role_ids=[DJ, FAN], member_id=ADA)


def role(role_id, allow=Permission.NONE, deny=Permission.NONE):
    return Overwrite(role_id, Target.ROLE, allow, deny)


def test_roles_add_up():
    assert in_guild(owner=False, roles=[VIEW, SEND]) == VIEW | SEND


def test_owners_and_administrators_may_do_everything():
    assert in_guild(owner=True, roles=[]) == ALL
    assert in_guild(owner=False, roles=[Permission.ADMINISTRATOR]) == ALL


def test_a_roles_allowance_beats_everyones_denial():
    assert SEND in here(EVERYONE, role(GUILD, deny=SEND), role(DJ, allow=SEND))


def test_one_roles_allowance_beats_another_roles_denial():
    assert SEND in here(EVERYONE, role(DJ, deny=SEND), role(FAN, allow=SEND))


def test_the_members_own_overwrite_comes_last():
    mine = Overwrite(ADA, Target.MEMBER, deny=SEND)
    assert SEND not in here(EVERYONE, role(DJ, allow=SEND), mine)


def test_who_cannot_see_a_channel_can_do_nothing_in_it():
    assert here(EVERYONE, role(GUILD, deny=VIEW)) == Permission.NONE


def test_who_cannot_send_cannot_embed_and_who_cannot_connect_cannot_speak():
    left = here(EVERYONE, role(GUILD, deny=SEND | CONNECT))
    assert not left & (EMBED | SPEAK)


@given(any_permissions, any_overwrites)
def test_administrators_care_for_no_overwrite(base, overwrites):
    assert here(base | Permission.ADMINISTRATOR, *overwrites) == ALL


@given(any_permissions, any_overwrites)
def test_nothing_is_allowed_that_nobody_granted(base, overwrites):
    base &= ~Permission.ADMINISTRATOR
    granted = base
    for overwrite in overwrites:
        granted |= overwrite.allow
    assert not here(base, *overwrites) & ~granted


@given(any_permissions)
def test_permissions_stay_within_what_discord_knows(base):
    assert 0 <= int(here(base)) <= int(ALL)
