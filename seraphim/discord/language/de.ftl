### Seraphims Stimme: oben eine himmlische Wendung, darunter in schlichten Worten, was ist und was zu tun bleibt.

## Die Wendungen, jede der Titel einer Karte

phrase-joined = Höret Seraphim! Fürchtet euch nicht!
phrase-playing = Im Einklang mit kosmischen Schwingungen
phrase-queue = Die himmlischen Harmonien warten
phrase-error = Die göttlichen Frequenzen wanken
phrase-paused = Die Himmel halten den Atem an
phrase-resting = Der Chor ruht
phrase-left = Seraphim fährt auf
phrase-ping = Seraphim hört dich
phrase-sound = Die Sphären sind neu gestimmt
phrase-history = Nachklang dessen, was war
phrase-search = Suchet, so werdet ihr finden
phrase-help = Worum du Seraphim bitten magst

## Titel

track-credited = { $title } von { $artist }
track-untitled = ohne Namen
track-live = live

## Antworten

queued-now = { $track } ({ $length }) läuft jetzt.
queued-later = { $track } ({ $length }) ist Nummer { $position } in der Warteschlange.
queued-many-now = Titel aus { $playlist }: { $count }. Der erste läuft jetzt.
queued-many-later = Titel aus { $playlist }: { $count }, in der Warteschlange ab Nummer { $position }.
queued-playlist-nameless = einer Playlist
paused = { $track } steht still. Mit `/resume` geht es weiter.
paused-already = { $track } steht schon still. Mit `/resume` geht es weiter.
resumed = { $track } geht weiter.
resumed-already = { $track } läuft schon.
skipped = { $count ->
    [1] { $track } wurde übersprungen.
   *[other] { $track } und was danach kam wurde übersprungen: { $count }.
}
skipped-to = Jetzt läuft { $upcoming }.
queue-ended = Die Warteschlange ist zu Ende. Mit `/play` beginnt sie von Neuem.
went-back = { $track } läuft noch einmal.
stopped = { $count ->
    [0] Die Musik ist zu Ende. Mit `/play` beginnt sie von Neuem.
   *[other] Die Musik ist zu Ende. Aus der Warteschlange entfernt: { $count }.
}
shuffled = In anderer Reihenfolge warten: { $count }.
queued-no-room = Weggelassen, weil die Warteschlange voll ist: { $count }.
queued-too-long = Weggelassen, weil zu lang: { $count }.
replayed = { $track } läuft von vorn.
sought = { $track } läuft ab { $position }, vorher war es bei { $before }.
removed = { $count ->
    [0] Es gab nichts zu entfernen.
    [1] { $track } wartet nicht mehr.
   *[other] Es warten nicht mehr: { $count }.
}
moved = { $track } ist jetzt Nummer { $position } in der Warteschlange.
swapped = { $first } und { $second } haben die Plätze getauscht.
cleared = Aus der Warteschlange entfernt: { $count }.
unshuffled = Wieder in eigener Reihenfolge warten: { $count }.
loop-set = { $loop ->
    [track] Dieser Titel läuft immer wieder.
    [queue] Die Warteschlange läuft immer wieder.
   *[off] Nichts wiederholt sich von selbst.
}
autoplay-set = { $on ->
    [on] Ist die Warteschlange zu Ende, wählt Seraphim, was läuft.
   *[off] Ist die Warteschlange zu Ende, endet die Musik.
}
stay-set = { $on ->
    [on] Seraphim bleibt im Sprachkanal, wer auch geht.
   *[off] Seraphim verlässt den Sprachkanal nach einer Weile allein.
}
sound-plain = wie es ist
sound-speed = Tempo { $speed }
sound-pitch = Tonhöhe { $pitch }
history-empty = Noch ist nichts gelaufen.
history-footer = Seite { $page } von { $pages } · das Letzte zuerst
volume-set = Die Lautstärke ist { $volume }, vorher war sie { $before }.
joined = Seraphim ist in { $channel }. Mit `/play` beginnt es.
joined-again = Seraphim ist in { $channel }. { $track } geht weiter.
joined-already = Seraphim ist schon in { $channel }. Mit `/play` beginnt es.
left = Seraphim hat { $channel } verlassen. Die Warteschlange bleibt: `/join` holt sie zurück.
outdated = Dieser Titel ist schon vorbei, darum ist nichts geschehen.
outdated-now = Dieser Titel ist schon vorbei, darum ist nichts geschehen. Jetzt läuft { $track }.
nothing-plays = Es läuft nichts. Mit `/play` beginnt es.
ping =
    Discords Gateway: { $gateway }
    Audioknoten: { $node }
