import asyncio
from collections.abc import Awaitable, Callable

import arc
import hikari
import pytest

from seraphim.sandbox import CannotDo, NoAnswer, Permission, Timing

pytestmark = pytest.mark.anyio

COMMAND = {"name": "sing", "description": "Sing", "type": 1}


@pytest.fixture
async def on_interaction(sandbox, bot, start, rest):
    """Registers /sing and starts the bot with a listener for what people do."""

    async def on_interaction(
        handler: Callable[[hikari.PartialInteraction], Awaitable[None]], **option: object
    ) -> None:
        await rest._request(
            hikari.internal.routes.PUT_APPLICATION_COMMANDS.compile(
                application=sandbox.application_id
            ),
            json=[COMMAND | ({"options": [option]} if option else {})],
        )

        async def listener(event: hikari.InteractionCreateEvent) -> None:
            await handler(event.interaction)

        bot.subscribe(hikari.InteractionCreateEvent, listener)
        await start()

    return on_interaction


async def test_an_answer_is_seen_by_everybody(guild, on_interaction):
    async def handle(interaction):
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, "la", embed=hikari.Embed(title="Song")
        )

    await on_interaction(handle)
    ada, bob = guild.member("Ada"), guild.member("Bob")
    answer = await ada.command("sing")
    assert (answer.content, answer.ephemeral) == ("la", False)
    assert answer.embeds == [{"title": "Song"}]
    assert guild.text.messages == guild.text.seen_by(bob) == [answer.message]


async def test_an_ephemeral_answer_is_seen_by_one_member_only(guild, bot, on_interaction):
    created = []

    async def handle(interaction):
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE, "hush", flags=hikari.MessageFlag.EPHEMERAL
        )

    async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
        created.append(event.message.content)

    bot.subscribe(hikari.GuildMessageCreateEvent, on_message)
    await on_interaction(handle)
    ada, bob = guild.member("Ada"), guild.member("Bob")
    answer = await ada.command("sing")
    assert answer.ephemeral
    assert guild.text.seen_by(ada) == [answer.message]
    assert guild.text.seen_by(bob) == guild.text.messages == created == []
    with pytest.raises(hikari.NotFoundError) as error:
        await bot.rest.fetch_message(guild.text.id, answer.message.id)
    assert error.value.code == 10008


async def test_a_deferred_answer_is_waited_for(sandbox, guild, on_interaction):
    release = asyncio.Event()

    async def handle(interaction):
        await interaction.create_initial_response(
            hikari.ResponseType.DEFERRED_MESSAGE_CREATE, flags=hikari.MessageFlag.EPHEMERAL
        )
        await release.wait()
        await interaction.edit_initial_response("at last")

    await on_interaction(handle)
    ada = guild.member("Ada")
    waiting = asyncio.create_task(ada.command("sing"))
    thinking = await sandbox.until(lambda: guild.text.seen_by(ada))
    assert thinking[0].loading
    assert not waiting.done()
    release.set()
    answer = await waiting
    assert (answer.content, answer.ephemeral, answer.message.loading) == ("at last", True, False)


async def test_the_first_followup_after_a_deferral_becomes_the_answer(
    sandbox, guild, on_interaction
):
    async def handle(interaction):
        await interaction.create_initial_response(hikari.ResponseType.DEFERRED_MESSAGE_CREATE)
        first = await interaction.execute("one")
        second = await interaction.execute("two")
        assert first.id != second.id
        await interaction.execute("three", flags=hikari.MessageFlag.EPHEMERAL)

    await on_interaction(handle)
    ada = guild.member("Ada")
    answer = await ada.command("sing")
    await sandbox.until(lambda: len(answer.followups) == 2)
    assert answer.content == "one"
    assert [message.content for message in answer.followups] == ["two", "three"]
    assert [message.content for message in guild.text.messages] == ["one", "two"]


async def test_answers_can_be_read_edited_and_deleted_by_the_token(guild, on_interaction):
    seen = asyncio.Queue()

    async def handle(interaction):
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "one")
        await seen.put((await interaction.fetch_initial_response()).content)
        await interaction.edit_initial_response("two")
        more = await interaction.execute("more")
        await interaction.edit_message(more, "even more")
        await seen.put((await interaction.fetch_message(more)).content)
        await interaction.delete_message(more)
        await interaction.delete_initial_response()
        with pytest.raises(hikari.NotFoundError) as error:
            await interaction.fetch_initial_response()
        await seen.put(error.value.code)

    await on_interaction(handle)
    answer = await guild.member("Ada").command("sing")
    assert await _all(seen, 3) == ["one", "even more", 10008]
    assert answer.message.deleted
    assert guild.text.messages == []


