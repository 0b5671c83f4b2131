import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seraphim.audio_node.media import MediaError
from seraphim.audio_node.sources import NothingFound, SearchLoaded, TrackLoaded
from seraphim.audio_node.sources.library import MOST_FOUND, Library, _words
from seraphim.audio_node.track import TrackInfo

pytestmark = pytest.mark.anyio


@pytest.fixture
def music(tmp_path: Path) -> Path:
    folder = tmp_path / "music"
    folder.mkdir()
    return folder


@pytest.fixture
def library(music: Path) -> Library:
    """Looks for changes at each search."""
    return Library(music, fresh_seconds=0)


async def search(library: Library, words: str) -> list[str]:
    result = await library.load(f"libsearch:{words}")
    if isinstance(result, NothingFound):
        return []
    assert isinstance(result, SearchLoaded)
    return [track.title for track in result.tracks]


async def only(library: Library, words: str = "") -> TrackInfo:
    result = await library.load(f"libsearch:{words}")
    assert isinstance(result, SearchLoaded)
    (track,) = result.tracks
    return track


@pytest.mark.parametrize("kind", ["mp3", "flac", "ogg", "m4a"])
async def test_a_song_is_described_by_its_tags(library, music, tones, kind) -> None:
    shutil.copy(tones.tone(kind), music / f"01.{kind}")
    track = await only(library)
    assert (track.title, track.author) == ("The tone-440", "Ada Ångström")
    assert track.length_ms == pytest.approx(3000, abs=100)
    assert (track.source, track.stream, track.uri) == ("library", False, None)
    assert track.probe == {"m4a": "mp4"}.get(kind, kind)


async def test_a_file_without_tags_is_known_by_its_name(library, music) -> None:
    (music / "Northern Lights.mp3").write_bytes(b"no song at all")
    track = await only(library)
    assert (track.title, track.author) == ("Northern Lights", "Unknown artist")


@pytest.mark.parametrize(
    "words",
    [
        "northern lights",
        "LIGHTS northern",
        "north ligh",
        "ortheRN",
        "bjork lights",
        "Björk",
        "bjo\u0308rk",
        "dont strasse",
        "don't STRASSE",
        "don\u2019t straße",
        "vespertine 2001",
        "sodra",
        "oresund",
        "lights, northern!",
    ],
)
async def test_a_song_is_found_however_its_words_are_written(library, music, words) -> None:
    folder = music / "Björk" / "Vespertine (2001)"
    folder.mkdir(parents=True)
    (folder / "Northern Lights - Södra Øresund - Don't Straße.mp3").touch()
    (music / "Something else.mp3").touch()
    assert await search(library, words) == ["Northern Lights - Södra Øresund - Don't Straße"]


@pytest.mark.parametrize("words", ["northern rain", "xyz", "!!!", "lightss"])
async def test_all_words_must_be_there(library, music, words) -> None:
    (music / "Northern Lights.mp3").touch()
    assert await search(library, words) == []


async def test_the_best_is_first(library, music) -> None:
    for name in ("Aurora Borealis", "Aurora", "Auroras", "Preaurora"):
        (music / f"{name}.mp3").touch()
    (music / "Aurora (band)").mkdir()
    (music / "Aurora (band)" / "Runaway.mp3").touch()
    assert await search(library, "aurora") == [
        "Aurora", "Aurora Borealis", "Auroras", "Runaway", "Preaurora",
    ]  # fmt: skip


async def test_no_words_find_everything_but_not_without_end(library, music) -> None:
    for number in range(MOST_FOUND + 10):
        (music / f"Song {number:02}.mp3").touch()
    assert await search(library, "") == [f"Song {number:02}" for number in range(MOST_FOUND)]


async def test_a_track_is_loaded_by_its_identifier(library, music) -> None:
    (music / "Aurora.mp3").touch()
    track = await only(library)
    assert await library.load(f"library:{track.identifier}") == TrackLoaded(track)
    assert await library.load("library:nothing") == NothingFound()


async def test_what_is_not_the_librarys_is_left_to_others(library) -> None:
    assert await library.load("https://example.com/library:") is None
    assert await library.load("aurora") is None


async def test_changes_are_found(library, music, tones) -> None:
    song = music / "Song.mp3"
    song.touch()
    assert await search(library, "") == ["Song"]
    shutil.copy(tones.tone("mp3"), song)
    assert await search(library, "") == ["The tone-440"]
    (music / "New").mkdir()
    (music / "New" / "Aurora.flac").touch()
    assert await search(library, "") == ["Aurora", "The tone-440"]
    song.unlink()
    assert await search(library, "") == ["Aurora"]


