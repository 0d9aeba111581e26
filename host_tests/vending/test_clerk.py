"""The counter's day: quote, find, edit, retire, debt, totals, lists, and what a receipt says."""

import csv
import io
import json

import pytest
from rigs.stations import DRN, PASSPHRASE, SGC, TARIFF
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.vending import sales_list

OTHER = "00000000000"


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """Return a function that runs `meter20 vend` on a station with a tariff and a meter."""
    monkeypatch.setenv("METER20_DB", str(tmp_path / "station.sqlite"))
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)
    monkeypatch.setenv("METER20_OPERATOR", "thandi")
    (tmp_path / "tariff.json").write_text(json.dumps(TARIFF))

    def vend(*words, code=0):
        done = CliRunner().invoke(app, ["vend", *[str(word) for word in words]])
        assert done.exit_code == code, done.output
        return done.stderr if code else done.stdout

    vend("setup", "--sgc", SGC, "--meter", DRN, "--terms", tmp_path / "tariff.json",
         "--customer", "Nomsa Dlamini")  # fmt: skip
    return vend


def log(vend):
    return json.loads(vend("audit", "show", "--json"))["entries"]


def test_quote_says_what_a_sale_then_does_and_sells_nothing(counted):
    told = json.loads(counted("quote", DRN, "--money", "200", "--json"))
    assert json.loads(counted("history", "--json"))["receipts"] == []
    assert "200.00 ZAR buys 58.0 kWh" in counted("quote", DRN, "--money", "200")
    sold = json.loads(counted("credit", DRN, "--money", "200", "--json"))
    assert (told["paid"], told["kwh"], told["lines"]) == (
        sold["paid"], sold["kwh"], sold["lines"],
    )  # fmt: skip
    assert "buys 10.0 kWh" in counted("quote", DRN, "--kwh", "10")
    assert "--kwh or --money" in counted("quote", DRN, code=2)


def test_meter_is_found_by_name_and_by_number(counted):
    counted("meter", "add", OTHER, "--sgc", SGC, "--customer", "B. Smith")
    for words in ("dlam", "2345", "6007 2712"):
        (row,) = json.loads(counted("meter", "find", words, "--json"))["meters"]
        assert row["drn"] == DRN
    assert len(json.loads(counted("meter", "find", "0", "--json"))["meters"]) == 2
    assert "No meter has" in counted("meter", "find", "nobody")


def test_meter_is_edited_and_the_log_says_what_was_before(counted):
    counted("meter", "edit", DRN, "--customer", "T. Mokoena")
    assert "T. Mokoena" in counted("credit", DRN, "--kwh", "5")
    assert log(counted)[0]["operation"] != "edit meter"
    edits = [entry["detail"] for entry in log(counted) if entry["operation"] == "edit meter"]
    assert edits == ["customer 'Nomsa Dlamini' to 'T. Mokoena'"]
    assert "already" in counted("meter", "edit", DRN, "--customer", "T. Mokoena", code=1)
    assert "no tariff" in counted("meter", "edit", DRN, "--tariff", "none such", code=1)
    assert "what to change" in counted("meter", "edit", DRN, code=2)


def test_retired_meter_is_sold_nothing_and_its_receipts_stay(counted):
    counted("credit", DRN, "--kwh", "5")
    counted("meter", "retire", DRN, "--reason", "burnt down")
    for words in (
        ("credit", DRN, "--kwh", "5"), ("quote", DRN, "--kwh", "5"), ("key-change", DRN),
        ("manage", "clear-tamper", DRN), ("provision", DRN, "--out", "record.json"),
        ("meter", "retire", DRN, "--reason", "again"), ("pay", DRN, "--money", "5"),
    ):  # fmt: skip
        assert "was retired on" in counted(*words, code=1)
    assert json.loads(counted("meter", "show", DRN, "--json"))["retired"]
    assert "credit, 5.0 kWh" in counted("history", DRN)
    assert "copy 1" in counted("receipt", "1")
    assert "burnt down" in [entry["detail"] for entry in log(counted)]


