"""A copy of our own SQLite file, and the way back from one.

The copy is made through SQLite's own backup, so the bot may write meanwhile; it is one file, whole
and closed. A restore checks what it is given before it touches anything, and puts what was there
aside instead of over.
"""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from seraphim.storage.database import FILE
from seraphim.storage.migration import REVISION
from seraphim.storage.sqlite import stored_revision

OWNER_ONLY = 0o600
BESIDE = ("", "-wal", "-shm")
BUSY_SECONDS = 10.0


class CannotCopy(Exception):
    """It was not done, and nothing was changed; the text says why."""


def backup(data_dir: Path, copy: Path) -> int:
    """Copy the database of `data_dir` into a new file `copy`; return its size in bytes.

    Raises `CannotCopy`; `copy` is there only when it is whole.
    """
    source = data_dir / FILE
    if not source.is_file():
        raise CannotCopy(f"there is no database in {data_dir}")
    if copy.exists():
        raise CannotCopy(f"{copy} is there already: name a new file")
    part = copy.with_name(f".{copy.name}.part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
        with closing(_reading(source)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
            # One file, that needs nothing beside it.
            new.execute("PRAGMA journal_mode = DELETE").close()
        _check(part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        # Unlike a rename it never replaces a file that came meanwhile.
        copy.hardlink_to(part)
        return copy.stat().st_size
    except (OSError, sqlite3.Error) as error:
        raise CannotCopy(_why(error)) from None
    finally:
        part.unlink(missing_ok=True)


def restore(data_dir: Path, copy: Path) -> Path | None:
    """Put `copy` in the place of the database of `data_dir`; return where the old one is now.

    The data folder must be locked by the caller. Raises `CannotCopy`.
    """
    if not copy.is_file():
        raise CannotCopy(f"there is no file {copy}")
    target = data_dir / FILE
    part = target.with_name(f".{FILE}.part")
    try:
        _check(copy)
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, OWNER_ONLY))
        with closing(_reading(copy)) as old, closing(sqlite3.connect(part)) as new:
            old.backup(new)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        aside = _put_aside(target)
        part.replace(target)
    except (OSError, sqlite3.Error) as error:
        raise CannotCopy(_why(error)) from None
    finally:
        part.unlink(missing_ok=True)
    return aside


def revision(path: Path) -> str | None:
    """Return the revision of the database file, None where it has no tables yet.

    Raises sqlite3.Error, OSError.
    """
    with closing(_reading(path)) as database:
        return stored_revision(database)


def _put_aside(target: Path) -> Path | None:
    if not target.exists():
        return None
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    number = 0
    while True:
        aside = target.with_name(f"{FILE}.before-{stamp}{f'-{number}' if number else ''}")
        if not aside.exists():
            break
        number += 1
    for end in BESIDE:
        # What a killed process had not yet moved into the file goes with it.
        file = target.with_name(target.name + end)
        if file.exists():
            file.rename(aside.with_name(aside.name + end))
    return aside


def _reading(path: Path) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    return sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)


def _check(path: Path) -> None:
    with closing(_reading(path)) as database:
        if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise CannotCopy(f"{path} is damaged")
    found = revision(path)
    if found is None:
        raise CannotCopy(f"{path} is no database of Seraphim's")
    if found > REVISION:
        raise CannotCopy(f"{path} was made by a newer Seraphim: run that one")


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return str(error)
