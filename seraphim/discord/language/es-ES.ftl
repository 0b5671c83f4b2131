### La voz de Seraphim: arriba una frase celestial, debajo, en palabras sencillas, qué pasa y qué se puede hacer.

## Las frases, cada una el título de una tarjeta

phrase-joined = ¡Escuchad a Seraphim! ¡No temáis!
phrase-playing = En resonancia con las vibraciones cósmicas
phrase-queue = Las armonías celestiales aguardan
phrase-error = Las frecuencias divinas flaquean
phrase-paused = Los cielos contienen el aliento
phrase-resting = El coro descansa
phrase-left = Seraphim asciende
phrase-ping = Seraphim te escucha
phrase-sound = Las esferas se afinan de nuevo
phrase-history = Ecos de lo que ha sonado
phrase-search = Buscad y hallaréis
phrase-help = Lo que puedes pedir a Seraphim

## Pistas

track-credited = { $title } de { $artist }
track-untitled = sin título
track-live = en directo

## Respuestas

queued-now = { $track } ({ $length }) suena ahora.
queued-later = { $track } ({ $length }) es la número { $position } de la cola.
queued-many-now = Pistas de { $playlist }: { $count }. La primera suena ahora.
queued-many-later = Pistas de { $playlist }: { $count }, en la cola desde el número { $position }.
queued-playlist-nameless = una lista
paused = { $track } se ha detenido. Con `/resume` continúa.
paused-already = { $track } ya estaba en pausa. Con `/resume` continúa.
resumed = { $track } continúa.
resumed-already = { $track } ya está sonando.
skipped = { $count ->
    [1] Se ha saltado { $track }.
   *[other] Se han saltado { $track } y las que seguían: { $count }.
}
skipped-to = Ahora suena { $upcoming }.
queue-ended = La cola ha terminado. Con `/play` empieza de nuevo.
went-back = { $track } suena otra vez.
stopped = { $count ->
    [0] La música ha terminado. Con `/play` empieza de nuevo.
   *[other] La música ha terminado. Quitadas de la cola: { $count }.
}
shuffled = Esperan en otro orden: { $count }.
queued-no-room = Quedan fuera, porque la cola está llena: { $count }.
queued-too-long = Quedan fuera, por ser demasiado largas: { $count }.
replayed = { $track } suena desde el principio.
sought = { $track } suena desde { $position }; iba por { $before }.
removed = { $count ->
    [0] No había nada que quitar.
    [1] { $track } ya no espera.
   *[other] Ya no esperan: { $count }.
}
moved = { $track } es ahora la número { $position } de la cola.
swapped = { $first } y { $second } han cambiado de sitio.
cleared = Quitadas de la cola: { $count }.
unshuffled = Esperan de nuevo en su propio orden: { $count }.
loop-set = { $loop ->
    [track] Esta pista suena una y otra vez.
    [queue] La cola suena una y otra vez.
   *[off] Nada se repite por sí solo.
}
autoplay-set = { $on ->
    [on] Cuando acaba la cola, Seraphim elige lo que suena.
   *[off] Cuando acaba la cola, termina la música.
}
stay-set = { $on ->
    [on] Seraphim se queda en el canal de voz, se vaya quien se vaya.
   *[off] Seraphim sale del canal de voz tras un rato a solas.
}
sound-plain = tal cual
sound-speed = velocidad { $speed }
sound-pitch = tono { $pitch }
history-empty = Aún no ha sonado nada.
history-footer = Página { $page } de { $pages } · lo último primero
volume-set = El volumen es { $volume }; antes era { $before }.
joined = Seraphim está en { $channel }. Con `/play` empieza.
joined-again = Seraphim está en { $channel }. { $track } continúa.
joined-already = Seraphim ya está en { $channel }. Con `/play` empieza.
left = Seraphim ha salido de { $channel }. La cola se conserva: `/join` la trae de vuelta.
outdated = Esa pista ya ha terminado, así que no se ha hecho nada.
outdated-now = Esa pista ya ha terminado, así que no se ha hecho nada. Ahora suena { $track }.
nothing-plays = No suena nada. Con `/play` empieza.
ping =
    Gateway de Discord: { $gateway }
    Nodo de audio: { $node }
