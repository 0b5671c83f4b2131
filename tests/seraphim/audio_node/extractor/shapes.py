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
    return (
        f"<html><head><script>ytcfg.set({json.dumps(config)});</script></head><body><script>"
        f"var ytInitialPlayerResponse = {json.dumps(player)};</script>"
        "<script>var ytInitialData = {\"contents\": {\"twoColumnWatchNextResults\": {}}};</script>"
        "</body></html>"
    )