ping-not-measured = noch nicht gemessen
ping-no-node = keiner ist erreichbar

## Die Anzeige

panel-artist = von **{ $artist }**
panel-asked-by = gewünscht von { $member }
asker-nobody = Seraphim
panel-ends = { $length }, endet { $moment }
panel-paused-at = angehalten bei { $position } von { $length }
panel-stands-at = bei { $position } von { $length }
panel-paused-live = angehalten
panel-waiting-for-node = Der Audioknoten ist nicht erreichbar; sobald er es ist, geht die Musik weiter.
panel-waiting-for-listeners = Niemand hört zu. Die Musik geht weiter, sobald jemand da ist.
panel-waiting-for-join = Seraphim ist in keinem Sprachkanal. Mit `/join` geht die Musik weiter.
panel-next = Als Nächstes
panel-next-and-more =
    { $track }
    und { $count } weitere
panel-nothing-next = nichts
panel-live-title = jetzt: { $title }
panel-loop = Wiederholung
panel-sound = Klang
panel-autoplay = Von selbst weiter
panel-on = an
panel-volume = Lautstärke

button-back = Zurück
button-pause = Anhalten
button-resume = Fortsetzen
button-skip = Überspringen
button-shuffle = Mischen
button-loop-track = Titel wiederholen
button-loop-queue = Warteschlange wiederholen
button-loop-off = Nicht wiederholen
button-quieter = Leiser
button-louder = Lauter
button-queue = Warteschlange
button-stop = Beenden
button-vote = Abstimmen
button-sure = Ja
button-not-sure = Nein

## Abstimmungen, und Fragen, bevor andere etwas verlieren

phrase-vote = Der Chor ist zur Wahl gerufen
phrase-sure = Wäge es wohl
vote-skip = { $member } möchte { $track } überspringen.
vote-stop = { $member } möchte die Musik beenden.
vote-clear = { $member } möchte die Warteschlange leeren.
vote-remove = { $member } möchte { $track } aus der Warteschlange nehmen.
vote-leave = { $member } möchte Seraphim fortschicken.
vote-back = { $member } möchte den vorigen Titel noch einmal hören.
vote-seek = { $member } möchte innerhalb von { $track } springen.
vote-loop = { $member } möchte ändern, was wiederholt wird.
vote-shuffle = { $member } möchte die Warteschlange mischen.
vote-filter = { $member } möchte den Klang ändern.
vote-open = Stimmen: { $votes } von { $needed }. Sie endet { $moment }.
vote-passed = Die Abstimmung ist angenommen: { $votes } von { $needed }.
vote-failed = Zu wenige haben abgestimmt: { $votes } von { $needed }.
vote-lapsed = Die Abstimmung ist vorbei: Es gibt nichts mehr zu entscheiden.
vote-counted = Deine Stimme zählt.
vote-not-counted = Diese Stimme zählt nicht: Du hast sie schon abgegeben, oder eine andere Abstimmung dieser Art läuft.
vote-over = Diese Abstimmung ist vorbei.
sure-stop = Andere hören zu: { $count }. Die Musik beenden und die Warteschlange leeren?
sure-clear = Andere hören zu: { $count }. Die Warteschlange leeren?
sure-leave = Andere hören zu: { $count }. Seraphim fortschicken?
sure-not = Es wurde nichts getan.

## Die Warteschlange

queue-now = Jetzt: { $track } ({ $length }), gewünscht von { $member }
queue-line = `{ $position }.` { $track } ({ $length }), gewünscht von { $member }
queue-nothing-waits = Nichts wartet. `/play` fügt etwas hinzu.
queue-footer = Seite { $page } von { $pages } · es warten: { $count } · { $length }
queue-footer-live = Seite { $page } von { $pages } · es warten: { $count }

## Hilfe

help = Tritt einem Sprachkanal bei und tippe `/play`. Wer zuhört, darf die Musik steuern; was alle angeht, wird abgestimmt.
section-play = Zum Anfangen
section-control = Während es läuft
section-queue = Was wartet
section-sound = Wie es klingt
section-about = Über Seraphim
about =
    Ein Musikbot, der weiterspielt: jeder Server hat einen eigenen Player, der für sich allein scheitert und zurückkommt.
    Version { $version } · Server: { $servers }