ping-not-measured = aún sin medir
ping-no-node = no se alcanza ninguno

## El panel

panel-artist = de **{ $artist }**
panel-asked-by = a petición de { $member }
asker-nobody = Seraphim
panel-ends = { $length }, termina { $moment }
panel-paused-at = en pausa en { $position } de { $length }
panel-stands-at = en { $position } de { $length }
panel-paused-live = en pausa
panel-waiting-for-node = No se alcanza el nodo de audio; la música continuará en cuanto se pueda.
panel-waiting-for-listeners = Nadie escucha. La música continuará cuando alguien venga.
panel-waiting-for-join = Seraphim no está en ningún canal de voz. Con `/join` continúa la música.
panel-next = A continuación
panel-next-and-more =
    { $track }
    y { $count } más
panel-nothing-next = nada
panel-live-title = ahora: { $title }
panel-loop = Repetición
panel-sound = Sonido
panel-autoplay = Reproducción automática
panel-on = activada
panel-volume = Volumen

button-back = Anterior
button-pause = Pausar
button-resume = Continuar
button-skip = Saltar
button-shuffle = Mezclar
button-loop-track = Repetir pista
button-loop-queue = Repetir cola
button-loop-off = No repetir
button-quieter = Más bajo
button-louder = Más alto
button-queue = Cola
button-stop = Terminar
button-vote = Votar
button-sure = Sí
button-not-sure = No

## Votaciones, y preguntas antes de que otros pierdan algo

phrase-vote = El coro es llamado a elegir
phrase-sure = Medítalo bien
vote-skip = { $member } pide saltar { $track }.
vote-stop = { $member } pide terminar la música.
vote-clear = { $member } pide vaciar la cola.
vote-remove = { $member } pide quitar { $track } de la cola.
vote-leave = { $member } pide despedir a Seraphim.
vote-back = { $member } pide volver a la pista anterior.
vote-seek = { $member } pide moverse dentro de { $track }.
vote-loop = { $member } pide cambiar lo que se repite.
vote-shuffle = { $member } pide mezclar la cola.
vote-filter = { $member } pide cambiar el sonido.
vote-open = Votos: { $votes } de { $needed }. Termina { $moment }.
vote-passed = La votación ha sido aprobada: { $votes } de { $needed }.
vote-failed = Han votado muy pocos: { $votes } de { $needed }.
vote-lapsed = La votación ha terminado: ya no queda nada que decidir.
vote-counted = Tu voto cuenta.
vote-not-counted = Ese voto no cuenta: ya lo habías dado, o hay abierta otra votación parecida.
vote-over = Esa votación ha terminado.
sure-stop = Otros escuchan: { $count }. ¿Terminar la música y vaciar la cola?
sure-clear = Otros escuchan: { $count }. ¿Vaciar la cola?
sure-leave = Otros escuchan: { $count }. ¿Despedir a Seraphim?
sure-not = No se ha hecho nada.

## La cola

queue-now = Ahora: { $track } ({ $length }), a petición de { $member }
queue-line = `{ $position }.` { $track } ({ $length }), a petición de { $member }
queue-nothing-waits = No espera nada. `/play` añade algo a la cola.
queue-footer = Página { $page } de { $pages } · en espera: { $count } · { $length }
queue-footer-live = Página { $page } de { $pages } · en espera: { $count }

## Ayuda

help = Entra en un canal de voz y escribe `/play`. Quien escucha puede controlar la música; lo que afecta a todos se vota.
section-play = Para empezar
section-control = Mientras suena
section-queue = Lo que espera
section-sound = Cómo suena
section-about = Sobre Seraphim
about =
    Un bot de música que sigue sonando: cada servidor tiene su propio reproductor, que falla y vuelve por sí solo.
    Versión { $version } · servidores: { $servers }

