"""Which candidates are taken for a song, and which are not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.track import TrackInfo
from seraphim.matching import best_first, query, score


def song(title: str, author: str, seconds: float | None, isrc: str | None = None) -> TrackInfo:
    return TrackInfo(
        identifier=title,
        title=title,
        author=author,
        length_ms=None if seconds is None else round(seconds * 1000),
        source="youtube",
        isrc=isrc,
    )


SAME = [
    # Title, author, seconds of what is wanted; then of the candidate.
    (("Hello", "Adele", 295), ("Hello", "Adele - Topic", 296)),
    (("Hello", "Adele", 295), ("Adele - Hello (Official Audio)", "AdeleVEVO", 298)),
    (("Hello", "Adele", 295), ("Adele - Hello [Official Music Video HD]", "someone", 293)),
    (("Hello", "Adele", 295), ("ADELE \u2013 HELLO", "xx_music_xx", 295)),
    (("Hello", "Adele", 295), ("Hello | Adele | Lyrics", "Lyric Place", 295)),
    (("Heroes - 2017 Remaster", "David Bowie", 371), ("Heroes", "David Bowie", 370)),
    (("Heroes", "David Bowie", 371), ('"Heroes" (Remastered 2017)', "David Bowie - Topic", 371)),
    (("Café", "Björk", 200), ("Bjork - Cafe", "bjorkdotcom", 201)),
    (
        ("Uptown Funk (feat. Bruno Mars)", "Mark Ronson, Bruno Mars", 270),
        ("Mark Ronson - Uptown Funk ft. Bruno Mars (Official Video)", "MarkRonsonVEVO", 271),
    ),
    (
        ("Under Pressure", "Queen & David Bowie", 248),
        ("Under Pressure (Remastered 2011)", "Queen Official", 249),
    ),
    (
        ("(I Can't Get No) Satisfaction - Mono Version", "The Rolling Stones", 222),
        (
            "The Rolling Stones - (I Can\u2019t Get No) Satisfaction (Official Lyric Video)",
            "ABKCO",
            223,
        ),
    ),
    (("Live Forever", "Oasis", 276), ("Oasis - Live Forever (Official HD Video)", "Oasis", 277)),
    (("Lightning Crashes", "Live", 325), ("Live - Lightning Crashes", "LiveVEVO", 326)),
    (("Cover Me Up", "Jason Isbell", 285), ("Jason Isbell - Cover Me Up", "Jason Isbell", 286)),
    (("RADIO", "Rammstein", 277), ("Rammstein - Radio (Official Video)", "Rammstein", 277)),
    (("Intro", "The xx", 128), ("The xx - Intro", "The xx", 127)),
    (("Hurt - Live", "Johnny Cash", 220), ("Hurt (Live in Prison)", "Johnny Cash", 221)),
    (
        ("Song - Skrillex Remix", "Ada", 220),
        ("Ada - Song (Skrillex Remix) [Official]", "Ada", 221),
    ),
    (("夜に駆ける", "YOASOBI", 261), ("YOASOBI「夜に駆ける」 Official Music Video", "Ayase", 262)),
    (('Let It Go - From "Frozen"', "Idina Menzel", 224), ("Let It Go", "Idina Menzel", 224)),
    (("bad guy", "Billie Eilish", 194), ("Billie Eilish - BadGuy", "Billie Eilish", 195)),
    (
        ('Lose Yourself - From "8 Mile" Soundtrack', "Eminem", 326),
        ("Eminem - Lose Yourself [HD]", "EminemMusic", 324),
    ),
    (("From the Start", "Laufey", 169), ("Laufey - From The Start (Official)", "Laufey", 170)),
    (
        ("Layla - Acoustic; Live at MTV Unplugged, 1992; 2013 Remaster", "Eric Clapton", 286),
        ("Layla (Live at MTV Unplugged)", "Eric Clapton - Topic", 286),
    ),
    (("Levels - Radio Edit", "Avicii", 199), ("Avicii - Levels", "AviciiOfficialVEVO", 199)),
    (("Take On Me", "a-ha", 225), ("a-ha - Take On Me (Official Video) [4K]", "a-ha", 226)),
    (
        ("Numb", "Linkin Park", 187),
        ("Numb (Official Music Video) [4K UPGRADE] \u2013 Linkin Park", "Linkin Park", 188),
    ),
    (
        ("Stay (with Justin Bieber)", "The Kid LAROI, Justin Bieber", 141),
        ("The Kid LAROI, Justin Bieber - STAY (Official Video)", "TheKidLAROIVEVO", 143),
    ),
    (("1999", "Prince", 379), ("Prince - 1999 (Official Music Video)", "Prince", 380)),
    (
        ("Old Town Road - Remix", "Lil Nas X, Billy Ray Cyrus", 157),
        ("Old Town Road (feat. Billy Ray Cyrus) [Remix]", "Lil Nas X - Topic", 157),
    ),
    (("Video Games", "Lana Del Rey", 282), ("Lana Del Rey - Video Games", "LanaDelRey", 284)),
    (("Tuyo", "Rodrigo Amarante", None), ("Rodrigo Amarante - Tuyo", "Rodrigo Amarante", 150)),
    (("Tuyo", "Rodrigo Amarante", 150), ("Rodrigo Amarante - Tuyo", "Rodrigo Amarante", None)),
    # Half an hour may be a minute off, and no more.
    (("Echoes", "Pink Floyd", 1800), ("Pink Floyd - Echoes", "Pink Floyd", 1850)),
    # Nobody's channel, nobody named: the length to two seconds and the title.
    (("Clair de Lune", "Kamasi Washington", 668), ("Clair de Lune", "uploads", 669)),
]

OTHER = [
    (("Hello", "Adele", 295), ("Hello (Live at the NRJ Awards)", "Adele", 295)),
    (("Hello", "Adele", 295), ("Hello Live", "Adele", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello (Karaoke Version)", "Adele", 295)),
    (("Hello", "Adele", 295), ("Hello", "Sing King Karaoke", 295)),
    (("Hello", "Adele", 295), ("Hello - Adele (cover by Someone)", "Someone", 295)),
    (("Hello", "Adele", 295), ("Hello", "The Adele Tribute Band", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello (Sped Up)", "speedy", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello [Nightcore]", "speedy", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello (slowed + reverb)", "slow", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello (Marshmello Remix)", "Adele", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello (Instrumental)", "Adele", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello", "Adele", 366)),
    (("Hello", "Adele", 295), ("Hello", "Lionel Richie", 291)),
    (("Hello", "Adele", 295), ("Someone Like You", "Adele", 295)),
    (("Hello", "Adele", 295), ("Adele - Hello piano tutorial", "Lessons", 295)),
    (("Hurt - Live", "Johnny Cash", 220), ("Hurt", "Johnny Cash", 220)),
    (("Song - Skrillex Remix", "Ada", 220), ("Song (Tiësto Remix)", "Ada", 220)),
    (("Live and Let Die", "Wings", 194), ("Live and Let Die (Live)", "Wings", 194)),
    (("Love Story (Taylor's Version)", "Taylor Swift", 235), ("Love Story", "Taylor Swift", 235)),
    (("Lightning Crashes", "Live", 325), ("Live - Lightning Crashes (Live)", "LiveVEVO", 326)),
    (
        ("Hotel California - Live On MTV, 1994", "Eagles", 432),
        ("Eagles - Hotel California (Live 1977)", "Eagles", 430),
    ),
    (("夜に駆ける", "YOASOBI", 261), ("YOASOBI「群青」", "Ayase / YOASOBI", 262)),
    (("Echoes", "Pink Floyd", 1800), ("Pink Floyd - Echoes", "Pink Floyd", 1860)),
]


@pytest.mark.parametrize(("wanted", "candidate"), SAME)
def test_the_same_recording_is_taken(wanted, candidate) -> None:
    value = score(song(*wanted), song(*candidate))
    assert value is not None
    assert 0.5 < value <= 1


@pytest.mark.parametrize(("wanted", "candidate"), OTHER)
def test_another_recording_is_not_taken(wanted, candidate) -> None:
    assert score(song(*wanted), song(*candidate)) is None


def test_the_artists_own_channel_comes_first_then_the_nearest_length() -> None:
    wanted = song("Hello", "Adele", 295)
    anybodys = song("Adele - Hello", "uploads", 295)
    far = song("Adele - Hello", "AdeleVEVO", 299)
    near = song("Hello", "Adele - Topic", 295)
    live = song("Hello (Live)", "Adele", 295)
    assert best_first(wanted, [live, anybodys, far, near]) == [near, far, anybodys]


def test_what_is_as_good_stays_in_the_order_of_the_search() -> None:
    wanted = song("Hello", "Adele", 295)
    first = song("Hello", "Adele", 296)
    second = replace(first, identifier="another")
    assert best_first(wanted, [second, first]) == [second, first]


def test_the_same_isrc_is_the_same_recording_whatever_it_is_called() -> None:
    wanted = song("Hello", "Adele", 295, "GBBKS1500214")
    assert score(wanted, song("Привет", "Адель", 366, "gb-bks-15-00214")) == 1


def test_found_by_isrc_a_title_in_another_script_is_taken_where_artist_and_length_agree() -> None:
    wanted = song("Yoru ni Kakeru", "YOASOBI", 261)
    found = song("夜に駆ける", "YOASOBI", 262)
    assert score(wanted, found) is None
    assert score(wanted, found, by_isrc=True) is not None
    assert score(wanted, song("夜に駆ける", "YOASOBI", 265), by_isrc=True) is None
    assert score(wanted, song("夜に駆ける", "somebody", 261), by_isrc=True) is None


def test_a_stream_is_never_a_recording() -> None:
    wanted = song("Hello", "Adele", None)
    assert score(wanted, replace(wanted, stream=True)) is None


@pytest.mark.parametrize(
    ("title", "author", "searched"),
    [
        ("Hello", "Adele", "Adele Hello"),
        ("Heroes - 2017 Remaster", "David Bowie", "David Bowie Heroes"),
        (
            "Uptown Funk (feat. Bruno Mars)",
            "Mark Ronson, Bruno Mars",
            "Mark Ronson Uptown Funk",
        ),
        ("Hurt (Live in Prison)", "Johnny Cash", "Johnny Cash Hurt (Live in Prison)"),
        ("(Remastered)", "Ada", "Ada (Remastered)"),
        ('Lose Yourself - From "8 Mile" Soundtrack', "Eminem", "Eminem Lose Yourself"),
        ("From the Start", "Laufey", "Laufey From the Start"),
        ("From the Start - Live", "Laufey", "Laufey From the Start Live"),
        ("Hello", "Unknown artist", "Hello"),
        ("Hello", "", "Hello"),
    ],
)
def test_searched_are_artist_and_title_without_what_says_nothing(title, author, searched) -> None:
    assert query(song(title, author, 1)) == searched


words = st.text(
    st.one_of(
        st.characters(exclude_categories=()),
        st.sampled_from("aeéLiveß ()[]-\u2013|'feat.夜ﬁ"),
    ),
    max_size=80,
)
songs = st.builds(song, words, words, st.one_of(st.none(), st.floats(0, 100_000)))
plain = st.lists(
    st.sampled_from(
        ["northern", "lights", "over", "the", "old", "harbour", "paper", "moons", "café", "größe"]
    ),
    min_size=1,
    max_size=4,
).map(" ".join)


@given(songs, songs, st.booleans())
def test_a_score_lies_between_nothing_and_one_for_any_text(wanted, candidate, by_isrc) -> None:
    value = score(wanted, candidate, by_isrc=by_isrc)
    assert value is None or 0 <= value <= 1
    assert isinstance(query(wanted), str)


@given(songs)
def test_every_song_is_taken_for_itself(one) -> None:
    assert score(one, one) is not None


@given(plain, plain, st.integers(30, 600), st.integers(0, 5), st.integers(0, 5))
def test_the_nearer_in_length_is_never_the_worse(title, author, seconds, one, other) -> None:
    wanted = song(title, author, seconds)
    near, far = sorted((one, other))
    nearer = score(wanted, song(title, author, seconds + near))
    farther = score(wanted, song(title, author, seconds + far))
    assert nearer is not None
    assert farther is not None
    assert nearer >= farther


@given(
    plain,
    plain,
    st.integers(30, 600),
    st.sampled_from(
        [
            "(Live)",
            "(Karaoke)",
            "[Cover]",
            "(Sped Up)",
            "- Nightcore",
            "(slowed)",
            "(X Remix)",
            "(Acoustic)",
        ]
    ),
)
def test_a_variant_is_never_the_original_nor_the_other_way_round(
    title, author, seconds, variant
) -> None:
    original, other = song(title, author, seconds), song(f"{title} {variant}", author, seconds)
    assert score(original, other) is None
    assert score(other, original) is None
    assert score(other, other) is not None


@given(
    plain,
    plain,
    st.integers(30, 600),
    st.sampled_from(
        [
            "(Official Video)",
            "[HD]",
            "- 2011 Remaster",
            "(Remastered)",
            "(feat. Ada)",
            "- Single Version",
        ]
    ),
)
def test_decoration_changes_nothing(title, author, seconds, decoration) -> None:
    wanted = song(title, author, seconds)
    assert score(wanted, song(f"{title} {decoration}", author, seconds)) == pytest.approx(
        score(wanted, wanted)
    )


@given(st.lists(songs, max_size=6), songs)
def test_the_best_come_first(candidates, wanted) -> None:
    found = best_first(wanted, candidates)
    scores = [score(wanted, candidate) for candidate in found]
    assert None not in scores
    assert scores == sorted(scores, reverse=True)
    assert all(candidate in candidates for candidate in found)
