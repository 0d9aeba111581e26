"""The anchor: the end of the audit log, noted in a file outside of the database.

A database that was put back to an older copy is whole in itself: only a note outside of it can
show that something was issued since. The station writes the anchor when it opens and after every
commit, never before one, so that no minute is given twice after a loss of the database. If a
process dies in between, the anchor is older than the database: that raises no false alarm. If the
anchor is newer, the database went back. It carries a code of the security module.

The file is written in place: 512 bytes, one sector of any disk, so an old or a new anchor stands
there, never half of each.
"""

import hashlib
import hmac
import json
import os
import weakref
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import platformdirs
from sqlalchemy import URL, make_url

from meter20 import private_folder
from meter20.vending import exact_json
from meter20.vending.log_head import Head
from meter20.vending.sealing import Key, subkey

_SIZE = 512


def default_path(database: Path | None, where: str) -> Path:
    """Return where the anchor of a database is kept: beside its file, else in the user's folder.

    where: the URL of a server; who logs in does not count, so all operators share an anchor.
    """
    if database:
        return database.with_name(database.name + ".anchor")
    given = make_url(where)
    url = URL.create(given.drivername, None, None, given.host, given.port, given.database,
                     given.query)  # fmt: skip
    name = hashlib.sha256(url.render_as_string().encode()).hexdigest()[:16]
    folder = Path(platformdirs.user_data_dir("meter20", appauthor=False))
    return folder / "anchors" / f"{name}.anchor"


def key_of(audit_key: Key) -> Key:
    """Return the key of the anchor."""
    return Key(subkey(audit_key.octets, b"anchor"))


class Anchor:
    """The anchor in the file `path`."""

    def __init__(self, path: Path):
        self.path = path
        self._file: int | None = None

    def read(self, key: Key) -> tuple[Head | None, str]:
        """Return (the head that was noted, what is wrong with the file; empty if nothing is).

        Without a file both are empty.
        """
        try:
            fields = json.loads(self.path.read_bytes())
            mac = fields.pop("mac")
            head = Head(**fields)
            if hmac.compare_digest(mac, head.mac(key)):
                return head, ""
        except FileNotFoundError:
            return None, ""
        except OSError as error:
            return None, f"the anchor {self.path} cannot be read: {error.strerror}"
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        return None, f"{self.path} is no anchor that this station wrote"

    def write(self, key: Key, head: Head, durable: bool = False) -> None:
        """Note `head`; raises OSError. durable: on the disk when this returns."""
        text = exact_json.text(head.facts() | {"mac": head.mac(key)}).ljust(_SIZE - 1) + "\n"
        if self._file is None:
            self._file = self._opened(text)
        os.pwrite(self._file, text.encode(), 0)
        if durable:
            os.fsync(self._file)

    def _opened(self, text: str) -> int:
        """Return the file, open until this object goes; one that is not there is made whole."""
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            private_folder.make(self.path.parent)
            self._make(text)
            file = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
        weakref.finalize(self, os.close, file)
        return file

    def _make(self, text: str) -> None:
        """Make the file, whole or not at all, for its owner only."""
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
        try:
            file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, text.encode())
                os.fsync(file)
            finally:
                os.close(file)
            new.replace(self.path)
        except OSError:
            with suppress(OSError):
                new.unlink(missing_ok=True)
            raise
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def behind(noted: Head, head: Head, digest_at: Callable[[int], str | None]) -> str:
    """Return how a database with `head` is older than what was `noted`; empty if it is not.

    digest_at: gives the digest of the entry with a number, None if there is none.
    """
    if head.seq < noted.seq:
        return (
            f"the database was put back to an older copy: its log ends at {head.seq}, the anchor "
            f"says {noted.seq}"
        )
    there = head.digest if head.seq == noted.seq else digest_at(noted.seq)
    if noted.seq and there != noted.digest:
        return (
            f"entry {noted.seq} is not the one that the anchor noted: the database was put back, "
            "and something else was issued"
        )
    return ""