## Eine Suche

search-line = `{ $position }.` { $track } ({ $length })
search-footer = Drücke die Nummer des Titels, der laufen soll.

## Mitteilungen

notice-track-broke = { $track } ließ sich nicht abspielen: { $reason }
notice-too-many-broke =
    { $count ->
        [one] { $count } Titel ließ sich nicht abspielen, darum wurde die Warteschlange angehalten.
       *[other] { $count } Titel hintereinander ließen sich nicht abspielen, darum wurde die Warteschlange angehalten.
    } Versuche mit `/play` etwas anderes.
notice-gave-up = Der Player ist zu oft gescheitert und wurde aufgegeben. Mit `/play` beginnt er von Neuem; scheitert er wieder, sag es denen, die Seraphim betreiben.
notice-join-lost = Seraphim konnte nicht im Sprachkanal bleiben.

## Absagen: was nicht ging, und was zu tun ist. Ihre Codes stehen darunter.

refusal-stopping = Seraphim hört gerade auf oder fängt gerade an und nimmt nichts Neues entgegen.
    .remedy = Versuche es in einer Minute noch einmal.
refusal-server-only = Das geht nur auf einem Server.
    .remedy = Benutze es auf einem Server, auf dem Seraphim ist.
refusal-join-a-channel = Du bist in keinem Sprachkanal.
    .remedy = Tritt einem Sprachkanal bei und versuche es noch einmal.
refusal-same-channel = Seraphim ist in einem anderen Sprachkanal.
    .remedy = Tritt { $channel } bei und versuche es noch einmal.
refusal-query-too-short = Das ist zu kurz, um danach zu suchen.
    .remedy = Gib mindestens { $lowest } Zeichen ein, oder eine Adresse.
refusal-query-too-long = Das ist zu lang, um danach zu suchen.
    .remedy = Gib höchstens { $highest } Zeichen ein.
refusal-forbidden-query = Das enthält verbotene Zeichen oder ist eine Adresse, die Seraphim nicht öffnet.
    .remedy = Gib einfache Wörter ein, oder eine öffentliche Adresse, die mit http:// oder https:// beginnt und kein Passwort enthält.
refusal-out-of-range = Diese Zahl ist außerhalb des Bereichs.
    .remedy = Gib eine Zahl von { $lowest } bis { $highest } ein.
refusal-no-channel = Auf diesem Server gibt es keinen Kanal { $no_channel }.
    .remedy = Wähle aus denen, die beim Tippen angeboten werden, mit Kommas dazwischen, oder gib `all` ein.
refusal-no-source = Es gibt keine Quelle { $no_source }.
    .remedy = Wähle unter { $sources }, mit Kommas dazwischen.
refusal-louder-than-loudest = Die Lautstärke am Anfang ({ $starting }) läge über der höchsten ({ $loudest }).
    .remedy = Setze `default_volume` auf höchstens { $loudest } oder `maximum_volume` auf mindestens { $starting }.
refusal-cannot-speak = Seraphim kann in { $channel } nicht singen. Es fehlt: { $missing }.
    .remedy = Bitte jemanden aus der Moderation, das zu ändern, oder tritt einem anderen Sprachkanal bei.
refusal-cannot-write = Seraphim kann in diesem Kanal nicht schreiben. Es fehlt: { $missing }.
    .remedy = Bitte jemanden aus der Moderation, das zu erlauben, oder benutze einen anderen Textkanal.
refusal-dj-only = Das darf nur ein DJ.
    .remedy = Frage einen DJ oder jemanden, der den Server verwalten darf: `/dj add` macht dazu.
refusal-channel-not-allowed = In diesem Kanal werden keine Befehle angenommen.
    .remedy = Benutze { $channels }.
refusal-nothing-playing = Es läuft nichts.
    .remedy = Beginne mit `/play`.
refusal-queue-empty = Es gibt keinen weiteren Titel.
    .remedy = Füge mit `/play` welche hinzu.
refusal-nothing-found = Nichts wurde gefunden.
    .remedy = Versuche andere Wörter oder gib eine Adresse ein.
refusal-track-failed = Dieser Titel lässt sich nicht abspielen.
    .remedy = Versuche einen anderen, oder versuche es später noch einmal.
refusal-track-stuck = Dieser Titel gibt keinen Ton.
    .remedy = Überspringe ihn mit `/skip` oder versuche es später noch einmal.