## Una búsqueda

search-line = `{ $position }.` { $track } ({ $length })
search-footer = Pulsa el número de la pista que debe sonar.

## Avisos

notice-track-broke = No se ha podido reproducir { $track }: { $reason }
notice-too-many-broke =
    { $count ->
        [one] No se ha podido reproducir { $count } pista, así que se ha detenido la cola.
       *[other] No se han podido reproducir { $count } pistas seguidas, así que se ha detenido la cola.
    } Prueba otra cosa con `/play`.
notice-gave-up = El reproductor ha fallado demasiadas veces y se ha dado por perdido. Con `/play` empieza de nuevo; si vuelve a fallar, avisa a quien gestiona Seraphim.
notice-join-lost = Seraphim no ha podido quedarse en el canal de voz.

## Negativas: qué ha fallado y qué se puede hacer. Sus códigos se muestran debajo.

refusal-stopping = Seraphim se está deteniendo o acaba de empezar, y no acepta nada nuevo.
    .remedy = Inténtalo de nuevo en un minuto.
refusal-server-only = Esto solo funciona en un servidor.
    .remedy = Úsalo en un servidor donde esté Seraphim.
refusal-join-a-channel = No estás en ningún canal de voz.
    .remedy = Entra en un canal de voz e inténtalo de nuevo.
refusal-same-channel = Seraphim está en otro canal de voz.
    .remedy = Entra en { $channel } e inténtalo de nuevo.
refusal-query-too-short = Es demasiado corto para buscarlo.
    .remedy = Escribe al menos { $lowest } caracteres, o una dirección.
refusal-query-too-long = Es demasiado largo para buscarlo.
    .remedy = Escribe como mucho { $highest } caracteres.
refusal-forbidden-query = Tiene caracteres prohibidos, o es una dirección que Seraphim no abre.
    .remedy = Escribe palabras sencillas, o una dirección pública que empiece por http:// o https:// y no lleve contraseña.
refusal-out-of-range = Ese número está fuera de los límites.
    .remedy = Escribe un número de { $lowest } a { $highest }.
refusal-no-channel = En este servidor no hay ningún canal { $no_channel }.
    .remedy = Elige entre los que se ofrecen mientras escribes, separados por comas, o escribe `all`.
refusal-no-source = No hay ninguna fuente { $no_source }.
    .remedy = Elige entre { $sources }, separadas por comas.
refusal-louder-than-loudest = El volumen inicial ({ $starting }) quedaría por encima del máximo ({ $loudest }).
    .remedy = Pon `default_volume` en { $loudest } como mucho, o `maximum_volume` en { $starting } como mínimo.
refusal-cannot-speak = Seraphim no puede cantar en { $channel }. Falta: { $missing }.
    .remedy = Pide a la moderación que lo cambie, o entra en otro canal de voz.
refusal-cannot-write = Seraphim no puede escribir en este canal. Falta: { $missing }.
    .remedy = Pide a la moderación que lo permita, o usa otro canal de texto.
refusal-dj-only = Solo un DJ puede hacer eso.
    .remedy = Pídeselo a un DJ o a quien pueda gestionar el servidor: `/dj add` nombra a uno.
refusal-channel-not-allowed = En este canal no se aceptan comandos.
    .remedy = Usa { $channels }.
refusal-nothing-playing = No suena nada.
    .remedy = Empieza con `/play`.
refusal-queue-empty = No hay ninguna otra pista.
    .remedy = Añade alguna con `/play`.
refusal-nothing-found = No se ha encontrado nada.
    .remedy = Prueba con otras palabras, o escribe una dirección.
refusal-track-failed = No se puede reproducir esa pista.
    .remedy = Prueba otra, o inténtalo más tarde.
refusal-track-stuck = Esa pista no da sonido.
    .remedy = Sáltala con `/skip`, o inténtalo más tarde.
