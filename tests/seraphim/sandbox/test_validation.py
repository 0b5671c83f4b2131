import contextlib

import hikari
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.sandbox.errors import DiscordError
from seraphim.sandbox.messages import numbered
from seraphim.sandbox.validation import read_draft


def row(*components):
    return {"type": 1, "components": list(components)}


def button(custom_id="a", **more):
    return {"type": 2, "style": 1, "label": "A", "custom_id": custom_id} | more


def field(name="n", value="v"):
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, ["content"]),
        ({"embeds": [{}] * 11}, ["embeds"]),
        ({"embeds": [{"title": "x" * 257}]}, ["embeds", "0", "title"]),
        ({"embeds": [{"description": "x" * 4097}]}, ["embeds", "0", "description"]),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, ["embeds", "0", "footer"]),
        ({"embeds": [{"fields": [field()] * 26}]}, ["embeds", "0", "fields"]),
        ({"embeds": [{"fields": [field(value="")]}]}, ["embeds", "0", "fields", "0", "value"]),
        ({"embeds": [{"image": {"url": "file:///x"}}]}, ["embeds", "0", "image", "url"]),
        ({"embeds": [{"color": 1 << 24}]}, ["embeds", "0", "color"]),
        ({"embeds": [{"description": "x" * 4000}] * 2}, ["embeds"]),
        ({"components": [row(button(str(n))) for n in range(6)]}, ["components"]),
        (
            {"components": [row(*[button(str(n)) for n in range(6)])]},
            ["components", "0", "components"],
        ),
        ({"components": [row()]}, ["components", "0", "components"]),
        ({"components": [button()]}, ["components", "0", "type"]),
        (
            {"components": [row(button(label="x" * 81))]},
            ["components", "0", "components", "0", "label"],
        ),
        (
            {"components": [row(button(custom_id="x" * 101))]},
            ["components", "0", "components", "0", "custom_id"],
        ),
        (
            {"components": [row(button("a"), button("a"))]},
            ["components", "0", "components", "1", "custom_id"],
        ),
        ({"components": [row(button(label=""))]}, ["components", "0", "components", "0"]),
        ({"components": [row(button(style=5))]}, ["components", "0", "components", "0", "url"]),
        ({"flags": 1 << 15}, ["flags"]),
    ],
)
def test_a_message_beyond_the_limits_is_refused_with_where(body, path):
    with pytest.raises(DiscordError) as error:
        read_draft(body, [])
    assert (error.value.status, error.value.code) == (400, 50035)
    tree = error.value.errors
    for step in path:
        tree = tree[step]
    assert tree["_errors"][0]["code"]


def test_everything_at_its_limit_is_fine():
    read_draft(
        {
            "content": "x" * 2000,
            "embeds": [{"title": "x" * 256, "description": "x" * 4096, "fields": [field()] * 25}],
            "components": [row(*[button(f"{r}-{n}") for n in range(5)]) for r in range(5)],
        },
        [],
    )


def test_all_mistakes_are_told_at_once():
    with pytest.raises(DiscordError) as error:
        read_draft({"content": "x" * 2001, "embeds": [{"title": "x" * 257}]}, [])
    assert set(error.value.errors) == {"content", "embeds"}


def test_a_null_clears_and_an_absent_key_keeps():
    draft = read_draft({"content": None, "embeds": None}, [])
    assert (draft.content, draft.embeds, draft.components) == ("", [], None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "content": json_values,
            "embeds": json_values | st.lists(st.fixed_dictionaries({"fields": json_values})),
            "components": json_values
            | st.lists(st.fixed_dictionaries({"type": st.just(1), "components": json_values})),
            "attachments": json_values,
            "nonce": json_values,
        },
    )
)
def test_whatever_is_sent_is_either_taken_or_refused_as_discord_refuses(body):
    with contextlib.suppress(DiscordError):
        read_draft(body, [])


def test_components_get_ids_and_keep_those_they_have():
    rows = numbered([row(button("a", id=2), button("b")), row(button("c"))])
    ids = [each["id"] for each in rows] + [
        inner["id"] for each in rows for inner in each["components"]
    ]
    assert len(set(ids)) == 5
    assert rows[0]["components"][0]["id"] == 2


@pytest.mark.anyio
async def test_hikari_reads_the_errors(guild, rest):
    with pytest.raises(hikari.BadRequestError) as error:
        await rest.create_message(guild.text.id, "x" * 2001)
    assert error.value.code == 50035
    assert error.value.errors["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"


@pytest.mark.anyio
async def test_an_empty_message_is_refused(guild, rest):
    with pytest.raises(hikari.BadRequestError) as error:
        await rest.create_message(guild.text.id, "")
    assert error.value.code == 50006
    sent = await rest.create_message(guild.text.id, "x")
    with pytest.raises(hikari.BadRequestError) as error:
        await rest.edit_message(guild.text.id, sent, None)
    assert error.value.code == 50006