refusal-queue-full = Die Warteschlange ist voll: sie fasst { $limit } Titel.
    .remedy = Lass ein paar davon laufen oder leere sie mit `/clear`.
refusal-too-long = Dieser Titel ist zu lang: hier dürfen sie { $minutes } dauern.
    .remedy = Versuche einen kürzeren, oder bitte jemanden, der den Server verwaltet, das mit `/settings` zu ändern.
refusal-too-fast = Du rufst zu geschwind.
    .remedy = Warte { $seconds ->
        [one] { $seconds } Sekunde
       *[other] { $seconds } Sekunden
    } und versuche es noch einmal.
refusal-no-node = Kein Audioknoten ist erreichbar.
    .remedy = Er wird von selbst gesucht: versuche es in einer Minute.
refusal-source-busy = Die Quelle dieses Titels möchte weniger Anfragen.
    .remedy = Versuche es in ein paar Minuten noch einmal.
refusal-source-refused = Die Quelle wollte diesen Titel nicht hergeben.
    .remedy = Versuche einen anderen Titel oder eine andere Adresse.
refusal-links-off = Keine Quelle hier kennt diese Adresse. Einfache Links, hochgeladene Dateien und Radio sind abgeschaltet.
    .remedy = Versuche eine Suche, oder bitte den Betreiber von Seraphim, Links zu erlauben; wie, steht in docs/lavalink.md.
refusal-discord-refused = Discord hat Seraphim das nicht erlaubt.
    .remedy = Versuche es noch einmal; bleibt es so, sieh auf discordstatus.com nach.
refusal-node-too-old = Der Audioknoten ist zu alt für Discords Sprachverschlüsselung.
    .remedy = Sag denen, die Seraphim betreiben, dass Lavalink 4.2 oder neuer nötig ist.
refusal-configuration = Seraphim ist falsch eingerichtet.
    .remedy = Sag denen, die Seraphim betreiben, dass sie ins Protokoll sehen sollen.
refusal-player-restarting = Der Player fängt gerade neu an.
    .remedy = Versuche es in ein paar Sekunden noch einmal.
refusal-internal = Im Inneren ist etwas schiefgegangen.
    .remedy = Versuche es noch einmal; bleibt es so, sag denen, die Seraphim betreiben, die Nummer { $reference }.

## Berechtigungen, wie Discords eigene Einstellungen sie nennen

permission-view-channel = Kanal anzeigen
permission-connect = Verbinden
permission-speak = Sprechen
permission-send-messages = Nachrichten senden
permission-send-messages-in-threads = Nachrichten in Threads senden
permission-embed-links = Links einbetten
permission-room = Platz (er fasst { $limit })

## Wie sich Befehle und ihre Optionen beschreiben: höchstens 100 Zeichen

