"""The vending station tells no key: not its objects, its words, its database or a traceback.

Looked for are the vending key, the master key and what is made of it, the initial and the working
key of a meter, and the passphrase. Two files may hold a meter's key and are made to: see
`test_record_is_the_one_file_that_holds_a_key`.
"""

import json
import os
import subprocess
import sys
import traceback

import pytest
from rigs.leaks import leaks, told_by, told_of
from rigs.stations import DRN, PASSPHRASE, SGC, furnished
from sqlalchemy import create_engine
from sqlalchemy.exc import IntegrityError
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.vending import encoder, meter_list, refusal, rekey, sales, sealing, supply_groups
from meter20.vending.models import Token
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

VK = bytes.fromhex("8d3b51e2c06f9a47b81d7ef02495ac635e91d0c3")  # test key
OTHER = "99999999990"
TRANSPORT = "agreed by telephone"


@pytest.fixture
def own_statements(monkeypatch):
    """Let a station keep the statements that it compiled by itself, as outside the tests.

    Those that all tests keep together lead to a million objects that are not the station's.
    """
    monkeypatch.setattr("meter20.vending.engines.create_engine", create_engine)


@pytest.fixture
def worked(sqlite, secret, clock):
    """A station that did all it can do, and (keys that it knows, the records it wrote)."""
    station = furnished(Station.found(sqlite, secret, "kiosk", "thandi", clock))
    module = station.module
    keys = [
        VK,
        module._master,
        module.keys._seal_key,
        module._audit_key.octets,
        PASSPHRASE.encode(),
    ]
    records = []
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("654321"), key_hex=VK.hex())
        supply_groups.add_group(desk, KeyTerms("654321", krn=2))
        meter_list.add_meter(desk, meter_list.NewMeter(OTHER, "654321", krn=1))
        for direct in (False, True):
            record, _slip = rekey.provision(desk, OTHER, rekey.Factory(), direct, again=direct)
            records.append(record)
        sales.credit(desk, CreditOrder(OTHER, units=10))
        rekey.change_key(desk, OTHER, rekey.NewKey(krn=2))
        sales.credit(desk, CreditOrder(OTHER, units=10))
    keys += [bytes.fromhex(record["request"]["decoder_key"]) for record in records]
    return station, keys


@pytest.mark.usefixtures("own_statements")
def test_no_object_of_a_station_tells_a_key(worked):
    station, keys = worked
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(OTHER, units=10))
        told = list(told_by([station, desk, sealing.Secret.passphrase(PASSPHRASE)], "meter20"))
    names = {name.rpartition(".")[2] for name, _ in told}
    assert {"SecurityModule", "Station", "Books", "Tail", "Key", "Secret", "PlainVendingKey",
            "KeyTerms", "KeySafe"} <= names  # fmt: skip
    assert [(name, found) for name, text in told if (found := leaks(text, *keys))] == []


@pytest.mark.usefixtures("own_statements")
def test_the_walk_would_see_a_key(worked):
    station, keys = worked
    station.module.keys._opened["spare"] = station  # so that the walk goes through it
    station.name = "kiosk " + VK.hex()
    told = [name for name, text in told_by(station, "meter20") if leaks(text, *keys)]
    assert [name.rpartition(".")[2] for name in told] == ["Station"]


def test_no_refusal_of_a_station_tells_a_key(worked, sqlite, clock):
    station, keys = worked
    refused = []
    for deed in (
        lambda desk: supply_groups.add_group(desk, KeyTerms("654321"), key_hex=VK.hex()),
        lambda desk: supply_groups.add_group(desk, KeyTerms("111111"), key_hex=VK.hex() + "0"),
        lambda desk: supply_groups.add_group(desk, KeyTerms("111111"), key_hex=VK.hex()[:-2]),
        lambda desk: rekey.provision(desk, OTHER, rekey.Factory()),
        lambda desk: rekey.change_key(desk, OTHER, rekey.NewKey(krn=2)),
        lambda desk: sales.credit(desk, CreditOrder(OTHER, units=10**9)),
        lambda desk: supply_groups.import_groups(
            desk, exported(desk), sealing.Secret.passphrase("x" * 8)
        ),
        lambda desk: supply_groups.import_groups(
            desk, exported(desk)[:-20] + "}", sealing.Secret.passphrase(TRANSPORT)
        ),
        lambda _desk: sealing.Secret.passphrase(PASSPHRASE[:7]),
    ):
        with pytest.raises(Refusal) as caught, station.desk() as desk:
            deed(desk)
        refused.append(caught.value)
    with pytest.raises(Refusal) as caught:
        Station(sqlite, sealing.Secret.passphrase(PASSPHRASE + "?"), "x", clock)
    assert caught.value.code == refusal.SECRET
    refused.append(caught.value)
    told = [leaks(told_of(one), *keys) for one in refused]
    assert told == [[]] * len(refused)


