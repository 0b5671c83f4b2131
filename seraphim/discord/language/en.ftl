### Seraphim's voice: a celestial phrase above, the facts in plain words beneath, what to do next.
### The other languages are complete when they have every message and every placeholder of this file.

## The phrases, each the title of a card

phrase-joined = Heed Seraphim! Be not afraid!
phrase-playing = Resonating with cosmic vibrations
phrase-queue = The celestial harmonies await
phrase-error = The divine frequencies falter
phrase-paused = The heavens hold their breath
phrase-resting = The choir rests
phrase-left = Seraphim ascends
phrase-ping = Seraphim hears thee
phrase-sound = The spheres are tuned anew
phrase-history = Echoes of what has been
phrase-search = Seek, and thou shalt find
phrase-help = What thou mayest ask of Seraphim

## Tracks

track-credited = { $title } by { $artist }
track-untitled = untitled
track-live = live

## Replies

queued-now = { $track } ({ $length }) plays now.
queued-later = { $track } ({ $length }) is number { $position } in the queue.
queued-many-now = Tracks of { $playlist }: { $count }. The first plays now.
queued-many-later = Tracks of { $playlist }: { $count }, in the queue from number { $position } on.
queued-playlist-nameless = a playlist
paused = { $track } stands still. `/resume` lets it go on.
paused-already = { $track } stands still already. `/resume` lets it go on.
resumed = { $track } goes on.
resumed-already = { $track } is playing already.
skipped = { $count ->
    [1] { $track } was skipped.
   *[other] { $track } and what came after it were skipped: { $count }.
}
skipped-to = { $upcoming } plays now.
queue-ended = The queue has ended. `/play` begins anew.
went-back = { $track } plays again.
stopped = { $count ->
    [0] The music has ended. `/play` begins anew.
   *[other] The music has ended. Dropped from the queue: { $count }.
}
shuffled = Waiting in another order: { $count }.
queued-no-room = Left out, since the queue is full: { $count }.
queued-too-long = Left out, since they are too long: { $count }.
replayed = { $track } plays from its beginning.
sought = { $track } plays from { $position } on; it was at { $before }.
removed = { $count ->
    [0] There was nothing to remove.
    [1] { $track } no longer waits.
   *[other] No longer waiting: { $count }.
}
moved = { $track } is number { $position } in the queue now.
swapped = { $first } and { $second } have changed places.
cleared = Dropped from the queue: { $count }.
unshuffled = Waiting in their own order again: { $count }.
loop-set = { $loop ->
    [track] This track plays again and again.
    [queue] The queue plays again and again.
   *[off] Nothing plays again by itself.
}
autoplay-set = { $on ->
    [on] When the queue is over, Seraphim chooses what plays.
   *[off] When the queue is over, the music ends.
}
stay-set = { $on ->
    [on] Seraphim stays in the voice channel, whoever leaves.
   *[off] Seraphim leaves the voice channel after a while alone.
}
sound-plain = as it is
sound-speed = speed { $speed }
sound-pitch = pitch { $pitch }
history-empty = Nothing has been played yet.
history-footer = Page { $page } of { $pages } · the last one first
volume-set = The volume is { $volume }; it was { $before }.
joined = Seraphim is in { $channel }. `/play` begins.
joined-again = Seraphim is in { $channel }. { $track } goes on.
joined-already = Seraphim is in { $channel } already. `/play` begins.
left = Seraphim has left { $channel }. The queue is kept: `/join` brings it back.
outdated = That track is over already, so nothing was done.
outdated-now = That track is over already, so nothing was done. { $track } plays now.
nothing-plays = Nothing is playing. `/play` begins.
ping =
    Discord's gateway: { $gateway }
    Audio node: { $node }
ping-not-measured = not measured yet
ping-no-node = none can be reached

## The panel

