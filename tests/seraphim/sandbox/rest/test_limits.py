import time

import hikari
import pytest

from seraphim.sandbox.rest.rate_limits import GLOBAL_LIMIT, RateLimits

pytestmark = pytest.mark.anyio

EDIT = "/channels/{channel}/messages/{message}"


@pytest.mark.parametrize("token", ["", "Bot wrong", "Bearer wrong"])
async def test_a_wrong_token_is_unauthorized(sandbox, http, token):
    headers = {"Authorization": token} if token else {}
    async with http.get(f"{sandbox.api_url}/users/@me", headers=headers) as response:
        assert response.status == 401
        assert await response.json() == {"message": "401: Unauthorized", "code": 0}


async def test_a_route_that_does_not_exist_is_not_found_by_anybody(sandbox, http):
    async with http.get(f"{sandbox.api_url}/nothing") as response:
        assert response.status == 404
        assert await response.json() == {"message": "404: Not Found", "code": 0}


async def test_a_body_that_is_no_json_is_a_bad_request(sandbox, guild, http):
    headers = {"Authorization": f"Bot {sandbox.token}", "Content-Type": "application/json"}
    url = f"{sandbox.api_url}/channels/{guild.text.id}/messages"
    async with http.post(url, headers=headers, data="{") as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_responses_say_how_much_is_left_and_the_one_too_many_how_long_to_wait(
    sandbox, guild, http
):
    headers = {"Authorization": f"Bot {sandbox.token}"}
    url = f"{sandbox.api_url}/channels/{guild.text.id}/messages"
    left = []
    for _ in range(5):
        async with http.post(url, headers=headers, json={"content": "x"}) as response:
            assert response.status == 200
            assert response.headers["X-RateLimit-Limit"] == "5"
            assert response.headers["X-RateLimit-Bucket"]
            assert 0 < float(response.headers["X-RateLimit-Reset-After"]) <= 5
            assert float(response.headers["X-RateLimit-Reset"]) > time.time() - 1
            left.append(response.headers["X-RateLimit-Remaining"])
    assert left == ["4", "3", "2", "1", "0"]
    async with http.post(url, headers=headers, json={"content": "x"}) as response:
        body = await response.json()
        assert (response.status, body["global"]) == (429, False)
        assert 0 < body["retry_after"] <= 5
        assert response.headers["X-RateLimit-Scope"] == "user"
        assert int(response.headers["Retry-After"]) >= body["retry_after"]
    assert len(guild.text.messages) == 5


def test_a_window_gives_everything_back_at_its_end():
    limits = RateLimits()
    place = {"channel": "1", "message": "2"}
    assert [limits.take("PATCH", EDIT, place, 100.0).allowed for _ in range(6)] == [True] * 5 + [
        False
    ]
    assert not limits.take("PATCH", EDIT, place, 104.9).allowed
    assert limits.take("PATCH", EDIT, place, 105.0).allowed


def test_each_channel_has_a_bucket_of_its_own_and_its_messages_share_it():
    limits = RateLimits()
    for number in range(5):
        limits.take("PATCH", EDIT, {"channel": "1", "message": str(number)}, 0.0)
    assert not limits.take("PATCH", EDIT, {"channel": "1", "message": "9"}, 0.0).allowed
    assert limits.take("PATCH", EDIT, {"channel": "2", "message": "9"}, 0.0).allowed


def test_all_routes_together_have_a_limit_but_interactions_do_not():
    limits = RateLimits()
    for number in range(GLOBAL_LIMIT):
        assert limits.take("GET", "/users/{user}", {"user": str(number)}, 0.0).allowed
    grant = limits.take("GET", "/channels/{channel}", {"channel": "1"}, 0.0)
    assert (grant.allowed, grant.is_global) == (False, True)
    assert limits.take("POST", "/interactions/{interaction}/{token}/callback", {}, 0.0) is None
    assert limits.take("POST", "/webhooks/{webhook}/{token}", {"token": "x"}, 0.0).allowed
    assert limits.take("GET", "/channels/{channel}", {"channel": "1"}, 1.0).allowed


@pytest.mark.parametrize(
    ("status", "error"),
    [(500, hikari.InternalServerError), (403, hikari.ForbiddenError)],
)
async def test_an_ordered_refusal_holds_for_its_route_until_it_is_lifted(
    sandbox, guild, status, error
):
    app = hikari.RESTApp(url=sandbox.api_url, max_retries=0)
    await app.start()
    async with app.acquire(sandbox.token, hikari.TokenType.BOT) as rest:
        refusal = sandbox.faults.refuse("POST /channels/*/messages", status=status)
        for _ in range(2):
            with pytest.raises(error):
                await rest.create_message(guild.text.id, "x")
        await rest.fetch_channel(guild.text.id)
        refusal.lift()
        await rest.create_message(guild.text.id, "x")
    await app.close()
    assert refusal.met == 2
    assert len(guild.text.messages) == 1


async def test_an_ordered_429_is_waited_out_by_hikari(sandbox, guild, rest):
    refusal = sandbox.faults.refuse(
        "POST /channels/*/messages", status=429, times=2, retry_after=0.01
    )
    await rest.create_message(guild.text.id, "x")
    assert refusal.met == 2
    assert len(guild.text.messages) == 1
