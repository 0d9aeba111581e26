"""`meter20 pos`: clients and the settlement list on the command line."""

import json

import pytest
from rigs.points_of_sale import Shop
from rigs.stations import DRN, PASSPHRASE
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.pos import clients


@pytest.fixture
def run(station, sqlite, cheap_passwords, monkeypatch):
    monkeypatch.setenv("METER20_PASSPHRASE", PASSPHRASE)

    def run(*words):
        return CliRunner().invoke(app, ["pos", "--db", str(sqlite.path), *words, "--json"])

    return run


def test_client_is_added_once_and_its_secrets_are_shown_once(run):
    answer = json.loads(run("client", "add", "shop").stdout)
    assert len(answer["password"]) >= clients.MIN_PASSWORD
    again = run("client", "add", "shop")
    assert (again.exit_code, json.loads(again.stdout)["error"]) == (1, "exists")
    listed = run("client", "list").stdout
    assert [row["client"] for row in json.loads(listed)["clients"]] == ["shop"]
    assert answer["password"] not in listed
    assert answer["api_key"] not in listed


def test_short_password_is_refused_where_tokens_are_sold_in_earnest(run, monkeypatch):
    monkeypatch.setenv("METER20_POS_PASSWORD", "test")
    answer = run("client", "add", "shop")
    assert (answer.exit_code, json.loads(answer.stdout)["error"]) == (1, "value")
    assert json.loads(run("client", "list").stdout)["clients"] == []


def test_settlement_says_what_a_merchant_owes(run, station):
    Shop(station, DRN).buy(200_00)
    answer = json.loads(run("settlement").stdout)
    assert answer["owed"] == [{"account": "corner", "currency": "ZAR", "owed": "200.00"}]
    assert [row["meter"] for row in answer["sales"]] == [DRN]
    assert json.loads(run("settlement", "--day", "1999-01-01").stdout)["sales"] == []


@pytest.mark.parametrize(
    ("option", "code", "error"),
    [
        (("--day", "2026-03-1"), 2, "usage"),  # not the days 10 to 19
        (("--day", "yesterday"), 2, "usage"),
        (("--account", "conrer"), 1, "unknown"),
    ],
)
def test_mistyped_day_or_account_is_not_answered_by_an_empty_list(
    run, station, option, code, error
):
    Shop(station, DRN).buy(200_00)
    done = run("settlement", *option)
    assert (done.exit_code, json.loads(done.stdout)["error"]) == (code, error)


@pytest.mark.parametrize("command", ["pos", "shop"])
def test_files_of_tls_are_looked_at_before_the_station_opens(command, tmp_path):
    nowhere = str(tmp_path / "nowhere")
    words = [command, "--db", nowhere, "serve", "--tls-cert", nowhere, "--tls-key", nowhere]
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, "TLS cannot use" in done.stderr) == (1, True)


def test_list_in_words_cuts_nothing_off(station, sqlite, run, monkeypatch):
    ref = Shop(station, DRN).buy(200_00).json()["id"]
    words = ["pos", "--db", str(sqlite.path), "settlement"]
    piped = CliRunner().invoke(app, words).stdout
    assert "…" not in piped and ref in piped and "owed" in piped
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, for rich
    monkeypatch.setenv("COLUMNS", "60")
    narrow = CliRunner().invoke(app, words).stdout
    assert "…" not in narrow and f"purchase  {ref}\n" in narrow and "owed      200.00\n" in narrow
