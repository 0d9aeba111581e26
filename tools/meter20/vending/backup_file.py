"""A backup as a file: all tables of a station, sealed, for SQLite and PostgreSQL alike.

The first line is JSON, in clear: what it is, and the lock that the operator's secret opens.
Frames follow, each a length and then the sealed, compressed JSON of up to _ROWS rows of one
table; the last one has the number of rows of each table. The seal takes a key of the security
module, and binds each frame to its place in this file. So without the passphrase nobody reads
names or tokens in it, and one that was cut, mixed or altered does not restore.
"""

import hashlib
import json
import os
import secrets
import struct
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, LargeBinary, MetaData, Table, func, insert, select, text
from sqlalchemy.orm import Session

from meter20.vending import refusal, sealing
from meter20.vending.models import Base, Vault, table
from meter20.vending.refusal import Refusal
from meter20.vending.schema import REVISION
from meter20.vending.sealing import Key

FORMAT = "meter20 vending backup 1"
_ROWS = 1000
_MAX_LINE = 1 << 16
_SIZE = struct.Struct(">I")
_PLACE = struct.Struct(">Q")
_OWNER_ONLY = 0o600
_TEXT = json.JSONEncoder(separators=(",", ":")).encode
_VAULT = table(Vault)
_NUMBER_ON = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")


@dataclass(frozen=True)
class Header:
    """What a backup says of itself. revision: the migration whose tables it has; time: UTC."""

    station: str
    time: str
    revision: str
    vault: Vault
    digest: bytes


def key_of(audit_key: Key) -> Key:
    """Return the key of the seals."""
    return Key(sealing.subkey(audit_key.octets, b"backup"))


# -- writing -----------------------------------------------------------------------------------


def write(session: Session, path: Path, key: Key, revision: str, time: str) -> dict[str, int]:
    """Write what `session` reads to the new file `path`; return the number of rows by table.

    It is on the disk when this returns. Raises OSError.
    """
    row = session.execute(select(_VAULT)).mappings().one()
    line = _TEXT({
        "format": FORMAT, "station": row["name"], "time": time, "revision": revision,
        "number": secrets.token_hex(8),  # so that no frame of another backup fits
        "vault": {name: _plain(value) for name, value in row.items()},
    }).encode() + b"\n"  # fmt: skip
    counts: dict[str, int] = {}
    about = hashlib.sha256(line).digest()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as out:
        out.write(line)
        for place, part in enumerate(_parts(session, counts)):
            packed = zlib.compress(_TEXT(part).encode(), 1)
            sealed = sealing.seal(key.octets, packed, about + _PLACE.pack(place))
            out.write(_SIZE.pack(len(sealed)) + sealed)
        out.flush()
        os.fsync(out.fileno())
    return counts


def _parts(session: Session, counts: dict[str, int]) -> Iterator[dict]:
    """Yield what goes into each frame; `counts` is complete with the last one."""
    for each in Base.metadata.sorted_tables:
        counts[each.name] = 0
        query = select(each).order_by(*each.primary_key.columns)
        read = session.execute(query.execution_options(yield_per=_ROWS))
        for rows in read.partitions():
            counts[each.name] += len(rows)
            columns = [column.name for column in each.columns]
            plain = [[_plain(value) for value in row] for row in rows]
            yield {"table": each.name, "columns": columns, "rows": plain}
    yield {"counts": counts}


def _plain(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


# -- reading -----------------------------------------------------------------------------------


def header(path: Path) -> Header:
    """Return the header of the backup in `path`; raises Refusal for any other file."""
    try:
        with path.open("rb") as file:
            line = file.readline(_MAX_LINE)
        fields = json.loads(line)
        if fields["format"] == FORMAT:
            names = [column.name for column in _VAULT.columns if column.name in fields["vault"]]
            vault = Vault(**{name: _typed(_VAULT, name, fields["vault"][name]) for name in names})
            digest = hashlib.sha256(line).digest()
            return Header(fields["station"], fields["time"], fields["revision"], vault, digest)
    except OSError as error:
        raise Refusal(refusal.VALUE, f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise Refusal(refusal.VALUE, f"{path} is no backup of a vending station.")


def _typed(of: Table, name: str, value):
    """Return a value as the column `name` takes it."""
    return bytes.fromhex(value) if isinstance(of.columns[name].type, LargeBinary) else value


def fill(path: Path, head: Header, key: Key, to: Connection) -> dict[str, int]:
    """Put all rows into the empty tables of the backup's revision; return how many, by table.

    Raises Refusal for a backup that is not whole, or not of the holder of `key`.
    """
    metadata = _tables(head.revision, to)
    counts: Counter[str] = Counter()
    for part in _opened(path, head, key):
        if "counts" in part:
            _check_counts(path, part["counts"], counts, metadata, to)
            break
        into = metadata.tables[part["table"]]
        names = part["columns"]
        rows = [
            {name: _typed(into, name, value) for name, value in zip(names, row, strict=True)}
            for row in part["rows"]
        ]
        to.execute(insert(into), rows)
        counts[into.name] += len(rows)
    if to.dialect.name == "postgresql":
        _number_on(metadata, to)
    return dict(counts)


def _tables(revision: str, to: Connection) -> MetaData:
    """Return the tables of `revision` as they are in `to`."""
    if revision == REVISION:
        return Base.metadata
    older = MetaData()
    older.reflect(bind=to)
    return older


def _opened(path: Path, head: Header, key: Key) -> Iterator[dict]:
    """Yield what is in each frame; the last one has `counts`."""
    wrong = f"{path} is not whole, or was altered. Nothing was restored from it."
    with path.open("rb") as file:
        if hashlib.sha256(file.readline(_MAX_LINE)).digest() != head.digest:
            raise Refusal(refusal.ALTERED, wrong)
        place, last = 0, False
        while not last:
            size = file.read(_SIZE.size)
            sealed = file.read(_SIZE.unpack(size)[0]) if len(size) == _SIZE.size else b""
            packed = sealing.unseal(key.octets, sealed, head.digest + _PLACE.pack(place), wrong)
            part = json.loads(zlib.decompress(packed))
            last, place = "counts" in part, place + 1
            if last and file.read(1):
                raise Refusal(refusal.ALTERED, wrong)
            yield part


def _check_counts(path: Path, said: dict, read: Counter, metadata: MetaData, to: Connection):
    """Raise Refusal unless all rows that the backup counts were read, and are in the tables."""
    for name, count in said.items():
        there = to.scalar(select(func.count()).select_from(metadata.tables[name]))
        if not count == read[name] == there:
            words = (
                f"{path} has {read[name]} rows of {name}, it says {count}, and {there} came in."
            )
            raise Refusal(refusal.ALTERED, words)


def _number_on(metadata: MetaData, to: Connection) -> None:
    """Let PostgreSQL number new rows after the last one of each table."""
    for each in metadata.tables.values():
        if "id" not in each.columns:
            continue
        last = to.scalar(select(func.max(each.columns["id"])))
        if last is not None:
            to.execute(_NUMBER_ON, {"name": each.name, "last": last})
