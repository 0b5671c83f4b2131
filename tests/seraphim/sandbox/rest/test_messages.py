import hikari
import pytest

from seraphim.sandbox import Permission

pytestmark = pytest.mark.anyio


async def test_a_message_can_be_read_back_edited_and_deleted(guild, rest):
    sent = await rest.create_message(guild.text.id, "one", embed=hikari.Embed(title="Song"))
    (message,) = guild.text.messages
    assert (message.content, message.embeds) == ("one", [{"title": "Song"}])
    edited = await rest.edit_message(guild.text.id, sent, "two", embed=None)
    assert edited.edited_timestamp is not None
    assert (message.content, message.embeds, message.edits) == ("two", [], 1)
    read = await rest.fetch_message(guild.text.id, sent)
    assert (read.content, read.author.id) == ("two", sent.author.id)
    await rest.delete_message(guild.text.id, sent)
    assert guild.text.messages == []
    assert message.deleted
    with pytest.raises(hikari.NotFoundError) as error:
        await rest.fetch_message(guild.text.id, sent)
    assert error.value.code == 10008


async def test_an_edit_leaves_what_it_does_not_name(guild, rest):
    sent = await rest.create_message(guild.text.id, "one", embed=hikari.Embed(title="Song"))
    await rest.edit_message(guild.text.id, sent, "two")
    assert guild.text.messages[0].embeds == [{"title": "Song"}]


async def test_messages_are_listed_newest_first_and_by_page(guild, rest):
    ada = guild.member("Ada")
    for number in range(6):
        await ada.say(str(number))
    listed = [message async for message in rest.fetch_messages(guild.text.id)]
    assert [message.content for message in listed] == ["5", "4", "3", "2", "1", "0"]
    older = [each async for each in rest.fetch_messages(guild.text.id, before=listed[2].id)]
    assert [message.content for message in older] == ["2", "1", "0"]
    newer = [each async for each in rest.fetch_messages(guild.text.id, after=listed[2].id)]
    assert sorted(message.content for message in newer) == ["4", "5"]
    middle = rest.fetch_messages(guild.text.id, around=listed[2].id).limit(5)
    assert [message.content async for message in middle] == ["5", "4", "3", "2", "1"]


async def test_files_come_with_a_message_and_stay_until_they_are_dropped(guild, rest):
    attachment = hikari.Bytes(b"one\ntwo", "queue.txt")
    sent = await rest.create_message(guild.text.id, attachment=attachment)
    (message,) = guild.text.messages
    (stored,) = message.attachments
    assert (stored.filename, stored.content) == ("queue.txt", b"one\ntwo")
    await rest.edit_message(guild.text.id, sent, "kept", attachments=[sent.attachments[0]])
    assert message.attachments == [stored]
    await rest.edit_message(guild.text.id, sent, "dropped", attachment=None)
    assert message.attachments == []


async def test_messages_are_told_to_the_gateway(sandbox, guild, bot, start):
    told = []

    async def on_message(
        event: hikari.GuildMessageCreateEvent,
    ) -> None:
        told.append(("created", event.message_id))

    async def on_update(event: hikari.GuildMessageUpdateEvent) -> None:
        told.append(("updated", event.message_id))

    async def on_delete(event: hikari.GuildMessageDeleteEvent) -> None:
        told.append(("deleted", event.message_id))

    bot.subscribe(hikari.GuildMessageCreateEvent, on_message)
    bot.subscribe(hikari.GuildMessageUpdateEvent, on_update)
    bot.subscribe(hikari.GuildMessageDeleteEvent, on_delete)
    await start()
    sent = await bot.rest.create_message(guild.text.id, "one")
    await bot.rest.edit_message(guild.text.id, sent, "two")
    guild.text.delete(guild.text.messages[0])
    theirs = await guild.member("Ada").say("hello")
    await sandbox.until(lambda: len(told) == 4)
    assert told == [
        ("created", sent.id),
        ("updated", sent.id),
        ("deleted", sent.id),
        ("created", theirs.id),
    ]


async def test_several_messages_are_deleted_at_once(guild, rest):
    guild.permit(guild.bot.role, guild.bot.role.permissions | Permission.MANAGE_MESSAGES)
    ada = guild.member("Ada")
    said = [await ada.say(str(number)) for number in range(3)]
    await rest.delete_messages(guild.text.id, [said[0].id, said[1].id])
    assert guild.text.messages == [said[2]]


@pytest.mark.parametrize(
    ("lost", "act", "code"),
    [
        (Permission.VIEW_CHANNEL, "send", 50001),
        (Permission.SEND_MESSAGES, "send", 50013),
        (Permission.EMBED_LINKS, "embed", 50013),
        (Permission.ATTACH_FILES, "file", 50013),
        (Permission.READ_MESSAGE_HISTORY, "read", 50013),
        (Permission.NONE, "delete", 50013),
        (Permission.NONE, "edit", 50005),
    ],
)
async def test_what_the_bot_may_not_do_is_forbidden(guild, rest, lost, act, code):
    theirs = await guild.member("Ada").say("hello")
    guild.text.overwrite(guild.bot, deny=lost)
    acts = {
        "send": lambda: rest.create_message(guild.text.id, "x"),
        "embed": lambda: rest.create_message(guild.text.id, embed=hikari.Embed(title="x")),
        "file": lambda: rest.create_message(guild.text.id, attachment=hikari.Bytes(b"x", "x.txt")),
        "read": lambda: rest.fetch_message(guild.text.id, theirs.id),
        "delete": lambda: rest.delete_message(guild.text.id, theirs.id),
        "edit": lambda: rest.edit_message(guild.text.id, theirs.id, "x"),
    }
    with pytest.raises(hikari.ForbiddenError) as error:
        await acts[act]()
    assert error.value.code == code
    assert guild.text.messages == [theirs]


async def test_what_is_not_there_is_unknown(sandbox, guild, rest):
    gone = sandbox.guild("Gone")
    gone.remove_bot()
    for act, code in (
        (rest.fetch_channel(1), 10003),
        (rest.fetch_channel(gone.text.id), 10003),
        (rest.fetch_guild(gone.id), 10004),
        (rest.fetch_member(guild.id, 1), 10007),
        (rest.fetch_message(guild.text.id, 1), 10008),
        (rest.fetch_user(1), 10013),
        (rest.fetch_my_voice_state(guild.id), 10065),
    ):
        with pytest.raises(hikari.NotFoundError) as error:
            await act
        assert error.value.code == code


async def test_guilds_channels_roles_and_members_can_be_read(sandbox, guild, rest):
    ada = guild.member("Ada")
    await ada.join(guild.voice)
    assert (await rest.fetch_my_user()).id == sandbox.application_id
    assert (await rest.fetch_application()).id == sandbox.application_id
    fetched = await rest.fetch_guild(guild.id)
    assert fetched.name == "Choir"
    channels = await rest.fetch_guild_channels(guild.id)
    assert [channel.id for channel in channels] == [guild.text.id, guild.voice.id]
    assert (await rest.fetch_channel(guild.voice.id)).name == "General"
    assert len(await rest.fetch_roles(guild.id)) == 2
    assert (await rest.fetch_member(guild.id, ada.id)).username == "Ada"
    assert (await rest.fetch_voice_state(guild.id, ada.id)).channel_id == guild.voice.id
    assert [each.id async for each in rest.fetch_my_guilds()] == [guild.id]
    assert (await rest.fetch_user(ada.id)).username == "Ada"
