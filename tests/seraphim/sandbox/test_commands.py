import hikari
import pytest

from seraphim.sandbox import CannotDo, Permission
from seraphim.sandbox.commands import CommandRegistry
from seraphim.sandbox.errors import DiscordError
from seraphim.sandbox.filling import fill_in
from seraphim.sandbox.snowflakes import Snowflakes

STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, NUMBER = 3, 4, 5, 6, 7, 8, 10


def slash(name="play", *options, **more):
    return {"name": name, "description": "Does it", "type": 1, "options": list(options)} | more


def option(name, kind=STRING, **more):
    return {"name": name, "description": "What", "type": kind} | more


@pytest.fixture
def registry():
    return CommandRegistry(Snowflakes())


@pytest.mark.parametrize(
    ("command", "path"),
    [
        (slash("Play"), ["name"]),
        (slash("has space"), ["name"]),
        (slash("x" * 33), ["name"]),
        (slash(description=""), ["description"]),
        (slash(description="x" * 101), ["description"]),
        (slash(type=9), ["type"]),
        (slash("play", *[option(f"o{n}") for n in range(26)]), ["options"]),
        (slash("play", option("Bad")), ["options", "0", "name"]),
        (slash("play", option("a"), option("a")), ["options", "1", "name"]),
        (slash("play", option("a"), option("b", required=True)), ["options", "1"]),
        (slash("play", option("a", 99)), ["options", "0", "type"]),
        (
            slash("play", option("a", choices=[{"name": "x" * 101, "value": "x"}])),
            ["options", "0", "choices", "0", "name"],
        ),
        (
            slash("play", option("a", autocomplete=True, choices=[{"name": "x", "value": "x"}])),
            ["options", "0", "autocomplete"],
        ),
        (slash("set", option("volume", 1, options=[option("Bad")])), ["options", "0", "options"]),
    ],
)
def test_a_command_that_breaks_the_rules_is_refused_with_where(registry, command, path):
    with pytest.raises(DiscordError) as error:
        registry.overwrite(None, [command])
    assert (error.value.status, error.value.code) == (400, 50035)
    tree = error.value.errors["0"]
    for step in path:
        tree = tree[step]
    assert registry.all(None) == []


def test_two_commands_of_one_name_are_refused(registry):
    with pytest.raises(DiscordError) as error:
        registry.overwrite(None, [slash(), slash()])
    assert error.value.errors["1"]["_errors"][0]["code"] == "APPLICATION_COMMANDS_DUPLICATE_NAME"


def test_more_than_a_hundred_commands_are_refused(registry):
    with pytest.raises(DiscordError) as error:
        registry.overwrite(None, [slash(f"c{n}") for n in range(101)])
    assert error.value.code == 30032


def test_overwriting_keeps_the_ids_of_names_that_stay_and_drops_the_others(registry):
    play, _ = registry.overwrite(None, [slash("play"), slash("stop")])
    same, _ = registry.overwrite(None, [slash("play"), slash("skip")])
    assert same is play
    assert [each.name for each in registry.all(None)] == ["play", "skip"]
    (renewed,) = registry.overwrite(None, [slash("play", description="Else")])
    assert (renewed.id, renewed.version) == (play.id, renewed.version)
    assert renewed.version != play.version


def filled(guild, name, command, focused=False, member=None, **values):
    registry = CommandRegistry(Snowflakes())
    registry.overwrite(None, [command])
    person = (member or guild.member("Ada")).entity
    return fill_in(registry.all(None), person, name, values, focused=focused)


def test_values_are_sent_with_their_types(guild):
    command = slash(
        "play",
        option("query", required=True),
        option("start-at", INTEGER),
        option("gain", NUMBER),
        option("loop", BOOLEAN),
    )
    data = filled(guild, "play", command, query="x", start_at=3, gain=0.5, loop=True).data
    assert data["options"] == [
        {"name": "query", "type": STRING, "value": "x"},
        {"name": "start-at", "type": INTEGER, "value": 3},
        {"name": "gain", "type": NUMBER, "value": 0.5},
        {"name": "loop", "type": BOOLEAN, "value": True},
    ]


def test_people_roles_and_channels_are_sent_resolved(guild):
    bob, dj = guild.member("Bob"), guild.role("DJ")
    command = slash("x", option("who", USER), option("as", ROLE), option("where", CHANNEL))
    values = {"who": bob.entity, "as": dj, "where": guild.voice.entity}
    data = filled(guild, "x", command, **values).data
    assert [each["value"] for each in data["options"]] == [
        str(bob.id),
        str(dj.id),
        str(guild.voice.id),
    ]
    assert data["resolved"]["members"][str(bob.id)]["permissions"]
    assert data["resolved"]["users"][str(bob.id)]["username"] == "Bob"
    assert data["resolved"]["roles"][str(dj.id)]["name"] == "DJ"
    assert data["resolved"]["channels"][str(guild.voice.id)]["name"] == "General"


def test_a_subcommand_is_named_after_its_command(guild):
    command = slash("settings", option("volume", 1, options=[option("percent", INTEGER)]))
    data = filled(guild, "settings volume", command, percent=5).data
    assert data["options"] == [
        {
            "name": "volume",
            "type": 1,
            "options": [{"name": "percent", "type": INTEGER, "value": 5}],
        }
    ]


