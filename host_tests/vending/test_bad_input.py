"""What a counter is given that is no order, no name and no number: refused, never raised."""

import json

import pytest
from freezegun import freeze_time
from rigs.selling import refused
from rigs.stations import DRN, SGC, TARIFF
from typer.testing import CliRunner

from meter20 import given_text
from meter20.cli.main import app
from meter20.vending import (
    batch,
    fitting,
    meter_list,
    plain_text,
    refusal,
    rekey,
    sales,
    sealing,
    supply_groups,
    tariff_list,
    transport,
)
from meter20.vending.decimal_text import hundredths, tenths
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.vending_key import LIMIT_MAX, KeyTerms

TRANSPORT = Secret("key-file", bytes(32))  # test key
NOT_PLAIN = ("\x1b[2J", "\x00", "a\nb", "\x9b2J", "\ud800", "\u202eZAR", "x" * 201)


def at_desk(station, call, *arguments, **more):
    with station.desk() as desk:
        return call(desk, *arguments, **more)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_text_that_does_something_instead_of_being_read_is_refused(station, text):
    new = meter_list.NewMeter("03000000004", SGC, customer=text)
    refused(refusal.VALUE, at_desk, station, meter_list.add_meter, new)
    refused(refusal.VALUE, at_desk, station, tariff_list.keep_tariff, text, TARIFF)
    refused(
        refusal.VALUE, at_desk, station, tariff_list.keep_tariff, "t", {**TARIFF, "currency": text}
    )
    refused(refusal.VALUE, at_desk, station, supply_groups.add_group, KeyTerms("777777"), text)
    refused(refusal.VALUE, at_desk, station, sales.credit, CreditOrder(DRN, units=10, ref=text))
    slip = at_desk(station, sales.credit, CreditOrder(DRN, units=10))
    refused(refusal.VALUE, at_desk, station, sales.reverse, slip.id, text, True)
    with station.looking() as session:
        refused(refusal.VALUE, tariff_list.find_tariff, session, text)
        refused(refusal.VALUE, supply_groups.vending_keys, session, text)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_station_and_operator_have_plain_names(sqlite, secret, clock, text):
    refused(refusal.VALUE, Station.found, sqlite, secret, text, "thandi", clock)
    refused(refusal.VALUE, Station.found, sqlite, secret, "kiosk", text, clock)
    Station.found(sqlite, secret, "kiosk", "thandi", clock)
    refused(refusal.VALUE, Station, sqlite, secret, text, clock)


def test_passphrase_may_be_of_any_bytes():
    """As the environment gives them; of UTF-8 they are what they always were."""
    assert Secret.passphrase("\udcff" * 8).material == b"\xff" * 8
    assert Secret.passphrase("schlüssel").material == "schlüssel".encode()


def test_names_of_people_are_plain():
    for name in ("Nomvula d'Arc", "Søren", "ثاندي", "تان‌دی", "थांडी", "山田"):
        assert plain_text.checked(name, "customer") == name


def test_each_bad_line_of_a_batch_is_refused_on_its_own(station):
    good = json.dumps({"meter": DRN, "kwh": "1"}).encode()
    bad = [
        b"[" * 100_000, b'{"meter":"\xff"}', b'{"meter":"\\ud800","kwh":"1"}', b"\xff\xfe", b"",
        json.dumps({"meter": DRN, "kwh": "1", "ref": "\ud800"}).encode(), b"5" * 5000,
        json.dumps({"meter": DRN, "money": 1e400}).encode(), b'{"meter":[],"kwh":"1"}',
    ]  # fmt: skip
    answers = list(batch.run(station, [good, *bad, good]))
    assert ["error" in answer for answer in answers] == [False] + [True] * len(bad) + [False]


def test_line_of_a_batch_that_is_no_json_says_so_and_where(station):
    lines = ['{"meter": 12345678903, "kwh" "5"}', "{'meter': 1}", "hello", "[1]", '{"kwh":"1"}']
    told = [answer["message"] for answer in batch.run(station, lines)]
    assert told == [
        "No order: the line is no JSON: Expecting ':' delimiter at character 30.",
        "No order: the line is no JSON: Expecting property name enclosed in double quotes at "
        "character 2.",
        "No order: the line is no JSON: Expecting value at character 1.",
        *["An order is a JSON object with kwh, meter, money, ref."] * 2,
    ]


def test_text_that_is_no_json_says_where(tmp_path):
    file = tmp_path / "tables.json"
    file.write_text('{"s1": [],\n "s2" []}')
    with pytest.raises(given_text.Unreadable, match=r"is no JSON: .* at line 2, character 7$"):
        given_text.file_json(file)
    refused(refusal.VALUE, tariff_list.read_terms, '{"currency": "ZAR"')
    with pytest.raises(Refusal, match=r"is no JSON: .* at character 19"):
        tariff_list.read_terms('{"currency": "ZAR"')
    with pytest.raises(given_text.Unreadable, match="too deep"):
        given_text.json_value("[" * 100_000)


def test_batch_on_the_command_line_takes_bytes_that_are_no_text(
    station, sqlite, monkeypatch, clock
):
    monkeypatch.setenv("METER20_PASSPHRASE", "correct horse battery")
    lines = b'\xc3\n{"meter":"' + DRN.encode() + b'","kwh":"1"}\n' + b"[" * 50_000 + b"\n"
    with freeze_time(clock.moment):
        done = CliRunner().invoke(app, ["vend", "--db", sqlite.where, "batch"], input=lines)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert ["error" in answer for answer in answers] == [True, False, True]


