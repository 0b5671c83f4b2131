"""How a track is named: in a sentence, in a list, among choices."""

from actors.guild.player.autoplay import NOBODY
from actors.guild.player.track import Entry, Track
from seraphim.discord.language.language import Language
from seraphim.discord.presenters.prose import clean, clock, fit, link, shorten

NAME_LIMIT = 120
ARTIST_LIMIT = 80
# A page has ten lines, and a description 4096 characters: beyond this a line goes without a link.
LONGEST_LINK_IN_LINE = 120
CHOICE_LIMIT = 100


def named(track: Track, say: Language) -> str:
    """Return the track's title in bold, linked where it has an address, for a sentence."""
    address = link(track.uri)
    name = f"**{_title(track, say)}**"
    if address is None or len(address) > LONGEST_LINK_IN_LINE:
        return name
    return f"[{name}]({address})"


def credited(track: Track, say: Language) -> str:
    """Return the track with its artist, for a sentence."""
    artist = fit(track.author, ARTIST_LIMIT)
    if not artist:
        return named(track, say)
    return say("track-credited", title=named(track, say), artist=artist)


def choice(track: Track, say: Language) -> str:
    """Return the track for a list of choices, where there is no markdown."""
    length = duration(track.length_ms, say)
    artist = f" · {clean(track.author)}" if clean(track.author) else ""
    tail = f" ({length})"
    name = clean(track.title) or say("track-untitled")
    return shorten(name + artist, CHOICE_LIMIT - len(tail)) + tail


def asker(entry: Entry, say: Language) -> str:
    """Return who asked for the entry. In an embed this is a name, and nobody is called."""
    return say("asker-nobody") if entry.requester == NOBODY else f"<@{entry.requester}>"


def duration(milliseconds: int | None, say: Language) -> str:
    """Return a track's length as people write it; a stream, which has none, is live."""
    return say("track-live") if milliseconds is None else clock(milliseconds)


def _title(track: Track, say: Language) -> str:
    return fit(track.title, NAME_LIMIT) or say("track-untitled")
