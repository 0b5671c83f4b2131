import pytest

from actors.guild.panel.messages import ScrolledAway, TooManyBroke, TrackBroke
from actors.guild.panel.ports import PanelGone
from seraphim.discord.scrolling import OUT_OF_SIGHT
from seraphim.sandbox import Guild, Member, Permission
from tests.seraphim.discord.house import House, entry, playing, view

pytestmark = pytest.mark.anyio


async def test_a_panel_is_posted_edited_in_place_and_taken_away(house: House, guild: Guild) -> None:
    announcer = house.edge.announcer
    panel = await announcer.post(guild.text.id, view(guild.id, playing("Aurora")))
    (message,) = guild.text.messages
    assert message.id == panel
    assert message.embeds[0].get("title") == "Aurora"
    assert [button.label for button in message.buttons] == [
        "Back",
        "Pause",
        "Skip",
        "Shuffle",
        "Stop",
        "Loop track",
        "Quieter",
        "Louder",
        "Favourite",
        "Queue",
    ]

    await announcer.edit(guild.text.id, panel, view(guild.id))
    assert message.embeds[0].get("title") != "Aurora"
    assert not message.buttons

    await announcer.delete(guild.text.id, panel)
    assert message.deleted
    await announcer.delete(guild.text.id, panel)


async def test_a_panel_that_was_deleted_is_gone(house: House, guild: Guild) -> None:
    announcer = house.edge.announcer
    panel = await announcer.post(guild.text.id, view(guild.id, playing()))
    guild.text.delete(guild.text.messages[0])
    with pytest.raises(PanelGone):
        await announcer.edit(guild.text.id, panel, view(guild.id))


async def test_a_channel_that_may_not_be_written_to_is_gone(house: House, guild: Guild) -> None:
    guild.text.overwrite(guild.bot, deny=Permission.SEND_MESSAGES)
    with pytest.raises(PanelGone):
        await house.edge.announcer.post(guild.text.id, view(guild.id, playing()))
    await house.edge.announcer.say(guild.id, guild.text.id, TooManyBroke(5))
    assert not guild.text.messages


async def test_a_notice_that_discord_fails_to_take_is_no_error(house: House, guild: Guild) -> None:
    refusal = house.sandbox.faults.refuse("POST /channels/*/messages", status=501)
    await house.edge.announcer.say(guild.id, guild.text.id, TooManyBroke(5))
    assert refusal.met
    refusal.lift()


async def test_a_notice_is_said_to_everybody(house: House, guild: Guild) -> None:
    await house.edge.announcer.say(
        guild.id, guild.text.id, TrackBroke(entry("Aurora"), "not audio @everyone")
    )
    (message,) = guild.text.messages
    text = message.embeds[0].get("description", "")
    assert "Aurora" in text
    assert "not audio" in text
    assert "@everyone" not in text
    assert not message.ephemeral


async def test_a_panel_hears_once_that_it_has_scrolled_away(
    house: House, guild: Guild, ada: Member
) -> None:
    panel = await house.panel(guild)
    message = await house.edge.announcer.post(guild.text.id, view(guild.id, playing()))
    other = guild.text_channel("elsewhere")
    for _ in range(OUT_OF_SIGHT):
        await ada.say("la la la", channel=other)
    for _ in range(OUT_OF_SIGHT - 1):
        await ada.say("la la la")
    await house.edge.announcer.edit(guild.text.id, message, view(guild.id, playing("Ember")))
    assert panel == []
    for _ in range(3):
        await ada.say("la la la")
    await house.sandbox.until(lambda: panel)
    for _ in range(OUT_OF_SIGHT * 2):
        await ada.say("la la la")
    await house.edge.announcer.delete(guild.text.id, message)
    for _ in range(OUT_OF_SIGHT * 2):
        await ada.say("la la la")
    assert panel == [ScrolledAway(message)]