panel-artist = by **{ $artist }**
panel-asked-by = asked for by { $member }
asker-nobody = Seraphim
panel-ends = { $length }, ends { $moment }
panel-paused-at = paused at { $position } of { $length }
panel-stands-at = at { $position } of { $length }
panel-paused-live = paused
panel-waiting-for-node = The audio node cannot be reached; the music goes on when it can.
panel-waiting-for-listeners = Nobody listens. The music goes on when somebody does.
panel-waiting-for-join = Seraphim is in no voice channel. `/join` lets the music go on.
panel-next = Next
panel-next-and-more =
    { $track }
    and { $count } more
panel-nothing-next = nothing
panel-live-title = now: { $title }
panel-loop = Loop
panel-sound = Sound
panel-autoplay = Autoplay
panel-on = on
panel-volume = Volume

button-back = Back
button-pause = Pause
button-resume = Resume
button-skip = Skip
button-shuffle = Shuffle
button-loop-track = Loop track
button-loop-queue = Loop queue
button-loop-off = Loop off
button-quieter = Quieter
button-louder = Louder
button-queue = Queue
button-stop = Stop
button-vote = Vote
button-sure = Yes
button-not-sure = No

## Votes, and questions before others lose something

phrase-vote = The choir is called to choose
phrase-sure = Weigh it well
vote-skip = { $member } asks to skip { $track }.
vote-stop = { $member } asks to end the music.
vote-clear = { $member } asks to empty the queue.
vote-remove = { $member } asks to take { $track } out of the queue.
vote-leave = { $member } asks to send Seraphim away.
vote-back = { $member } asks to play the track before again.
vote-seek = { $member } asks to move within { $track }.
vote-loop = { $member } asks to change what is repeated.
vote-shuffle = { $member } asks to put the queue into another order.
vote-filter = { $member } asks to change the sound.
vote-open = Votes: { $votes } of { $needed }. It ends { $moment }.
vote-passed = The vote has passed: { $votes } of { $needed }.
vote-failed = Too few have voted: { $votes } of { $needed }.
vote-lapsed = The vote is over: there is nothing left to decide.
vote-counted = Your vote counts.
vote-not-counted = That vote was not counted: you have given it already, or another vote like it is open.
vote-over = That vote is over.
sure-stop = Others are listening: { $count }. End the music and empty the queue?
sure-clear = Others are listening: { $count }. Empty the queue?
sure-leave = Others are listening: { $count }. Send Seraphim away?
sure-not = Nothing was done.

## The queue

queue-now = Now: { $track } ({ $length }), asked for by { $member }
queue-line = `{ $position }.` { $track } ({ $length }), asked for by { $member }
queue-nothing-waits = Nothing waits. `/play` adds to the queue.
queue-footer = Page { $page } of { $pages } · waiting: { $count } · { $length }
queue-footer-live = Page { $page } of { $pages } · waiting: { $count }

## Help

help = Join a voice channel and type `/play`. Whoever listens may control the music; what concerns all is voted on.
section-play = To begin
section-control = While it plays
section-queue = What waits
section-sound = How it sounds
section-about = About Seraphim
about =
    A music bot that keeps playing: every server has a player of its own, that fails and comes back alone.
    Version { $version } · servers: { $servers }

## A search

search-line = `{ $position }.` { $track } ({ $length })
search-footer = Press the number of the track that is to be played.

## Notices

notice-track-broke = { $track } could not be played: { $reason }
notice-too-many-broke =
    { $count ->
        [one] { $count } track could not be played, so the queue was stopped.
       *[other] { $count } tracks in a row could not be played, so the queue was stopped.
    } Try something else with `/play`.
notice-gave-up = The player failed too often and was given up. `/play` begins anew; if it fails again, tell whoever runs Seraphim.
notice-join-lost = Seraphim could not stay in the voice channel.

## Refusals: what went wrong, and what to do next. Their codes are shown beneath.

refusal-stopping = Seraphim is stopping or just starting, and takes nothing new.
    .remedy = Try again in a minute.
refusal-server-only = This works in a server only.
    .remedy = Use it in a server that has Seraphim.