command-play = Spiele einen Titel oder füge ihn der Warteschlange hinzu
option-play-query = Wörter, nach denen gesucht wird, oder eine Adresse
command-pause = Lass die Musik stillstehen
command-resume = Lass die Musik weitergehen
command-skip = Beende diesen Titel und spiele den nächsten
command-back = Spiele den vorigen Titel noch einmal
command-stop = Beende die Musik und leere die Warteschlange
command-join = Rufe Seraphim in deinen Sprachkanal
command-leave = Schicke Seraphim aus dem Sprachkanal; die Warteschlange bleibt
command-nowplaying = Sieh, was läuft
command-queue = Sieh, was wartet
option-queue-page = Welche Seite
command-shuffle = Bringe die wartenden Titel in eine andere Reihenfolge
command-volume = Stelle die Lautstärke ein
option-volume-level = In Prozent
command-ping = Sieh, wie lange Discord und der Audioknoten für eine Antwort brauchen
command-help = Sieh, was Seraphim versteht
command-about = Sieh, was Seraphim ist
option-play-source = Wo gesucht wird; sonst da, wo dieser Server sucht
command-search = Suche etwas und wähle aus, was gefunden wird
option-search-query = Wörter, nach denen gesucht wird
option-search-source = Wo gesucht wird; sonst da, wo dieser Server sucht
command-play-file = Spiele eine Datei, die du hochlädst
option-play-file-attachment = Die Datei
option-play-when = Wohin damit: ans Ende, als Nächstes oder sofort
option-play-shuffle = Bringe das Gefundene in eine andere Reihenfolge
option-play-start = Wo der erste Titel beginnt: 1:23 oder 83
choice-when-end = am Ende
choice-when-next = als Nächstes
choice-when-now = sofort
option-skip-count = Wie viele Titel
command-skip-to = Spiele einen wartenden Titel sofort; die davor werden übersprungen
option-skip-to-position = Seine Nummer in der Warteschlange
command-replay = Spiele diesen Titel von vorn
command-seek = Spiele ab einer anderen Stelle
option-seek-time = Eine Stelle (1:23 oder 83), oder so viele Sekunden vor oder zurück (+30, -10)
command-forward = Springe in diesem Titel vor
option-forward-seconds = Wie viele Sekunden
command-rewind = Springe in diesem Titel zurück
option-rewind-seconds = Wie viele Sekunden
command-history = Sieh, was gelaufen ist
option-history-page = Welche Seite
command-remove = Nimm Titel aus der Warteschlange
option-remove-positions = Ihre Nummern (3 oder 2-5,8), oder ein Mitglied, dessen Titel gemeint sind
command-move = Lass einen Titel an anderer Stelle warten
option-move-position = Seine Nummer in der Warteschlange
option-move-target = Wo er warten soll
command-swap = Lass zwei wartende Titel die Plätze tauschen
option-swap-first = Die Nummer des einen
option-swap-second = Die Nummer des anderen
command-clear = Leere die Warteschlange; was läuft, läuft weiter
command-unshuffle = Bringe die wartenden Titel wieder in ihre eigene Reihenfolge
command-dedupe = Entferne, was mehr als einmal wartet
command-clean = Entferne die Titel derer, die gegangen sind
command-loop = Spiele diesen Titel oder die Warteschlange immer wieder
option-loop-what = Was sich wiederholt
choice-loop-off = nichts
choice-loop-track = dieser Titel
choice-loop-queue = die Warteschlange
command-filter = Ändere den Klang
option-filter-preset = Wie es klingen soll
choice-filter-off = aus
choice-filter-bass-boost = mehr Bass
choice-filter-nightcore = Nightcore
choice-filter-vaporwave = Vaporwave
choice-filter-8d = 8D
choice-filter-karaoke = Karaoke
choice-filter-tremolo = Tremolo
choice-filter-vibrato = Vibrato
choice-filter-low-pass = Tiefpass
choice-filter-soft = sanft
choice-filter-pop = Pop
choice-filter-treble = mehr Höhen
command-speed = Stelle ein, wie schnell es läuft
option-speed-percent = In Prozent; 100 ist, wie es ist
command-pitch = Stelle ein, wie hoch es klingt
option-pitch-percent = In Prozent; 100 ist, wie es ist
command-autoplay = Lass Seraphim wählen, was läuft, wenn die Warteschlange zu Ende ist
option-autoplay-on = Ob Seraphim das tut
command-stay = Lass Seraphim Tag und Nacht im Sprachkanal bleiben
option-stay-on = Ob Seraphim bleibt

## Was ein Server wählt, und was jemand behält

