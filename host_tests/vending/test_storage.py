"""Storage: migrations, waiting for one's turn, and words for what goes wrong."""

import pickle
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
from rigs import fresh_processes
from rigs.selling import refused
from rigs.stations import DRN, furnished, hold
from sqlalchemy import event, select, text, update

from meter20.vending import refusal, sales
from meter20.vending.books import Books
from meter20.vending.models import AuditHead, Vault
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Station
from meter20.vending.storage import Storage, default_url


def test_no_database_yet_says_what_to_do(storage):
    said = refused(refusal.NO_DATABASE, storage.check)
    assert "vend setup" in said and "--db" in said


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


@contextmanager
def holding(where):
    """Let another process keep the database; give the event at which it lets go."""
    held, let_go = fresh_processes.CONTEXT.Event(), fresh_processes.CONTEXT.Event()
    process = fresh_processes.started(hold, where, held, let_go)
    try:
        assert held.wait(60)
        yield let_go
    finally:
        let_go.set()
        process.join()


def test_second_process_waits_for_its_turn_and_sees_what_the_first_did(any_station, where):
    with holding(where) as let_go:
        threading.Timer(0.2, let_go.set).start()
        with Storage(where).writing() as session:
            assert session.scalar(select(AuditHead.mac)) == "held"


def test_waiting_too_long_is_called_busy(any_station, where):
    impatient = Storage(where, busy_s=0.2)
    with holding(where), pytest.raises(Refusal, match="busy"), impatient.writing():
        pass


def test_readers_do_not_wait_for_a_writer(any_station, where):
    with holding(where), Storage(where, busy_s=0.1).reading() as session:
        assert session.scalar(select(AuditHead.mac)) != "held"


def connected(storage):
    """Return a list that grows with each connection that is taken out of the pool."""
    taken = []
    event.listen(storage._engine, "engine_connect", taken.append)
    return taken


def sell(station):
    with station.desk() as desk:
        slip = sales.credit(desk, CreditOrder(DRN, units=10))
    return slip.id


def sell_twice(station):
    """Sell for the first time in a month, which asks the unit of work, and once more."""
    assert [sell(station), sell(station)] == [1, 2]


def test_sale_is_made_on_the_connection_of_the_last_one(any_station, storage):
    sell_twice(any_station)
    taken = connected(storage)
    assert [sell(any_station) for _ in range(3)] == [3, 4, 5]
    assert taken == []
    storage.close()
    assert sell(any_station) == 6
    assert len(taken) == 1


def test_connection_of_a_transaction_that_failed_is_not_kept(any_station, storage):
    sell_twice(any_station)
    taken = connected(storage)
    with pytest.raises(ZeroDivisionError), any_station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=10))
        raise ZeroDivisionError
    assert sell(any_station) == 3
    assert len(taken) == 1


def test_books_that_the_unit_of_work_read_from_are_not_used_again(any_station, storage):
    with storage.writing() as books:
        vault = books.get_one(Vault, 1)
    with storage.writing() as others:
        assert others is not books
        assert others.get_one(Vault, 1) is not vault
    assert vault.name == "kiosk"


def test_sales_of_two_threads_have_a_connection_each(any_station, storage):
    with ThreadPoolExecutor(4) as threads:
        numbers = list(threads.map(lambda _: sell(any_station), range(20)))
    assert sorted(numbers) == list(range(1, 21))
    assert storage._kept


def test_file_is_free_once_its_station_is_closed(sqlite, secret, clock):
    station = furnished(Station.found(sqlite, secret, "kiosk", "thandi", clock))
    sell(station)
    sqlite.close()
    assert not sqlite.path.with_name(sqlite.path.name + "-wal").exists()


def test_writer_tries_often_and_a_reader_waits_in_one_go(sqlite):
    sqlite.upgrade()
    waits = text("PRAGMA busy_timeout")
    for _ in range(2):
        with sqlite.writing() as books:
            assert books.connection().scalar(waits) == 50
        with sqlite.reading() as session:
            assert session.scalar(waits) == 30_000


def test_refusal_comes_whole_out_of_another_process():
    refused = Refusal(refusal.LIMIT, "too much")
    refused.about = {"meter": "x"}
    there = pickle.loads(pickle.dumps(refused))
    assert (there.code, str(there), there.about) == (refusal.LIMIT, "too much", {"meter": "x"})


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


def test_station_is_where_the_variable_says_else_in_the_folder_of_the_user(tmp_path, monkeypatch):
    monkeypatch.setenv("METER20_DB", "elsewhere.sqlite")
    assert default_url() == "elsewhere.sqlite"
    monkeypatch.delenv("METER20_DB")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_url() == str(tmp_path / "meter20" / "vending.sqlite")


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


def lines_that_change_states(transaction, at):
    """Run a transaction with a Ctrl-C at the `at`-th line of SQLAlchemy's that changes its state.

    Return how many such lines it has, if it comes to its end.
    """
    lines = 0

    def trace(frame, _event, _argument):
        nonlocal lines
        if frame.f_code.co_filename.endswith("state_changes.py"):
            lines += 1
            if lines == at:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        with transaction() as session:
            session.execute(text("SELECT 1"))
    finally:
        sys.settrace(None)
    return lines


@pytest.mark.parametrize("kind", ["reading", "writing"])
def test_ctrl_c_is_ctrl_c_wherever_a_session_changes_its_state(station, sqlite, kind):
    transaction = getattr(sqlite, kind)
    lines = lines_that_change_states(transaction, None)
    assert lines > 10
    for at in range(1, lines + 1):
        with pytest.raises(KeyboardInterrupt):
            lines_that_change_states(transaction, at)
    assert lines_that_change_states(transaction, None) == lines
