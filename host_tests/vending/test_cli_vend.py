"""`meter20 vend` as its users meet it: words, JSON, exit codes, and real processes."""

import json

import pytest
from freezegun import freeze_time
from rigs import fresh_processes
from rigs.stations import DRN, SGC, TARIFF
from rigs.vend_command import Vend, sold_in
from typer.testing import CliRunner

from meter20.cli.main import app


def test_whole_story_in_words(vend):
    record = vend.folder / "record.json"
    assert "key change 4 of 4" in vend.ok("provision", DRN, "--out", record)
    assert record.stat().st_mode & 0o777 == 0o600
    assert json.loads(record.read_text())["request"]["do"] == "provision"
    assert "58.0 kWh" in vend.ok("credit", DRN, "--money", "200")
    assert "power limit 5000 W" in vend.ok("manage", "power-limit", DRN, "5000")
    assert "copy 1" in vend.ok("receipt", "2")
    assert "5 entries" not in vend.ok("audit", "verify")
    assert DRN in vend.ok("history")


def test_whole_story_in_json(vend):
    sold = vend.data("credit", DRN, "--kwh", "10.5")
    assert (sold["kwh"], sold["mark"]) == ("10.5", "TEST KEYS - not a real token")
    assert len(sold["tokens"][0]["digits"]) == 20
    assert len(vend.data("key-change", DRN, "--ti", "2")["tokens"]) == 4
    assert vend.data("test", "0")["tokens"][0]["digits"] == "56493153725450313471"
    assert vend.data("meter", "show", DRN)["ti"] == "02"
    assert [row["operation"] for row in vend.data("history")["receipts"]] == [
        "test", "key change", "credit",
    ]  # fmt: skip
    assert vend.data("audit", "verify")["broken"] is None
    assert vend.data("group", "list")["groups"][0]["type"] == "VUDK"
    assert vend.data("meter", "list")["meters"][0]["drn"] == DRN
    assert vend.data("tariff", "list")["tariffs"][0]["name"] == "home"
    assert vend.data("receipt", sold["number"])["copy"] == 1


@pytest.mark.parametrize(
    "words",
    [
        ("vend", "credit", "12345678900", "--money", "5"),
        ("vend", "meter", "add", "123", "--sgc", SGC),
        ("vend", "batch", "/nowhere"),
        ("ami", "order", "12345678900", "5"),
        ("ami", "meters", "12345678900", "--mqtt"),
        ("serve", "--stdio", "--meter", "12345678900"),
    ],
)
def test_mistyped_number_and_missing_file_are_told_before_the_station_opens(words, tmp_path):
    environment = {"METER20_DB": str(tmp_path / "nowhere")}
    done = CliRunner().invoke(
        app, [*words, *([] if "batch" in words else ["--json"])], env=environment
    )
    assert (done.exit_code, json.loads(done.stdout)["error"]) == (1, "value")


def test_group_and_meter_are_shown_with_all_that_they_are(vend):
    vend.ok("group", "add", "--sgc", "654321", "--name", "old name", "--tariff", "home")
    limits = {"max_token_kwh": "5.0", "max_day_kwh": "6.0",
              "max_token_money": "7.00", "max_day_money": "8.00"}  # fmt: skip
    options = [word for name, amount in limits.items()
               for word in ("--" + name.replace("_", "-"), amount)]  # fmt: skip
    vend.ok("group", "add", "--sgc", "654321", "--krn", "2", "--name", "Village", *options)
    meter = vend.data("meter", "show", DRN)
    assert (meter["base_date"], meter["sgc"], meter["krn"]) == (2014, SGC, 1)
    (first, *_, last) = vend.data("group", "list")["groups"]
    assert (first["sgc"], first["ea"], first["krn"]) == (SGC, "11", 1)
    assert "credit" in first["kinds"]
    assert (last["sgc"], last["krn"]) == ("654321", 2)
    assert (last["name"], last["tariff"]) == ("Village", "home")
    assert {name: last[name] for name in limits} == limits
    assert len(last["check_value"]) == 6 and last["retired"] is None
    table = vend.ok("group", "list")
    assert "Village" in table and "tariff home" in table and "old name" not in table


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (("power-limit", DRN, "5000"), "SetMaximumPowerLimit"),
        (("unbalance-limit", DRN, "100"), "SetMaximumPhasePowerUnbalanceLimit"),
        (("clear-credit", DRN), "ClearCredit"),
        (("clear-credit", DRN, "--register", "all"), "ClearCredit"),
        (("clear-tamper", DRN), "ClearTamperCondition"),
        (("tariff-rate", DRN, "7"), "SetTariffRate"),
        (("water-factor", DRN, "7"), "SetWaterMeterFactor"),
        (("flag", DRN, "3", "on"), "SetControlOrFlag"),
        (("control", DRN, "2", "123"), "SetControlOrFlag"),
    ],
)
def test_every_management_token(vend, command, kind):
    assert vend.data("manage", *command)["tokens"][0]["kind"] == kind


