"""What the three services have in common: whatever they answer is a track, a failure or nothing."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seraphim.audio_node.decoders import Decoders
from seraphim.audio_node.media import MediaSource
from seraphim.audio_node.sources import (
    Sources,
    applemusic,
    deezer,
    spotify,
)
from seraphim.audio_node.sources.catalogues import CatalogueKeys, catalogues
from seraphim.audio_node.sources.document import Document
from seraphim.audio_node.sources.results import (
    LoadResult,
    NothingFound,
    SearchLoaded,
    TrackLoaded,
)
from seraphim.audio_node.sources.spotify import SpotifyCredentials
from seraphim.audio_node.track import TrackInfo, decode, encode
from tests.seraphim.audio_node.sources import shapes

pytestmark = pytest.mark.anyio

values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(),
        st.text(st.characters(exclude_categories=()), max_size=20),
        st.sampled_from(["https://x.example/" + "y" * 70_000, "z" * 70_000, "1" * 30]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
READERS = [
    (deezer._track, shapes.deezer_track()),
    (applemusic._song, shapes.apple_song()),
    (applemusic._listed, shapes.itunes_song()),
    (spotify._track, shapes.spotify_full()),
    (spotify._shown, shapes.spotify_shown()),
]


@pytest.mark.parametrize(("read", "shape"), READERS)
@given(data=st.data())
def test_whatever_stands_in_a_field_what_is_made_of_it_can_be_told(read, shape, data) -> None:
    changed: dict[str, object] = json.loads(json.dumps(shape))
    place = changed
    while True:
        key = data.draw(st.sampled_from(sorted(place)))
        inner = place[key]
        if not isinstance(inner, dict) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = data.draw(values)
    track = read(Document(changed))
    if track is not None:
        assert track.title
        assert track.author
        assert decode(encode(track)) == track


@given(values)
def test_whatever_is_no_track_is_none(value) -> None:
    for read, _ in READERS:
        assert read(Document(value)) is None


async def test_the_sources_are_named_as_lavalinks_clients_know_them(http, elsewhere) -> None:
    keys = CatalogueKeys(spotify=SpotifyCredentials("id", "hush"), apple_music_token="hush")
    assert "hush" not in repr(keys)
    sources = catalogues(http, Sources(Decoders()), keys)
    assert [source.name for source in sources] == ["spotify", "applemusic", "deezer"]


async def test_only_https_is_spoken_with_the_services_themselves() -> None:
    addresses = [
        *vars_of(spotify.SpotifyAddresses()),
        *vars_of(applemusic.AppleMusicAddresses()),
        *vars_of(deezer.DeezerAddresses()),
    ]
    assert all(address.startswith("https://") for address in addresses)


def vars_of(addresses: object) -> list[str]:
    return [getattr(addresses, name) for name in type(addresses).__slots__]


async def test_a_listed_track_is_played_from_where_it_is_found(server, tones, http) -> None:
    url = server.file(tones.tone("mp3"))
    async with Decoders(trusted_hosts=server.host) as decoders:
        places = Sources(decoders)

        class Elsewhere:
            async def load(self, identifier: str) -> LoadResult:
                if identifier != "ytmsearch:Ada Ångström The Tone-440":
                    return NothingFound()
                found = await places.load(url)
                assert isinstance(found, TrackLoaded)
                karaoke = replace(found.track, title="The tone-440 (Karaoke)")
                return SearchLoaded((karaoke, found.track))

            async def media(self, track: TrackInfo) -> MediaSource:
                return await places.media(track)

            def forget(self, track: TrackInfo) -> None:
                places.forget(track)

        spotify_, _, _ = catalogues(http, Elsewhere())
        listed = TrackInfo(
            identifier=shapes.SPOTIFY_ID,
            title="The Tone-440 - 2011 Remaster",
            author="Ada Ångström, Grace",
            length_ms=3200,
            source="spotify",
            isrc="GBBKS1500214",
        )
        source = await spotify_.media(decode(encode(listed)))
        assert (await decoders.probe(source)).container == "mp3"
