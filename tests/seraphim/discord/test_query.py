import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.guild.refusal import Code, Refused
from seraphim.discord.query import LONGEST, identifier


def code(typed: str, trusted: tuple[str, ...] = ()) -> Code | None:
    outcome = identifier(typed, trusted)
    return outcome.code if isinstance(outcome, Refused) else None


def test_words_become_a_search_of_the_library() -> None:
    assert identifier("  aurora   borealis ") == "search:aurora borealis"


def test_a_track_of_the_library_is_named_by_its_identifier() -> None:
    name = "library:0123456789abcdef0123456789abcdef"
    assert identifier(name) == name
    assert identifier("library: old songs") == "search:library: old songs"
    assert identifier("library:../../etc/passwd") == "search:library:../../etc/passwd"


@pytest.mark.parametrize("words", ["Artist: Title", "re:zero opening", "10:15 saturday night"])
def test_a_colon_does_not_make_an_address(words: str) -> None:
    assert identifier(words) == f"search:{words}"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.org/song.mp3",
        "http://example.org:8000/live?x=1#y",
        "HTTPS://Example.org/A",
        "http://93.184.216.34/song.ogg",
        "http://[2606:2800:220:1::1]/song.ogg",
    ],
)
def test_public_addresses_are_handed_on_as_they_were_typed(address: str) -> None:
    assert identifier(address) == address
    assert identifier(f"<{address}>") == address


@pytest.mark.parametrize("typed", ["", " ", "a", "  b  "])
def test_too_short(typed: str) -> None:
    assert code(typed) is Code.QUERY_TOO_SHORT


def test_too_long() -> None:
    assert code("x" * (LONGEST + 1)) is Code.QUERY_TOO_LONG
    assert code("x" * LONGEST) is None


@pytest.mark.parametrize(
    "typed",
    [
        "song\x00name",
        "song\x1b[31m",
        "line\nbreak",
        "gnp.\u202egpj",
        "ftp://example.org/x",
        "file:///etc/passwd",
        "file:/etc/passwd",
        "data:audio/mp3;base64,AAAA",
        "javascript:alert(1)",
        "concat://a|b",
        "https://user:secret@example.org/",
        "https://user@example.org/",
        "https://example.org\\@127.0.0.1/",
        "https://exa mple.org/",
        "https://",
        "https:///path",
        "https://example.org:port/",
        "https://example.org:99999/",
        "https://[::1/",
        "https://%31%32%37.0.0.1/",
    ],
)
def test_forbidden_characters_and_addresses(typed: str) -> None:
    assert code(typed) is Code.FORBIDDEN_QUERY


INSIDE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "0",
    "0.0.0.0",
    "10.0.0.8",
    "10.8",
    "172.16.0.1",
    "192.168.1.1",
    "3232235777",
    "169.254.169.254",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "198.18.0.1",
    "localhost",
    "LOCALHOST.",
    "db.localhost",
    "metadata.google.internal",
    "printer.local",
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "127\u30020\u30020\u30021",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
]


@pytest.mark.parametrize("host", INSIDE)
def test_inside_addresses_are_refused_in_any_spelling(host: str) -> None:
    assert code(f"http://{host}/song.mp3") is Code.FORBIDDEN_QUERY
    assert code(f"https://{host}:8080/song.mp3") is Code.FORBIDDEN_QUERY


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("http://127.0.0.1:8000/a.mp3", "127.0.0.1:8000"),
        ("http://127.0.0.1:8000/a.mp3", "127.0.0.1"),
        ("http://127.0.0.1/a.mp3", "127.0.0.1:80"),
        ("https://nas.local/a.mp3", "NAS.local:443"),
        ("http://[::1]:9000/a.mp3", "[::1]:9000"),
        ("http://localhost/a.mp3", "localhost"),
    ],
)
def test_trusted_hosts_may_be_played_from(address: str, trusted: str) -> None:
    assert identifier(address, (trusted,)) == address


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("http://127.0.0.1:8001/a.mp3", "127.0.0.1:8000"),
        ("http://127.0.0.2/a.mp3", "127.0.0.1"),
        ("http://user:x@127.0.0.1/a.mp3", "127.0.0.1"),
        ("ftp://127.0.0.1/a.mp3", "127.0.0.1"),
    ],
)
def test_trust_reaches_no_further_than_it_says(address: str, trusted: str) -> None:
    assert code(address, (trusted,)) is Code.FORBIDDEN_QUERY


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=600))
def test_whatever_is_typed_is_a_search_an_address_or_refused(typed: str) -> None:
    outcome = identifier(typed)
    if isinstance(outcome, str):
        assert outcome.startswith(("search:", "library:")) or "://" in outcome
        outcome.encode()
    else:
        assert outcome.code in {
            Code.QUERY_TOO_SHORT,
            Code.QUERY_TOO_LONG,
            Code.FORBIDDEN_QUERY,
        }


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255))
def test_no_spelling_of_loopback_gets_through(b: int, c: int, d: int) -> None:
    number = (127 << 24) | (b << 16) | (c << 8) | d
    for host in (
        f"127.{b}.{c}.{d}",
        f"127.{b}.{(c << 8) | d}",
        str(number),
        hex(number),
        f"0{number:o}",
        f"[::ffff:{number >> 16:x}:{number & 0xFFFF:x}]",
    ):
        assert code(f"http://{host}/") is Code.FORBIDDEN_QUERY