def test_page_to_print(vend):
    page = vend.folder / "receipt.html"
    vend.ok("credit", DRN, "--kwh", "1", "--html", page)
    assert "<svg" in page.read_text()


def test_clock_that_is_far_ahead_is_accepted_or_turned_back_by_command(bare):
    with freeze_time("2026-03-10 09:30") as clock:
        (bare.folder / "tariff.json").write_text(json.dumps(TARIFF))
        assert bare.data("init", "--zone", "Asia/Kolkata")["zone"] == "Asia/Kolkata"
        bare.ok("group", "add", "--sgc", SGC)
        bare.ok("meter", "add", DRN, "--sgc", SGC)
        clock.move_to("2045-03-10 09:30")
        assert "vend clock accept" in bare.refused("credit", DRN, "--kwh", "1")
        assert bare.data("clock", "show")["believed"] is False
        assert "2045-03-10T09:30:00Z" in bare.ok("clock", "accept")
        bare.ok("credit", DRN, "--kwh", "1")
        clock.move_to("2026-03-10 09:31")
        done = bare.data("clock", "back", "--reason", "battery of the clock")
        assert (done["meters"], done["refused"]) == ([DRN], [])
        assert "2026-03-10 15:01" in bare.ok("credit", DRN, "--kwh", "1")
        assert "battery of the clock" in bare.ok("audit", "show")
        bare.ok("clock", "zone", "UTC")
        assert bare.data("clock", "show")["local"] == "2026-03-10 09:31"


def test_person_at_a_terminal_is_asked_whether_the_clock_is_right(vend, monkeypatch):
    monkeypatch.setattr("meter20.terminal.is_typed_at", lambda: True)
    with freeze_time("2045-03-10 09:30"):
        assert vend.run("credit", DRN, "--kwh", "1", stdin="n\n").exit_code == 1
        done = vend.run("credit", DRN, "--kwh", "1", stdin="y\n")
        assert done.exit_code == 0
        assert "Is the clock right?" in done.stderr


def test_words_for_everything_that_goes_wrong(vend, monkeypatch):
    assert "multiples of 0.1 kWh" in vend.refused("credit", DRN, "--kwh", "1.23")
    assert "comes 3, not 4" in vend.refused("credit", "12345678904", "--kwh", "1")
    assert "is not registered" in vend.refused("credit", "11111111115", "--kwh", "1")
    other = ("meter", "add", "11111111115", "--sgc", "999999")
    assert "no supply group 999999" in vend.refused(*other)
    assert "rehearsals" in vend.refused("credit", DRN, "--kwh", "1", "--at", "2046-01-01")
    assert "no receipt 99" in vend.refused("receipt", "99")
    assert "KRN 1" in vend.refused("group", "add", "--sgc", SGC)
    assert "no key with EA11, KRN 7" in vend.refused(*other[:4], SGC, "--krn", "7")
    assert "no key with EA07." in vend.refused(*other[:4], SGC, "--ea", "07")
    terms = ("--sgc", "777777", "--tariff", "nowhere")
    assert "no tariff 'nowhere'" in vend.refused("group", "add", *terms)
    for number in ("abcdefghijk", "١٢٣٤٥٦٧٨٩٠٣", "123456789030"):
        assert "is no meter number" in vend.refused("credit", number, "--kwh", "1")
    vend.ok("group", "limit", SGC, "--max-token-kwh", "5")
    assert "5.0 kWh at most" in vend.refused("credit", DRN, "--kwh", "6")
    vend.ok("group", "limit", SGC, "--max-token-kwh", "none", "--ken", "1")
    assert "expired" in vend.refused("credit", DRN, "--kwh", "6")
    monkeypatch.setenv("METER20_PASSPHRASE", "not the passphrase")
    assert "does not open" in vend.refused("credit", DRN, "--kwh", "1")
    monkeypatch.delenv("METER20_PASSPHRASE")
    assert "set METER20_PASSPHRASE" in vend.refused("credit", DRN, "--kwh", "1")


def test_key_is_not_given_out_by_a_clock_that_is_far_ahead(vend):
    with freeze_time("2036-03-10 09:30"):
        record = vend.folder / "record.json"
        assert "clock" in vend.refused("provision", DRN, "--out", record)
        assert not record.exists()


