"""What a command says is what the books hold, however it ends; and no secret is out before them.

As a clerk meets it: no room, no reader, no answer. test_deaths lets commands fail and die.
"""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from campaigns import death_books
from rigs import fresh_processes
from rigs.stations import DRN, PASSPHRASE, SGC, furnished
from rigs.vend_command import Vend
from sqlalchemy import event
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.exit_codes import Code
from meter20.vending import sales, sealing
from meter20.vending.models import Slip
from meter20.vending.new_file import NewFile
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage

SALE = ("credit", DRN, "--kwh", "1")
#: Every command that writes a receipt as a page.
WITH_PAGE = [
    SALE, ("manage", "clear-tamper", DRN), ("manage", "flag", DRN, "1", "on"),
    ("key-change", DRN, "--ti", "2"), ("receipt", "1"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _quick_tables():
    """The migrations themselves make the tables here."""


class Counter(Vend):
    """Runs `meter20 vend` in a process of its own, too, and looks into the books."""

    def __init__(self, folder, monkeypatch):
        super().__init__(folder, monkeypatch)
        monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", PASSPHRASE)

    def shell(self, line, **more):
        """Run a line of shell in which $VEND is the command; (exit code, stdout, stderr)."""
        vend = f"{sys.executable} -m meter20.cli vend --db {self.where}"
        done = subprocess.run(["sh", "-c", line], capture_output=True, check=False,
                              cwd=self.folder, env=os.environ | {"VEND": vend} | more)  # fmt: skip
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def fresh(self, *words, **how):
        """Run it as a fork of a process that has it loaded; (exit code, stdout, stderr)."""
        words = ("vend", "--db", self.where, *words)
        return fresh_processes.command(words, folder=self.folder, **how)

    def books(self):
        return death_books.books(self.where, [Secret.passphrase(PASSPHRASE)])

    def receipts(self):
        return len(self.books().slips)


@pytest.fixture(scope="module")
def one_receipt(tmp_path_factory):
    """Return the folder of a station with one receipt, to be copied."""
    folder = tmp_path_factory.mktemp("one-receipt")
    storage = Storage(str(folder / "station.sqlite"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "SCRYPT_COST", 2)
        station = furnished(Station.found(storage, Secret.passphrase(PASSPHRASE), "kiosk", "t"))
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=10))
    storage.close()
    return folder


@pytest.fixture
def vend(tmp_path, monkeypatch, one_receipt):
    shutil.copytree(one_receipt, tmp_path, dirs_exist_ok=True)
    return Counter(tmp_path, monkeypatch)


# -- before the desk opens ---------------------------------------------------------------------


@pytest.mark.parametrize("command", WITH_PAGE, ids=" ".join)
def test_page_that_cannot_be_written_is_refused_before_anything_is_done(vend, command):
    before = vend.books()
    there = vend.folder / "there.html"
    there.write_text("mine")
    for page in (there, vend.folder / "missing" / "page.html", vend.folder):
        done = vend.run(*command, "--html", page)
        assert (done.exit_code, done.stdout) == (1, "")
    assert there.read_text() == "mine"
    assert vend.books() == before


@pytest.mark.parametrize(
    "command",
    [
        ("provision", DRN, "--direct", "--out"), ("provision", DRN, "--out"),
        ("group", "export", SGC, "--out"), ("passphrase", "--new-key-file"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_secret_that_cannot_be_written_is_refused_before_anything_is_done(vend, command):
    before = vend.books()
    there = vend.folder / "there"
    there.write_text("mine")
    for out in (there, vend.folder / "missing" / "out"):
        assert vend.run(*command, out).exit_code == 1
    assert there.read_text() == "mine"
    assert vend.books() == before


def test_disk_without_room_for_the_page_is_refused_before_the_sale(vend, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    done = vend.run(*SALE, "--html", vend.folder / "page.html")
    assert (done.exit_code, vend.receipts()) == (1, 1)
    assert "No space left" in done.stderr
    assert [path for path in vend.folder.iterdir() if "sqlite" not in path.name] == []


def test_page_of_a_sale_that_is_refused_is_not_left(vend):
    page = vend.folder / "page.html"
    assert vend.run("credit", "11111111115", "--kwh", "1", "--html", page).exit_code == 1
    assert not page.exists()


def test_existing_station_leaves_no_key_file(vend):
    key = vend.folder / "new.key"
    assert vend.run("init", "--new-key-file", key).exit_code == 1
    assert not key.exists()


def test_closed_output_is_refused_before_the_sale(vend):
    code, _, err = vend.shell(f"$VEND {' '.join(SALE)} >&-")
    assert (code, vend.receipts()) == (1, 1)
    assert "standard output" in err


def test_output_that_nobody_reads_is_refused_before_the_sale(vend):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "meter20.cli", "vend", "--db", vend.where, *SALE],
        stdout=writer, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
    os.close(writer)
    assert (done.returncode, vend.receipts()) == (1, 1)


# -- after the commit --------------------------------------------------------------------------


def test_full_output_after_a_sale_is_a_warning_that_names_the_receipt(vend):
    page = vend.folder / "page.html"
    code, _, err = vend.shell(f"$VEND {' '.join(SALE)} --html {page} >/dev/full")
    assert (code, vend.receipts()) == (3, 2)
    assert err.startswith("Receipt 2 stands")
    assert "meter20 vend receipt 2" in err
    assert "Refused" not in err
    assert "</html>" in page.read_text()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (("meter", "add", "03000000004", "--sgc", SGC), "Meter 03000000004 is registered"),
        (("group", "add", "--sgc", "654321"), "Key 654321/1/11/2014 is registered"),
        (("group", "limit", SGC, "--ken", "254"), "The limits of"),
        (("passphrase", "--new-key-file", "new.key"), "The security module now opens"),
        (("receipt", "1"), "Receipt 1 stands, and its copy 1 counts"),
        (("reverse", "1", "--undelivered", "--reason", "x"), "Receipt 2 stands"),
    ],
    ids=lambda each: " ".join(each[:2]) if isinstance(each, tuple) else "",
)
def test_full_output_after_any_command_says_what_stands(vend, command, words):
    code, _, err = vend.fresh(*command, out="/dev/full")
    assert code == 3
    assert err.startswith(words)


def test_page_that_fails_after_a_sale_is_a_warning_beside_the_digits(vend, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NewFile, "fill", fails)
    done = vend.run(*SALE, "--html", vend.folder / "page.html", "--json")
    assert done.exit_code == Code.STANDS
    answer = json.loads(done.stdout)
    assert len(answer["tokens"][0]["digits"]) == 20
    assert answer["warning"]["message"].startswith("Receipt 2 stands")
    assert (answer["warning"]["code"], answer["warning"]["exit_code"]) == ("file", 3)
    assert done.stderr.startswith("Receipt 2 stands")
    assert not (vend.folder / "page.html").exists()


def test_copy_whose_page_fails_counts_and_says_so(vend, monkeypatch):
    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(NewFile, "fill", fails)
    done = vend.run("receipt", "1", "--html", vend.folder / "page.html")
    assert done.exit_code == Code.STANDS
    assert done.stderr.startswith("Receipt 1 stands, and its copy 1 counts")


def test_name_that_the_terminal_cannot_show_does_not_hide_the_digits(vend, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert vend.run("meter", "add", "03000000004", "--sgc", SGC, "--customer", "Søren ثاندي"
                    ).exit_code == 0  # fmt: skip
    sale = vend.shell("$VEND credit 03000000004 --kwh 1", PYTHONIOENCODING="ascii")
    shown = [vend.fresh(*line.split(), encoding="ascii")
             for line in ("receipt 1", "meter show 03000000004", "meter list")]  # fmt: skip
    assert [(code, err) for code, _, err in (sale, *shown)] == [(0, "")] * 4
    assert ["S\\xf8ren" in out for _, out, _ in (sale, *shown)] == [True, False, True, True]


def test_ctrl_c_after_the_commit_still_hands_the_digits_over(vend, monkeypatch):
    commit = Storage._commit

    def interrupted(self, books):
        commit(self, books)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(Storage, "_commit", interrupted)
    done = vend.run(*SALE, "--json")
    assert done.exit_code == 0
    assert len(json.loads(done.stdout)["tokens"][0]["digits"]) == 20


def test_batch_whose_output_breaks_names_what_stands_and_sells_no_more(vend):
    orders = vend.folder / "orders.jsonl"
    lines = [{"meter": DRN, "kwh": "1", "ref": str(number)} for number in range(6)]
    orders.write_text("\n".join(map(json.dumps, lines)))
    code, _, err = vend.fresh("batch", "--chunk", "2", "orders.jsonl", out="/dev/full")
    assert (code, vend.receipts()) == (3, 3)
    assert err.startswith("Receipts 2, 3 stand")


# -- the commit itself -------------------------------------------------------------------------


def break_commit(storage, before: bool, meanwhile=lambda: None):
    """Let the next commit fail, before or after it was carried out."""
    dialect = storage._engine.dialect
    real = dialect.do_commit

    def broken(connection):
        dialect.do_commit = real
        if not before:
            real(connection)
        meanwhile()
        raise dialect.loaded_dbapi.OperationalError("the line broke")

    dialect.do_commit = broken


def sell(station):
    with station.desk() as desk:
        slip = sales.credit(desk, CreditOrder(DRN, units=10))
        desk.session.flush()
    return slip.id


def test_sale_stands_though_the_answer_to_its_commit_was_lost(any_station, storage):
    break_commit(storage, before=False)
    number = sell(any_station)
    with any_station.looking() as session:
        assert session.get(Slip, number)


def test_upgrade_stands_though_the_answer_to_its_commit_was_lost(storage):
    break_commit(storage, before=False)
    storage.upgrade()
    storage.check()


def test_upgrade_whose_commit_was_not_carried_out_is_refused_and_works_later(storage):
    break_commit(storage, before=True)
    with pytest.raises(Refusal) as refused:
        storage.upgrade()
    assert not isinstance(refused.value, Doubt)
    with pytest.raises(Refusal):
        storage.check()
    storage.upgrade()
    storage.check()


def test_sale_whose_commit_was_not_carried_out_is_refused(any_station, storage):
    break_commit(storage, before=True)
    with pytest.raises(Refusal):
        sell(any_station)
    assert sell(any_station) >= 1
    with any_station.looking() as session:
        assert len(list(session.query(Slip))) == 1


def test_commit_that_nobody_can_ask_about_is_a_doubt_not_a_refusal(any_station, storage):
    def unreachable():
        def refuse(*_):
            raise storage._engine.dialect.loaded_dbapi.OperationalError("no server")

        event.listen(storage._engine, "begin", refuse)

    break_commit(storage, before=False, meanwhile=unreachable)
    with pytest.raises(Doubt):
        sell(any_station)


def test_doubt_has_an_exit_code_of_its_own(vend, monkeypatch):
    def doubt(*_):
        raise Doubt("The database broke off.")

    monkeypatch.setattr(Storage, "_commit", doubt)
    done = vend.run(*SALE)
    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.startswith("Not known: The database broke off. Whether it was done is not")


def test_database_that_cannot_be_made_is_refused_in_words_and_leaves_no_key(tmp_path, monkeypatch):
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    (tmp_path / "file").touch()
    where, key = tmp_path / "file" / "station.sqlite", tmp_path / "new.key"
    options = ("vend", "--db", where, "--anchor", tmp_path / "anchor", "init", "--name", "kiosk")
    for more in ((), ("--new-key-file", key)):
        ended = CliRunner().invoke(app, [str(each) for each in (*options, *more)])
        assert ended.exit_code == 1 and ended.exception.args == (1,)
        assert f"Refused: Cannot write {where}" in ended.output
        assert not key.exists()
