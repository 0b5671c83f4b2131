"""Who listens, as the players are told, and what a voice channel says."""

from dataclasses import replace

import pytest
from hikari.impl import RESTClientImpl
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.player.messages import ListenerMoved, ListenersChanged
from seraphim.discord import people
from seraphim.discord.resumption import ShardSession
from seraphim.discord.sessions import SessionNote, key, read
from seraphim.discord.whereabouts import Place, Whereabouts
from seraphim.sandbox import Guild, Permission, Sandbox
from tests.seraphim.discord.house import House, Notebook

pytestmark = pytest.mark.anyio


def note_of(shard: int, notes: Notebook) -> SessionNote:
    note = read(notes.kept[key(shard)])
    assert note is not None
    return note


LOFT, CELLAR, ME = 10, 11, 99


def test_listeners_are_the_people_in_our_channel() -> None:
    known = Whereabouts(ME)
    others = [Place(5, LOFT, "s"), Place(6, CELLAR, "s"), Place(7, LOFT, "s", human=False)]
    known.arrive(1, others)
    assert known.listeners(1) is None
    known.move(1, Place(ME, LOFT, "s", human=False))
    assert known.listeners(1) == {5}
    known.move(1, Place(5, CELLAR, "s"))
    assert known.listeners(1) == frozenset()


def test_listeners_are_not_known_where_the_guild_has_not_arrived() -> None:
    known = Whereabouts(ME)
    known.move(1, Place(ME, LOFT, "s", human=False))
    known.move(1, Place(5, LOFT, "s"))
    assert known.listeners(1) is None


async def test_the_player_is_told_who_listens_when_it_joins_and_when_people_come_and_go(
    house: House, guild: Guild
) -> None:
    await house.wake(guild)
    script = house.script(guild)
    ada, bob, cellar = guild.member("Ada"), guild.member("Bob"), guild.voice_channel("Cellar")
    await ada.join(guild.voice)
    await bob.join(cellar)

    def told(*listeners: int) -> bool:
        return script.heard[-1:] == [ListenersChanged(frozenset(listeners))]

    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: told(ada.id))
    await bob.join(guild.voice)
    await house.sandbox.until(lambda: told(ada.id, bob.id))
    await ada.join(cellar)
    await house.sandbox.until(lambda: told(bob.id))
    await bob.leave()
    await house.sandbox.until(lambda: told())


async def test_bots_do_not_listen(house: House, guild: Guild) -> None:
    await house.wake(guild)
    script = house.script(guild)
    other, ada = guild.member("Another bot"), guild.member("Ada")
    other.entity.user.bot = True
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: script.heard)
    await other.join(guild.voice)
    await ada.join(guild.voice)
    await house.sandbox.until(lambda: script.heard[-1] == ListenersChanged(frozenset({ada.id})))


async def test_who_comes_and_goes_elsewhere_is_not_told(house: House, guild: Guild) -> None:
    await house.wake(guild)
    script, cellar = house.script(guild), guild.voice_channel("Cellar")
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: script.heard)
    count = len(script.heard)
    ada, bob = guild.member("Ada"), guild.member("Bob")
    await ada.join(cellar)
    await ada.leave()
    await bob.join(guild.voice)
    await house.sandbox.until(lambda: script.heard[-1] == ListenersChanged(frozenset({bob.id})))
    assert len(script.heard) == count + 1


async def test_a_session_that_went_on_says_who_moves(sandbox: Sandbox, guild: Guild) -> None:
    notes = Notebook()
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    house = House(sandbox, notes)
    async with house.running():
        await house.edge.voice.join(guild.id, guild.voice.id)
        await sandbox.until(lambda: house.edge.voice.state(guild.id).channel)
        await house.edge.service.hand_over()
    await ada.leave()
    house = House(sandbox, notes)
    async with house.running():
        await house.wake(guild)
        script = house.script(guild)
        await house.edge.voice.sweep({guild.id})
        await sandbox.until(lambda: ListenerMoved(ada.id, None) in script.heard)
        await ada.join(guild.voice)
        await sandbox.until(lambda: ListenerMoved(ada.id, guild.voice.id) in script.heard)
        assert not any(isinstance(message, ListenersChanged) for message in script.heard)