def test_refusal_in_json_has_a_code(vend):
    done = vend.run("credit", "11111111115", "--kwh", "1", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["error"] == "unknown"


def test_wrong_usage_is_exit_code_two(vend):
    vend.refused("credit", DRN, code=2)
    vend.refused("credit", DRN, "--kwh", "1", "--money", "1", code=2)
    vend.refused("reverse", "1", "--reason", "x", code=2)
    vend.refused("manage", "clear-credit", DRN, "--register", "gold", code=2)


def test_no_station_yet_and_no_file_left_behind(bare):
    assert "vend setup" in bare.refused("credit", DRN, "--kwh", "1")
    assert "vend setup" in bare.refused("upgrade")
    assert not list(bare.folder.iterdir())


def test_station_is_not_made_twice(vend):
    assert "already" in vend.refused("init")


def test_damaged_database(vend):
    (vend.folder / "station.sqlite").write_bytes(b"x" * 5000)
    assert "damaged" in vend.refused("meter", "list")


def test_key_file_instead_of_a_passphrase(bare):
    key = bare.folder / "module.key"
    bare.ok("init", "--new-key-file", key)
    assert "key file" in bare.refused("group", "add", "--sgc", SGC)
    bare.ok("--key-file", key, "group", "add", "--sgc", SGC)


def test_passphrase_is_changed(vend, monkeypatch):
    monkeypatch.setenv("METER20_NEW_PASSPHRASE", "a new passphrase")
    vend.ok("passphrase")
    assert "does not open" in vend.refused("credit", DRN, "--kwh", "1")
    monkeypatch.setenv("METER20_PASSPHRASE", "a new passphrase")
    vend.ok("credit", DRN, "--kwh", "1")


def test_groups_move_to_another_station(vend, tmp_path, monkeypatch):
    file = tmp_path / "groups.json"
    monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", "agreed by telephone")
    vend.ok("group", "export", SGC, "--out", file)
    other = Vend(tmp_path / "other", monkeypatch)
    other.ok("init")
    monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", "misheard by telephone")
    assert "transport passphrase does not open" in other.refused("group", "import", file)
    monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", "agreed by telephone")
    (taken,) = other.data("group", "import", file)["groups"]
    assert taken["check_value"] == vend.data("group", "list")["groups"][0]["check_value"]
    again = other.refused("group", "import", file)
    assert f"it is the key in the file, check value {taken['check_value']}" in again
    assert "Nothing of the file was taken over" in again and "--krn" not in again


def test_group_of_the_same_number_but_with_another_key_is_not_taken_over(
    vend, tmp_path, monkeypatch
):
    file = tmp_path / "groups.json"
    monkeypatch.setenv("METER20_TRANSPORT_PASSPHRASE", "agreed by telephone")
    vend.ok("group", "export", SGC, "--out", file)
    theirs = vend.data("group", "list")["groups"][0]["check_value"]
    other = Vend(tmp_path / "other", monkeypatch)
    other.ok("init")
    other.ok("group", "add", "--sgc", SGC)
    ours = other.data("group", "list")["groups"][0]["check_value"]
    words = f"check value {ours} here, {theirs} in the file"
    assert words in other.refused("group", "import", file)


def test_known_key_comes_by_the_environment_and_is_not_shown(vend, monkeypatch):
    key = "abababababababab949494949494949401234567"
    monkeypatch.setenv("METER20_VENDING_KEY", key)
    assert key not in vend.ok("group", "add", "--sgc", "654321", "--json")


def test_batch_by_the_command_line(vend):
    good, bad = {"meter": DRN, "kwh": "1"}, {"meter": "x", "kwh": "1"}
    orders = [good, bad, {"meter": DRN, "money": "100"}]
    done = vend.run("batch", stdin="".join(json.dumps(order) + "\n" for order in orders))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert ["error" in answer for answer in answers] == [False, True, False]


def test_reversal_by_the_command_line(vend):
    vend.ok("credit", DRN, "--money", "200")
    assert "void" in vend.ok("reverse", "1", "--undelivered", "--reason", "wrong meter")
    assert "is void" in vend.refused("receipt", "1")


def test_processes_at_one_database_take_turns(vend):
    """Commands in eight processes at once: all sell, and no two of them the same minute."""
    with fresh_processes.pool(8) as pool:
        sold = pool.map(sold_in, [vend.where] * 8, chunksize=1)
    assert len(set(sold)) == 8
    assert vend.data("audit", "verify")["broken"] is None