refusal-queue-full = La cola está llena: caben { $limit } pistas.
    .remedy = Deja que suenen algunas, o vacíala con `/clear`.
refusal-too-long = Esa pista es demasiado larga: aquí pueden durar { $minutes }.
    .remedy = Prueba una más corta, o pide a quien gestiona el servidor que lo cambie con `/settings`.
refusal-too-fast = Invocas con demasiada prisa.
    .remedy = Espera { $seconds ->
        [one] { $seconds } segundo
       *[other] { $seconds } segundos
    } e inténtalo de nuevo.
refusal-no-node = No se alcanza ningún nodo de audio.
    .remedy = Se vuelve a buscar por sí solo: inténtalo en un minuto.
refusal-source-busy = La fuente de esa pista quiere menos peticiones.
    .remedy = Inténtalo de nuevo en unos minutos.
refusal-source-refused = La fuente no ha querido dar esa pista.
    .remedy = Prueba otra pista, u otra dirección.
refusal-links-off = Ninguna fuente conoce aquí esa dirección. Los enlaces sueltos, los archivos subidos y la radio están desactivados.
    .remedy = Prueba una búsqueda, o pide a quien administra Seraphim que permita los enlaces; docs/lavalink.md dice cómo.
refusal-discord-refused = Discord no ha permitido a Seraphim hacer eso.
    .remedy = Inténtalo de nuevo; si continúa, mira discordstatus.com.
refusal-node-too-old = El nodo de audio es demasiado antiguo para el cifrado de voz de Discord.
    .remedy = Pide a quien gestiona Seraphim que actualice Lavalink a la 4.2 o más nueva.
refusal-configuration = Seraphim está mal configurado.
    .remedy = Pide a quien gestiona Seraphim que mire su registro.
refusal-player-restarting = El reproductor está empezando de nuevo.
    .remedy = Inténtalo en unos segundos.
refusal-internal = Algo ha fallado por dentro.
    .remedy = Inténtalo de nuevo; si continúa, da a quien gestiona Seraphim el número { $reference }.

## Permisos, como los llaman los ajustes de Discord

permission-view-channel = Ver canal
permission-connect = Conectar
permission-speak = Hablar
permission-send-messages = Enviar mensajes
permission-send-messages-in-threads = Enviar mensajes en hilos
permission-embed-links = Insertar enlaces
permission-room = sitio (caben { $limit })

## Cómo se describen los comandos y sus opciones: 100 caracteres como mucho

