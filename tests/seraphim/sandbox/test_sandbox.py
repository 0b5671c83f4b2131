import asyncio
import base64
import ssl

import aiohttp
import pytest

from seraphim.sandbox import Permission, Sandbox

pytestmark = pytest.mark.anyio


async def test_the_token_names_the_application_as_discords_do(sandbox):
    name, _, signature = sandbox.token.partition(".")
    padded = name + "=" * (-len(name) % 4)
    assert int(base64.urlsafe_b64decode(padded)) == sandbox.application_id
    assert signature.count(".") == 1


async def test_the_certificate_is_written_where_it_is_wanted(tmp_path):
    path = tmp_path / "ca.pem"
    async with Sandbox(ca_file=path) as sandbox:
        assert sandbox.ca_file == path
        ssl.create_default_context(cafile=path)
    assert path.exists()


async def test_two_sandboxes_know_nothing_of_each_other(sandbox, http):
    async with Sandbox() as other:
        headers = {"Authorization": f"Bot {sandbox.token}"}
        async with http.get(f"{other.api_url}/users/@me", headers=headers) as response:
            assert response.status == 401


async def test_nothing_listens_any_more_when_it_has_ended(http):
    async with Sandbox() as sandbox:
        async with http.get(f"{sandbox.api_url}/gateway") as response:
            url = (await response.json())["url"]
        ws = await http.ws_connect(url)
        await ws.receive()
    assert (await ws.receive(timeout=10)).type is not aiohttp.WSMsgType.TEXT
    with pytest.raises(aiohttp.ClientConnectionError):
        await http.get(f"{sandbox.api_url}/gateway")


async def test_until_wakes_on_a_change_and_returns_what_was_waited_for(sandbox, guild):
    waiting = asyncio.create_task(sandbox.until(lambda: guild.text.messages))
    said = await guild.member("Ada").say("hello")
    assert await waiting == [said]


async def test_until_gives_up_at_its_deadline(sandbox):
    with pytest.raises(TimeoutError, match=r"within 0\.01 s"):
        await sandbox.until(lambda: False, timeout=0.01)


async def test_until_raises_what_its_predicate_raises(sandbox):
    with pytest.raises(ZeroDivisionError):
        await sandbox.until(lambda: 1 / 0)


async def test_a_role_gives_its_members_what_it_grants(guild):
    dj = guild.role("DJ", Permission.MANAGE_GUILD)
    ada, bob = guild.member("Ada", roles=[dj]), guild.member("Bob")
    assert Permission.MANAGE_GUILD in ada.entity.permissions()
    assert Permission.MANAGE_GUILD not in bob.entity.permissions()
    guild.permit(dj, Permission.NONE)
    assert Permission.MANAGE_GUILD not in ada.entity.permissions()
