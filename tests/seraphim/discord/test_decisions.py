"""Votes and questions as people see them: their messages, their buttons, how they end."""

from dataclasses import replace

import pytest

from actors.guild.player.messages import (
    Leave,
    Left,
    NeedsConfirmation,
    Outdated,
    Skip,
    Skipped,
    Stop,
    Stopped,
    Vote,
    Voted,
    VoteKind,
    VoteOutcome,
    VotePassed,
    VoteView,
)
from actors.guild.refusal import Code, Refused
from seraphim.discord import answer as answering
from seraphim.discord import polls
from seraphim.discord.controls.consent import SureButton, VoteButton
from seraphim.sandbox import Answer, Guild, Member, Message
from tests.seraphim.discord.house import House, Script, entry, playing, view

pytestmark = pytest.mark.anyio

OPEN = VoteView(
    id=7, kind=VoteKind.SKIP, by=1, votes=1, needed=3, ends_at=1_700_000_045_000, entry=entry()
)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polls, "SECONDS", 0.02)


@pytest.fixture
async def script(house: House, guild: Guild, ada: Member) -> Script:
    """The guild's player, with Ada in its voice channel, and a vote that the board shows."""
    await ada.join(guild.voice)
    stands(house, guild, OPEN)
    script = house.script(guild)
    script.replies[Skip] = Voted(OPEN, counted=True, opened=True)
    return script


def stands(house: House, guild: Guild, vote: VoteView | None) -> None:
    """Let the board show how the vote stands; None: there is no word of it."""
    votes = () if vote is None else (vote,)
    panel = view(guild.id, playing(), queue=(entry("Borealis"),), can_go_back=True, votes=votes)
    house.board.put(panel)


def text(what: Answer | Message) -> str:
    return str(what.embeds)


# --- the message of a vote ---


async def test_what_needs_a_vote_is_a_message_for_everybody_with_a_count_and_a_deadline(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    assert not answer.ephemeral
    assert answer.message in guild.text.messages
    assert "1 of 3" in text(answer)
    assert "<t:1700000045:R>" in text(answer)
    assert "Aurora" in text(answer)
    assert "vote:7" in str(answer.components)


async def test_a_vote_that_a_press_of_the_panel_opens_is_a_message_too(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    shown = house.board.get(guild.id)
    assert shown is not None
    posted = await house.edge.announcer.post(guild.text.id, shown)
    panel = next(message for message in guild.text.messages if message.id == posted)
    await ada.press(panel, "skip")
    message = guild.text.messages[-1]
    assert message is not panel
    assert "vote:7" in str(message.components)
    stands(house, guild, replace(OPEN, votes=2))
    await house.sandbox.until(lambda: "2 of 3" in text(message))
    assert "vote" not in str(panel.embeds).lower()


async def test_a_vote_opened_by_a_slow_press_is_kept_true_as_well(
    house: House, script: Script, guild: Guild, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "PATIENCE_SECONDS", 0.0)
    shown = house.board.get(guild.id)
    assert shown is not None
    posted = await house.edge.announcer.post(guild.text.id, shown)
    panel = next(message for message in guild.text.messages if message.id == posted)
    await ada.press(panel, "skip")
    await house.sandbox.until(lambda: guild.text.messages[-1] is not panel)
    stands(house, guild, replace(OPEN, votes=3, outcome=VoteOutcome.PASSED))
    message = guild.text.messages[-1]
    await house.sandbox.until(lambda: "has passed" in text(message))
    assert "Aurora" in text(panel)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (VoteOutcome.PASSED, "has passed"),
        (VoteOutcome.FAILED, "Too few"),
        (VoteOutcome.LAPSED, "is over"),
    ],
)
async def test_the_message_says_how_the_vote_ended_and_loses_its_button(
    house: House, script: Script, guild: Guild, ada: Member, outcome: VoteOutcome, told: str
) -> None:
    answer = await ada.command("skip")
    stands(house, guild, replace(OPEN, outcome=outcome))
    await house.sandbox.until(lambda: told in text(answer.message))
    assert not answer.message.components


