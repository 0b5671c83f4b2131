"""docs/commands.md says what can be typed, and who may do what, as the code has it."""

import re
from itertools import chain
from typing import get_args

import pytest

from actors.guild.player import access
from actors.guild.player.access import VoteNeeded
from actors.guild.player.messages import (
    Back,
    Clean,
    Clear,
    Command,
    Dedupe,
    Join,
    Leave,
    Loop,
    Member,
    Move,
    Pause,
    Play,
    Remove,
    Replay,
    Resume,
    Seek,
    SetAutoplay,
    SetFilter,
    SetLoop,
    SetPitch,
    SetSpeed,
    SetStay,
    SetVolume,
    Show,
    Shuffle,
    Skip,
    SkipTo,
    Stop,
    Swap,
    Unshuffle,
    Vote,
    When,
)
from actors.guild.player.sound import Preset
from actors.guild.refusal import Code, Refused
from actors.guild.settings import GuildSettings
from seraphim.discord.typed import Moment, Places, moment, places
from tests.actors.guild.player.hall import ADA, DJ, GRACE, LINUS, MARIE, Hall
from tests.commands import DOCUMENT, name, registered, typed, written

TEXT = DOCUMENT.read_text("utf-8")
PROSE = TEXT.partition("## Every command")[0]
ROWS = dict(re.findall(r"^\| ([^|]+) \| (`/[^|]+) \|$", PROSE, re.MULTILINE))
ANYBODY = "anybody who listens"
OWN = "for tracks of their own; for those of others by a vote"
VOTED = "by a vote"
DJS = "DJs"
MANAGERS = "who may manage the server"
NO_PLAYER = {"/radio add", "/radio remove"}
"""What is a DJ's, and for no player to judge."""
LOOKING = {
    *("/search", "/queue", "/history", "/nowplaying", "/export", "/help", "/about", "/ping"),
    *("/radio list", "/favourite list", "/favourite add", "/favourite remove"),
}
"""What changes nothing for others."""


def asked(by: Member) -> dict[str, Command]:
    """Return what each command asks of the player."""
    return {
        "/play": Play(by, "x", 1),
        "/play-file": Play(by, "x", 1),
        "/radio play": Play(by, "x", 1),
        "/favourite play": Play(by, "x", 1),
        "/import": Play(by, "x", 1),
        "/join": Join(by, 1),
        "/pause": Pause(by),
        "/resume": Resume(by),
        "/volume": SetVolume(by, 10),
        "/move": Move(by, 1, 2),
        "/swap": Swap(by, 1, 2),
        "/autoplay": SetAutoplay(by, on=True),
        "/skip": Skip(by),
        "/skip-to": SkipTo(by, 2),
        "/seek": Seek(by, 1_000),
        "/forward": Seek(by, 1_000, relative=True),
        "/rewind": Seek(by, -1_000, relative=True),
        "/replay": Replay(by),
        "/remove": Remove(by, (1,)),
        "/clear": Clear(by),
        "/dedupe": Dedupe(by),
        "/clean": Clean(by),
        "/stop": Stop(by),
        "/leave": Leave(by),
        "/back": Back(by),
        "/shuffle": Shuffle(by, 1),
        "/unshuffle": Unshuffle(by),
        "/loop": SetLoop(by, Loop.QUEUE),
        "/filter": SetFilter(by, Preset.NIGHTCORE),
        "/speed": SetSpeed(by, 120),
        "/pitch": SetPitch(by, 120),
        "/stay": SetStay(by, on=True),
    }


def named(row: str) -> set[str]:
    return set(re.findall(r"`(/[^`]+)`", ROWS[row].partition(";")[0]))


def hall() -> Hall:
    """Ada has asked for everything, twice for one track, and three others listen too."""
    return Hall(ADA, GRACE, LINUS, MARIE).with_music("a", "b", "b")