refusal-join-a-channel = You are in no voice channel.
    .remedy = Join a voice channel, then try again.
refusal-same-channel = Seraphim is in another voice channel.
    .remedy = Join { $channel }, then try again.
refusal-query-too-short = That is too short to look for.
    .remedy = Give at least { $lowest } characters, or an address.
refusal-query-too-long = That is too long to look for.
    .remedy = Give at most { $highest } characters.
refusal-forbidden-query = That has forbidden characters, or is an address that Seraphim does not open.
    .remedy = Give plain words, or a public address that begins with http:// or https:// and holds no password.
refusal-out-of-range = That number is out of range.
    .remedy = Give a number from { $lowest } to { $highest }.
refusal-no-channel = There is no channel { $no_channel } in this server.
    .remedy = Choose from those that are offered while you type, with commas between, or give `all`.
refusal-no-source = There is no source { $no_source }.
    .remedy = Choose among { $sources }, with commas between.
refusal-louder-than-loudest = The volume at the start ({ $starting }) would be above the highest volume ({ $loudest }).
    .remedy = Set `default_volume` to { $loudest } at most, or `maximum_volume` to { $starting } at least.
refusal-cannot-speak = Seraphim cannot sing in { $channel }. Missing: { $missing }.
    .remedy = Ask a moderator to change that, or join another voice channel.
refusal-cannot-write = Seraphim cannot write in this channel. Missing: { $missing }.
    .remedy = Ask a moderator to grant that, or use another text channel.
refusal-dj-only = Only a DJ may do that.
    .remedy = Ask a DJ, or somebody who may manage the server: `/dj add` makes one.
refusal-channel-not-allowed = Commands are not taken in this channel.
    .remedy = Use { $channels }.
refusal-nothing-playing = Nothing is playing.
    .remedy = Begin with `/play`.
refusal-queue-empty = There is no other track.
    .remedy = Add some with `/play`.
refusal-nothing-found = Nothing was found.
    .remedy = Try other words, or give an address.
refusal-track-failed = That track cannot be played.
    .remedy = Try another, or try again later.
refusal-track-stuck = That track gives no sound.
    .remedy = Skip it with `/skip`, or try again later.
refusal-queue-full = The queue is full: it holds { $limit } tracks.
    .remedy = Let some play, or `/clear` it.
refusal-too-long = That track is too long: here they may have { $minutes }.
    .remedy = Try a shorter one, or ask whoever manages the server to change it with `/settings`.
refusal-too-fast = Thou art invoking too swiftly.
    .remedy = Await { $seconds ->
        [one] { $seconds } second
       *[other] { $seconds } seconds
    }, then try again.
refusal-no-node = No audio node can be reached.
    .remedy = It is looked for again by itself: try in a minute.
refusal-source-busy = The source of that track wants fewer requests.
    .remedy = Try again in a few minutes.
refusal-source-refused = The source would not give that track.
    .remedy = Try another track, or another address.
refusal-links-off = No source here knows that address. Plain links, uploads and radio are switched off.
    .remedy = Try a search, or ask whoever runs Seraphim to allow links; docs/lavalink.md says how.
refusal-discord-refused = Discord did not let Seraphim do that.
    .remedy = Try again; if it lasts, look at discordstatus.com.
refusal-node-too-old = The audio node is too old for Discord's voice encryption.
    .remedy = Tell whoever runs Seraphim to update Lavalink to 4.2 or newer.
refusal-configuration = Seraphim is set up wrongly.
    .remedy = Tell whoever runs Seraphim to look at its log.
refusal-player-restarting = The player is just starting again.
    .remedy = Try again in a few seconds.
refusal-internal = Something went wrong inside.
    .remedy = Try again; if it lasts, tell whoever runs Seraphim the number { $reference }.

## Permissions, as Discord's own settings call them

permission-view-channel = View Channel
permission-connect = Connect
permission-speak = Speak
permission-send-messages = Send Messages
permission-send-messages-in-threads = Send Messages in Threads
permission-embed-links = Embed Links
permission-room = room (it holds { $limit })