async def test_a_vote_of_which_nothing_is_known_any_more_is_over(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    stands(house, guild, None)
    await house.sandbox.until(lambda: not answer.message.components)


async def test_a_message_that_was_deleted_is_let_go(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    await house.bot.rest.delete_message(guild.text.id, answer.message.id)
    stands(house, guild, replace(OPEN, votes=2))
    await house.sandbox.until(lambda: not house.edge.polls.open)


# --- voting ---


async def test_a_press_counts_and_everybody_sees_it(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    bob = guild.member("Bob")
    await bob.join(guild.voice)
    script.replies[Vote] = Voted(replace(OPEN, votes=2), counted=True)
    pressed = await bob.press(answer.message, "vote:7")
    (vote,) = script.got(Vote)
    assert (vote.by.id, vote.by.voice_channel, vote.vote) == (bob.id, guild.voice.id, 7)
    assert pressed.message is answer.message
    assert "2 of 3" in text(answer.message)


async def test_the_last_vote_shows_what_it_led_to(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    passed = replace(OPEN, votes=3, outcome=VoteOutcome.PASSED)
    script.replies[Vote] = VotePassed(passed, Skipped(entry(), entry("Borealis")))
    await ada.press(answer.message, "vote:7")
    assert "3 of 3" in text(answer.message)
    assert "Borealis" in text(answer.message)
    assert not answer.message.components


async def test_a_vote_that_is_not_counted_is_said_to_who_gave_it_alone(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    before = text(answer.message)
    script.replies[Vote] = Voted(OPEN, counted=False)
    pressed = await ada.press(answer.message, "vote:7")
    assert pressed.ephemeral
    assert "not counted" in text(pressed)
    assert text(answer.message) == before


async def test_a_vote_of_somebody_elsewhere_is_refused_and_changes_nothing(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    script.replies[Vote] = Refused(Code.SAME_CHANNEL, {"channel": guild.voice.id})
    pressed = await guild.member("Eve").press(answer.message, "vote:7")
    assert pressed.ephemeral
    assert Code.SAME_CHANNEL in text(pressed)
    assert "vote:7" in str(answer.message.components)


async def test_a_button_of_a_vote_that_nobody_knows_mends_its_message(
    script: Script, guild: Guild, ada: Member
) -> None:
    answer = await ada.command("skip")
    script.replies[Vote] = Outdated(None)
    await ada.press(answer.message, "vote:7")
    assert "is over" in text(answer.message)
    assert not answer.message.components


async def test_a_second_command_is_answered_privately_while_the_vote_goes_on(
    script: Script, ada: Member
) -> None:
    script.replies[Skip] = Voted(replace(OPEN, votes=2), counted=True)
    answer = await ada.command("skip")
    assert answer.ephemeral
    assert "2 of 3" in text(answer)


async def test_a_command_that_was_the_last_vote_says_so_to_everybody(
    script: Script, guild: Guild, ada: Member
) -> None:
    passed = replace(OPEN, votes=3, outcome=VoteOutcome.PASSED)
    script.replies[Skip] = VotePassed(passed, Skipped(entry(), None))
    answer = await ada.command("skip")
    assert not answer.ephemeral
    assert "has passed" in text(answer)


# --- questions ---


@pytest.mark.parametrize(
    ("name", "command", "done"), [("stop", Stop, Stopped(2)), ("leave", Leave, Left(10))]
)
async def test_what_others_would_lose_is_asked_about_and_done_after_a_yes(
    script: Script, guild: Guild, ada: Member, name: str, command: type, done: object
) -> None:
    kind = VoteKind(name)
    script.replies[command] = NeedsConfirmation(kind, 2)
    answer = await ada.command(name)
    assert answer.ephemeral
    assert ": 2" in text(answer)
    script.replies[command] = done
    yes = await ada.press(answer.message, "Yes")
    assert [message.confirmed for message in script.got(command)] == [False, True]
    assert yes.message is answer.message
    assert not yes.message.components


async def test_after_a_no_nothing_is_done(script: Script, ada: Member) -> None:
    script.replies[Stop] = NeedsConfirmation(VoteKind.STOP, 2)
    answer = await ada.command("stop")
    no = await ada.press(answer.message, "No")
    assert len(script.got(Stop)) == 1
    assert "Nothing was done" in text(no)
    assert not no.message.components


async def test_the_panels_stop_is_asked_about_too(
    house: House, script: Script, guild: Guild, ada: Member
) -> None:
    shown = house.board.get(guild.id)
    assert shown is not None
    posted = await house.edge.announcer.post(guild.text.id, shown)
    panel = next(message for message in guild.text.messages if message.id == posted)
    script.replies[Stop] = NeedsConfirmation(VoteKind.STOP, 1)
    answer = await ada.press(panel, "stop")
    (question,) = [answer.message] if answer.ephemeral else answer.followups
    script.replies[Stop] = Stopped(1)
    await ada.press(question, "Yes")
    assert script.got(Stop)[-1].confirmed


# --- names ---


@pytest.mark.parametrize(
    "name",
    ["vote:", "vote:x", "vote:-1", "vote:٣", f"vote:{'9' * 99}", "player:run-1:skip", "", ":"],
)
def test_what_is_no_button_of_a_vote_is_none(name: str) -> None:
    assert VoteButton.parse(name) is None


@pytest.mark.parametrize("name", ["sure:", "sure:all", "sure", "vote:7", "sure:no:no"])
def test_what_is_no_button_of_a_question_is_none(name: str) -> None:
    assert SureButton.parse(name) is None


def test_buttons_are_read_as_they_were_named() -> None:
    assert VoteButton.parse(VoteButton(7).custom_id) == VoteButton(7)
    for button in (SureButton(None), *(SureButton(kind) for kind in VoteKind)):
        assert SureButton.parse(button.custom_id) == button
