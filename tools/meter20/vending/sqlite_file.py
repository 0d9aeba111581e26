"""Checks a SQLite file before a station opens it: whether it is whole, and may be written.

A station whose file is not whole must not sell: pages of an older copy beside the write-ahead
log (`-wal`) of a newer one look like a database, until they are written over. So the check opens
the file for reading only, and leaves both as they are.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

_NAMED = 3
_READ_WHOLE = 1 << 25  # bytes: some 40 000 sales
_BESIDE = ("-wal", "-shm", "-journal")


def path_of(where: str) -> Path | None:
    """Return the absolute path of a SQLite file given as a path or a URL, None for a server."""
    if where.startswith("sqlite:"):
        where = make_url(where).database or ""
    elif "://" in where:
        return None
    if where in ("", ":memory:"):
        raise Refusal(
            refusal.VALUE, "A vending station needs a file: tokens must not be forgotten."
        )
    return Path(where).expanduser().absolute()


def writable(path: Path) -> bool:
    """Say whether the database in `path` may be written, which takes its folder, too."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def mode(path: Path) -> str:
    """Return the mode for the URI of a database that exists: `rw`, or how it can be read.

    A database whose folder may not be written, and that nobody has open, is read as a file that
    does not change: SQLite could not keep its index of the write-ahead log there.
    """
    if writable(path):
        return "rw"
    wal = path.with_name(path.name + "-wal")
    return "ro" if wal.exists() and wal.stat().st_size else "ro&immutable=1"


def damage(path: Path) -> str:
    """Return what is wrong with the database in `path`, empty if nothing is. Writes nothing.

    A file that was closed in good order is read whole up to _READ_WHOLE; of a larger one only
    the length is looked at, since each sale at a counter opens it. Where a write-ahead log was
    left behind or is in use, every page is read, and each index held against its table as well:
    pages that do not go together show there.
    """
    wal = path.with_name(path.name + "-wal")
    in_order = not wal.exists() or not wal.stat().st_size
    try:
        if in_order and path.stat().st_size > _READ_WHOLE:
            return _cut_short(path)
        return _read_whole(path, "quick_check" if in_order else "integrity_check")
    except sqlite3.DatabaseError as error:
        return str(error)


def _read_whole(path: Path, check: str) -> str:
    how = "ro" if writable(path) else mode(path)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode={how}", uri=True)) as connection:
        found = [str(row[0]) for row in connection.execute(f"PRAGMA {check}({_NAMED})")]
    return "" if found == ["ok"] else "; ".join(found)


def _cut_short(path: Path) -> str:
    """Return what is wrong with the length that the header says. Source: SQLite file format."""
    with path.open("rb") as file:
        head = file.read(100)
    if not head.startswith(b"SQLite format 3\0"):
        return "file is not a database"
    page = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    missing = pages * (1 << 16 if page == 1 else page) - path.stat().st_size
    return f"{missing} bytes are missing" if missing > 0 else ""


def check_free(path: Path, taken: bool = False) -> None:
    """Raise Refusal unless a database can be made in `path`. taken: an empty file is there.

    The files that SQLite keeps beside a database, left by another one, would be read into it.
    """
    for beside in _left_beside(path):
        raise Refusal(refusal.EXISTS, f"{beside} is of another database: move it away.")
    if taken and path.stat().st_size:
        raise Refusal(refusal.EXISTS, f"Something else was written to {path} meanwhile.")


def lacks(path: Path) -> str:
    """Return what a database that was closed lacks, empty if it is whole in its one file."""
    return "its write-ahead log was not written into it" if _left_beside(path) else damage(path)


def _left_beside(path: Path) -> list[Path]:
    return [beside for end in _BESIDE if (beside := path.with_name(path.name + end)).exists()]
