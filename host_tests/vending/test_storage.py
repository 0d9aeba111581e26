"""Storage: migrations, waiting for one's turn, and words for what goes wrong."""

import errno
import multiprocessing
import os
import pickle
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from rigs import quick_tables
from rigs.stations import DRN, PASSPHRASE, furnished, hold
from sqlalchemy import inspect, select, text, update
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.vending import new_file, refusal, sales, schema, sqlite_file
from meter20.vending.books import Books
from meter20.vending.models import AuditHead, Base, Vault, VendingKey
from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage, default_url

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(autouse=True)
def _quick_tables():
    """The migrations themselves make the tables here."""


def refused(code, call):
    with pytest.raises(Refusal) as caught:
        call()
    assert caught.value.code == code
    return str(caught.value)


def test_migrations_make_exactly_the_tables_of_the_models(storage):
    storage.upgrade()
    with storage._engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_quick_tables_of_other_tests_are_those_of_the_migrations(tmp_path, monkeypatch):
    def contents(name):
        Storage(str(tmp_path / name)).upgrade()
        with closing(sqlite3.connect(tmp_path / name)) as made:
            return list(made.iterdump())

    migrated = contents("migrated")
    monkeypatch.setattr(schema, "migrate", quick_tables.migrate)
    contents("first")  # quick_tables may have to look at a database first
    assert contents("quick") == migrated


def test_newest_migration_is_the_one_that_is_expected():
    assert ScriptDirectory(str(migrations_folder())).get_current_head() == schema.REVISION


def test_station_of_the_first_release_goes_on_from_its_latest_sale(storage):
    """Its months, days and clock begin where its receipts end."""
    with storage._creating(), storage._engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in FIRST_RELEASE:
            connection.execute(text(statement), {"octets": b"x"})
    with pytest.raises(Refusal, match="older meter20"):
        storage.check()  # its connection is kept, and must not hinder the upgrade
    storage.upgrade()
    with storage.reading() as session:
        vault = session.get_one(Vault, 1)
        assert (vault.zone, vault.rehearsal, vault.latest) == (
            "UTC",
            False,
            "2026-03-09T08:00:00Z",
        )
        assert session.get_one(VendingKey, 1).day == "2026-03-09"


FIRST_RELEASE = [
    "INSERT INTO vault VALUES (1, 'kiosk', 'passphrase', :octets, 2, :octets, "
    "'2026-01-01T08:00:00Z')",
    "INSERT INTO vending_key VALUES (1, '123456', 1, 2, 255, 2014, '04', '11', 'credit', NULL, "
    "NULL, NULL, NULL, 'abcdef', :octets, '2026-01-01T08:00:00Z')",
    "INSERT INTO key_usage VALUES (1, '2026-03-08', 10, 0, 1), (1, '2026-03-09', 10, 0, 1)",
    "INSERT INTO slip VALUES (1, NULL, NULL, 'test', '2026-03-09T08:00:00Z', 'thandi', 'good', "
    "'', 0, 0, '{}', '[]', '{}', '', NULL, 1)",
]


def test_migrations_can_be_taken_back(storage):
    storage.upgrade()
    with storage._engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(migrations_folder()))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    storage.upgrade()


def migrations_folder():
    return schema.MIGRATIONS


def test_upgrade_twice_changes_nothing(any_station, storage):
    storage.upgrade()
    storage.check()


def test_no_database_yet_says_what_to_do(storage):
    assert "vend setup" in refused(refusal.NO_DATABASE, storage.check)


def test_looking_for_a_database_leaves_no_file(sqlite, secret):
    refused(refusal.NO_DATABASE, lambda: Station(sqlite, secret, "x"))
    assert not sqlite.path.exists()


def test_new_file_is_its_owners_only(station, sqlite):
    assert sqlite.path.stat().st_mode & 0o777 == 0o600


def test_commits_are_durable_and_in_a_write_ahead_log(sqlite):
    sqlite.upgrade()
    with sqlite.reading() as session:
        assert session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert session.scalar(text("PRAGMA synchronous")) == 2  # FULL
        assert session.scalar(text("PRAGMA foreign_keys")) == 1


def test_damaged_file_is_called_damaged(tmp_path):
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(b"not a database at all, but long enough to have a header" * 40)
    assert "damaged" in refused(refusal.DATABASE, Storage(str(path)).check)


def test_unreachable_server_is_said_to_be_so():
    pytest.importorskip("psycopg")
    where = "postgresql://nobody:secret@localhost:1/nothing"
    words = refused(refusal.DATABASE, Storage(where).check)
    assert "cannot be reached" in words
    assert "secret" not in words


@pytest.mark.parametrize("where", ["mysql://x/y", "nonsense://x", "sqlite://", ":memory:"])
def test_unsuitable_databases_are_refused(where):
    refused(refusal.VALUE, lambda: Storage(where))


def test_newer_and_older_databases_are_told_apart(any_station, storage):
    def at(revision):
        with storage.writing() as session:
            session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})

    at("9999")
    assert "newer meter20" in refused(refusal.SCHEMA, storage.check)
    at("0000")
    assert "vend upgrade" in refused(refusal.SCHEMA, storage.check)


