"""What a search has found, to pick from."""

from collections.abc import Sequence

import hikari

from actors.guild.player.track import Track
from seraphim.discord.controls.pick import PickButton
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.card import Card, card
from seraphim.discord.presenters.tracks import credited, duration

BUTTONS_IN_A_ROW = 5


def results(found: Sequence[tuple[Track, str]], say: Language) -> Card:
    """Return tracks with the queries that find them, for who searched alone."""
    lines: list[str] = []
    rows: list[hikari.api.MessageActionRowBuilder] = []
    # Discord wants the names of buttons to be unlike: the first of two that are alike is meant.
    buttons: set[str] = set()
    for position, (track, query) in enumerate(found, start=1):
        length = duration(track.length_ms, say)
        lines.append(
            say("search-line", position=position, track=credited(track, say), length=length)
        )
        button = PickButton(query)
        if button.custom_id in buttons:
            continue
        if len(buttons) % BUTTONS_IN_A_ROW == 0:
            rows.append(hikari.impl.MessageActionRowBuilder())
        buttons.add(button.custom_id)
        rows[-1].add_interactive_button(
            hikari.ButtonStyle.SECONDARY, button.custom_id, label=say.number(position)
        )
    shown = card(say("phrase-search"), "\n".join(lines), footer=say("search-footer"), private=True)
    return Card(shown.embed, rows, private=True)