## How commands and their options describe themselves: 100 characters at most

command-play = Play a track or add it to the queue
option-play-query = Words to look for, or an address
command-pause = Let the music stand still
command-resume = Let the music go on
command-skip = End this track and play the next
command-back = Play the track before again
command-stop = End the music and empty the queue
command-join = Call Seraphim into your voice channel
command-leave = Send Seraphim out of the voice channel; the queue is kept
command-nowplaying = See what plays
command-queue = See what waits
option-queue-page = Which page
command-shuffle = Put the waiting tracks into another order
command-volume = Set the volume
option-volume-level = In percent
command-ping = See how long Discord and the audio node take to answer
command-help = See what Seraphim understands
command-about = See what Seraphim is
option-play-source = Where to look; otherwise where this server looks
command-search = Search, and pick from what is found
option-search-query = Words to look for
option-search-source = Where to look; otherwise where this server looks
command-play-file = Play a file that you upload
option-play-file-attachment = The file
option-play-when = Where to put it: at the end, next, or at once
option-play-shuffle = Put what is found into another order
option-play-start = Where the first track begins: 1:23 or 83
choice-when-end = at the end
choice-when-next = next
choice-when-now = now
option-skip-count = How many tracks
command-skip-to = Play a waiting track at once; those before it are skipped
option-skip-to-position = Its number in the queue
command-replay = Play this track from its beginning
command-seek = Play from another moment on
option-seek-time = A moment (1:23 or 83), or so many seconds on or back (+30, -10)
command-forward = Jump ahead in this track
option-forward-seconds = How many seconds
command-rewind = Jump back in this track
option-rewind-seconds = How many seconds
command-history = See what has been played
option-history-page = Which page
command-remove = Take tracks out of the queue
option-remove-positions = Their numbers (3 or 2-5,8), or a member whose tracks are meant
command-move = Let a track wait in another place
option-move-position = Its number in the queue
option-move-target = Where it is to wait
command-swap = Let two waiting tracks change places
option-swap-first = The number of one
option-swap-second = The number of the other
command-clear = Empty the queue; what plays plays on
command-unshuffle = Put the waiting tracks back into their own order
command-dedupe = Drop what waits more than once
command-clean = Drop the tracks of people who have left
command-loop = Play this track or the queue again and again
option-loop-what = What plays again
choice-loop-off = nothing
choice-loop-track = this track
choice-loop-queue = the queue
command-filter = Change the sound
option-filter-preset = How it is to sound
choice-filter-off = off
choice-filter-bass-boost = bass boost
choice-filter-nightcore = nightcore
choice-filter-vaporwave = vaporwave
choice-filter-8d = 8D
choice-filter-karaoke = karaoke
choice-filter-tremolo = tremolo
choice-filter-vibrato = vibrato
choice-filter-low-pass = low pass
choice-filter-soft = soft
choice-filter-pop = pop
choice-filter-treble = treble
command-speed = Set how fast it plays
option-speed-percent = In percent; 100 is as it is
command-pitch = Set how high it sounds
option-pitch-percent = In percent; 100 is as it is
command-autoplay = Let Seraphim choose what plays when the queue is over
option-autoplay-on = Whether it does
command-stay = Let Seraphim stay in the voice channel, day and night
option-stay-on = Whether it does

## What a server chooses, and what somebody keeps