def test_error_inside_undoes_everything(any_station, storage):
    with pytest.raises(ZeroDivisionError), storage.writing() as session:
        session.get_one(AuditHead, 1).seq = 99
        session.flush()
        raise ZeroDivisionError
    with storage.reading() as session:
        assert session.scalar(select(AuditHead.seq)) != 99


def holding(where, seconds):
    held = SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(where, held, seconds))
    process.start()
    assert held.wait(30)
    return process


def test_second_process_waits_for_its_turn_and_sees_what_the_first_did(any_station, where):
    process = holding(where, 1.0)
    with Storage(where).writing() as session:
        assert session.scalar(select(AuditHead.mac)) == "held"
    process.join()


def test_waiting_too_long_is_called_busy(any_station, where):
    process = holding(where, 2.0)
    impatient = Storage(where, busy_s=0.2)
    with pytest.raises(Refusal, match="busy"), impatient.writing():
        pass
    process.join()


def test_readers_do_not_wait_for_a_writer(any_station, where):
    process = holding(where, 1.5)
    start = time.monotonic()
    with Storage(where, busy_s=0.1).reading() as session:
        assert session.scalar(select(AuditHead.mac)) != "held"
    assert time.monotonic() - start < 1.0
    process.join()


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


def test_refusal_comes_whole_out_of_another_process():
    refused = Refusal(refusal.LIMIT, "too much")
    refused.about = {"meter": "x"}
    there = pickle.loads(pickle.dumps(refused))
    assert (there.code, str(there), there.about) == (refusal.LIMIT, "too much", {"meter": "x"})


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
def read_only(station, sqlite, tmp_path):
    """Return a copy of the station that may be read only, by a user who is not root."""
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=105))
    sqlite.close()
    folder = tmp_path / "copy"
    folder.mkdir()
    for end in ("", ".anchor"):
        beside = sqlite.path.with_name(sqlite.path.name + end)
        (folder / beside.name).write_bytes(beside.read_bytes())
        (folder / beside.name).chmod(0o444)
    folder.chmod(0o555)
    for each in (tmp_path, *list(tmp_path.parents)[:3]):  # with xdist one folder more
        each.chmod(each.stat().st_mode | 0o055)
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


# -- commits whose answer is lost, and files -----------------------------------------------------


def lost(commit):
    """Return a commit that is done and not answered."""

    def done(books):
        commit(books)
        raise OSError("the line is down")

    return done


def test_commit_that_was_done_and_not_answered_stands(storage, secret, clock, monkeypatch):
    monkeypatch.setattr(Books, "commit", lost(Books.commit))
    station = furnished(Station.found(storage, secret, "kiosk", "thandi", clock))
    with station.desk() as desk:
        slip = sales.credit(desk, CreditOrder(DRN, units=10))
    with station.looking() as session:
        assert sales.find_slip(session, slip.id).tokens[0].digits == slip.tokens[0].digits


def test_commit_that_failed_is_told_and_left_nothing(storage, monkeypatch):
    def fails(_books):
        raise OSError("no room")

    monkeypatch.setattr(Books, "commit", fails)
    with pytest.raises(OSError, match="no room"):
        storage.upgrade()
    refused(refusal.NO_DATABASE, storage.check)


def test_going_on_after_a_break_stands_where_its_answer_was_lost(any_station, monkeypatch):
    any_station.anchor.unlink()
    with any_station._storage.writing() as session:
        session.execute(update(AuditHead).values(minute=1))
    monkeypatch.setattr(Books, "commit", lost(Books.commit))
    any_station.accept("known")
    assert any_station.verify().broken is None


def test_connection_of_one_thread_serves_another(station):
    def sell():
        with station.desk() as desk:
            return sales.credit(desk, CreditOrder(DRN, units=10))

    first = sell()
    with ThreadPoolExecutor(1) as other:
        assert other.submit(sell).result().id == first.id + 1


def test_many_threads_look_at_one_moment_each(any_station):
    """As those of a server for points of sale do; nobody's connection is closed meanwhile."""
    together = threading.Barrier(12, timeout=60)

    def look(_):
        with any_station.looking() as session:
            before = session.scalar(select(AuditHead.seq))
            together.wait()
            return before, session.scalar(select(AuditHead.mac).where(AuditHead.seq == before))

    with ThreadPoolExecutor(12) as threads:
        found = list(threads.map(look, range(12)))
    assert len(set(found)) == 1 and all(found[0])


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


def test_station_is_where_the_variable_says_else_in_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("METER20_DB", "elsewhere.sqlite")
    assert default_url() == "elsewhere.sqlite"
    monkeypatch.delenv("METER20_DB")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_url() == str(tmp_path / "meter20" / "vending.sqlite")


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


def _looked_by(ways):
    with ways() as session:
        return session.scalar(select(Vault.id))


def test_more_than_all_connections_of_a_program_are_refused_in_words(
    postgresql_database, monkeypatch
):
    storage = Storage(postgresql_database)
    storage.upgrade()
    monkeypatch.setattr(storage._engine.pool, "_timeout", 0.05)  # s; 30 as it comes
    with ExitStack() as held:
        for _ in range(15):
            held.enter_context(storage.reading())
        for ways in (storage.reading, storage.sharing, storage.writing):
            assert "is busy" in refused(refusal.DATABASE, lambda ways=ways: _looked_by(ways))
    assert _looked_by(storage.reading) is None
    storage.close()
