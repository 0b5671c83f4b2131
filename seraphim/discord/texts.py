"""Every word that Seraphim says in Discord, in English.

One place, so that another language is another file, and so that the voice stays one voice: a
celestial phrase above, the facts in plain words beneath, and what to do next. Placeholders are
named; what fills them has been made safe by the presenters.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from actors.guild.refusal import Code

# --- the phrases ---------------------------------------------------------------------------

JOINED_PHRASE: Final = "Heed Seraphim! Be not afraid!"
PLAYING_PHRASE: Final = "Resonating with cosmic vibrations"
QUEUE_PHRASE: Final = "The celestial harmonies await"
ERROR_PHRASE: Final = "The divine frequencies falter"
PAUSED_PHRASE: Final = "The heavens hold their breath"
RESTING_PHRASE: Final = "The choir rests"
LEFT_PHRASE: Final = "Seraphim ascends"
PING_PHRASE: Final = "Seraphim hears thee"

# --- replies ---------------------------------------------------------------------------------

BY_ARTIST: Final = "{title} by {artist}"
PLAYS_NOW: Final = "{track} ({length}) plays now."
PLAYS_LATER: Final = "{track} ({length}) is number {position} in the queue."
PLAYLIST_NOW: Final = "Tracks of {playlist}: {count}. The first plays now."
PLAYLIST_LATER: Final = "Tracks of {playlist}: {count}, in the queue from number {position} on."
NAMELESS_PLAYLIST: Final = "a playlist"
PAUSED: Final = "{track} stands still. `/resume` lets it go on."
ALREADY_PAUSED: Final = "{track} stands still already. `/resume` lets it go on."
RESUMED: Final = "{track} goes on."
ALREADY_PLAYING: Final = "{track} is playing already."
SKIPPED: Final = "{track} was skipped."
SKIPPED_TO: Final = "{track} was skipped. {upcoming} plays now."
QUEUE_ENDED: Final = "The queue has ended. `/play` begins anew."
WENT_BACK: Final = "{track} plays again."
STOPPED: Final = "The music has ended. `/play` begins anew."
STOPPED_AND_CLEARED: Final = "The music has ended. Dropped from the queue: {count}."
SHUFFLED: Final = "Waiting in another order: {count}."
VOLUME_SET: Final = "The volume is {volume} %; it was {before} %."
JOINED: Final = "Seraphim is in {channel}. `/play` begins."
JOINED_AGAIN: Final = "Seraphim is in {channel}. {track} goes on."
ALREADY_JOINED: Final = "Seraphim is in {channel} already. `/play` begins."
LEFT: Final = "Seraphim has left {channel}. The queue is kept: `/join` brings it back."
OUTDATED: Final = "That track is over already, so nothing was done."
OUTDATED_NOW: Final = "That track is over already, so nothing was done. {track} plays now."
NOTHING_PLAYS: Final = "Nothing is playing. `/play` begins."
PING: Final = "Discord's gateway: {gateway}\nAudio node: {node}"
MILLISECONDS: Final = "{count} ms"
NOT_MEASURED: Final = "not measured yet"
NO_NODE: Final = "none can be reached"

# --- the panel and the queue ----------------------------------------------------------------

ARTIST: Final = "by **{artist}**"
ASKED_BY: Final = "asked for by {member}"
ENDS: Final = "{length}, ends {moment}"
PAUSED_AT: Final = "paused at {position} of {length}"
STANDS_AT: Final = "at {position} of {length}"
PAUSED_LIVE: Final = "paused"
LIVE: Final = "live"
WAITING_FOR_NODE: Final = "The audio node cannot be reached; the music goes on when it can."
WAITING_FOR_JOIN: Final = "Seraphim is in no voice channel. `/join` lets the music go on."
NEXT: Final = "Next"
NEXT_AND_MORE: Final = "{track}\nand {count} more"
NOTHING_NEXT: Final = "nothing"
VOLUME: Final = "Volume"
PERCENT: Final = "{volume} %"
UNTITLED: Final = "untitled"
QUEUE_NOW: Final = "Now: {track} ({length}), asked for by {member}"
QUEUE_LINE: Final = "`{position}.` {track} ({length}), asked for by {member}"
QUEUE_EMPTY: Final = "Nothing waits. `/play` adds to the queue."
QUEUE_FOOTER: Final = "Page {page} of {pages} · waiting: {count} · {length}"
QUEUE_FOOTER_LIVE: Final = "Page {page} of {pages} · waiting: {count}"

BUTTON_BACK: Final = "Back"
BUTTON_PAUSE: Final = "Pause"
BUTTON_RESUME: Final = "Resume"
BUTTON_SKIP: Final = "Skip"
BUTTON_SHUFFLE: Final = "Shuffle"
BUTTON_STOP: Final = "Stop"

# --- notices -------------------------------------------------------------------------------

TRACK_BROKE: Final = "{track} could not be played: {reason}"
TOO_MANY_BROKE: Final = (
    "{count} tracks in a row could not be played, so the queue was stopped. "
    "Try something else with `/play`."
)
GAVE_UP: Final = (
    "The player failed too often and was given up. `/play` begins anew; "
    "if it fails again, tell whoever runs Seraphim."
)
JOIN_LOST: Final = "Seraphim could not stay in the voice channel."

# --- refusals -------------------------------------------------------------------------------


class Explanation(NamedTuple):
    """What went wrong, and what to do next."""

    what: str
    remedy: str


STOPPING: Final = Explanation(
    "Seraphim is stopping or just starting, and takes nothing new.", "Try again in a minute."
)

REFUSALS: Final[Mapping[Code, Explanation]] = {
    Code.SERVER_ONLY: Explanation(
        "This works in a server only.", "Use it in a server that has Seraphim."
    ),
    Code.JOIN_A_CHANNEL: Explanation(
        "You are in no voice channel.", "Join a voice channel, then try again."
    ),
    Code.SAME_CHANNEL: Explanation(
        "Seraphim is in another voice channel.", "Join <#{channel}>, then try again."
    ),
    Code.QUERY_TOO_SHORT: Explanation(
        "That is too short to look for.", "Give at least {lowest} characters, or an address."
    ),
    Code.QUERY_TOO_LONG: Explanation(
        "That is too long to look for.", "Give at most {highest} characters."
    ),
    Code.FORBIDDEN_QUERY: Explanation(
        "That has forbidden characters, or is an address that Seraphim does not open.",
        "Give plain words, or a public address that begins with http:// or https:// and holds no "
        "password.",
    ),
    Code.OUT_OF_RANGE: Explanation(
        "That number is out of range.", "Give a number from {lowest} to {highest}."
    ),
    Code.CANNOT_SPEAK: Explanation(
        "Seraphim cannot sing in <#{channel}>. Missing: {missing}.",
        "Ask a moderator to change that, or join another voice channel.",
    ),
    Code.CANNOT_WRITE: Explanation(
        "Seraphim cannot write in this channel. Missing: {missing}.",
        "Ask a moderator to grant that, or use another text channel.",
    ),
    Code.NOTHING_PLAYING: Explanation("Nothing is playing.", "Begin with `/play`."),
    Code.QUEUE_EMPTY: Explanation("There is no other track.", "Add some with `/play`."),
    Code.NOTHING_FOUND: Explanation("Nothing was found.", "Try other words, or give an address."),
    Code.TRACK_FAILED: Explanation(
        "That track cannot be played.", "Try another, or try again later."
    ),
    Code.TRACK_STUCK: Explanation(
        "That track gives no sound.", "Skip it with `/skip`, or try again later."
    ),
    Code.QUEUE_FULL: Explanation(
        "The queue is full: it holds {limit} tracks.", "Let some play, or `/stop` to empty it."
    ),
    Code.NO_NODE: Explanation(
        "No audio node can be reached.", "It is looked for again by itself: try in a minute."
    ),
    Code.SOURCE_BUSY: Explanation(
        "The source of that track wants fewer requests.", "Try again in a few minutes."
    ),
    Code.SOURCE_REFUSED: Explanation(
        "The source would not give that track.", "Try another track, or another address."
    ),
    Code.DISCORD_REFUSED: Explanation(
        "Discord did not let Seraphim do that.",
        "Try again; if it lasts, look at discordstatus.com.",
    ),
    Code.NODE_TOO_OLD: Explanation(
        "The audio node is too old for Discord's voice encryption.",
        "Tell whoever runs Seraphim to update Lavalink to 4.2 or newer.",
    ),
    Code.CONFIGURATION: Explanation(
        "Seraphim is set up wrongly.", "Tell whoever runs Seraphim to look at its log."
    ),
    Code.PLAYER_RESTARTING: Explanation(
        "The player is just starting again.", "Try again in a few seconds."
    ),
    Code.INTERNAL: Explanation(
        "Something went wrong inside.",
        "Try again; if it lasts, tell whoever runs Seraphim the number {reference}.",
    ),
}
ROOM: Final = "room (it holds {limit})"
UNKNOWN_FACT: Final = "…"

# --- how commands describe themselves ------------------------------------------------------------

PLAY_HELP: Final = "Play a track or add it to the queue"
PLAY_QUERY_HELP: Final = "Words to look for, or an address"
PAUSE_HELP: Final = "Let the music stand still"
RESUME_HELP: Final = "Let the music go on"
SKIP_HELP: Final = "End this track and play the next"
BACK_HELP: Final = "Play the track before again"
STOP_HELP: Final = "End the music and empty the queue"
JOIN_HELP: Final = "Call Seraphim into your voice channel"
LEAVE_HELP: Final = "Send Seraphim out of the voice channel; the queue is kept"
NOW_PLAYING_HELP: Final = "See what plays"
QUEUE_HELP: Final = "See what waits"
QUEUE_PAGE_HELP: Final = "Which page"
SHUFFLE_HELP: Final = "Put the waiting tracks into another order"
VOLUME_HELP: Final = "Set the volume"
VOLUME_LEVEL_HELP: Final = "In percent"
PING_HELP: Final = "See how long Discord and the audio node take to answer"

# As Discord's settings call them.
PERMISSIONS: Final[Mapping[str, str]] = {
    "VIEW_CHANNEL": "View Channel",
    "CONNECT": "Connect",
    "SPEAK": "Speak",
    "SEND_MESSAGES": "Send Messages",
    "SEND_MESSAGES_IN_THREADS": "Send Messages in Threads",
    "EMBED_LINKS": "Embed Links",
}
