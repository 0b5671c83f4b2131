"""What the sites answered when these were written down, as far as yt-dlp reads it."""

import json
from typing import Any

VIDEO = "dQw4w9WgXcQ"
EXPIRES = 2_000_000_000
SOUND = f"https://rr1.googlevideo.com/videoplayback?expire={EXPIRES}&itag=251&source=youtube"


def youtube_search(*videos: tuple[str, str, str, str]) -> dict[str, Any]:
    """Results of a search: id, title, length and channel of each."""
    renderers = [
        {
            "videoRenderer": {
                "videoId": video,
                "title": {"runs": [{"text": title}]},
                "lengthText": {"simpleText": length},
                "ownerText": {"runs": [{"text": channel}]},
                "thumbnail": {"thumbnails": [{"url": f"https://i.ytimg.com/vi/{video}/hq720.jpg"}]},
            }
        }
        for video, title, length, channel in videos
    ]
    sections = [{"itemSectionRenderer": {"contents": renderers}}]
    primary = {"sectionListRenderer": {"contents": sections}}
    return {"contents": {"twoColumnSearchResultsRenderer": {"primaryContents": primary}}}


def youtube_player(**changes: Any) -> dict[str, Any]:
    """What the player is told of a video."""
    formats = [
        {
            "itag": 140,
            "url": SOUND.replace("itag=251", "itag=140"),
            "mimeType": 'audio/mp4; codecs="mp4a.40.2"',
            "bitrate": 130_000,
            "contentLength": "3433514",
            "audioQuality": "AUDIO_QUALITY_MEDIUM",
            "approxDurationMs": "213089",
            "audioSampleRate": "44100",
            "audioChannels": 2,
        },
        {
            "itag": 251,
            "url": SOUND,
            "mimeType": 'audio/webm; codecs="opus"',
            "bitrate": 135_000,
            "contentLength": "3437753",
            "audioQuality": "AUDIO_QUALITY_MEDIUM",
            "approxDurationMs": "213061",
            "audioSampleRate": "48000",
            "audioChannels": 2,
        },
    ]
    return {
        "playabilityStatus": {"status": "OK"},
        "streamingData": {"expiresInSeconds": "21540", "formats": [], "adaptiveFormats": formats},
        "videoDetails": {
            "videoId": VIDEO,
            "title": "A song",
            "lengthSeconds": "213",
            "channelId": "UCuAXFkgsw1L7xaCfnd5JJOw",
            "author": "Ada",
            "isLiveContent": False,
            "thumbnail": {"thumbnails": [{"url": f"https://i.ytimg.com/vi/{VIDEO}/hq720.jpg"}]},
        },
        **changes,
    }


def youtube_watch(player: dict[str, Any]) -> str:
    """A video's page."""
    config = {
        "INNERTUBE_API_KEY": "key",
        "INNERTUBE_CONTEXT": {
            "client": {"clientName": "WEB", "clientVersion": "2.20260101.00.00", "hl": "en"}
        },
        "PLAYER_JS_URL": "/s/player/00000000/player_ias.vflset/en_US/base.js",
        "STS": 20000,
    }
    owner = {"videoOwnerRenderer": {"title": {"runs": [{"text": "Ada"}]}}}
    secondary = {"videoSecondaryInfoRenderer": {"owner": owner}}
    results = {"results": {"results": {"contents": [secondary]}}}
    initial = {"contents": {"twoColumnWatchNextResults": results}}
    return (
        f"<html><head><script>ytcfg.set({json.dumps(config)});</script></head><body>"
        f"<script>var ytInitialPlayerResponse = {json.dumps(player)};</script>"
        f"<script>var ytInitialData = {json.dumps(initial)};</script></body></html>"
    )


def youtube_page(initial: dict[str, Any]) -> str:
    """A page that is no video's."""
    config = {"INNERTUBE_API_KEY": "key"}
    return (
        f"<html><head><script>ytcfg.set({json.dumps(config)});</script></head><body>"
        f"<script>var ytInitialData = {json.dumps(initial)};</script></body></html>"
    )


SOUNDCLOUD_ID = "a" * 32
SOUNDCLOUD_PAGE = "https://soundcloud.com/ada/a-song"
SOUNDCLOUD_SCRIPT = "https://a-v2.sndcdn.com/assets/1.js"
SOUNDCLOUD_SOUND = "https://cf-media.sndcdn.com/song.opus?expires=2000000000&Signature=x"


def soundcloud_track(**changes: Any) -> dict[str, Any]:
    """A track, as the API tells of it."""
    return {
        "id": 1234,
        "kind": "track",
        "uri": "https://api.soundcloud.com/tracks/1234",
        "title": "A song",
        "duration": 213_061,
        "full_duration": 213_061,
        "permalink_url": SOUNDCLOUD_PAGE,
        "user": {"username": "Ada", "permalink_url": "https://soundcloud.com/ada", "id": 1},
        "policy": "ALLOW",
        "streamable": True,
        "media": {
            "transcodings": [
                {
                    "url": "https://api-v2.soundcloud.com/media/soundcloud:tracks:1234/x/stream/progressive",
                    "preset": "mp3_1_0",
                    "duration": 213_061,
                    "snipped": False,
                    "format": {"protocol": "progressive", "mime_type": "audio/mpeg"},
                    "quality": "sq",
                }
            ]
        },
        **changes,
    }


BANDCAMP_PAGE = "https://ada.bandcamp.com/track/a-song"
BANDCAMP_SOUND = "https://t4.bcbits.com/stream/x/mp3-128/1?p=0&ts=2000000000&t=x"


def bandcamp_track() -> str:
    """A track's page."""
    tralbum = {
        "id": 77,
        "artist": "Ada",
        "current": {"title": "A song", "artist": None},
        "trackinfo": [
            {
                "id": 77,
                "track_id": 77,
                "title": "A song",
                "duration": 213.061,
                "track_num": 1,
                "file": {"mp3-128": BANDCAMP_SOUND},
                "title_link": "/track/a-song",
            }
        ],
        "url": BANDCAMP_PAGE,
    }
    quoted = json.dumps(tralbum).replace('"', "&quot;")
    embed = json.dumps({"tralbum_param": {"name": "track", "value": 77}}).replace('"', "&quot;")
    return (
        f'<html><head><meta property="og:title" content="A song, by Ada"></head>'
        f'<body><script data-tralbum="{quoted}" data-embed="{embed}"></script></body></html>'
    )