phrase-settings = As it is ordained
phrase-favourites = What thy heart holds dear
phrase-radio = Voices from afar
setting-line = { $name }: { $value }
setting-changed = { $name }: **{ $value }**, from now on
setting-none = none
setting-any-channel = where a command comes from
setting-all-channels = all
setting-operators = whatever Seraphim's operator has set
setting-no-limit = no limit
setting-on = on
setting-off = off
choice-setting-dj-role = DJ role
choice-setting-djs = DJs
choice-setting-default-volume = Volume at the start
choice-setting-maximum-volume = Highest volume
choice-setting-vote-share = Share of listeners for a vote
choice-setting-alone-minutes = Leaves when alone for
choice-setting-stay = Stays day and night
choice-setting-announce = Tells what plays
choice-setting-language = Language
choice-setting-request-channel = Channel of the panel
choice-setting-allowed-channels = Channels for commands
choice-setting-longest-track-minutes = Longest track
choice-setting-longest-queue = Longest queue
choice-setting-sources = Where it searches
choice-setting-fair = Fair turns
choice-setting-channel-status = Voice channel says what plays
choice-announce-panel = in one message
choice-announce-never = never
choice-language-server = the server's
choice-language-en = English
choice-language-de = Deutsch
choice-language-es-es = español
dj-set = { $state ->
    [yes] { $member } is a DJ now.
   *[no] { $member } is no DJ any more.
}
dj-already = { $state ->
    [yes] { $member } was a DJ already.
   *[no] { $member } was no DJ.
}
favourite-added = { $track } is one of your favourites now. `/favourite play` plays them.
favourite-already = { $track } is one of your favourites already.
favourite-removed = { $track } is no favourite any more.
favourites-full = You have { $limit } favourites: there is no room for more. `/favourite remove` makes some.
favourites-empty = You have none yet. `/favourite add` keeps what plays.
favourites-footer = Page { $page } of { $pages } · favourites: { $count }
favourites-name = favourites
station-line = { $name } · { $address }
stations-empty = No station is saved yet. `/radio add` saves one.
station-saved = { $name } is saved. `/radio play` plays it.
station-removed = { $name } is saved no more.
exported = The queue as a file: { $count } tracks. `/import` brings it back.
import-name = a file (not found or left out: { $count })
import-name-whole = a file
button-favourite = Favourite
section-keep = What you keep
section-govern = For who runs the server
refusal-unkept = That cannot be read or written now: the database does not answer. Nothing was changed.
    .remedy = Try again in a minute.
command-settings = See and change what this server has chosen
option-settings-dj-role = Who has this role is a DJ
option-settings-default-volume = In percent, when music begins anew
option-settings-maximum-volume = In percent; nobody goes above it
option-settings-vote-share = In percent of who listens
option-settings-alone-minutes = How many minutes alone or with nothing to play before it leaves
option-settings-stay = Whether it stays day and night
option-settings-announce = Where it is told what plays
option-settings-language = What it says to everybody is in this language
option-settings-request-channel = Where the panel stands, whatever channel a command comes from
option-settings-allowed-channels = Where commands are taken: #one #two, or all
option-settings-longest-track-minutes = Longer tracks are not queued
option-settings-longest-queue = How many tracks may wait
option-settings-sources = Where it searches, in this order: library, youtube, soundcloud, …
option-settings-fair = Whether who asks takes turns, one track each
option-settings-channel-status = Whether the voice channel says what plays
option-settings-reset = A setting that is to be as it was at first
command-dj = Say who the DJs are
command-dj-add = Make a member a DJ
option-dj-add-member = Who
command-dj-remove = Let a member be no DJ any more
option-dj-remove-member = Who
command-favourite = Your favourites, in every server
command-favourite-add = Keep what plays as a favourite
command-favourite-list = See your favourites
option-favourite-list-page = Which page
command-favourite-play = Play your favourites, or one of them
option-favourite-play-track = Which one; otherwise all
command-favourite-remove = Let a track be no favourite any more
option-favourite-remove-track = Which one
command-radio = Radio stations that this server has saved
command-radio-play = Play a station
option-radio-play-station = Its name, or an address
command-radio-add = Save a station
option-radio-add-name = What it is called
option-radio-add-address = The address of its stream
command-radio-remove = Forget a station
option-radio-remove-name = Which one
command-radio-list = See the stations
command-export = Take the queue with you as a file
command-import = Queue what a file lists
option-import-attachment = A file from /export, or a text with a title or address in each line
phrase-gathering = Seraphim gathers the voices
gathering = Still looking and gathering; long playlists take a moment. The answer will stand here.