def test_a_choice_is_meant_by_name_or_value(guild):
    command = slash("loop", option("mode", choices=[{"name": "The queue", "value": "queue"}]))
    for meant in ("The queue", "queue"):
        (sent,) = filled(guild, "loop", command, mode=meant).data["options"]
        assert sent["value"] == "queue"


@pytest.mark.parametrize(
    ("name", "values", "says"),
    [
        ("sing", {}, r"no command /sing; the bot has registered /play"),
        ("play", {}, r"/play needs query"),
        ("play", {"query": "x", "what": "y"}, r"no option 'what'; its options are: query, start"),
        ("play", {"query": 7}, r"query takes string, not 7"),
        ("play", {"query": "x"}, r"query takes 2 to 5 characters"),
        ("play", {"query": "xxxxxx"}, r"query takes 2 to 5 characters"),
        ("play", {"query": "xx", "start": 11}, r"start takes a number from 0 to 10"),
        ("play", {"query": "xx", "start": True}, r"start takes a number"),
        ("play", {"query": "xx", "mode": "no"}, r"mode is one of: Queue, Track"),
        ("play now", {"query": "xx"}, r"no subcommand 'now'"),
    ],
)
def test_what_the_app_would_not_send_is_refused(guild, name, values, says):
    command = slash(
        "play",
        option("query", required=True, min_length=2, max_length=5),
        option("start", INTEGER, min_value=0, max_value=10),
        option("mode", choices=[{"name": "Queue", "value": "q"}, {"name": "Track", "value": "t"}]),
    )
    with pytest.raises(CannotDo, match=says):
        filled(guild, name, command, **values)


def test_a_command_with_subcommands_needs_one(guild):
    command = slash("settings", option("volume", 1))
    with pytest.raises(CannotDo, match="/settings needs a subcommand: volume"):
        filled(guild, "settings", command)


def test_a_channel_of_another_kind_is_refused(guild):
    command = slash("x", option("where", CHANNEL, channel_types=[0]))
    with pytest.raises(CannotDo, match="another kind of channel"):
        filled(guild, "x", command, where=guild.voice.entity)


def test_typing_needs_no_required_options_but_one_that_completes(guild):
    command = slash("play", option("query", required=True), option("source", autocomplete=True))
    data = filled(guild, "play", command, focused=True, source="yo").data
    assert data["options"] == [{"name": "source", "type": STRING, "value": "yo", "focused": True}]
    with pytest.raises(CannotDo, match="does not complete 'query'"):
        filled(guild, "play", command, focused=True, query="x")


@pytest.mark.parametrize(
    ("needs", "permissions", "offered"),
    [
        (None, Permission.NONE, True),
        (Permission.MANAGE_GUILD, Permission.NONE, False),
        (Permission.MANAGE_GUILD, Permission.MANAGE_GUILD, True),
        (Permission.MANAGE_GUILD, Permission.ADMINISTRATOR, True),
        (Permission.NONE, Permission.MANAGE_GUILD, False),
        (Permission.NONE, Permission.ADMINISTRATOR, True),
    ],
)
def test_a_command_is_offered_to_those_it_is_for(guild, needs, permissions, offered):
    wanted = None if needs is None else str(int(needs))
    command = slash("stay", default_member_permissions=wanted)
    ada = guild.member("Ada", permissions=permissions)
    if offered:
        filled(guild, "stay", command, member=ada)
    else:
        with pytest.raises(CannotDo, match="/stay is not offered to Ada"):
            filled(guild, "stay", command, member=ada)


@pytest.mark.anyio
async def test_a_guilds_own_commands_come_before_the_global_ones(sandbox, guild, rest):
    other = sandbox.guild("Other")
    application = sandbox.application_id
    builder = rest.slash_command_builder
    await rest.set_application_commands(application, [builder("play", "Global")])
    await rest.set_application_commands(application, [builder("play", "Own")], guild.id)
    assert [each.description for each in sandbox.commands(guild)] == ["Own"]
    assert [each.description for each in sandbox.commands(other)] == ["Global"]
    (mine,) = await rest.fetch_application_commands(application, guild.id)
    await rest.delete_application_command(application, mine.id, guild.id)
    assert [each.description for each in sandbox.commands(guild)] == ["Global"]
    with pytest.raises(hikari.NotFoundError) as error:
        await rest.fetch_application_command(application, mine.id, guild.id)
    assert error.value.code == 10063


@pytest.mark.anyio
async def test_who_may_not_use_commands_cannot(guild):
    guild.text.overwrite(guild.everyone, deny=Permission.USE_APPLICATION_COMMANDS)
    with pytest.raises(CannotDo, match="Ada lacks USE_APPLICATION_COMMANDS in general"):
        await guild.member("Ada").command("play")


@pytest.mark.anyio
async def test_another_applications_commands_are_unknown(rest):
    with pytest.raises(hikari.NotFoundError) as error:
        await rest.fetch_application_commands(1)
    assert error.value.code == 10002
