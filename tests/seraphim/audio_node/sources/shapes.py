"""What the music services' APIs answer about a song, in their shapes."""

DEEZER_COVER = "https://cdn-images.dzcdn.net/images/cover/xl.jpg"


def deezer_track(id_: int = 110265034, **more: object) -> dict[str, object]:
    """A track as in a list; asked for alone it says more that nobody here reads."""
    return {
        "id": id_,
        "readable": True,
        "title": "Hello",
        "title_short": "Hello",
        "title_version": "",
        "isrc": "GBBKS1500214",
        "link": f"https://www.deezer.com/track/{id_}",
        "duration": 295,
        "rank": 837204,
        "explicit_lyrics": False,
        "preview": "https://cdnt-preview.dzcdn.net/api/1/1/x.mp3?hdnea=exp=1",
        "artist": {"id": 75798, "name": "Adele", "type": "artist"},
        "album": {"id": 11483764, "title": "25", "cover_xl": DEEZER_COVER, "type": "album"},
        "type": "track",
    } | more


APPLE_ART = "https://is1-ssl.mzstatic.com/image/thumb/Music/v4/ab/cd/source"


def apple_song(id_: object = "1544494115", **attributes: object) -> dict[str, object]:
    return {
        "id": id_,
        "type": "songs",
        "href": f"/v1/catalog/us/songs/{id_}",
        "attributes": {
            "albumName": "25",
            "artistName": "Adele",
            "artwork": {"width": 3000, "height": 3000, "url": f"{APPLE_ART}/{{w}}x{{h}}bb.jpg"},
            "durationInMillis": 295502,
            "hasLyrics": True,
            "isrc": "GBBKS1500214",
            "name": "Hello",
            "playParams": {"id": id_, "kind": "song"},
            "url": f"https://music.apple.com/us/album/hello/1544494108?i={id_}",
        }
        | attributes,
    }


def itunes_song(id_: int = 1544494115, **more: object) -> dict[str, object]:
    return {
        "wrapperType": "track",
        "kind": "song",
        "artistId": 262836961,
        "collectionId": 1544494108,
        "trackId": id_,
        "artistName": "Adele",
        "collectionName": "25",
        "trackName": "Hello",
        "trackViewUrl": f"https://music.apple.com/us/album/hello/1544494108?i={id_}",
        "artworkUrl100": f"{APPLE_ART}/100x100bb.jpg",
        "trackTimeMillis": 295502,
        "country": "USA",
        "isStreamable": True,
    } | more


SPOTIFY_ID = "62PaSfnXSMyLshYJrlTuL3"
SPOTIFY_ART = "https://i.scdn.co/image/ab67616d0000b273"
SPOTIFY_IMAGES = [
    {"url": f"{SPOTIFY_ART}small", "width": 64, "height": 64},
    {"url": f"{SPOTIFY_ART}large", "width": 640, "height": 640},
    {"url": f"{SPOTIFY_ART}middle", "width": 300, "height": 300},
]


def spotify_simple(id_: str = SPOTIFY_ID, **more: object) -> dict[str, object]:
    """A track as albums list it."""
    return {
        "artists": [
            {"id": "4dpARuHxo51G3z768sgnrY", "name": "Adele", "type": "artist"},
            {"id": "4dpARuHxo51G3z768sgnrZ", "name": "Ada", "type": "artist"},
        ],
        "disc_number": 1,
        "duration_ms": 295502,
        "explicit": False,
        "external_urls": {"spotify": f"https://open.spotify.com/track/{id_}"},
        "href": f"https://api.spotify.com/v1/tracks/{id_}",
        "id": id_,
        "is_local": False,
        "name": "Hello",
        "preview_url": None,
        "track_number": 1,
        "type": "track",
        "uri": f"spotify:track:{id_}",
    } | more


def spotify_full(id_: str = SPOTIFY_ID, **more: object) -> dict[str, object]:
    """A track as it is given alone, in searches and in playlists."""
    return (
        spotify_simple(
            id_,
            album={
                "id": "3AvPX1B1HiFROvYjLb5Qwi",
                "name": "25",
                "images": SPOTIFY_IMAGES,
                "type": "album",
            },
            external_ids={"isrc": "GBBKS1500214"},
            popularity=75,
        )
        | more
    )


def spotify_shown(id_: str = SPOTIFY_ID, **more: object) -> dict[str, object]:
    """A track in the list of the embedded page."""
    return {
        "uri": f"spotify:track:{id_}",
        "uid": "1a2b",
        "title": "Hello",
        "subtitle": "Adele,\xa0Ada",
        "isExplicit": False,
        "isNineteenPlus": False,
        "duration": 295502,
        "isPlayable": True,
        "audioPreview": {"format": "MP3_96", "url": "https://p.scdn.co/mp3-preview/x"},
        "entityType": "track",
    } | more
