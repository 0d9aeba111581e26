"""From nothing to an own token in the meter: `vend setup`, `--meter`, and the keyring."""

import asyncio
import io
import json

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError
from typer.testing import CliRunner

from meter20 import bodies
from meter20.bodies import EmulatedBody
from meter20.cli import own_meter, station_options, vend_setup
from meter20.cli.main import app
from meter20.failure import NoMeter
from meter20.sim.app import Sim
from meter20.sim.own_tokens import OwnTokens
from meter20.sim.world import World
from meter20.vending import tariff_list
from meter20.vending.refusal import Refusal, Unfinished
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

DRN, PASSPHRASE = "12345678903", "correct horse battery"


class Ring(KeyringBackend):
    """A keyring in memory. broken: it raises, and names what it was given."""

    priority = 5
    broken = False

    def __init__(self):
        super().__init__()
        self.kept = {}

    def get_password(self, service, username):
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.broken:
            raise KeyringError(f"cannot keep {password}")
        self.kept[service, username] = password

    def delete_password(self, service, username):
        del self.kept[service, username]


class Careless(Ring):
    priority = 0.5


@pytest.fixture
def ring():
    before = keyring.get_keyring()
    ring = Ring()
    keyring.set_keyring(ring)
    yield ring
    keyring.set_keyring(before)