def exported(desk):
    rows = supply_groups.vending_keys(desk.session, "654321")
    return desk.module.keys.export_keys(
        desk.session, rows, sealing.Secret.passphrase(TRANSPORT), desk.actor
    )


def test_database_log_and_transport_file_hold_no_key(worked, sqlite):
    station, keys = worked
    with station.desk() as desk:
        text = exported(desk)
    assert leaks(text, *keys) == []
    stored = b"".join(path.read_bytes() for path in sqlite.path.parent.iterdir())
    assert len(stored) > 50_000
    assert leaks(stored, *keys) == []


def test_a_failed_statement_does_not_tell_the_token(worked):
    """A bug, so it has a traceback; what was to be stored is not in it."""
    station, _keys = worked
    digits = "12345678901234567890"
    with pytest.raises(IntegrityError) as caught, station.desk() as desk:
        desk.session.add(
            Token(slip_id=99_999, position=1, kind="x", label="x", digits=digits, tid=None)
        )
        desk.session.flush()
    said = "".join(traceback.format_exception(caught.value))
    assert "IntegrityError" in said
    assert digits not in said


def test_password_of_a_database_is_not_told():
    storage = Storage("postgresql://thandi:geheim17@127.0.0.1:1/station")
    with pytest.raises(Refusal) as caught:
        storage.check()
    assert caught.value.code == refusal.DATABASE
    said = "".join(traceback.format_exception(caught.value))
    assert "geheim17" not in said + storage.where
    storage.close()


# -- the command line --------------------------------------------------------------------------


