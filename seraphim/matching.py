"""Whether a track found in one place is the song that another place told of.

Pure. A catalogue knows a song's title, artists, length and perhaps its ISRC; a search elsewhere
answers with whatever is called alike, sung by anybody. A title is taken apart into what names the
song (its core), what says which recording it is (live, remix, sped up: its variants), and what says
nothing ("Official Video", "2011 Remaster", "feat."). A candidate must have the same variants,
about the same core and length, and one of the artists somewhere; the closest of those wins. LavaSrc
takes the first answer of a search: that plays the karaoke version now and then, and nothing here
would notice.

The audio node goes by it where it plays what is listed in one place from another, the bot where a
track broke and is looked for elsewhere.

Where a recording is called otherwise (its title in another script, say), the artist and the length
to two seconds speak for a candidate that was found by ISRC; where the uploader is anybody, the
title and the length to two seconds do.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

__all__ = ["Song", "best_first", "query", "score"]


class Song(Protocol):
    """What is to be known of a track. `length_ms` is None where it is not, or there is none."""

    @property
    def title(self) -> str:
        """What it is called, by whoever offers it."""
        ...

    @property
    def author(self) -> str:
        """Its artists, or whoever uploaded it."""
        ...

    @property
    def length_ms(self) -> int | None:
        """Its length in milliseconds."""
        ...

    @property
    def stream(self) -> bool:
        """Whether it is live."""
        ...

    @property
    def isrc(self) -> str | None:
        """The recording's number."""
        ...


S = TypeVar("S", bound=Song)

TOLERANCE_MS: Final = 5_000
TOLERANCE: Final = 0.03
"""How far lengths may be apart: the larger of the two, the second as a part of the length."""

EXACT_MS: Final = 2_000
LIKE: Final = 0.6
"""How much of the titles must agree."""
ALIKE: Final = 0.9
LONGEST: Final = 300
"""How much of a title or of an artist's name is looked at: clients may write anything there."""

SHORTEST_JOINED: Final = 4

_WORD: Final = re.compile(r"[^\W_]+")
_APOSTROPHES: Final = re.compile(r"['\u2018\u2019`\u00b4]")
_PLAIN: Final = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "\u0131": "i"}
)
# Brackets set something apart; quotes only show what the title is.
_BRACKETED: Final = re.compile(r"[(\[{【]([^()\[\]{}【】]*)[)\]}】]")
_DIVIDED: Final = re.compile(r"\s+[-\u2010-\u2015~]\s+|\s*[|/•·]\s+")
_QUOTES: Final = re.compile(r"[「」『』《》〈〉\"“”„«»]")
_FEATURED: Final = re.compile(r"\b(?:feat|ft|featuring)\b\.?\s.*", re.IGNORECASE)
_ARTISTS: Final = re.compile(r"\s*[,;&/+]\s*|\s+(?:and|feat\.?|ft\.?|featuring|x|vs\.?|with)\s+")
_CHANNEL: Final = re.compile(r"\s*-\s*topic$|\bvevo$|(?<=\w)vevo$|\bofficial\b")
# A title's end that says nothing, without brackets around.
_TRAILING: Final = re.compile(
    r"\s+(?:the\s+)?(?:official\s+)?(?:music\s+|lyrics?\s+|hd\s+|hq\s+|4k\s+)*"
    r"(?:video|audio|visuali[sz]er|mv|clip|lyrics)(?:\s+(?:hd|hq|4k))?\s*$"
)

# What makes another recording of it. Each phrase becomes one word, which no title has.
_VARIANTS: Final = tuple(
    (re.compile(rf"\b(?:{phrases})\b"), f" {name}\u2060 ")
    for name, phrases in (
        ("live", r"live|en vivo|ao vivo|en directo|in concert|en concert|dal vivo|unplugged"),
        ("spedup", r"sped up|speed up|spedup|nightcore"),
        ("slowed", r"slowed(?: down)?|daycore"),
        ("reverb", r"reverb"),
        ("karaoke", r"karaoke|sing along|singalong|backing track"),
        ("instrumental", r"instrumentals?"),
        (
            "cover",
            r"covers?|covered|tribute|made famous by|in the style of|originally performed by",
        ),
        ("remix", r"remix(?:ed)?|rmx|bootleg|mashup|mash up"),
        ("acoustic", r"acoustic|acustico|acoustique|stripped"),
        ("acapella", r"a ?cappella|a ?capella|vocals only"),
        ("demo", r"demo"),
        ("8d", r"8d"),
        ("bassboosted", r"bass ?boosted"),
        ("parody", r"parody"),
        ("talk", r"reaction|tutorial|lesson|explained|behind the scenes|making of"),
        ("taylors", r"taylors version"),
        ("rerecorded", r"re recorded|rerecorded|re recording|rerecording"),
        ("orchestral", r"orchestral|symphonic"),
        ("piano", r"piano (?:version|cover|solo)"),
        ("loop", r"loop(?:ed)?|1 hour|10 hours"),
    )
)
_MARK: Final = "\u2060"

