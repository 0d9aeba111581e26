"""What a clerk types at `meter20 vend`: numbers, times, references, reasons; and what is shown."""

import json
import os
import sqlite3
from pathlib import Path

import pytest
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF
from typer.testing import CliRunner

from meter20.cli.main import app

WORDS = [
    ("receipt", "{}"), ("history", "--limit", "{}"), ("audit", "show", "--limit", "{}"),
    ("manage", "power-limit", DRN, "{}"), ("manage", "tariff-rate", DRN, "{}"),
    ("manage", "flag", DRN, "{}", "on"), ("meter", "add", "00000000000", "--sgc", SGC, "--ti={}"),
    ("group", "retire", SGC, "--krn={}"), ("key-change", DRN, "--ti={}"), ("test", "{}"),
]  # fmt: skip


@pytest.fixture
def vend(tmp_path, monkeypatch):
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("METER20_DB", str(tmp_path / "station.sqlite"))

    def run(*words, code=0, stdin=None):
        done = CliRunner().invoke(app, ["vend", *words], input=stdin)
        assert done.exit_code == code, (words, done.output)
        return " ".join(
            done.output.replace("│", " ").split()
        )  # as the width of a terminal breaks it

    (tmp_path / "tariff.json").write_text(json.dumps(TARIFF))
    run("init", "--rehearsal")
    run("tariff", "add", "home", str(tmp_path / "tariff.json"))
    run("group", "add", "--sgc", SGC, "--tariff", "home")
    run("meter", "add", DRN, "--sgc", SGC)
    return run


def entries(vend):
    return json.loads(vend("audit", "show", "--json"))["head"]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_whole_number_is_ascii_digits_and_nothing_else(vend, words):
    before = entries(vend)
    for odd in ("1_0", "1e1", "+1", " 1", "1.0", "١"):
        said = vend(*(word.format(odd) for word in words), code=2)
        assert "is not a whole number" in said
    assert entries(vend) == before


@pytest.mark.parametrize(
    "time",
    ["2026-03-10T09:30:00Z", "2026-03-10T09:30Z", "2026-03-10T09:30", "2026-03-10 09:30:00"],
)
def test_time_is_taken_as_receipts_and_log_print_it(vend, time):
    sold = json.loads(vend("credit", DRN, "--kwh", "5", "--at", time, "--json"))
    assert sold["time"] == "2026-03-10T09:30:00Z"


@pytest.mark.parametrize("odd", ["yesterday", "2026-02-30", "٢٠٢٦-03-10", "2026-03-10T25:00"])
def test_what_is_no_time_is_refused_in_words(vend, odd):
    asked = [
        ("credit", DRN, "--kwh", "5", "--at", odd), ("report", "--day", odd),
        ("audit", "accept", "--reason", "x", "--floor", odd),
    ]  # fmt: skip
    for words in asked:
        said = vend(*words, code=2)
        assert "such as 2026-03-10" in said and "%" not in said


def test_reason_says_something(vend):
    vend("credit", DRN, "--kwh", "5", "--at", "2026-03-10")
    before = entries(vend)
    for words in (
        ("audit", "accept"), ("clock", "back"), ("reverse", "1", "--delivered"),
        ("reverse", "1", "--undelivered"),
    ):  # fmt: skip
        for blank in ("", "  "):
            assert "say why" in vend(*words, "--reason", blank, code=1)
    assert entries(vend) == before


def test_reversal_is_one_of_two(vend):
    vend("credit", DRN, "--kwh", "5", "--at", "2026-03-10")
    before = entries(vend)
    for flags in ((), ("--delivered", "--undelivered"), ("--undelivered", "--delivered")):
        assert "either --delivered or" in vend("reverse", "1", *flags, "--reason", "x", code=2)
    assert entries(vend) == before
    assert "void" in vend("reverse", "1", "--undelivered", "--reason", "x").lower()


def test_spaces_around_a_reference_are_no_part_of_it(vend):
    sale = ("credit", DRN, "--kwh", "5", "--at", "2026-03-10", "--ref")
    first = vend(*sale, "A-1")
    assert "Receipt 1 " in first and "Reference A-1" in first
    assert "Receipt 1, copy 1" in vend(*sale, " A-1 ")
    order = json.dumps({"meter": DRN, "kwh": "5", "ref": "A-1 "}) + "\n"
    assert json.loads(vend("batch", "--at", "2026-03-10", stdin=order))["number"] == 1
    assert "Receipt 2 " in vend(*sale, "")
    blank = vend(*sale, "   ")
    assert "Receipt 3 " in blank and "Reference" not in blank


def test_reference_that_the_terminal_cannot_say_is_no_control_character(vend):
    said = vend("credit", DRN, "--kwh", "5", "--ref", os.fsdecode(b"\xe9"), code=1)
    assert "encoding of this terminal" in said and "control" not in said


def test_sale_is_for_more_than_nothing(vend):
    assert "more than 0.00" in vend("credit", DRN, "--money", "0", code=1)


def test_limit_that_is_no_amount_is_named_as_it_was_typed(vend):
    for name in ("--max-token-kwh", "--max-day-kwh", "--max-token-money", "--max-day-money"):
        assert f"{name}: '1e3'" in vend("group", "limit", SGC, name, "1e3", code=1)


def test_facts_are_shown_without_words_of_a_program(vend):
    shown = [vend("meter", "show", DRN), vend("clock", "show"), vend("report")]
    assert "provisioned no" in shown[0] and "tariff -" in shown[0]
    assert "rehearsal yes" in shown[1]
    assert shown[2].endswith("trouble -")
    assert not any(word in " ".join(shown).split() for word in ("True", "False", "None"))


def test_history_says_that_its_times_are_utc(vend):
    vend("credit", DRN, "--kwh", "5", "--at", "2026-03-10")
    assert "time (UTC)" in vend("history")
    assert json.loads(vend("history", "--json"))["receipts"][0]["time"] == "2026-03-10T00:00:00Z"


def test_history_breaks_no_time_and_no_number_on_a_narrow_terminal(vend, monkeypatch):
    vend("credit", DRN, "--kwh", "5", "--at", "2026-03-10")
    for columns in ("80", "60"):
        monkeypatch.setenv("COLUMNS", columns)
        shown = vend("history")
        assert "2026-03-10 00:00" in shown and DRN in shown, shown


def test_verifying_says_at_once_that_nothing_is_issued_and_how_to_go_on(vend):
    vend("credit", DRN, "--kwh", "5", "--at", "2026-03-10")
    with sqlite3.connect(Path(os.environ["METER20_DB"])) as books:
        books.execute("UPDATE slip SET paid_cents = 1 WHERE id = 1")
    books.close()
    for _ in range(2):
        said = vend("audit", "verify", code=1)
        assert "receipt 1 or a token on it was changed" in said
        assert "Nothing can be issued" in said and "audit accept" in said