command-play = Reproduce una pista o la añade a la cola
option-play-query = Palabras que buscar, o una dirección
command-pause = Pone la música en pausa
command-resume = Continúa la música
command-skip = Termina esta pista y reproduce la siguiente
command-back = Reproduce otra vez la pista anterior
command-stop = Termina la música y vacía la cola
command-join = Llama a Seraphim a tu canal de voz
command-leave = Hace salir a Seraphim del canal de voz; la cola se conserva
command-nowplaying = Muestra lo que suena
command-queue = Muestra lo que espera
option-queue-page = Qué página
command-shuffle = Pone en otro orden las pistas que esperan
command-volume = Ajusta el volumen
option-volume-level = En porcentaje
command-ping = Muestra cuánto tardan en responder Discord y el nodo de audio
command-help = Muestra lo que entiende Seraphim
command-about = Muestra qué es Seraphim
option-play-source = Dónde buscar; si no, donde busca este servidor
command-search = Busca y elige entre lo encontrado
option-search-query = Palabras que buscar
option-search-source = Dónde buscar; si no, donde busca este servidor
command-play-file = Reproduce un archivo que subas
option-play-file-attachment = El archivo
option-play-when = Dónde ponerla: al final, a continuación o ya
option-play-shuffle = Pone en otro orden lo que se encuentre
option-play-start = Dónde empieza la primera pista: 1:23 u 83
choice-when-end = al final
choice-when-next = a continuación
choice-when-now = ya
option-skip-count = Cuántas pistas
command-skip-to = Reproduce ya una pista que espera; las anteriores se saltan
option-skip-to-position = Su número en la cola
command-replay = Reproduce esta pista desde el principio
command-seek = Reproduce desde otro momento
option-seek-time = Un momento (1:23 u 83), o tantos segundos adelante o atrás (+30, -10)
command-forward = Salta hacia delante en esta pista
option-forward-seconds = Cuántos segundos
command-rewind = Salta hacia atrás en esta pista
option-rewind-seconds = Cuántos segundos
command-history = Muestra lo que ha sonado
option-history-page = Qué página
command-remove = Quita pistas de la cola
option-remove-positions = Sus números (3 o 2-5,8), o un miembro cuyas pistas se quitan
command-move = Pone una pista en otro sitio de la cola
option-move-position = Su número en la cola
option-move-target = Dónde debe esperar
command-swap = Cambia de sitio dos pistas que esperan
option-swap-first = El número de una
option-swap-second = El número de la otra
command-clear = Vacía la cola; lo que suena sigue sonando
command-unshuffle = Devuelve a su propio orden las pistas que esperan
command-dedupe = Quita lo que espera más de una vez
command-clean = Quita las pistas de quienes se han ido
command-loop = Repite esta pista o la cola una y otra vez
option-loop-what = Qué se repite
choice-loop-off = nada
choice-loop-track = esta pista
choice-loop-queue = la cola
command-filter = Cambia el sonido
option-filter-preset = Cómo debe sonar
choice-filter-off = ninguno
choice-filter-bass-boost = más graves
choice-filter-nightcore = nightcore
choice-filter-vaporwave = vaporwave
choice-filter-8d = 8D
choice-filter-karaoke = karaoke
choice-filter-tremolo = trémolo
choice-filter-vibrato = vibrato
choice-filter-low-pass = paso bajo
choice-filter-soft = suave
choice-filter-pop = pop
choice-filter-treble = más agudos
command-speed = Ajusta la velocidad
option-speed-percent = En porcentaje; 100 es tal cual
command-pitch = Ajusta el tono
option-pitch-percent = En porcentaje; 100 es tal cual
command-autoplay = Deja que Seraphim elija lo que suena cuando acaba la cola
option-autoplay-on = Si lo hace
command-stay = Deja que Seraphim se quede en el canal de voz día y noche
option-stay-on = Si se queda

## Lo que un servidor elige y lo que alguien guarda

phrase-settings = Así está dispuesto
phrase-favourites = Lo que guarda tu corazón
phrase-radio = Voces lejanas
setting-line = { $name }: { $value }
setting-changed = { $name }: **{ $value }**, desde ahora
setting-none = ninguno
setting-any-channel = donde se da una orden
setting-all-channels = todos
setting-operators = lo que fijó quien opera Seraphim
setting-no-limit = sin límite
setting-on = sí
setting-off = no
choice-setting-dj-role = Rol de DJ
choice-setting-djs = DJ
choice-setting-default-volume = Volumen inicial
choice-setting-maximum-volume = Volumen máximo
choice-setting-vote-share = Parte de los oyentes para una votación
choice-setting-alone-minutes = Se va tras estar a solas
choice-setting-stay = Se queda día y noche
choice-setting-announce = Dice lo que suena
choice-setting-language = Idioma
choice-setting-request-channel = Canal del panel
choice-setting-allowed-channels = Canales para órdenes
choice-setting-longest-track-minutes = Pista más larga
choice-setting-longest-queue = Cola más larga
choice-setting-sources = Dónde se busca
choice-setting-fair = Por turnos
choice-setting-channel-status = El canal de voz dice lo que suena
choice-announce-panel = en un mensaje
choice-announce-never = nunca
choice-language-server = el del servidor
choice-language-en = English
choice-language-de = Deutsch
choice-language-es-es = español
dj-set = { $state ->
    [yes] { $member } ahora es DJ.
   *[no] { $member } ya no es DJ.
}
dj-already = { $state ->
    [yes] { $member } ya era DJ.
   *[no] { $member } no era DJ.
}
favourite-added = { $track } ya está entre tus favoritas. `/favourite play` las reproduce.
favourite-already = { $track } ya estaba entre tus favoritas.
favourite-removed = { $track } ya no está entre tus favoritas.
favourites-full = Tienes { $limit } favoritas: no caben más. `/favourite remove` hace sitio.
favourites-empty = Aún no tienes ninguna. `/favourite add` guarda lo que suena.
favourites-footer = Página { $page } de { $pages } · favoritas: { $count }
favourites-name = favoritas
station-line = { $name } · { $address }
stations-empty = Aún no hay emisoras guardadas. `/radio add` guarda una.
station-saved = { $name } está guardada. `/radio play` la reproduce.
station-removed = { $name } ya no está guardada.
exported = La cola como archivo, pistas: { $count }. `/import` la trae de vuelta.
import-name = un archivo (no halladas u omitidas: { $count })
import-name-whole = un archivo
button-favourite = Favorita
section-keep = Lo que guardas
section-govern = Para quien dirige el servidor
refusal-unkept = Ahora no se puede leer ni escribir: la base de datos no responde. No ha cambiado nada.
    .remedy = Inténtalo de nuevo en un minuto.