async def test_a_file_that_did_not_change_is_not_read_again(library, music, tones) -> None:
    song = music / "Song.mp3"
    shutil.copy(tones.tone("mp3"), song)
    before = song.stat()
    await search(library, "")
    # Other tags, the same size and time: only somebody who reads it again would see them.
    song.write_bytes(song.read_bytes().replace(b"The tone-440", b"Read again!!"))
    os.utime(song, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert await search(library, "") == ["The tone-440"]


async def test_for_a_moment_the_folder_is_not_looked_at_again(music) -> None:
    library = Library(music, fresh_seconds=3600)
    (music / "One.mp3").touch()
    assert await search(library, "") == ["One"]
    (music / "Two.mp3").touch()
    assert await search(library, "") == ["One"]


async def test_an_identifier_stays_the_same_and_is_found_before_any_search(music) -> None:
    (music / "Folder").mkdir()
    song = music / "Folder" / "Aurora.mp3"
    song.touch()
    track = await only(Library(music))
    restarted = Library(music)
    assert (await restarted.media(track)).location == str(song)
    assert await only(restarted) == track


async def test_a_song_that_is_gone_is_an_error(library, music) -> None:
    song = music / "Aurora.mp3"
    song.touch()
    track = await only(library)
    song.unlink()
    for one in (library, Library(music)):
        with pytest.raises(MediaError, match="no longer"):
            await one.media(track)


@pytest.mark.parametrize(
    "identifier", ["../secret.mp3", "/etc/passwd", "..%2fsecret.mp3", "secret.mp3", "", "\0", "."]
)
async def test_an_identifier_cannot_leave_the_folder(library, music, identifier) -> None:
    (music.parent / "secret.mp3").touch()
    (music / "Aurora.mp3").touch()
    track = TrackInfo(identifier=identifier, title="", author="", length_ms=1, source="library")
    await search(library, "")
    with pytest.raises(MediaError, match="no longer"):
        await library.media(track)


async def test_links_are_followed_within_the_folder_only(library, music) -> None:
    (music / "real").mkdir()
    (music / "real" / "Inside.mp3").touch()
    outside = music.parent / "outside"
    outside.mkdir()
    (outside / "Secret.mp3").touch()
    (music / "To secret.mp3").symlink_to(outside / "Secret.mp3")
    (music / "To outside").symlink_to(outside)
    (music / "To twin").symlink_to(music.parent / "music-twin")
    (music / "Circle").symlink_to(music)
    (music / "To nowhere.mp3").symlink_to(music / "nowhere.mp3")
    (music / "Link.mp3").symlink_to(music / "real" / "Inside.mp3")
    (music.parent / "music-twin").mkdir()
    (music.parent / "music-twin" / "Twin.mp3").touch()
    assert await search(library, "") == ["Inside", "Link"]


async def test_a_file_that_became_a_link_to_the_outside_is_not_played(library, music) -> None:
    song = music / "Aurora.mp3"
    song.touch()
    track = await only(library)
    song.unlink()
    song.symlink_to("/etc/passwd")
    with pytest.raises(MediaError, match="no longer"):
        await library.media(track)


async def test_what_is_not_music_is_not_found(library, music) -> None:
    for name in ("cover.jpg", "notes.txt", ".hidden.mp3", "song.mp3.part", "mp3"):
        (music / name).touch()
    (music / ".hidden").mkdir()
    (music / ".hidden" / "Song.mp3").touch()
    (music / "folder.mp3").mkdir()
    os.mkfifo(music / "fifo.mp3")
    assert await search(library, "") == []


async def test_a_name_that_is_no_text_is_shown_as_text(library, music) -> None:
    (music / os.fsdecode(b"Caf\xe9\n.mp3")).touch()
    track = await only(library, "caf")
    track.title.encode()
    assert (await library.media(track)).kind == "file"


async def test_a_folder_that_is_not_there_is_an_error(tmp_path) -> None:
    with pytest.raises(MediaError, match="music folder cannot be read"):
        await Library(tmp_path / "nowhere").load("libsearch:a")


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_search_is_words_or_nothing(text: str) -> None:
    words = _words(text)
    assert all(words)
    assert _words(" ".join(words)) == words