phrase-settings = So ist es bestimmt
phrase-favourites = Was dein Herz bewahrt
phrase-radio = Stimmen aus der Ferne
setting-line = { $name }: { $value }
setting-changed = { $name }: **{ $value }**, ab jetzt
setting-none = keine
setting-any-channel = wo ein Befehl gegeben wird
setting-all-channels = alle
setting-operators = wie vom Betreiber von Seraphim eingestellt
setting-no-limit = unbegrenzt
setting-on = an
setting-off = aus
choice-setting-dj-role = DJ-Rolle
choice-setting-djs = DJs
choice-setting-default-volume = Lautstärke am Anfang
choice-setting-maximum-volume = Höchste Lautstärke
choice-setting-vote-share = Anteil der Zuhörer für eine Abstimmung
choice-setting-alone-minutes = Geht, wenn allein seit
choice-setting-stay = Bleibt Tag und Nacht
choice-setting-announce = Sagt, was spielt
choice-setting-language = Sprache
choice-setting-request-channel = Kanal der Anzeige
choice-setting-allowed-channels = Kanäle für Befehle
choice-setting-longest-track-minutes = Längster Titel
choice-setting-longest-queue = Längste Warteschlange
choice-setting-sources = Wo gesucht wird
choice-setting-fair = Reihum
choice-setting-channel-status = Sprachkanal sagt, was spielt
choice-announce-panel = in einer Nachricht
choice-announce-never = nie
choice-language-server = die des Servers
choice-language-en = English
choice-language-de = Deutsch
choice-language-es-es = español
dj-set = { $state ->
    [yes] { $member } ist jetzt DJ.
   *[no] { $member } ist kein DJ mehr.
}
dj-already = { $state ->
    [yes] { $member } war schon DJ.
   *[no] { $member } war kein DJ.
}
favourite-added = { $track } gehört jetzt zu deinen Favoriten. `/favourite play` spielt sie.
favourite-already = { $track } gehört schon zu deinen Favoriten.
favourite-removed = { $track } ist kein Favorit mehr.
favourites-full = Du hast { $limit } Favoriten: für mehr ist kein Platz. `/favourite remove` schafft welchen.
favourites-empty = Du hast noch keine. `/favourite add` behält, was spielt.
favourites-footer = Seite { $page } von { $pages } · Favoriten: { $count }
favourites-name = Favoriten
station-line = { $name } · { $address }
stations-empty = Noch ist kein Sender gespeichert. `/radio add` speichert einen.
station-saved = { $name } ist gespeichert. `/radio play` spielt den Sender.
station-removed = { $name } ist nicht mehr gespeichert.
exported = Die Warteschlange als Datei, Titel: { $count }. `/import` bringt sie zurück.
import-name = einer Datei (nicht gefunden oder ausgelassen: { $count })
import-name-whole = einer Datei
button-favourite = Favorit
section-keep = Was du behältst
section-govern = Für die Leitung des Servers
refusal-unkept = Das kann gerade weder gelesen noch geschrieben werden: die Datenbank antwortet nicht. Nichts wurde geändert.
    .remedy = Versuche es in einer Minute noch einmal.
command-settings = Ansehen und ändern, was dieser Server gewählt hat
option-settings-dj-role = Wer diese Rolle hat, ist DJ
option-settings-default-volume = In Prozent, wenn Musik neu beginnt
option-settings-maximum-volume = In Prozent; niemand geht darüber
option-settings-vote-share = In Prozent derer, die zuhören
option-settings-alone-minutes = Nach wie vielen Minuten allein oder ohne Musik es geht
option-settings-stay = Ob es Tag und Nacht bleibt
option-settings-announce = Wo gesagt wird, was spielt
option-settings-language = Was es allen sagt, ist in dieser Sprache
option-settings-request-channel = Wo die Anzeige steht, woher ein Befehl auch kommt
option-settings-allowed-channels = Wo Befehle angenommen werden: #eins #zwei, oder all
option-settings-longest-track-minutes = Längere Titel werden nicht eingereiht
option-settings-longest-queue = Wie viele Titel warten dürfen
option-settings-sources = Wo gesucht wird, in dieser Reihenfolge: library, youtube, soundcloud, …
option-settings-fair = Ob reihum gespielt wird, je ein Titel
option-settings-channel-status = Ob der Sprachkanal sagt, was spielt
option-settings-reset = Eine Einstellung, die wieder wie am Anfang sein soll
command-dj = Bestimmen, wer DJ ist
command-dj-add = Ein Mitglied zum DJ machen
option-dj-add-member = Wer
command-dj-remove = Ein Mitglied nicht mehr DJ sein lassen
option-dj-remove-member = Wer
command-favourite = Deine Favoriten, auf jedem Server
command-favourite-add = Behalten, was gerade spielt
command-favourite-list = Deine Favoriten ansehen
option-favourite-list-page = Welche Seite
command-favourite-play = Deine Favoriten spielen, oder einen davon
option-favourite-play-track = Welchen; sonst alle
command-favourite-remove = Einen Titel aus den Favoriten nehmen
option-favourite-remove-track = Welchen
command-radio = Radiosender, die dieser Server gespeichert hat
command-radio-play = Einen Sender spielen
option-radio-play-station = Sein Name, oder eine Adresse
command-radio-add = Einen Sender speichern
option-radio-add-name = Wie er heißt
option-radio-add-address = Die Adresse seines Streams
command-radio-remove = Einen Sender vergessen
option-radio-remove-name = Welchen
command-radio-list = Die Sender ansehen
command-export = Die Warteschlange als Datei mitnehmen
command-import = Einreihen, was eine Datei aufzählt
option-import-attachment = Eine Datei von /export, oder ein Text mit einem Titel oder einer Adresse je Zeile
phrase-gathering = Seraphim sammelt die Stimmen
gathering = Es wird noch gesucht und gesammelt; lange Playlists brauchen einen Moment. Die Antwort wird hier stehen.
