"""The version of yt-dlp that an operator has fetched: sites change faster than releases of ours.

`DATA_DIR/yt-dlp` has a folder for each version that was fetched, and `current`, which names the one
in use; the one before it is kept to go back to. What is fetched is yt-dlp and the scripts that it
solves YouTube's riddles with, which it takes in one version alone: wheels from PyPI, whose hashes
PyPI tells over TLS, unpacked as they are. The node looks here before each question, so one that
runs takes a new version at once.
"""

import functools
import hashlib
import http.client
import io
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import urlsplit

__all__ = ["INDEX", "CannotUpdate", "Update", "current", "rollback", "update"]

INDEX: Final = "https://pypi.org/pypi"
PACKAGE: Final = "yt_dlp"
SCRIPTS: Final = "yt_dlp_ejs"
LARGEST_WHEEL: Final = 32 << 20
LARGEST_UNPACKED: Final = 128 << 20
LARGEST_PAGE: Final = 8 << 20
SECONDS: Final = 60.0

_VERSION: Final = re.compile(r"[0-9]{4}(\.[0-9]{1,6}){2,3}")
_NEEDS_SCRIPTS: Final = re.compile(
    r"yt-dlp-ejs *\(?== *([0-9]{1,6}(?:\.[0-9]{1,6}){1,3})\)? *(?:;|$)"
)


class CannotUpdate(Exception):
    """It stays as it is; `args[0]` says why."""


@dataclass(frozen=True, slots=True)
class Update:
    """What has changed: the version in use now, and before. None: the one that was installed."""

    version: str | None
    before: str | None


def current(data_dir: Path) -> Path | None:
    """Return the folder to import yt-dlp from; None for the one that was installed.

    The installed one it is, too, when that has become the newer one.
    """
    try:
        names = _named(data_dir)
    except OSError:
        return None
    if not names or _numbers(names[0]) <= _installed():
        return None
    folder = _folder(data_dir) / names[0]
    return folder if (folder / PACKAGE).is_dir() else None


def update(data_dir: Path, *, index: str = INDEX) -> Update:
    """Fetch the newest version and use it. Raises `CannotUpdate`; blocking."""
    newest = _newest(index)
    before = current(data_dir)
    if before is not None and before.name == newest.version:
        return Update(newest.version, newest.version)
    wheels = {wheel.package: _checked(wheel) for wheel in newest.wheels}
    try:
        _unpack(wheels, _folder(data_dir) / newest.version)
        _use(data_dir, newest.version)
    except (OSError, subprocess.SubprocessError, zipfile.BadZipFile) as error:
        raise CannotUpdate(f"it could not be unpacked: {error}") from error
    return Update(newest.version, None if before is None else before.name)


def rollback(data_dir: Path) -> Update:
    """Use the version before again: the one that was fetched before, or the installed one."""
    names = _named(data_dir) if _folder(data_dir).is_dir() else []
    if not names:
        raise CannotUpdate("nothing was fetched: the version that was installed is in use")
    try:
        _write(data_dir, names[1:])
    except OSError as error:
        raise CannotUpdate(str(error)) from error
    return Update(names[1] if len(names) > 1 else None, names[0])


@dataclass(frozen=True, slots=True)
class _Wheel:
    package: str
    version: str
    url: str
    sha256: str
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Release:
    version: str
    wheels: tuple[_Wheel, ...]


def _newest(index: str) -> _Release:
    itself = _look_up(f"{index}/yt-dlp/json", PACKAGE)
    if not _VERSION.fullmatch(itself.version):
        raise CannotUpdate(f"{itself.version!r} is no version of yt-dlp")
    needed = next(filter(None, map(_NEEDS_SCRIPTS.match, itself.needs)), None)
    if needed is None:
        return _Release(itself.version, (itself,))
    scripts = _look_up(f"{index}/yt-dlp-ejs/{needed[1]}/json", SCRIPTS)
    return _Release(itself.version, (itself, scripts))


def _look_up(page: str, package: str) -> _Wheel:
    try:
        told = cast("dict[str, Any]", json.loads(_fetch(page, LARGEST_PAGE)))
        wheel = next(one for one in told["urls"] if one["packagetype"] == "bdist_wheel")
        return _Wheel(
            package,
            str(told["info"]["version"]),
            str(wheel["url"]),
            str(wheel["digests"]["sha256"]),
            tuple(map(str, told["info"].get("requires_dist") or ())),
        )
    except (AttributeError, KeyError, TypeError, ValueError, StopIteration) as error:
        raise CannotUpdate("the package index says nothing that can be understood") from error


def _checked(wheel: _Wheel) -> bytes:
    body = _fetch(wheel.url, LARGEST_WHEEL)
    if hashlib.sha256(body).hexdigest() != wheel.sha256:
        raise CannotUpdate("what was fetched is not what PyPI says it is (SHA-256)")
    return body


def _fetch(url: str, largest: int) -> bytes:
    if not _trustworthy(url):
        raise CannotUpdate("only https is used")
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - see above
            if not _trustworthy(answer.url):
                raise CannotUpdate("only https is used")
            body = cast("bytes", answer.read(largest + 1))
    except (OSError, http.client.HTTPException) as error:
        raise CannotUpdate(f"the package index cannot be reached: {error}") from error
    if len(body) > largest:
        raise CannotUpdate("the package index sends more than belongs there")
    return body


def _trustworthy(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme, parts.hostname) == ("http", "127.0.0.1")


def _unpack(wheels: Mapping[str, bytes], folder: Path) -> None:
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    for package, wheel in wheels.items():
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            members = [one for one in archive.infolist() if one.filename.startswith(f"{package}/")]
            if sum(one.file_size for one in members) > LARGEST_UNPACKED or not members:
                raise CannotUpdate(f"what was fetched is not {package}")
            # What leads out of the folder is put into it: `extract` drops `..` and roots.
            for member in members:
                archive.extract(member, new)
    _try(new)
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def _try(folder: Path) -> None:
    """See that this Python can import it: some day it wants a newer one."""
    done = subprocess.run(  # noqa: S603 - this Python
        [sys.executable, "-P", "-c", f"import {PACKAGE}"],
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise CannotUpdate(f"it does not run on this Python: {reason[:200]}")


def _use(data_dir: Path, version: str) -> None:
    kept = [version, *(name for name in _named(data_dir) if name != version)][:2]
    _write(data_dir, kept)
    for folder in _folder(data_dir).iterdir():
        if folder.is_dir() and folder.name not in kept:
            shutil.rmtree(folder)


def _named(data_dir: Path) -> list[str]:
    """The version in use and the one before it; those that are no names are nobody's."""
    file = _folder(data_dir) / "current"
    if not file.is_file():
        return []
    return [name for name in file.read_text("utf-8").split() if _VERSION.fullmatch(name)]


@functools.cache
def _installed() -> tuple[int, ...]:
    try:
        return _numbers(version("yt-dlp"))
    except (PackageNotFoundError, ValueError):
        return ()


def _numbers(name: str) -> tuple[int, ...]:
    return tuple(map(int, name.split(".")))


def _write(data_dir: Path, names: list[str]) -> None:
    file = _folder(data_dir) / "current"
    new = file.with_suffix(".new")
    new.write_text("\n".join(names), "utf-8")
    new.replace(file)


def _folder(data_dir: Path) -> Path:
    return data_dir / "yt-dlp"