class Line:
    """`meter20` with a known vending key; everything it says is kept."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.said = folder, []
        monkeypatch.setenv("METER20_DB", str(folder / "station.sqlite"))
        monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
        monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", TRANSPORT)
        monkeypatch.setenv("METER20_VENDING_KEY", VK.hex())
        for name in ("METER20_KEY_FILE", "METER20_EA07_TABLES"):
            monkeypatch.delenv(name, raising=False)

    def __call__(self, *words, code=0):
        done = CliRunner().invoke(app, [str(word) for word in words])
        assert done.exit_code == code, done.output
        self.said += [done.output, done.stderr]
        if done.exception is not None:
            self.said.append(told_of(done.exception))


@pytest.fixture
def line(tmp_path, monkeypatch):
    made = Line(tmp_path, monkeypatch)
    made("vend", "init", "--name", "kiosk")
    made("vend", "group", "add", "--sgc", SGC)
    made("vend", "meter", "add", DRN, "--sgc", SGC)
    return made


def test_no_command_tells_a_key(line, monkeypatch):
    record = line.folder / "record.json"
    monkeypatch.setenv("METER20_VENDING_KEY", "")
    for form in ([], ["--json"]):
        line("vend", "group", "list", *form)
        line("vend", "group", "limit", SGC, "--ken", 254 - len(form), *form)
        line("vend", "meter", "list", *form)
        line("vend", "meter", "show", DRN, *form)
        again = ["--again"] if form else []
        line("vend", "provision", DRN, "--out", f"{record}{len(form)}", *again, *form)
        line("vend", "credit", DRN, "--kwh", 10, *form)
        line("vend", "manage", "clear-credit", DRN, *form)
        line("vend", "test", 1, *form)
        line("vend", "history", DRN, *form)
        line("vend", "audit", "show", *form)
        line("vend", "audit", "verify", *form)
        line("vend", "group", "export", SGC, "--out", line.folder / f"out{len(form)}", *form)
        line("vend", "group", "import", line.folder / f"out{len(form)}", *form, code=1)
        line("vend", "provision", DRN, "--out", f"{record}{len(form)}", *form, code=1)
        line("board", "provision", f"{record}{len(form)}", "--port", "/nowhere", *form, code=10)
        line("board", "provision", "--drn", DRN, "--decoder-key", VK.hex(), "--port", "/nowhere",
             *form, code=10)  # fmt: skip
    line("vend", "--help")
    line("vend", "group", "add", "--help")
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE + "?")
    line("vend", "credit", DRN, "--kwh", 10, code=1)
    assert "does not open" in line.said[-2] + line.said[-3]
    keys = [json.loads(path.read_text())["request"]["decoder_key"]
            for path in line.folder.glob("record*")]  # fmt: skip
    said = "\n".join(line.said)
    assert leaks(said, VK, PASSPHRASE.encode(), *map(bytes.fromhex, keys)) == []


def test_record_is_the_one_file_that_holds_a_key(line):
    """It has to; only its owner can read it, and it says what it is."""
    record = line.folder / "record.json"
    line("vend", "provision", DRN, "--out", record)
    text = record.read_text()
    assert record.stat().st_mode & 0o777 == 0o600
    assert json.loads(text)["warning"].startswith("SECRET")
    key = bytes.fromhex(json.loads(text)["request"]["decoder_key"])
    assert leaks(text, key)
    others = [path for path in line.folder.iterdir() if path != record]
    assert [path.name for path in others if leaks(path.read_bytes(), key, VK)] == []


def test_spoiled_record_is_refused_without_showing_it(line):
    record = line.folder / "record.json"
    for text in (f'{{"request": "{VK.hex()}"}}', f'{{"decoder_key": "{VK.hex()}"', VK.hex()):
        record.write_text(text)
        line("board", "provision", record, code=2)
    assert leaks("\n".join(line.said), VK) == []


# -- a bug, deep in the encoder, in a sale: the keys are local variables of the frames around it


def fail(*_):
    raise RuntimeError("a bug")


SALE = ["vend", "credit", DRN, "--kwh", "10"]
PROCESS = f"""
from meter20.cli import main
from meter20.vending import encoder
def fail(*_): raise RuntimeError("a bug")
encoder.crc.field = fail
main.app({SALE})
"""


@pytest.fixture
def keys(line):
    """The keys of a meter that may now be sold to."""
    line("vend", "provision", DRN, "--direct", "--out", line.folder / "record.json")
    record = json.loads((line.folder / "record.json").read_text())
    return bytes.fromhex(record["request"]["decoder_key"]), VK, PASSPHRASE.encode()


@pytest.fixture
def crashed(monkeypatch, capsys):
    """Return a function that returns what the command says when it crashes in this process."""
    monkeypatch.setattr(encoder.crc, "field", fail)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)

    def crash(show_locals=False):
        monkeypatch.setattr(app, "pretty_exceptions_show_locals", show_locals)
        with pytest.raises(RuntimeError) as caught:
            app(SALE)
        sys.excepthook(caught.type, caught.value, caught.tb)
        said = capsys.readouterr()
        assert "RuntimeError: a bug" in said.err
        return said.out + said.err

    return crash


def test_traceback_of_a_real_process_tells_no_key(keys):
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PROCESS], capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip
    assert done.returncode == 1
    assert "encoder.py" in done.stderr and "RuntimeError: a bug" in done.stderr
    assert leaks(done.stdout + done.stderr, *keys) == []


def test_plain_traceback_tells_no_key(keys, crashed, monkeypatch):
    monkeypatch.setenv("TYPER_STANDARD_TRACEBACK", "1")
    said = crashed()
    assert "encoder.py" in said
    assert leaks(said, *keys) == []


def test_traceback_with_local_variables_would(keys, crashed):
    assert leaks(crashed(show_locals=True), *keys)
