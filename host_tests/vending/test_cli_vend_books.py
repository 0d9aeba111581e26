"""The books of a station by `meter20 vend`: backups, the anchor, a break of the log, the day."""

import json
import re
import sqlite3

from freezegun import freeze_time
from rigs.stations import DRN, PASSPHRASE

from meter20 import terminal
from meter20.vending.anchor import Anchor
from meter20.vending.storage import Storage


def test_tampered_log_is_exit_code_one(vend):
    from sqlalchemy import text

    with Storage(vend.where).writing() as session:
        session.execute(text("DROP TRIGGER audit_no_update"))
        session.execute(text("UPDATE audit_entry SET actor = 'nobody' WHERE seq = 2"))
    done = vend.run("audit", "verify")
    assert done.exit_code == 1
    assert "BROKEN at entry 2" in done.stdout
    assert vend.run("audit", "verify", "--chain-only").exit_code == 1


def test_noted_head_is_verified_against(vend):
    head = vend.data("audit", "show")["head"]
    vend.ok("credit", DRN, "--kwh", "1")
    assert "whole" in vend.ok("audit", "verify", "--noted", head)
    assert "number:digest" in vend.refused("audit", "verify", "--noted", "x")


def test_station_is_backed_up_and_restored(vend, monkeypatch):
    vend.ok("credit", DRN, "--kwh", "1")
    file = vend.folder / "kiosk.backup"
    assert "The log is whole" in vend.ok("backup", file)
    assert vend.data("backup", vend.folder / "2")["rows"]["slip"] == 1
    assert "not overwritten" in vend.refused("backup", file)
    assert "exists already" in vend.refused("restore", file)
    vend.where = str(vend.folder / "new" / "kiosk.sqlite")
    monkeypatch.setenv("METER20_PASSPHRASE", "another passphrase")
    assert "does not open" in vend.refused("restore", file)
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    made = vend.data("restore", file)
    assert (made["station"], made["trouble"]) == ("kiosk", "")
    assert made["rows"]["slip"] == 1
    assert vend.data("audit", "verify")["broken"] is None
    assert "restored from a backup" in vend.ok("audit", "verify")
    assert vend.data("credit", DRN, "--kwh", "1")["number"] == 2
    assert "no backup" in vend.refused("restore", vend.where)


def test_backup_is_written_where_the_command_is_given(vend, monkeypatch):
    monkeypatch.chdir(vend.folder)
    vend.where = "station.sqlite"
    vend.ok("backup", "here.backup")
    vend.where = "new.sqlite"
    vend.ok("restore", "here.backup")


def test_floor_of_a_restored_station_is_given_as_a_time_to_come(vend):
    file = vend.folder / "kiosk.backup"
    vend.ok("backup", file)
    vend.where = str(vend.folder / "new.sqlite")
    assert "later time" in vend.refused("restore", file, "--floor", "2020-01-01T00:00")
    made = vend.ok("restore", file, "--floor", "2036-01-01T00:00")
    assert "no minute before 2036-01-01 00:00" in made


def test_backup_whose_answer_is_lost_stands(vend, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(terminal, "write", full)
    monkeypatch.setattr(terminal, "give_up", lambda: None)
    file = vend.folder / "kiosk.backup"
    done = vend.run("backup", file)
    assert done.exit_code == 3
    assert done.stderr.startswith(f"The backup {file} stands, but")
    assert json.loads(file.read_bytes().split(b"\n")[0])["station"] == "kiosk"


def test_station_that_was_restored_and_can_not_issue_says_so(vend, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    file = vend.folder / "kiosk.backup"
    vend.ok("backup", file)
    vend.where = str(vend.folder / "new.sqlite")
    monkeypatch.setattr(Anchor, "write", full)
    done = vend.run("restore", file, "--json")
    assert done.exit_code == 3
    assert "No space left" in json.loads(done.stdout)["warning"]["message"]
    assert "is in" in done.stderr and "but nothing can be issued" in done.stderr


def test_anchor_is_kept_where_it_is_said(vend, tmp_path):
    place = tmp_path / "usb" / "kiosk.anchor"
    anchored = ("--anchor", place)
    assert "is not there" in vend.run(*anchored, "credit", DRN, "--kwh", "1").stderr
    vend.ok(*anchored, "audit", "accept", "--reason", "the anchor moved")
    assert place.stat().st_mode & 0o777 == 0o600
    vend.ok(*anchored, "credit", DRN, "--kwh", "1")
    told = vend.data(*anchored, "report")
    assert told["anchor_file"] == str(place) and told["anchor"] == told["log"]


def test_break_is_found_accepted_and_named(vend):
    vend.ok("credit", DRN, "--kwh", "1")
    with sqlite3.connect(vend.where) as connection:
        connection.execute("UPDATE slip SET paid_cents = 1 WHERE id = 1")
    assert "receipt 1 or a token on it was changed" in vend.run("audit", "verify").stdout
    assert "broken" in vend.refused("credit", DRN, "--kwh", "1")
    told = vend.data("audit", "accept", "--reason", "somebody edited a receipt")["accepted"]
    assert "receipt 1" in told and "somebody edited" in told
    assert re.search(r"; head was \d+:[0-9a-f]{64}; ", told)
    vend.ok("credit", DRN, "--kwh", "1")
    assert "An operator went on" in vend.ok("audit", "verify")
    assert "nothing to accept" in vend.refused("audit", "accept", "--reason", "once more")


def test_findings_that_were_accepted_stand_on_a_line_each(vend):
    for _ in range(2):
        vend.ok("credit", DRN, "--kwh", "1")
    with sqlite3.connect(vend.where) as connection:
        connection.execute("UPDATE slip SET paid_cents = 1")
    first, *lines = vend.ok("audit", "accept", "--reason", "edited").splitlines()
    assert first == "Accepted, and entered into the log:"
    starts = (
        r".*receipt 1\b", r".*receipt 2\b", r"head was \d+:[0-9a-f]{64}$", "goes on from",
        "reason: edited$",
    )  # fmt: skip
    for start, line in zip(starts, lines, strict=True):
        assert re.match("  " + start, line), line


def test_day_is_summed_up(vend):
    with freeze_time("2036-03-10 09:30") as clock:
        vend.ok("clock", "accept")
        vend.ok("credit", DRN, "--money", "200")
        clock.move_to("2036-03-11 09:30")
        vend.ok("credit", DRN, "--kwh", "1")
        told = vend.data("report", "--day", "2036-03-10")
        assert (told["receipts"], told["tokens"], told["paid"]) == (1, 1, "200.00 ZAR")
        assert told["anchor"] == told["log"] and told["trouble"] == ""
        assert vend.data("report")["day"] == "2036-03-11"
        assert "paid         200.00 ZAR" in vend.ok("report", "--day", "2036-03-10")
