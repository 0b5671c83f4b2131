"""Discord's edge, built: everything in this package, put together once."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import chain

import arc
import hikari

from actors.guild.board import Board
from actors.runtime import Registry
from seraphim.discord.admission import Admission
from seraphim.discord.announcer import RestAnnouncer
from seraphim.discord.caller import Arrivals
from seraphim.discord.commands.about import NodePing, about_commands
from seraphim.discord.commands.client import Command, Group, command_client, typed_names
from seraphim.discord.commands.control import control_commands
from seraphim.discord.commands.favourite import favourite_commands
from seraphim.discord.commands.play import Anticipating, play_commands
from seraphim.discord.commands.queue import queue_commands
from seraphim.discord.commands.radio import radio_commands
from seraphim.discord.commands.settings import dj_commands, settings_commands
from seraphim.discord.commands.sound import sound_commands
from seraphim.discord.commands.transfer import transfer_commands
from seraphim.discord.controls.button import Button
from seraphim.discord.controls.consent import SureButton, VoteButton
from seraphim.discord.controls.decisions import Decisions
from seraphim.discord.controls.pick import PickButton
from seraphim.discord.controls.picks import Picks
from seraphim.discord.controls.presses import Presses
from seraphim.discord.controls.reception import Reception
from seraphim.discord.controls.strays import Strays
from seraphim.discord.desk import Desk
from seraphim.discord.gateway import Gateway
from seraphim.discord.guard import Guard
from seraphim.discord.interpreter import Interpreter
from seraphim.discord.language.languages import languages
from seraphim.discord.players import Players
from seraphim.discord.polls import Polls
from seraphim.discord.resumption import ResumableBot
from seraphim.discord.scrolling import Scrolling
from seraphim.discord.sessions import SessionNotes, StoredNotes
from seraphim.discord.shelf import Shelf
from seraphim.discord.voice import DiscordVoice
from seraphim.discord.whereabouts import Whereabouts
from seraphim.discord.witness import Nobody, Witness


@dataclass(frozen=True, slots=True)
class Edge:
    """What the rest of Seraphim has of Discord."""

    service: Gateway
    voice: DiscordVoice
    announcer: RestAnnouncer
    polls: Polls


def build(
    bot: ResumableBot,
    *,
    registry: Callable[[], Registry],
    board: Board,
    catalogue: Anticipating,
    ping_node: NodePing,
    trusted_media_hosts: Collection[str] = (),
    inside_allowed: bool = False,
    notes: SessionNotes | None = None,
    witness: Witness | None = None,
) -> Edge:
    """Return the edge around a bot of `gateway_bot`. Nothing connects before its service starts.

    `registry` is asked once there is something to look up, so it may belong to a system that is
    built after this. `inside_allowed`: Discord itself is on this machine, and so may be its voice
    servers. `notes` keep the gateway's sessions, by the store if nothing else is said. `witness`
    hears what becomes of commands.
    """
    players = Players(registry)
    whereabouts = Whereabouts(int(bot.token_id))
    arrivals = Arrivals(board, whereabouts, bot.rest)
    admission = Admission(players)
    polls = Polls(board)
    witness = witness or Nobody()
    desk = Desk(Guard(registry), players, polls, witness)
    shelf = Shelf(registry)
    interpreter = Interpreter(bot, languages(), lambda guild: board.settings(guild).language)
    announcer = RestAnnouncer(bot.rest, interpreter, Scrolling(bot, registry))
    voice = DiscordVoice(
        bot,
        players=players,
        whereabouts=whereabouts,
        inside_allowed=inside_allowed,
        witness=witness,
    )
    client = command_client(
        bot, admission=admission, arrivals=arrivals, desk=desk, interpreter=interpreter
    )
    english = interpreter.languages.english
    trusted = trusted_media_hosts
    sections: dict[str, list[Command | Group]] = {
        "play": [
            *play_commands(catalogue, trusted, board, shelf, interpreter),
            radio_commands(client, board, shelf, interpreter, trusted),
        ],
        "control": [*control_commands(board, interpreter)],
        "queue": [
            *queue_commands(board, interpreter),
            *transfer_commands(
                catalogue, trusted, board, interpreter, inside_allowed=inside_allowed
            ),
        ],
        "sound": [*sound_commands(shelf, interpreter.languages)],
        "keep": [favourite_commands(client, board, shelf, interpreter)],
        "govern": [
            *settings_commands(board, shelf, interpreter.languages),
            dj_commands(client, board, shelf, english),
        ],
        "about": [*about_commands(bot, ping_node, lambda: listing, english)],
    }
    for command in chain.from_iterable(sections.values()):
        # A group has been made in its client.
        if isinstance(command, arc.SlashCommand):
            client.include(command)
    listing = {section: typed_names(commands) for section, commands in sections.items()}
    reception = Reception(
        admission=admission, arrivals=arrivals, desk=desk, interpreter=interpreter
    )
    presses = Presses(
        announcer=announcer,
        arrivals=arrivals,
        board=board,
        desk=desk,
        reception=reception,
        shelf=shelf,
    )
    decisions = Decisions(arrivals=arrivals, desk=desk, reception=reception)
    picks = Picks(arrivals=arrivals, desk=desk, reception=reception, trusted=trusted_media_hosts)
    strays = Strays(
        (Button.parse, VoteButton.parse, SureButton.parse, PickButton.parse),
        board=board,
        reception=reception,
    )
    for listener in (presses.on_press, decisions.on_press, picks.on_press, strays.on_press):
        bot.subscribe(hikari.ComponentInteractionCreateEvent, listener)
    service = Gateway(
        bot,
        admission=admission,
        commands=client,
        notes=notes or StoredNotes(registry),
        players=players,
        whereabouts=whereabouts,
    )
    return Edge(service, voice, announcer, polls)