@pytest.mark.parametrize("timing", [Timing(first_answer=0.05)])
async def test_an_answer_that_comes_too_late_is_to_an_unknown_interaction(
    guild, on_interaction, timing
):
    late = asyncio.Event()
    codes = asyncio.Queue()

    async def handle(interaction):
        await late.wait()
        with pytest.raises(hikari.NotFoundError) as error:
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "late")
        await codes.put(error.value.code)
        with pytest.raises(hikari.NotFoundError) as error:
            await interaction.execute("later")
        await codes.put(error.value.code)

    await on_interaction(handle)
    with pytest.raises(NoAnswer, match="did not respond"):
        await guild.member("Ada").command("sing")
    late.set()
    assert await _all(codes, 2) == [10062, 10015]
    assert guild.text.messages == []


async def test_a_second_first_answer_is_refused(guild, on_interaction):
    codes = asyncio.Queue()

    async def handle(interaction):
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "one")
        with pytest.raises(hikari.BadRequestError) as error:
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "two")
        await codes.put(error.value.code)

    await on_interaction(handle)
    answer = await guild.member("Ada").command("sing")
    assert await _all(codes, 1) == [40060]
    assert answer.message.content == "one"


@pytest.mark.parametrize("timing", [Timing(interaction_token=0.0)])
async def test_a_token_that_has_expired_opens_nothing(guild, on_interaction, timing):
    codes = asyncio.Queue()

    async def handle(interaction):
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "one")
        with pytest.raises(hikari.NotFoundError) as error:
            await interaction.edit_initial_response("two")
        await codes.put(error.value.code)

    await on_interaction(handle)
    await guild.member("Ada").command("sing")
    assert await _all(codes, 1) == [10015]


async def test_a_made_up_token_opens_nothing(sandbox, http):
    url = sandbox.api_url
    async with http.post(f"{url}/interactions/1/nope/callback", json={"type": 5}) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10062)
    async with http.post(f"{url}/webhooks/{sandbox.application_id}/nope", json={}) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10015)


async def test_an_answer_of_the_wrong_kind_is_refused(guild, on_interaction):
    errors = asyncio.Queue()

    async def handle(interaction):
        with pytest.raises(hikari.BadRequestError) as error:
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_UPDATE, "x")
        await errors.put(error.value)
        with pytest.raises(hikari.BadRequestError) as error:
            await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "")
        await errors.put(error.value)
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "fine")

    await on_interaction(handle)
    assert (await guild.member("Ada").command("sing")).content == "fine"
    wrong, empty = await _all(errors, 2)
    assert (wrong.code, list(wrong.errors)) == (50035, ["type"])
    assert empty.code == 50006


async def test_the_interaction_says_who_where_and_with_which_permissions(guild, on_interaction):
    seen = asyncio.Queue()

    async def handle(interaction):
        await seen.put(interaction)
        await interaction.create_initial_response(hikari.ResponseType.MESSAGE_CREATE, "ok")

    await on_interaction(handle)
    guild.text.overwrite(guild.bot, deny=Permission.EMBED_LINKS)
    loft = guild.voice_channel("Loft")
    ada = guild.member("Ada", permissions=Permission.MANAGE_GUILD, locale="de")
    await ada.command("sing")
    (first,) = await _all(seen, 1)
    assert (first.member.id, first.guild_id, first.channel.id) == (ada.id, guild.id, guild.text.id)
    assert first.locale == "de"
    assert first.member.permissions & hikari.Permissions.MANAGE_GUILD
    assert not first.app_permissions & hikari.Permissions.EMBED_LINKS
    await ada.command("sing", channel=loft)
    (second,) = await _all(seen, 1)
    assert second.channel.id == loft.id
    assert second.app_permissions & hikari.Permissions.SPEAK


@pytest.mark.parametrize("timing", [Timing(first_answer=0.05)])
async def test_a_bot_that_is_not_connected_does_not_answer(sandbox, guild, rest, timing):
    await rest.set_application_commands(
        sandbox.application_id, [rest.slash_command_builder("sing", "Sing")]
    )
    with pytest.raises(NoAnswer):
        await guild.member("Ada").command("sing")


@pytest.fixture
def panel_row():
    row = hikari.impl.MessageActionRowBuilder()
    row.add_interactive_button(hikari.ButtonStyle.PRIMARY, "seraphim:panel:skip", label="Skip")
    row.add_interactive_button(
        hikari.ButtonStyle.SECONDARY, "seraphim:panel:back", label="Back", is_disabled=True
    )
    row.add_link_button("https://example.org", label="Help")
    return row


@pytest.mark.parametrize("name", ["seraphim:panel:skip", "skip", "Skip"])
async def test_a_button_is_pressed_by_custom_id_last_part_or_label(
    sandbox, guild, bot, on_interaction, panel_row, name
):
    async def handle(interaction):
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_UPDATE, f"{interaction.custom_id} by {interaction.user}"
        )

    await on_interaction(handle)
    await bot.rest.create_message(guild.text.id, "panel", component=panel_row)
    (panel,) = guild.text.messages
    answer = await guild.member("Ada").press(panel, name)
    assert answer.message is panel
    assert answer.content == panel.content == "seraphim:panel:skip by Ada"


