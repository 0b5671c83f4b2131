import asyncio

import hikari
import pytest
import structlog

from actors.guild.player.messages import Pause, Paused
from actors.runtime import StartFailed
from actors.service import FatalService
from seraphim.discord import gateway
from seraphim.sandbox import Guild, Member, Sandbox
from tests.seraphim.discord.house import House, playing

pytestmark = pytest.mark.anyio


async def test_it_is_up_when_the_guilds_have_arrived_and_the_commands_are_published(
    sandbox: Sandbox,
) -> None:
    guilds = [sandbox.guild(f"Guild {number}") for number in range(5)]
    house = House(sandbox)
    async with house.running():
        assert set(house.bot.cache.get_guilds_view()) == {guild.id for guild in guilds}
        assert {"play", "skip", "ping"} <= {command.name for command in sandbox.commands(guilds[0])}


async def test_commands_are_published_only_when_they_differ(sandbox: Sandbox) -> None:
    guild = sandbox.guild("Choir")
    async with House(sandbox).running():
        before = {command.id for command in sandbox.commands(guild)}
    refusal = sandbox.faults.refuse("PUT /applications/*/commands", status=500)
    async with House(sandbox).running():
        assert refusal.met == 0
        assert {command.id for command in sandbox.commands(guild)} == before


async def test_publishing_is_tried_again_until_it_works(
    monkeypatch: pytest.MonkeyPatch, sandbox: Sandbox
) -> None:
    monkeypatch.setattr(gateway, "SLOWEST_RETRY_SECONDS", 0.05)
    guild = sandbox.guild("Choir")
    # hikari itself tries four times.
    sandbox.faults.refuse("GET /applications/*/commands", status=403, times=2)
    async with House(sandbox).running():
        assert not sandbox.commands(guild)
        await sandbox.until(lambda: sandbox.commands(guild))


async def test_a_wrong_token_is_fatal_and_never_shown(sandbox: Sandbox) -> None:
    house = House(sandbox)
    head, _, _ = sandbox.token.partition(".")
    wrong = f"{head}.wrong.token"
    house.connect_with(wrong)
    with pytest.raises(StartFailed):
        async with house.running():
            pass
    (error,) = house.fatal
    assert "DISCORD_TOKEN" in error.message
    assert wrong not in repr(error)


@pytest.mark.parametrize("code", [4004, 4014])
async def test_closes_that_cannot_heal_are_fatal(house: House, code: int) -> None:
    house.sandbox.faults.close_gateway(code)
    (error,) = await house.sandbox.until(lambda: house.fatal)
    assert isinstance(error, FatalService)
    assert error.message == gateway.FATAL_CLOSES[code]


async def test_a_lost_connection_is_no_reason_to_end(
    house: House, guild: Guild, ada: Member
) -> None:
    house.sandbox.faults.drop_gateway()
    house.script(guild).replies[Pause] = Paused(playing(), changed=True)
    await house.sandbox.until(lambda: house.sandbox.sessions[0].socket is None)
    await house.sandbox.until(lambda: house.sandbox.sessions[0].socket is not None)
    assert "Aurora" in (await ada.command("pause")).embeds[0].get("description", "")
    assert not house.fatal


async def test_it_comes_back_after_a_crash(house: House, guild: Guild, ada: Member) -> None:
    house.script(guild).replies[Pause] = Paused(playing(), changed=True)
    house.system.crash("/root/discord", RuntimeError("ordered"))

    def back() -> bool:
        nodes = {node.path: node for node in house.system.tree().children}
        discord = nodes["/root/discord"]
        return discord.incarnation == 2 and discord.state == "running"

    await house.sandbox.until(back)
    assert "Aurora" in (await ada.command("pause")).embeds[0].get("description", "")


async def test_a_stop_waits_for_answers_under_way_and_turns_away_the_rest(
    house: House, guild: Guild, ada: Member
) -> None:
    script = house.script(guild)
    script.replies[Pause] = Paused(playing(), changed=True)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("pause"))
    await house.sandbox.until(lambda: script.got(Pause))

    stopping = asyncio.create_task(house.stop_discord())
    bob = guild.member("Bob")
    while "stopping" not in (late := await bob.command("ping")).embeds[0].get("description", ""):
        assert not stopping.done()
    assert late.ephemeral
    assert await ada.autocomplete("play", query="aurora") == []
    assert not stopping.done()

    script.hold.set()
    assert "Aurora" in (await asking).embeds[0].get("description", "")
    await stopping


async def test_an_answer_that_never_comes_does_not_keep_it_from_stopping(
    monkeypatch: pytest.MonkeyPatch, house: House, guild: Guild, ada: Member
) -> None:
    monkeypatch.setattr(gateway, "DRAIN_SECONDS", 0.05)
    script = house.script(guild)
    script.hold = asyncio.Event()
    asking = asyncio.create_task(ada.command("pause"))
    await house.sandbox.until(lambda: script.got(Pause))
    with structlog.testing.capture_logs() as lines:
        await house.stop_discord()
    asking.cancel()
    script.hold.set()
    assert [line["count"] for line in lines if line["event"] == "discord.answers_cut_off"] == [1]


async def test_without_an_intake_everybody_is_turned_away(house: House, ada: Member) -> None:
    await house.system.supervisor("/root").terminate_child("intake")
    answer = await ada.command("pause")
    assert "stopping" in answer.embeds[0].get("description", "")


async def test_a_listener_that_fails_is_logged(house: House, ada: Member) -> None:
    async def broken(_: hikari.InteractionCreateEvent) -> None:
        raise RuntimeError("broken listener")

    house.bot.subscribe(hikari.InteractionCreateEvent, broken)
    with structlog.testing.capture_logs() as lines:
        await ada.command("ping")
        await house.sandbox.until(
            lambda: any(line["event"] == "discord.listener_failed" for line in lines)
        )