_NOISE: Final = frozenset(
    word
    for line in (
        "official officiel oficial video videoclip audio music musica lyric lyrics letra clip",
        "clipe mv hd hq uhd 4k 1080p 720p visualizer visualiser high quality color coded hi res",
        "full original mix version edit radio single album ep stereo mono explicit clean",
        "remastering deluxe edition bonus track digital soundtrack ost motion picture the and with",
    )
    for word in line.split()
)
_ASIDE: Final = re.compile(r"\s*(?:from|with|prod|produced by)\b", re.IGNORECASE)
_REMASTER: Final = re.compile(r"remaster\w*")
_VERSIONS: Final = frozenset(("official", "version", "edit", "mono", "stereo"))
_YEAR: Final = re.compile(r"(?:19|20)\d\d")


@dataclass(frozen=True, slots=True)
class _Title:
    """A title taken apart. `details` are the words around the variants: where it was live."""

    core: Counter[str]
    variants: Counter[str]
    details: frozenset[str]
    words: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Wanted:
    track: Song
    title: _Title
    artists: tuple[tuple[str, ...], ...]
    artist_words: frozenset[str]


def query(track: Song) -> str:
    """Return what to search for: the artist and the title, without what says nothing."""
    title = _BRACKETED.sub(
        lambda found: "" if _says_nothing(found[1]) else found[0], track.title[:LONGEST]
    )
    name, *parts = _parts(_FEATURED.sub("", title))
    title = " ".join((name, *(part for part in parts if not _says_nothing(part))))
    if not title.strip():
        title = track.title
    names = _artist_names(track.author)
    return " ".join(f"{names[0] if names else ''} {title}".split())[:LONGEST]


def best_first(track: Song, candidates: Iterable[S], *, by_isrc: bool = False) -> list[S]:
    """Return the candidates that are the track, the best first, those as good in their order.

    `by_isrc` says that they were found by its ISRC.
    """
    wanted = _wanted(track)
    scored = [(_score(wanted, candidate, by_isrc), candidate) for candidate in candidates]
    fitting = [(value, candidate) for value, candidate in scored if value is not None]
    fitting.sort(key=lambda one: -one[0])
    return [candidate for _, candidate in fitting]


def score(track: Song, candidate: Song, *, by_isrc: bool = False) -> float | None:
    """Return how well the candidate fits, 0 to 1; None if it is another recording."""
    return _score(_wanted(track), candidate, by_isrc)


def _wanted(track: Song) -> _Wanted:
    names = tuple(words for name in _artist_names(track.author) if (words := _words(_fold(name))))
    artist_words = frozenset(word for name in names for word in name)
    return _Wanted(track, _take_apart(track.title, artist_words), names, artist_words)


def _score(wanted: _Wanted, candidate: Song, by_isrc: bool) -> float | None:
    track = wanted.track
    if track.isrc and candidate.isrc and _isrc(track.isrc) == _isrc(candidate.isrc):
        return 1.0
    if candidate.stream != track.stream:
        return None
    channel = _CHANNEL.sub(" ", _fold(candidate.author[:LONGEST]))
    theirs = _take_apart(candidate.title, wanted.artist_words | frozenset(_words(channel)))
    if theirs.variants != wanted.title.variants or _variants(channel) - _variants(
        _fold(track.author[:LONGEST])
    ):
        return None
    details = _overlap(wanted.title.details, theirs.details)
    if wanted.title.variants["remix"] and details == 0:
        return None
    if not _same_year(wanted.title.details, theirs.details):
        return None
    distance = _distance(track.length_ms, candidate.length_ms)
    if distance is not None and distance > _tolerance(track.length_ms):
        return None
    exact = distance is not None and distance <= EXACT_MS
    title = _likeness(wanted, theirs)
    artist = _artist(wanted.artists, channel, theirs.words)
    if title < LIKE and not (by_isrc and exact and artist > 0):
        return None
    if artist == 0 and not (title >= ALIKE and exact):
        return None
    close = 0.3 if distance is None else 1 - distance / _tolerance(track.length_ms)
    return min(0.5 * title + 0.25 * artist + 0.2 * close + 0.05 * details, 1.0)


def _isrc(text: str) -> str:
    return text.replace("-", "").strip().upper()


def _distance(wanted: int | None, length: int | None) -> int | None:
    return None if wanted is None or length is None else abs(wanted - length)


def _tolerance(length: int | None) -> float:
    return max(TOLERANCE_MS, (length or 0) * TOLERANCE)


def _likeness(wanted: _Wanted, theirs: _Title) -> float:
    """Compare the cores, whoever is named in theirs beside; spaces are not what matters."""
    ours = wanted.title.core
    core = theirs.core
    if not wanted.artist_words >= ours.keys():
        beside = Counter({word: n for word, n in core.items() if word in wanted.artist_words})
        core = core - (beside - ours)
    if "".join(ours.elements()) == "".join(core.elements()):
        return 1.0
    common = (ours & core).total()
    return 2 * common / (ours.total() + core.total())


