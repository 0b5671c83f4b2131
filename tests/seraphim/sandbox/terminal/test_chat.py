import hikari
import pytest

from seraphim.sandbox import Guild
from seraphim.sandbox.terminal.chat import Change, Chat

pytestmark = pytest.mark.anyio


@pytest.fixture
def chat(guild: Guild) -> Chat:
    return Chat([guild.text, guild.voice], [guild.member("Ada"), guild.member("Bob")])


def told(chat: Chat) -> list[tuple[str, Change]]:
    return [(news.message.content, news.change) for news in chat.news()]


def row(*labels: str, disabled: bool = False) -> hikari.api.MessageActionRowBuilder:
    row = hikari.impl.MessageActionRowBuilder()
    for label in labels:
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            f"player:1:{label.lower()}",
            label=label,
            is_disabled=disabled,
        )
    return row


async def test_each_message_is_told_once_in_the_order_of_writing(guild, rest, chat) -> None:
    await rest.create_message(guild.text.id, "one")
    await rest.create_message(guild.voice.id, "two")
    await rest.create_message(guild.text.id, "three")
    assert told(chat) == [("one", Change.NEW), ("two", Change.NEW), ("three", Change.NEW)]
    assert told(chat) == []


async def test_an_edit_is_told_when_the_message_looks_otherwise(guild, rest, chat) -> None:
    sent = await rest.create_message(guild.text.id, "one", embed=hikari.Embed(title="a"))
    told(chat)
    await rest.edit_message(guild.text.id, sent, embed=hikari.Embed(title="b"))
    assert told(chat) == [("one", Change.EDITED)]
    await rest.edit_message(guild.text.id, sent, embed=hikari.Embed(title="b"))
    assert told(chat) == []


async def test_a_message_that_is_gone_is_told(guild, rest, chat) -> None:
    sent = await rest.create_message(guild.text.id, "one")
    told(chat)
    await rest.delete_message(guild.text.id, sent)
    assert told(chat) == [("one", Change.DELETED)]
    assert told(chat) == []


async def test_a_button_is_looked_for_on_the_newest_message_that_lets_it_be_pressed(
    guild, rest, chat
) -> None:
    ada = guild.member("Carol")
    assert chat.with_button("skip", ada) is None
    await rest.create_message(guild.text.id, "old", component=row("Skip"))
    await rest.create_message(guild.text.id, "new", component=row("Skip", "Stop"))
    await rest.create_message(guild.text.id, "off", component=row("Skip", disabled=True))
    await rest.create_message(guild.text.id, "other", component=row("Back"))
    assert [message.content for message in chat.with_buttons(ada)] == ["old", "new", "off", "other"]
    for name in ("skip", "Skip"):
        found = chat.with_button(name, ada)
        assert found is not None
        assert found.content == "new"
    assert chat.with_button("nope", ada) is None
