"""What YouTube Music says of a song in its lists, and yt-dlp leaves out: by whom, and how long.

Without these two nobody can tell whether a song that was found is the one that was looked for. They
stand in the second column of a row, as pieces of text: "Ada • The album • 3:33". Runs in the
worker.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from yt_dlp.extractor.youtube import _tab  # pyright: ignore

__all__ = ["row", "teach"]

ARTISTS: Final = ("MUSIC_PAGE_TYPE_ARTIST", "MUSIC_PAGE_TYPE_USER_CHANNEL")
ENTRY: Final = "_music_reponsive_list_entry"
"""yt-dlp's method, as it spells it."""

_LENGTH: Final = re.compile(r"(?:([0-9]{1,3}):)?([0-9]{1,2}):([0-9]{2})")
_TEXT: Final = "musicResponsiveListItemFlexColumnRenderer"
_FIXED: Final = "musicResponsiveListItemFixedColumnRenderer"


@functools.cache
def teach() -> None:
    """Have yt-dlp tell more of songs in lists, if it still reads them as it did."""
    tab = cast("Any", getattr(_tab, "YoutubeTabBaseInfoExtractor", None))
    entry = getattr(tab, ENTRY, None)
    if not callable(entry):
        return

    def told(self: object, renderer: object) -> object:
        found = entry(self, renderer)
        if not isinstance(found, dict):
            return found
        return {**row(renderer), **cast("dict[str, object]", found)}

    setattr(tab, ENTRY, told)


def row(renderer: object) -> dict[str, object]:
    """Read a row of a list: `uploader`, `duration` and `thumbnail`, as far as they stand there."""
    runs = list(_runs(renderer))
    artists = [text for text, page in runs if page in ARTISTS]
    if not artists and runs and not runs[0][1] and not _LENGTH.fullmatch(runs[0][0]):
        # Some have no page of their own.
        artists = [runs[0][0]]
    found: dict[str, object] = {}
    if artists:
        found["uploader"] = ", ".join(artists)
    if length := next(filter(None, (_LENGTH.fullmatch(text) for text, _ in reversed(runs))), None):
        hours, minutes, seconds = (int(part or 0) for part in length.groups())
        found["duration"] = 3600 * hours + 60 * minutes + seconds
    thumbnails = _list(
        _in(renderer, "thumbnail", "musicThumbnailRenderer", "thumbnail", "thumbnails")
    )
    if thumbnails and isinstance(url := _in(thumbnails[-1], "url"), str):
        found["thumbnail"] = url
    return found


def _runs(renderer: object) -> Iterator[tuple[str, str]]:
    """Give the pieces of text beside the title, each with the kind of the page that it leads to."""
    flexible = [_in(column, _TEXT) for column in _list(_in(renderer, "flexColumns"))[1:2]]
    fixed = [_in(column, _FIXED) for column in _list(_in(renderer, "fixedColumns"))]
    for column in flexible + fixed:
        for run in _list(_in(column, "text", "runs")):
            text = _in(run, "text")
            if isinstance(text, str) and text.strip(" •&,"):
                yield text.strip(), _page(run)


def _page(run: object) -> str:
    kind = _in(
        run,
        "navigationEndpoint",
        "browseEndpoint",
        "browseEndpointContextSupportedConfigs",
        "browseEndpointContextMusicConfig",
        "pageType",
    )
    return kind if isinstance(kind, str) else ""


def _in(value: object, *names: str) -> object:
    for name in names:
        if not isinstance(value, dict):
            return None
        value = cast("Mapping[str, object]", value).get(name)
    return value


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
