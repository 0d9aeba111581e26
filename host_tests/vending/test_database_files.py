"""The files of a database on SQLite: cut short, put back, read only; and files that are new."""

import errno
import os
import sqlite3
import tempfile
from pathlib import Path

import pytest
from rigs.selling import refused
from rigs.stations import DRN, PASSPHRASE
from sqlalchemy import text
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.vending import new_file, refusal, sales, sqlite_file
from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage


def test_file_cut_short_is_called_damaged(station, sqlite):
    with sqlite.writing() as session:
        session.execute(text("INSERT INTO tariff VALUES ('big', :text)"), {"text": "x" * 99_000})
    sqlite.close()
    with sqlite3.connect(sqlite.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = sqlite.path.read_bytes()
    middle = len(content) // 2 // 4096 * 4096
    sqlite.path.write_bytes(content[:4096] + b"\xff" * middle + content[4096 + middle :])
    with pytest.raises(Refusal, match="damaged"):
        Station(Storage(str(sqlite.path)), Secret.passphrase(PASSPHRASE), "x")


def test_large_file_is_read_whole_unless_it_was_closed_in_good_order(station, sqlite, monkeypatch):
    """Each sale opens it: what takes time with every page is for what may be torn."""
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=10))
    monkeypatch.setattr(sqlite_file, "_READ_WHOLE", 0)
    asked = []
    read_whole = sqlite_file._read_whole
    monkeypatch.setattr(
        sqlite_file, "_read_whole", lambda *args: asked.append(args[1]) or read_whole(*args)
    )
    assert sqlite_file.damage(sqlite.path) == ""
    assert asked == ["integrity_check"]
    sqlite.close()
    assert sqlite_file.damage(sqlite.path) == ""
    assert asked == ["integrity_check"]
    content = sqlite.path.read_bytes()
    sqlite.path.write_bytes(content[:-4096])
    assert sqlite_file.damage(sqlite.path) == "4096 bytes are missing"
    sqlite.path.write_bytes(b"x" * 9000)
    assert sqlite_file.damage(sqlite.path) == "file is not a database"


# -- files that were put back, or that may only be read ----------------------------------------


def files_of(path):
    return {each.name: each.read_bytes() for each in sorted(path.parent.glob(f"{path.name}*"))}


def test_older_file_beside_a_newer_write_ahead_log_is_refused_and_left_as_it_is(
    station, sqlite, secret, clock, tmp_path
):
    """Its pages look like a database, until they are written over."""
    with sqlite3.connect(sqlite.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    older = sqlite.path.read_bytes()
    with sqlite.writing() as session:
        for number in range(60):
            row = {"name": f"t{number}", "text": "x" * 900}
            session.execute(text("INSERT INTO tariff VALUES (:name, :text)"), row)
    with sqlite3.connect(sqlite.path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with sqlite.writing() as session:
        for number in range(0, 60, 2):
            session.execute(text("DELETE FROM tariff WHERE name = :name"), {"name": f"t{number}"})
    copied = tmp_path / "copy" / "station.sqlite"
    copied.parent.mkdir()
    copied.write_bytes(older)
    for end in ("-wal", ".anchor"):
        beside = sqlite.path.with_name(sqlite.path.name + end)
        copied.with_name(copied.name + end).write_bytes(beside.read_bytes())
    before = files_of(copied)
    assert len(before["station.sqlite-wal"]) > 4096
    words = refused(refusal.DATABASE, lambda: Station(Storage(str(copied)), secret, "x", clock))
    assert "damaged" in words and "-wal" in words
    after = files_of(copied)
    assert {name: after[name] for name in before} == before


@pytest.fixture
def read_only(station, sqlite):
    """Return a copy of the station that may be read only, by a user who is not root."""
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=105))
    sqlite.close()
    # Not below tmp_path: each pytest that starts shuts the folder of all of them for others.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for end in ("", ".anchor"):
            beside = sqlite.path.with_name(sqlite.path.name + end)
            (folder / beside.name).write_bytes(beside.read_bytes())
            (folder / beside.name).chmod(0o444)
        folder.chmod(0o555)
        yield folder / sqlite.path.name
        folder.chmod(0o755)


def as_nobody(*arguments):
    """Run `meter20` as a user whom the modes of files bind, in a process forked from this one."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            done = CliRunner().invoke(app, ["vend", *arguments], catch_exceptions=True)
            os.write(write, done.output.encode())
            code = done.exit_code
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as reader:
        said = reader.read().decode()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said


def test_copy_that_may_only_be_read_is_listed_and_verified_and_not_sold_from(
    read_only, monkeypatch
):
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    before = files_of(read_only)
    where = ("--db", str(read_only))
    code, said = as_nobody(*where, "history")
    assert code == 0 and "credit" in said, said
    code, said = as_nobody(*where, "audit", "verify")
    assert code == 0 and "The log is whole" in said, said
    code, said = as_nobody(*where, "credit", DRN, "--kwh", "1")
    assert code == 1 and "may not be written" in said, said
    assert files_of(read_only) == before


def test_database_is_in_its_one_file_or_lacks_something(station, sqlite, tmp_path):
    sqlite.close()
    assert not sqlite_file.lacks(sqlite.path)
    beside = sqlite.path.with_name(sqlite.path.name + "-wal")
    beside.write_bytes(b"x")
    assert sqlite_file.lacks(sqlite.path) == "its write-ahead log was not written into it"
    other = tmp_path / "other.sqlite"
    other.write_bytes(b"no database" * 99)
    assert sqlite_file.lacks(other) == "file is not a database"


def test_name_is_free_for_a_database_or_it_is_said_why_not(tmp_path):
    path = tmp_path / "new.sqlite"
    sqlite_file.check_free(path)
    path.touch()
    sqlite_file.check_free(path, taken=True)
    path.write_text("x")
    words = refused(refusal.EXISTS, lambda: sqlite_file.check_free(path, taken=True))
    assert words == f"Something else was written to {path} meanwhile."


def test_database_that_may_not_be_written_is_read_with_the_log_that_lies_beside_it(
    tmp_path, monkeypatch
):
    path, wal = tmp_path / "a.sqlite", tmp_path / "a.sqlite-wal"
    path.touch()
    assert sqlite_file.mode(path) == "rw"
    monkeypatch.setattr(sqlite_file, "writable", lambda _: False)
    assert sqlite_file.mode(path) == "ro&immutable=1"
    wal.touch()
    assert sqlite_file.mode(path) == "ro&immutable=1"
    wal.write_text("x")
    assert sqlite_file.mode(path) == "ro"


def test_new_file_goes_where_what_it_is_for_is_refused_or_cannot_be_written(tmp_path, monkeypatch):
    path = tmp_path / "record"
    with pytest.raises(Refusal), NewFile(path) as file:
        file.fill("secret")
        file.keep()
        raise Refusal(refusal.STATE, "nothing was done")
    assert not list(tmp_path.iterdir())

    def full(_path, _text):
        raise OSError(errno.ENOSPC, "no room")

    file = NewFile(path)
    monkeypatch.setattr(new_file, "_write", full)
    with pytest.raises(OSError, match="no room"):
        file.fill("secret")
    assert not list(tmp_path.iterdir())
    words = refused(refusal.VALUE, lambda: NewFile(tmp_path / "none" / "record"))
    assert words.startswith(f"Cannot write {tmp_path / 'none' / 'record'}: No such file")