@pytest.mark.parametrize("number", [0, -1, 1 << 31, 1 << 70])
def test_number_of_no_row_is_no_receipt(station, number):
    refused(refusal.UNKNOWN, at_desk, station, sales.reprinted, number)
    refused(refusal.UNKNOWN, at_desk, station, sales.reverse, number, "r", True)


def test_numbers_past_the_database_are_refused_or_mean_all(station):
    new = meter_list.NewMeter("03000000004", SGC, ken=1 << 70)
    refused(refusal.VALUE, at_desk, station, meter_list.add_meter, new)
    refused(refusal.VALUE, KeyTerms, "777777", max_day_energy=LIMIT_MAX + 1)
    with station.looking() as session:
        assert len(meter_list.meters(session, 1 << 70)) == 1
        assert sales.history(session, None, 1 << 70) == []


def test_price_beyond_the_books_is_refused_when_something_is_sold(station):
    for terms in (
        {"steps": [{"price": "999999999999"}]},
        {"steps": [{"price": "1"}], "fixed_charge": "999999999999", "fixed_per": "purchase"},
        {"steps": [{"price": "1"}], "tax_percent": "999999999999"},
    ):
        at_desk(station, tariff_list.keep_tariff, "home", terms)
        order = CreditOrder(DRN, units=18_201_624)
        refused(refusal.VALUE, at_desk, station, sales.credit, order)


def test_day_of_money_beyond_the_books_is_refused(station):
    at_desk(station, tariff_list.keep_tariff, "free", {"steps": [{"price": "1"}]})
    new = meter_list.NewMeter("03000000004", SGC, accounting=fitting.MONEY, tariff="free")
    at_desk(station, meter_list.add_meter, new)
    order = CreditOrder("03000000004", money=99 * 10**12)
    for _ in range(LIMIT_MAX // (99 * 10**15)):
        at_desk(station, sales.credit, order)
    refused(refusal.LIMIT, at_desk, station, sales.credit, order)


@pytest.mark.parametrize(
    "text", ["0.00999999999999999999999999999999999999999999", "1e-999999999"]
)
def test_amount_too_fine_is_refused_however_fine(text):
    refused(refusal.VALUE, hundredths, text, "money")
    refused(refusal.VALUE, tenths, text, "kwh")


@pytest.mark.parametrize(("text", "cents"), [("0.00", 0), ("999999999999.99", 10**14 - 1)])
def test_amount_at_the_ends_is_exact(text, cents):
    assert hundredths(text, "money") == cents


def test_terms_of_a_tariff_that_are_no_json_are_refused():
    for text in ("", "[" * 100_000, "{", "5" * 5000):
        refused(refusal.VALUE, tariff_list.read_terms, text)


def file_with(**changes):
    file = json.loads(transport.sealed_file([(KeyTerms("777777"), bytes(20))], TRANSPORT))
    return json.dumps({**file, **changes})


@pytest.mark.parametrize(
    "changes",
    [
        {"lock": []},
        {"lock": "\x1b"},
        {"cost": 1e400},
        {"cost": None},
        {"salt": 5},
        {"sealed": None},
        {"format": []},
    ],
)
def test_transport_file_with_a_field_that_is_none_is_refused(changes):
    assert "not a file" in refused(
        refusal.VALUE, transport.opened_file, file_with(**changes), TRANSPORT
    )


def test_transport_file_that_is_no_json_object_is_refused():
    for text in ("", "[]", "5", "[" * 100_000):
        refused(refusal.VALUE, transport.opened_file, text, TRANSPORT)


def sealed(content):
    """Return a file that opens and holds `content`: the other station knows the secret."""
    lock = sealing.Lock(sealing.KEY_FILE, bytes(16), 0)
    header = {"format": transport.FORMAT, "lock": lock.kind, "salt": lock.salt.hex(), "cost": 0}
    text = sealing.seal(lock.key(TRANSPORT), content, transport._about(header))
    return json.dumps(header | {"sealed": text.hex()})


GOOD_ENTRY = json.loads(KeyTerms("777777").sealed_text()) | {"key": bytes(20).hex()}


@pytest.mark.parametrize(
    "entries",
    [
        5,
        {},
        [5],
        [[]],
        [{}],
        [GOOD_ENTRY | {"x": 1}],
        [GOOD_ENTRY | {"krn": "1"}],
        [GOOD_ENTRY | {"krn": 1.5}],
        [GOOD_ENTRY | {"krn": True}],
        [GOOD_ENTRY | {"kinds": 5}],
        [GOOD_ENTRY | {"sgc": 777777}],
        [GOOD_ENTRY | {"max_day_energy": "9"}],
        [GOOD_ENTRY | {"key": None}],
        [GOOD_ENTRY | {"key": "zz"}],
        [GOOD_ENTRY | {"key": bytes(8).hex()}],
    ],
)
def test_transport_file_that_opens_and_holds_something_else_is_refused(station, entries):
    text = sealed(json.dumps(entries).encode()) if entries != {} else sealed(b"[" * 100_000)
    refused(refusal.VALUE, at_desk, station, supply_groups.import_groups, text, TRANSPORT)
    assert at_desk(station, supply_groups.import_groups, sealed(json.dumps([GOOD_ENTRY]).encode()),
                   TRANSPORT)[0].sgc == "777777"  # fmt: skip


@pytest.mark.parametrize(
    "factory",
    [rekey.Factory(imp_per_kwh=100_001), rekey.Factory(0), rekey.Factory(power_limit_w=1 << 40)],
)
def test_record_that_no_meter_takes_is_not_given_out(station, factory):
    refused(refusal.VALUE, at_desk, station, rekey.provision, DRN, factory)
    assert at_desk(station, rekey.provision, DRN, rekey.Factory())[0]["request"]["drn"] == DRN
