"""A bare hikari bot that answers commands: what a light command costs with nothing around it.

`python -m benchmarks.listener` reads `DISCORD_TOKEN` and `DISCORD_API_URL`, makes one command known
and answers it with an embed, for who asked alone. It runs as Seraphim does, on uvloop, with
hikari's speedups and its caches of the same kind.
"""

import asyncio
import gc
import json
import os

import hikari
import uvloop

COMMAND = "nowplaying"


async def main() -> None:
    bot = hikari.GatewayBot(
        os.environ["DISCORD_TOKEN"],
        rest_url=os.environ["DISCORD_API_URL"],
        banner=None,
        logs=None,
        auto_chunk_members=False,
        intents=hikari.Intents.GUILDS
        | hikari.Intents.GUILD_VOICE_STATES
        | hikari.Intents.GUILD_MESSAGES,
        cache_settings=hikari.impl.CacheSettings(
            components=hikari.api.CacheComponents.GUILDS
            | hikari.api.CacheComponents.VOICE_STATES
            | hikari.api.CacheComponents.ME
        ),
    )

    async def answer(event: hikari.CommandInteractionCreateEvent) -> None:
        embed = hikari.Embed(
            title="The celestial harmonies await", description="A song, by somebody"
        )
        await event.interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE,
            embed=embed.set_footer("0:00 / 3:05"),
            flags=hikari.MessageFlag.EPHEMERAL,
        )

    bot.subscribe(hikari.CommandInteractionCreateEvent, answer)
    await bot.start(check_for_updates=False)
    command = bot.rest.slash_command_builder(COMMAND, "What plays now")
    application = await bot.rest.fetch_application()
    await bot.rest.set_application_commands(application, [command])
    await asyncio.sleep(1)  # until the guilds have arrived
    gc.freeze()
    print(json.dumps({"event": "system.ready"}), flush=True)
    await bot.join()


if __name__ == "__main__":
    uvloop.run(main())
