import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.decoder.playlists import MOST_ENTRIES, decode, is_hls, is_list, read
from seraphim.audio_node.media import MediaEntry, MediaError

BASE = "http://radio.example/lists/all.m3u"
XSPF = (
    '<?xml version="1.0" encoding="UTF-8"?><playlist version="1" xmlns="http://xspf.org/ns/0/">'
    "<title>All</title><trackList><track><location>http://a.example/1.mp3</location>"
    "<creator>Björk</creator><title>Jóga</title><duration>5000</duration>"
    "<extension><x>y</x></extension></track>"
    "<track><title>nowhere</title></track>"
    "<track><location>2.mp3</location></track></trackList></playlist>"
)


def test_m3u() -> None:
    text = (
        "#EXTM3U\r\n#EXTINF:123,Aurora - Runaway\r\n../a.mp3\r\n\r\n# words\r\n"
        '#EXTINF:-1 tvg-id="x",Live\r\nhttp://b.example/live\r\nC:\\Music\\c.mp3\r\nfile:///d.mp3\r\n'
        "http://b.example/live\r\n"
    )
    assert read(text, BASE) == (
        MediaEntry("http://radio.example/a.mp3", "Aurora - Runaway", 123_000),
        MediaEntry("http://b.example/live", "Live"),
    )


def test_pls_in_its_own_order() -> None:
    text = (
        "[Playlist]\nNumberOfEntries=2\nFile2=http://b.example/\nTitle2=Two\nLength2=-1\n"
        "file1=http://a.example/\nTitle1= One\u202e \nLength1=9\nFile=x\nVersion=2\n"
    )
    assert read(text, BASE) == (
        MediaEntry("http://a.example/", "One", 9000),
        MediaEntry("http://b.example/", "Two"),
    )


def test_xspf() -> None:
    assert read(XSPF, BASE) == (
        MediaEntry("http://a.example/1.mp3", "Björk - Jóga", 5000),
        MediaEntry("http://radio.example/lists/2.mp3"),
    )


def test_entities_that_stand_for_gigabytes_are_refused() -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(MediaError, match="cannot be read"):
        read(bomb + XSPF.partition("?>")[2].replace("Jóga", "&b;"), BASE)
    with pytest.raises(MediaError, match="cannot be read"):
        read(bomb.replace("<!ENTITY", '<!ENTITY % c SYSTEM "file:///etc/passwd"><!ENTITY', 1), BASE)


@pytest.mark.parametrize("text", ["", "#EXTM3U", "[playlist]\nFile1=/", "<playlist/>", "file:///a"])
def test_a_list_of_nothing_is_refused(text: str) -> None:
    with pytest.raises(MediaError):
        read(text, "file:///nowhere")


def test_a_list_without_an_end_has_one() -> None:
    text = "\n".join(f"http://a.example/{number}" for number in range(10 * MOST_ENTRIES))
    assert len(read(text, BASE)) == MOST_ENTRIES


@pytest.mark.parametrize(
    ("content_type", "beginning", "yes"),
    [
        ("audio/x-scpls", b"", True),
        ("text/plain", b"\xef\xbb\xbf#EXTM3U", True),
        ("", b"http://a", True),
        ("audio/mpeg", b"[playlist]", True),
        ("audio/mpeg", b"ID3", False),
        ("", b"RIFF", False),
    ],
)
def test_what_is_taken_for_a_list(content_type: str, beginning: bytes, yes: bool) -> None:
    assert is_list(content_type, beginning) is yes


def test_hls_is_no_list() -> None:
    assert is_hls("\ufeff#EXTM3U\n#EXT-X-TARGETDURATION:4\n")
    assert not is_hls("#EXTM3U\n#EXTINF:1,#EXT-X-VERSION\na")
    assert not is_hls("#EXT-X-VERSION:3")


def test_what_is_not_utf_8_is_what_was_there_before() -> None:
    assert decode("Björk".encode("cp1252")) == decode("\ufeffBjörk".encode()) == "Björk"


@given(st.text(max_size=300) | st.text("#EXTINF:,[playlist]File1=http://a<>&;\n \"'", max_size=80))
def test_whatever_it_is_it_is_read_or_refused(text: str) -> None:
    try:
        entries = read(text, BASE)
    except MediaError:
        return
    assert all(entry.url.startswith(("http://", "https://")) for entry in entries)