def test_debt_is_paid_at_the_counter(counted):
    counted("credit", DRN, "--money", "200")
    counted("reverse", "1", "--delivered", "--reason", "mistake")
    said = counted("pay", DRN, "--money", "50")
    assert "50.00 ZAR" in said and "Debt left: 150.00." in said
    assert json.loads(counted("meter", "show", DRN, "--json"))["debt"] == "150.00"
    assert "150.00" in counted("pay", DRN, "--money", "150.01", code=1)
    assert "more than 0.00" in counted("pay", DRN, "--money", "0", code=1)
    counted("pay", DRN, "--money", "150")
    assert "no debt" in counted("pay", DRN, "--money", "1", code=1)
    assert "whole" in counted("audit", "verify")


def test_day_is_summed_up_by_operator_and_closed(counted):
    counted("credit", DRN, "--money", "200")
    counted("--operator", "sipho", "credit", DRN, "--money", "30")
    counted("reverse", "2", "--undelivered", "--reason", "mistake")
    day = json.loads(counted("report", "--close", "--json"))
    assert (day["sales"], day["voids"], day["reversals"], day["payments"]) == (2, 1, 1, 0)
    assert day["operators"] == "sipho: 30.00 ZAR; thandi: 170.00 ZAR"
    closed = [entry["detail"] for entry in log(counted) if entry["operation"] == "close day"]
    assert len(closed) == 1 and "3 receipts, 200.00 ZAR paid" in closed[0]


def test_history_has_one_line_a_receipt_and_shows_what_was_taken_back(counted):
    counted("credit", DRN, "--money", "200")
    counted("reverse", "1", "--delivered", "--reason", "mistake")
    counted("credit", DRN, "--kwh", "5")
    counted("reverse", "3", "--undelivered", "--reason", "mistake")
    counted("key-change", DRN, "--ti", "2")
    heading, *lines = counted("history").splitlines()
    assert "time (UTC)" in heading
    assert [line[57:].strip() for line in lines] == [
        "key change, 4 tokens",
        "reversal of 3",
        "credit, 5.0 kWh, VOID by 4",
        "reversal of 1",
        "credit, 58.0 kWh, reversed by 2",
    ]


def test_sales_are_listed_for_other_programs_without_tokens(counted):
    counted("meter", "edit", DRN, "--customer", "=1+1")
    digits = json.loads(counted("credit", DRN, "--kwh", "5", "--ref", "A-1", "--json"))["tokens"]
    text = counted("sales")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["receipt"], row["ref"], row["kwh"], row["meter"]) == ("1", "A-1", "5.0", DRN)
    assert row["customer"] == "'=1+1"  # a spreadsheet reckons nothing that a stranger wrote
    assert digits[0]["digits"] not in text
    (same,) = json.loads(counted("sales", "--json"))["sales"]
    assert same["customer"] == "=1+1"
    assert set(same) == set(sales_list.COLUMNS)
    assert counted("sales", "--from", "2020-01-01").splitlines()[1:] == []


def test_days_that_end_before_they_begin_are_refused(vend):
    vend.refused("sales", "--from", "2026-03-11", "--to", "2026-03-10", code=2)


def test_receipt_tells_when_its_token_was_issued(counted):
    said = json.loads(counted("credit", DRN, "--kwh", "5", "--ref", "A-1", "--json"))
    token = said["tokens"][0]
    assert token["issued"] == said["time"][:16].replace("T", " ")
    text = counted("receipt", "1")
    assert f"TID {token['tid']}, {token['issued']}" in text and "A-1" in text


def test_key_change_says_what_to_do_in_order_and_within_how_long(counted):
    said = counted("key-change", DRN, "--ti", "2")
    for words in ("older token first", "all 4 tokens", "in their order", "within 10 minutes"):
        assert words in said
    assert "What to do" not in counted("credit", DRN, "--kwh", "5")


def test_narrow_receipt_fits_paper_of_58_mm(counted, tmp_path):
    sold = counted("credit", DRN, "--money", "200", "--narrow")
    change = counted("key-change", DRN, "--ti", "2", "--narrow")
    for text in (sold, change):
        assert max(map(len, text.splitlines())) <= 32, text
    wide = counted("receipt", "1")
    digits = next(line.strip() for line in wide.splitlines() if line.startswith("    "))
    assert digits in sold
    page = tmp_path / "page.html"
    counted("receipt", "1", "--narrow", "--html", page)
    assert "size: 58mm" in page.read_text()