async def test_who_was_there_before_a_handover_is_known_after_it(
    sandbox: Sandbox, guild: Guild
) -> None:
    notes = Notebook()
    ada, bob = guild.member("Ada"), guild.member("Bob")
    for member in (ada, bob):
        await member.join(guild.voice)
    house = House(sandbox, notes)
    async with house.running():
        await house.edge.service.hand_over()
    await bob.leave()
    house = House(sandbox, notes)
    async with house.running():
        await house.wake(guild)
        script = house.script(guild)
        await house.edge.voice.join(guild.id, guild.voice.id)
        alone = ListenersChanged(frozenset({ada.id}))
        await sandbox.until(lambda: script.heard[-1:] == [alone])
        await ada.leave()
        await sandbox.until(lambda: script.heard[-1] == ListenersChanged(frozenset()))


async def test_after_any_other_end_those_who_were_there_are_not_believed_to_be(
    sandbox: Sandbox, guild: Guild
) -> None:
    notes = Notebook()
    await guild.member("Ada").join(guild.voice)
    house = House(sandbox, notes)
    async with house.running():
        await house.edge.service.hand_over()
    session = note_of(0, notes).session
    assert people.read(notes.kept[people.key(0)], session) != {}
    for other in (replace(session, sequence=session.sequence + 1), replace(session, id="x")):
        assert people.read(notes.kept[people.key(0)], other) == {}


SESSION = ShardSession("session", 7, None, 1)


@given(st.dictionaries(st.integers(0), st.dictionaries(st.integers(0), st.integers(0))))
def test_people_are_read_as_they_were_written(places: dict[int, dict[int, int]]) -> None:
    assert people.read(people.text(SESSION, places), SESSION) == places


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        "null",
        '{"id":"session","sequence":7}',
        '{"id":"session","sequence":7,"guilds":[]}',
        '{"id":"session","sequence":7,"guilds":{"x":{},"1":[]}}',
    ],
)
def test_what_is_no_note_of_people_is_about_nobody(text: str | None) -> None:
    assert people.read(text, SESSION) == {}


@pytest.mark.parametrize(
    "channels", ['{"x":[1]}', '{"2":3}', '{"2":["a"]}', '{"2":[null,1.5]}', "{}"]
)
def test_what_is_wrong_in_a_note_of_people_is_left_out(channels: str) -> None:
    text = f'{{"id":"session","sequence":7,"guilds":{{"1":{channels}}}}}'
    assert people.read(text, SESSION) == {1: {}}


# --- what the channel says ---


async def test_a_channel_says_what_it_is_told(house: House, guild: Guild) -> None:
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)
    guild.permit(guild.bot.role, Permission.SET_VOICE_CHANNEL_STATUS)
    await house.edge.voice.say_status(guild.id, guild.voice.id, "Aurora")
    assert guild.voice.status == "Aurora"
    await house.edge.voice.say_status(guild.id, guild.voice.id, "")
    assert guild.voice.status == ""


async def test_a_hostile_title_does_nothing_in_a_status(house: House, guild: Guild) -> None:
    await house.edge.voice.join(guild.id, guild.voice.id)
    await house.sandbox.until(lambda: guild.bot.voice)
    guild.permit(guild.bot.role, Permission.SET_VOICE_CHANNEL_STATUS)
    title = "@everyone <@1> <:e:2>\u202e\n" + "x" * 2_000
    await house.edge.voice.say_status(guild.id, guild.voice.id, title)
    status = guild.voice.status
    assert "@everyone" not in status
    assert "<@" not in status
    assert "<:" not in status
    assert "\u202e" not in status
    assert 0 < len(status) <= 500


async def test_without_the_permission_nothing_is_said_and_nothing_breaks(
    house: House, guild: Guild
) -> None:
    await house.edge.voice.say_status(guild.id, guild.voice.id, "Aurora")
    assert guild.voice.status == ""


def test_hikari_still_has_what_a_status_is_sent_with() -> None:
    assert hasattr(RESTClientImpl, "_request")
    assert not hasattr(RESTClientImpl, "set_voice_channel_status")