async def test_a_press_can_be_answered_privately_or_only_acknowledged(
    sandbox, guild, bot, on_interaction, panel_row
):
    kinds = iter((hikari.ResponseType.DEFERRED_MESSAGE_UPDATE, hikari.ResponseType.MESSAGE_CREATE))

    async def handle(interaction):
        kind = next(kinds)
        if kind is hikari.ResponseType.MESSAGE_CREATE:
            await interaction.create_initial_response(
                kind, "no", flags=hikari.MessageFlag.EPHEMERAL
            )
        else:
            await interaction.create_initial_response(kind)
            await interaction.edit_initial_response("skipped")

    await on_interaction(handle)
    await bot.rest.create_message(guild.text.id, "panel", component=panel_row)
    (panel,) = guild.text.messages
    ada = guild.member("Ada")
    acknowledged = await ada.press(panel, "skip")
    assert acknowledged.message is panel
    await sandbox.until(lambda: panel.content == "skipped")
    refused = await ada.press(panel, "skip")
    assert (refused.content, refused.ephemeral) == ("no", True)
    assert guild.text.seen_by(ada) == [panel, refused.message]


async def test_only_what_is_there_and_enabled_can_be_pressed(guild, rest, panel_row):
    await rest.create_message(guild.text.id, "panel", component=panel_row)
    (panel,) = guild.text.messages
    ada = guild.member("Ada")
    with pytest.raises(CannotDo, match="no button 'stop', only: Skip, Back, Help"):
        await ada.press(panel, "stop")
    for name in ("back", "Help"):
        with pytest.raises(CannotDo, match="cannot be pressed"):
            await ada.press(panel, name)
    guild.text.overwrite(guild.everyone, deny=Permission.VIEW_CHANNEL)
    with pytest.raises(CannotDo, match="sees no such message"):
        await ada.press(panel, "skip")
    guild.text.overwrite(guild.everyone)
    guild.text.delete(panel)
    with pytest.raises(CannotDo, match="sees no such message"):
        await ada.press(panel, "skip")


async def test_autocomplete_shows_what_the_bot_offers(guild, on_interaction):
    async def handle(interaction):
        (option,) = interaction.options
        assert (option.name, option.value, option.is_focused) == ("query", "au", True)
        await interaction.create_response([hikari.impl.AutocompleteChoiceBuilder("Aurora", "id-1")])

    await on_interaction(
        handle, name="query", description="What", type=3, required=True, autocomplete=True
    )
    (choice,) = await guild.member("Ada").autocomplete("sing", query="au")
    assert (choice.name, choice.value) == ("Aurora", "id-1")


@pytest.mark.parametrize(
    ("choices", "where"),
    [
        ([("x", "y")] * 26, ["choices"]),
        ([("x" * 101, "y")], ["choices", "0", "name"]),
        ([("x", "y" * 101)], ["choices", "0", "value"]),
        ([("", "y")], ["choices", "0", "name"]),
    ],
)
async def test_too_much_to_offer_is_refused(guild, on_interaction, choices, where):
    errors = asyncio.Queue()

    async def handle(interaction):
        with pytest.raises(hikari.BadRequestError) as error:
            await interaction.create_response(
                [hikari.impl.AutocompleteChoiceBuilder(*choice) for choice in choices]
            )
        await errors.put(error.value)
        await interaction.create_response([])

    await on_interaction(handle, name="query", description="What", type=3, autocomplete=True)
    assert await guild.member("Ada").autocomplete("sing", query="x") == []
    (error,) = await _all(errors, 1)
    assert error.code == 50035
    tree = error.errors["data"]
    for step in where:
        tree = tree[step]
    assert tree["_errors"]


async def test_arc_syncs_its_commands_once_and_answers_with_them(sandbox, guild, bot, start):
    client = arc.GatewayClient(bot, autosync=False)

    @client.include
    @arc.slash_command("play", "Play a song")
    async def play(
        ctx: arc.GatewayContext,
        query: arc.Option[str, arc.StrParams("What to play", min_length=2)],
        volume: arc.Option[int, arc.IntParams("How loud", min=0, max=100)] = 50,
    ) -> None:
        await ctx.defer()
        await ctx.respond(f"{query} at {volume}")

    await start()
    await client.resync_commands()
    (before,) = sandbox.commands(guild)
    await client.resync_commands()
    (after,) = sandbox.commands(guild)
    assert after is before
    ada = guild.member("Ada")
    assert (await ada.command("play", query="aurora")).content == "aurora at 50"
    assert (await ada.command("play", query="aurora", volume=7)).content == "aurora at 7"


async def _all(queue: asyncio.Queue, count: int) -> list:
    async with asyncio.timeout(10):
        return [await queue.get() for _ in range(count)]