def judged(by: Member, hall: Hall) -> dict[str, str]:
    """Return in which way each command is let through."""
    kinds = {type(None): "free", VoteNeeded: "vote", Refused: "refused"}
    return {
        typed: kinds[type(access.permit(hall.state, message))]
        for typed, message in asked(by).items()
    }


def test_the_list_is_of_the_commands_that_are_registered():
    """`python -m tests.commands` writes it."""
    assert written(TEXT) == TEXT


def test_a_command_in_the_prose_is_one_that_can_be_typed():
    names = {name(command) for command in registered()}
    groups = {each.partition(" ")[0] for each in names}
    mentioned = re.findall(r"`(/[a-z-]+(?: (?:play|add|list|remove))?)[^`]*`", PROSE)
    assert len(mentioned) > 40
    assert set(mentioned) <= names | groups


def test_it_says_of_every_command_who_may_use_it_once():
    rows = [named(row) for row in (ANYBODY, OWN, VOTED, DJS, MANAGERS)]
    assert sum(map(len, rows)) == len(set(chain(*rows)))
    assert set(chain(LOOKING, *rows)) == {name(command) for command in registered()}
    assert set(asked(ADA)) | NO_PLAYER == set(chain(*rows[:4]))
    assert {type(each) for each in asked(ADA).values()} == set(get_args(Command)) - {Show, Vote}


def test_who_may_do_what_is_what_the_player_goes_by():
    told = {
        **dict.fromkeys(named(ANYBODY), ("free", "free")),
        **dict.fromkeys(named(OWN), ("free", "vote")),
        **dict.fromkeys(named(VOTED), ("vote", "vote")),
        **dict.fromkeys(named(DJS) - NO_PLAYER, ("refused", "refused")),
    }
    room = hall()
    # What Ada asked for waits though she has gone: that is what `/clean` is about.
    ada = judged(ADA, room)
    room.hear(GRACE, LINUS, MARIE)
    grace = judged(GRACE, room)
    assert {typed: (ada[typed], grace[typed]) for typed in ada} == told


def test_a_dj_decides_alone_and_is_asked_where_others_listen():
    state = hall().state
    held = {
        typed
        for typed, message in asked(DJ).items()
        if type(access.permit(state, message)).__name__ == "NeedsConfirmation"
    }
    assert held == {"/stop", "/clear", "/leave"}
    assert "stops the music, empties the queue or sends the bot away" in PROSE.replace("\n", " ")


@pytest.mark.parametrize(("when", "fair"), [(When.NOW, False), (When.NEXT, True)])
def test_only_a_dj_takes_precedence(when: When, fair: bool):
    room = Hall(ADA, GRACE, LINUS, MARIE, settings=GuildSettings(fair=fair)).with_music("a", "b")
    verdict = access.permit(room.state, Play(GRACE, "x", 1, when))
    assert isinstance(verdict, Refused)
    assert verdict.code is Code.DJ_ONLY
    assert access.permit(room.state, Play(DJ, "x", 1, when)) is None
    assert f"`when:{when}`" in ROWS[DJS]


def test_moments_and_positions_are_read_as_is_said():
    told = {
        "1:23": Moment(83_000),
        "1:02:03": Moment(3_723_000),
        "83": Moment(83_000),
        "+30": Moment(30_000, relative=True),
        "-10": Moment(-10_000, relative=True),
    }
    for text, meant in told.items():
        assert f"`{text}`" in PROSE
        assert moment(text) == meant
    assert isinstance(moment("1:90"), Refused)
    assert places("2-5,8", 10) == Places((2, 3, 4, 5, 8))


def test_every_option_of_the_settings_is_explained():
    [command] = [each for each in registered() if name(each) == "/settings"]
    assert typed(command) == "/settings [option …]"
    explained = {
        option
        for row in re.findall(r"^\| (`[a-z_` ]+`) \|", PROSE, re.MULTILINE)
        for option in re.findall(r"`([a-z_]+)`", row)
    }
    assert explained == set(command.options) - {"reset"}