command-settings = Ver y cambiar lo que este servidor ha elegido
option-settings-dj-role = Quien tiene este rol es DJ
option-settings-default-volume = En porcentaje, cuando la música empieza de nuevo
option-settings-maximum-volume = En porcentaje; nadie lo supera
option-settings-vote-share = En porcentaje de quienes escuchan
option-settings-alone-minutes = Cuántos minutos a solas o sin música antes de irse
option-settings-stay = Si se queda día y noche
option-settings-announce = Dónde se dice lo que suena
option-settings-language = Lo que dice a todos va en este idioma
option-settings-request-channel = Dónde está el panel, venga de donde venga la orden
option-settings-allowed-channels = Dónde se aceptan órdenes: #uno #dos, o all
option-settings-longest-track-minutes = Las pistas más largas no entran en la cola
option-settings-longest-queue = Cuántas pistas pueden esperar
option-settings-sources = Dónde se busca, en este orden: library, youtube, soundcloud, …
option-settings-fair = Si se reproduce por turnos, una pista cada vez
option-settings-channel-status = Si el canal de voz dice lo que suena
option-settings-reset = Un ajuste que ha de volver a su valor inicial
command-dj = Decir quiénes son DJ
command-dj-add = Hacer DJ a un miembro
option-dj-add-member = Quién
command-dj-remove = Hacer que un miembro deje de ser DJ
option-dj-remove-member = Quién
command-favourite = Tus favoritas, en todos los servidores
command-favourite-add = Guardar lo que suena
command-favourite-list = Ver tus favoritas
option-favourite-list-page = Qué página
command-favourite-play = Reproducir tus favoritas, o una de ellas
option-favourite-play-track = Cuál; si no, todas
command-favourite-remove = Quitar una pista de tus favoritas
option-favourite-remove-track = Cuál
command-radio = Emisoras que este servidor ha guardado
command-radio-play = Reproducir una emisora
option-radio-play-station = Su nombre, o una dirección
command-radio-add = Guardar una emisora
option-radio-add-name = Cómo se llama
option-radio-add-address = La dirección de su emisión
command-radio-remove = Olvidar una emisora
option-radio-remove-name = Cuál
command-radio-list = Ver las emisoras
command-export = Llevarte la cola como archivo
command-import = Poner en la cola lo que enumera un archivo
option-import-attachment = Un archivo de /export, o un texto con un título o dirección por línea
phrase-gathering = Seraphim reúne las voces
gathering = Sigue buscando y reuniendo; las listas largas tardan un momento. La respuesta aparecerá aquí.