class Machine:
    """Somebody's machine, with nothing on it; `run` is a command typed there."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.database = folder, folder / "station.sqlite"
        for name in ("KEY_FILE", "OPERATOR", "ANCHOR", "EA07_TABLES"):
            monkeypatch.delenv(f"METER20_{name}", raising=False)
        monkeypatch.setenv("METER20_DB", str(self.database))
        monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)

    def run(self, *words, code=0, typed=None):
        done = CliRunner().invoke(app, [str(word) for word in words], input=typed)
        assert done.exit_code == code, done.output
        return done

    def data(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def log(self):
        return self.data("vend", "audit", "show")["entries"]

    def station(self):
        return Station(Storage(str(self.database)), Secret.passphrase(PASSPHRASE), "thandi")

    def own(self, *, again=False):
        folder = self.folder / "station.sqlite.meters" / DRN
        return own_meter.Own(self.station(), DRN, folder, again)


@pytest.fixture
def machine(tmp_path, monkeypatch):
    return Machine(tmp_path, monkeypatch)


@pytest.fixture
def ready(machine):
    machine.run("vend", "setup")
    return machine


def test_one_command_makes_a_station_that_sells(machine):
    said = machine.run("vend", "setup").stdout
    assert f"Next: meter20 sim --meter {DRN}\n" in said
    assert "2.30 ZAR a kWh" in said
    assert machine.data("vend", "credit", DRN, "--money", "200")["kwh"] == "86.9"


def test_next_commands_name_the_database_if_only_the_command_line_did(machine):
    elsewhere = machine.folder / "my shop.sqlite"
    said = machine.run("vend", "--db", elsewhere, "setup").stdout
    assert f"Next: meter20 sim --meter {DRN} --db '{elsewhere}'\n" in said
    assert f"meter20 vend --db '{elsewhere}' credit {DRN}" in said
    other = machine.folder / "other.sqlite"
    assert f"vend --db {other} group add" in machine.run("vend", "--db", other, "init").stdout
    said = machine.run("ami", "--db", elsewhere, "meters", DRN, "--mqtt").stdout
    assert f"ami --db '{elsewhere}' broker-config" in said


def test_options_say_everything(machine):
    made = machine.data(
        "vend", "setup", "--name", "Kiosk", "--sgc", "654321", "--price", "1.50", "--currency",
        "EUR", "--meter", "00000000000", "--customer", "N. Dlamini", "--zone", "Europe/Berlin",
    )  # fmt: skip
    assert (made["station"], made["group"]["sgc"]) == ("Kiosk", "654321")
    assert made["terms"] == {"currency": "EUR", "steps": [{"price": "1.50"}]}
    assert (made["meter"]["drn"], made["meter"]["customer"]) == ("00000000000", "N. Dlamini")
    assert machine.data("vend", "clock", "show")["zone"] == "Europe/Berlin"


def test_tariff_may_come_from_a_file(machine):
    terms = {"currency": "ZAR", "free_kwh": "50", "steps": [{"price": "3"}]}
    (machine.folder / "tariff.json").write_text(json.dumps(terms))
    made = machine.data("vend", "setup", "--terms", machine.folder / "tariff.json")
    assert made["terms"] == terms


def test_terminal_is_asked_for_what_the_options_leave_open(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("\n"))
    ask = vend_setup._Questions(on_terminal=True)
    assert (ask("Name", "given", "default"), ask("Code", None, "123457")) == ("given", "123457")
    assert capsys.readouterr().err.count("[") == 1


def test_answer_that_would_be_refused_is_asked_for_again(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO("twelve\n1\n123456\n"))
    ask = vend_setup._Questions(on_terminal=True)
    assert ask("Code", None, "123457", KeyTerms) == "123456"
    assert capsys.readouterr().err.count("A supply group code (SGC) has 6 digits.") == 2


def test_option_that_would_be_refused_is_refused_before_the_next_question():
    ask = vend_setup._Questions(on_terminal=True)
    with pytest.raises(Refusal, match="6 digits"):
        ask("Code", "twelve", "123457", KeyTerms)


def test_new_passphrase_that_is_too_short_or_mistyped_is_asked_for_again(monkeypatch, capsys):
    monkeypatch.setattr("meter20.terminal.is_typed_at", lambda: True)
    answers = ["short", PASSPHRASE, "other", PASSPHRASE, PASSPHRASE, "a", "b", "c"]
    monkeypatch.setattr(station_options.getpass, "getpass", lambda _words: answers.pop(0))
    told = station_options.passphrase("METER20_NONE", "Passphrase", "--file", again=True)
    assert (told.material, answers) == (PASSPHRASE.encode(), ["a", "b", "c"])
    said = capsys.readouterr().err
    assert "8 characters at least" in said and "do not agree" in said
    with pytest.raises(Refusal):
        station_options.passphrase("METER20_NONE", "Passphrase", "--file", again=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--meter", "12345678901"), "check digit"),
        (("--sgc", "12"), "6 digits"),
        (("--price", "cheap"), "price"),
        (("--zone", "Mars/Base"), "Mars/Base"),
        (("--terms", "/nowhere.json"), "/nowhere.json"),
    ],
)
def test_mistake_is_refused_before_there_is_a_station(machine, options, words):
    assert words in machine.run("vend", "setup", *options, code=1).stderr
    assert not machine.database.exists()


def test_station_that_is_there_is_left_alone(ready):
    ready.run("vend", "group", "add", "--sgc", "600000")
    before = ready.log()
    said = ready.run("vend", "setup", code=1).stderr
    assert "vend meter add NUMBER --sgc 123457`" in said
    assert ready.log() == before


def test_setup_goes_on_where_it_was_cut_short(machine):
    machine.run("vend", "init", "--name", "Kiosk")
    machine.run("vend", "setup")
    assert machine.data("vend", "meter", "list")["meters"][0]["drn"] == DRN


# -- the record goes over by itself ------------------------------------------------------------


def test_meter_gets_its_key_and_takes_what_was_sold_before_and_after(ready):
    first = ready.data("vend", "credit", DRN, "--kwh", "5")["tokens"][0]["digits"]
    own = ready.own()
    with EmulatedBody(bodies.open_store(own.folder)) as body:
        assert own.given(body.request)
        later = ready.data("vend", "credit", DRN, "--kwh", "7")["tokens"][0]["digits"]
        for digits in (first, later):
            assert body.request(do="token", digits=digits)["result"] == "Accept"
        assert body.request(do="token", digits=first)["result"] == "UsedError"


def test_audit_log_has_the_entry_before_the_key_leaves(ready):
    own, heard = ready.own(), []

    def meter(**request):
        heard.append((request["do"], [entry["operation"] for entry in ready.log()]))
        return {"ok": True, "drn": ""}

    own.given(meter)
    (_, before), (asked, then) = heard
    assert (asked, then.count("provision"), before.count("provision")) == ("provision", 1, 0)


def test_meter_that_has_its_key_gets_none(ready):
    own_meter.prepare(ready.own().folder, ready.own())
    entries = ready.log()
    own_meter.prepare(ready.own().folder, ready.own())
    assert ready.log() == entries


def test_meter_that_was_lost_gets_its_key_only_with_again(ready, tmp_path):
    own_meter.prepare(ready.own().folder, ready.own())
    sold = ready.data("vend", "credit", DRN, "--kwh", "5")["tokens"][0]["digits"]
    with pytest.raises(own_meter.Refusal, match="--again"):
        own_meter.prepare(tmp_path / "other", ready.own())
    own_meter.prepare(tmp_path / "other", ready.own(again=True))
    with EmulatedBody(bodies.open_store(tmp_path / "other")) as body:
        told = body.request(do="token", digits=sold)["result"]
    assert told in ("OldError", "UsedError")  # what was sold to the first meter buys nothing here


def test_other_meter_in_the_folder_is_left_alone(ready):
    ready.run("vend", "meter", "add", "00000000000", "--sgc", "123457")
    folder = ready.own().folder
    own_meter.prepare(folder, ready.own())
    other = own_meter.Own(ready.station(), "00000000000", folder)
    with pytest.raises(own_meter.Refusal, match=f"number {DRN} already"):
        own_meter.prepare(folder, other)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("serve", "--stdio", "--meter", "00000000000"), 1, "is not registered"),
        (("serve", "--stdio", "--meter", DRN, "--record", "x.json"), 2, "one of them"),
        (("serve", "--stdio", "--again"), 2, "--again is for --meter"),
        (("serve", "--stdio", "--record", "x.json"), 2, "--store"),
        (("serve", "--pty", "--body", "virtual", "--meter", DRN), 2, "board provision --meter"),
        (("board", "provision", "--meter", DRN, "--drn", DRN, "--decoder-key", "x"), 2, "one:"),
        (("board", "provision"), 2, "--meter, a record, or"),
    ],
)
def test_options_about_the_record_that_do_not_go_together(ready, words, code, said):
    assert said in " ".join(ready.run(*words, code=code).stderr.replace("│", " ").split())


def test_record_in_a_file_is_taken_too(ready):
    record, store = ready.folder / "record.json", ready.folder / "meter"
    ready.run("vend", "provision", DRN, "--direct", "--out", record)
    with EmulatedBody(bodies.open_store(store)) as body:
        own_meter.give_record(body.request, record)
        assert body.request(do="read")["drn"] == DRN


@pytest.mark.parametrize(
    "trouble", [{"ok": False, "message": "it is worn out"}, NoMeter("It is gone.")]
)
def test_key_that_left_is_not_called_refused(ready, trouble):
    def ask(**request):
        if request["do"] == "read":
            return {"drn": ""}
        if isinstance(trouble, Exception):
            raise trouble
        return trouble

    with pytest.raises(Unfinished, match=r"left the station, but .* `--again`"):
        ready.own().given(ask)
    assert ready.log()[-1]["operation"] == "provision"
    with EmulatedBody() as body:
        assert ready.own(again=True).given(body.request)


# -- F1 of the sim -----------------------------------------------------------------------------


def test_f1_types_the_last_token_and_the_log_says_so(ready):
    async def scenario():
        clock, own = [1000.0], ready.own()
        with EmulatedBody() as body:
            own.given(body.request)
            sim = Sim(World(body), now=lambda: clock[0], tokens=OwnTokens(own.station, DRN))
            async with sim.run_test(size=(110, 34)) as pilot:
                await pilot.press("f1")  # nothing was sold yet
                ready.run("vend", "credit", DRN, "--kwh", "5")
                ready.run("vend", "credit", DRN, "--kwh", "7.5")
                await pilot.press("f1")
                for _ in range(60):
                    clock[0] += 0.05
                    sim.tick()
                return sim._world.lines

    assert asyncio.run(scenario())[:2] == ["Accept", "+7.500 kWh"]
    entries = [entry for entry in ready.log() if entry["operation"] == "enter"]
    assert [entry["detail"] for entry in entries] == [
        "receipt 2, token 1 of 1: typed by the station"
    ]


def test_tokens_of_a_key_change_come_one_after_the_other(ready):
    ready.run("vend", "key-change", DRN, "--ti", "2")
    tokens = OwnTokens(ready.station(), DRN)
    assert tokens.look() == "receipt 1: key change 1 of 4 (1 of 4)"
    assert len({tokens.take() for _ in range(4)}) == 4
    assert tokens.look().endswith("(1 of 4)")


# -- the keyring -------------------------------------------------------------------------------


def test_keyring_answers_only_where_somebody_wants_that(ready, ring, monkeypatch):
    monkeypatch.delenv("METER20_PASSPHRASE")
    ring.set_password("meter20", str(ready.database), PASSPHRASE)
    assert "needed" in ready.run("vend", "credit", DRN, "--kwh", "1", code=1).stderr
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    ready.run("vend", "keyring", "keep")
    monkeypatch.delenv("METER20_PASSPHRASE")
    ready.run("vend", "credit", DRN, "--kwh", "1")
    ready.run("vend", "keyring", "forget")
    assert not ring.kept
    assert "needed" in ready.run("vend", "credit", DRN, "--kwh", "1", code=1).stderr
    assert "keyring" in [entry["operation"] for entry in ready.log()]


def test_setup_can_keep_the_passphrase(machine, ring, monkeypatch):
    machine.run("vend", "setup", "--keyring")
    monkeypatch.delenv("METER20_PASSPHRASE")
    machine.run("vend", "credit", DRN, "--money", "20")
    assert PASSPHRASE not in (machine.folder / "station.sqlite.keyring").read_text()


def test_new_passphrase_is_not_that_of_the_keyring(machine, ring, monkeypatch):
    machine.run("vend", "setup", "--keyring")
    monkeypatch.setenv("METER20_NEW_PASSPHRASE", "another horse battery")
    machine.run("vend", "passphrase")
    assert not ring.kept


def test_stale_passphrase_of_the_keyring_is_named(machine, ring, monkeypatch):
    machine.run("vend", "setup", "--keyring")
    ring.set_password("meter20", str(machine.database), "a stale passphrase")
    monkeypatch.delenv("METER20_PASSPHRASE")
    assert "keyring forget" in machine.run("vend", "credit", DRN, "--kwh", "1", code=1).stderr


def test_keyring_that_keeps_secrets_in_clear_is_refused(machine, ring):
    keyring.set_keyring(Careless())
    assert "safe" in machine.run("vend", "setup", "--keyring", code=1).stderr
    assert not machine.database.exists()


def test_what_a_broken_keyring_says_is_not_shown(ready, ring):
    ring.broken = True
    said = ready.run("vend", "keyring", "keep", code=3)
    assert said.stderr.startswith("The audit log says that the passphrase is kept in the keyring")
    assert "KeyringError" in said.stderr
    assert PASSPHRASE not in said.output
    assert not said.stdout  # it is not kept


def test_keyring_of_a_station_whose_anchor_is_elsewhere(machine, ring, postgresql_database):
    options = ("--db", postgresql_database, "--anchor", str(machine.folder / "anchor"))
    machine.run("vend", *options, "setup", "--keyring")
    assert ring.kept


def test_passphrase_is_on_record_before_a_keyring_has_it(ready, ring, monkeypatch):
    monkeypatch.setattr(ring, "set_password", lambda *_: ring.kept.update(log=ready.log()))
    ready.run("vend", "keyring", "keep")
    assert ring.kept["log"][-1]["operation"] == "keyring"


def test_forgetting_that_failed_can_be_done_again(ready, ring, monkeypatch):
    ready.run("vend", "keyring", "keep")
    with monkeypatch.context() as broken:
        broken.setattr(ring, "get_password", lambda *_: 1 / 0)
        ready.run("vend", "keyring", "forget", code=1)
    ready.run("vend", "keyring", "forget")
    assert not ring.kept


def test_refused_new_passphrase_leaves_the_kept_one(ready, ring, monkeypatch):
    ready.run("vend", "keyring", "keep")
    monkeypatch.setenv("METER20_NEW_PASSPHRASE", "")
    ready.run("vend", "passphrase", code=1)
    assert ring.kept


def test_setup_that_only_made_the_station_says_so_and_goes_on(machine, monkeypatch):
    def full(*_):
        raise Refusal("database", "The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(tariff_list, "keep_tariff", full)
        said = machine.run("vend", "setup", "--json", code=3)
    answer = json.loads(said.stdout)
    assert answer["error"] == "unfinished"
    assert "was made, but it cannot sell yet: The disk is full." in answer["message"]
    machine.run("vend", "setup")
    machine.run("vend", "credit", DRN, "--money", "20")