def _artist(names: Sequence[tuple[str, ...]], channel: str, title: frozenset[str]) -> float:
    """Judge who sings: best is the main artist's own channel. Nobody known is half as good."""
    if not names:
        return 0.5
    words = frozenset(_words(channel))
    joined = "".join(_words(channel))
    best = 0.0
    for place, name in enumerate(names):
        written = "".join(name)
        if words.issuperset(name) or (len(written) >= SHORTEST_JOINED and written in joined):
            value = 1.0
        elif (words | title).issuperset(name):
            value = 0.5
        else:
            continue
        best = max(best, value if place == 0 else value * 0.8)
    return best


def _same_year(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether two concerts, say, may be the same one."""
    ours, theirs = (frozenset(filter(_YEAR.fullmatch, said)) for said in (ours, theirs))
    return not ours or not theirs or bool(ours & theirs)


def _overlap(ours: frozenset[str], theirs: frozenset[str]) -> float:
    """Compare what is said about the variants; 1 where one of them says nothing."""
    if not ours or not theirs:
        return 1.0
    return len(ours & theirs) / len(ours | theirs)


def _take_apart(title: str, artists: frozenset[str]) -> _Title:
    text = _fold(title[:LONGEST])
    words = frozenset(_words(text))
    variants: Counter[str] = Counter()
    apart_variants: set[str] = set()
    details: set[str] = set()
    core: list[str] = []
    left_out: list[str] = []
    for segment, apart in _segments(text, artists):
        said = _variants(segment)
        plain, _ = _split_variants(_FEATURED.sub("", segment))
        if said and apart:
            # However often it says so: "Live; MTV Unplugged".
            apart_variants.update(said)
            details.update(word for word in plain if word not in _NOISE)
        elif apart and (_ASIDE.match(segment) or _is_noise(plain) or artists.issuperset(plain)):
            left_out += plain
        else:
            variants.update(said)
            core += [word for word in plain if not apart or word not in _NOISE]
    variants.update(apart_variants)
    if variants["live"]:
        # Unplugged it may be called either, or both.
        del variants["acoustic"]
    if not core:
        # A title of nothing but what is left out of others: "Live", "(Remastered)", "???".
        core = left_out or sorted(variants) or ["".join(text.split())]
    return _Title(Counter(core), variants, frozenset(details), words)


def _segments(text: str, artists: frozenset[str]) -> list[tuple[str, bool]]:
    """Divide a title; of each part, whether it stands apart from what names the song.

    The song is named by the first part that is more than who sings or which version it is; who
    sings, said before that, is left out.
    """
    parts = [part for part in _parts(_BRACKETED.sub(" ", text)) if part.strip()]
    names = [artists.issuperset(_words(part)) for part in parts]
    naming = (i for i, part in enumerate(parts) if not names[i] and not _is_version(part))
    main = next(naming, 0)
    segments = [
        (_TRAILING.sub("", part), i != main)
        for i, part in enumerate(parts)
        if i >= main or not names[i]
    ]
    return segments + [(found[1], bool(parts)) for found in _BRACKETED.finditer(text)]


def _parts(text: str) -> list[str]:
    """Divide what stands outside of brackets; an aside ('From "Frozen"') keeps its quotes."""
    return [
        part
        for divided in _DIVIDED.split(text)
        for part in ([divided] if _ASIDE.match(divided) else _QUOTES.split(divided))
    ]


def _split_variants(text: str) -> tuple[list[str], Counter[str]]:
    marked = " ".join(_WORD.findall(text))
    for phrase, name in _VARIANTS:
        marked = phrase.sub(name, marked)
    words = marked.split()
    said = Counter(word.removesuffix(_MARK) for word in words if word.endswith(_MARK))
    return [word for word in words if not word.endswith(_MARK)], said


def _variants(text: str) -> Counter[str]:
    return _split_variants(text)[1]


def _is_noise(words: Sequence[str]) -> bool:
    if any(_REMASTER.fullmatch(word) for word in words):
        return True
    return all(word in _NOISE or _YEAR.fullmatch(word) for word in words)


def _is_version(part: str) -> bool:
    words = _words(part)
    said = any(word in _VERSIONS or _REMASTER.fullmatch(word) for word in words)
    return said and _is_noise(words)


def _says_nothing(text: str) -> bool:
    folded = _fold(text)
    if _FEATURED.match(folded.strip()) or _ASIDE.match(folded):
        return True
    plain, said = _split_variants(folded)
    return not said and bool(plain) and _is_noise(plain)


def _artist_names(author: str) -> list[str]:
    if author.casefold() in ("", "unknown", "unknown artist"):
        return []
    names = [name for name in _ARTISTS.split(author[:LONGEST]) if name.strip()]
    return names or [author[:LONGEST]]


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))


def _fold(text: str) -> str:
    """Leave case, accents and apostrophes out."""
    folded = _APOSTROPHES.sub("", text)
    for _ in range(2):
        folded = unicodedata.normalize("NFKD", folded).casefold()
    plain = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return plain.translate(_PLAIN)
