"""Meters that count money, from `vend` to the display; and parts that never spoil what is paid."""

import json

import pytest
from rigs.benches import BODIES
from rigs.selling import refused
from rigs.stations import DRN, SGC, TARIFF
from sts import amount
from typer.testing import CliRunner

from meter20.cli.main import app
from meter20.vending import meter_list, refusal, rekey, sales, supply_groups, tariff_list
from meter20.vending.amounts import PER_CENT, currency_carried_by_token, to_currency_field
from meter20.vending.models import Token
from meter20.vending.sales import CreditOrder
from meter20.vending.station import Station
from meter20.vending.tariff import Account, Tariff
from meter20.vending.vending_key import KeyTerms

OTHER = "11111111115"


def at_desk(station, call, *arguments, **more):
    with station.desk() as desk:
        return call(desk, *arguments, **more)


def limits(station, **changed):
    with station.desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11")
        desk.module.keys.change_limits(desk.session, row, changed, desk.actor)


def sell(station, **order):
    return at_desk(station, sales.credit, CreditOrder(**({"meter": DRN} | order)))


def free(station, kwh="50", **terms):
    at_desk(station, tariff_list.keep_tariff, "home", TARIFF | {"free_kwh": kwh} | terms)


@pytest.mark.parametrize("name", ["emulated", "virtual"])
@pytest.mark.parametrize("direct", [True, False])
def test_currency_meter_from_the_counter_to_the_display(tmp_path, monkeypatch, name, direct):
    monkeypatch.setenv("METER20_PASSPHRASE", "correct horse battery")

    def vend(*args):
        done = CliRunner().invoke(
            app, ["vend", "--db", str(tmp_path / "station.sqlite"), *map(str, args), "--json"]
        )
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    (tmp_path / "tariff.json").write_text(json.dumps(TARIFF))
    vend("init")
    vend("tariff", "add", "home", tmp_path / "tariff.json")
    vend("group", "add", "--sgc", SGC, "--tariff", "home")
    vend("meter", "add", DRN, "--sgc", SGC, "--accounting", "currency")
    record = tmp_path / "record.json"
    made = vend("provision", DRN, "--out", record, *["--direct"] * direct)
    request = json.loads(record.read_text())["request"]
    assert request["tariff"] == [[350_000, 245_468], [0, 342_700]]  # prices with 15 % tax
    body = BODIES[name]()
    try:
        assert body.request(**request)["ok"]
        for token in made.get("tokens", []):
            result = body.request(do="token", digits=token["digits"])["result"]
        assert direct or result == "Accept"
        sold = vend("credit", DRN, "--money", "200")
        (token,) = sold["tokens"]
        assert token["label"] == "142.50 ZAR"  # 200 less the fixed charge of 50 and its tax
        said = body.request(do="keys", keys=token["digits"])
        assert said["last_result"] == "Accept"
        assert "+142.50" in " ".join(said["display"])
        assert body.request(do="token", digits=token["digits"])["result"] == "UsedError"
        body.request(do="advance", seconds=60)
        read = body.request(do="read")
        assert read["credit_currency"] // PER_CENT == 142_50
        assert "Cr 142.50" in " ".join(read["display"])
        body.request(do="pulses", count=1000)
        used = body.request(do="read")["credit_currency"]
        assert (read["credit_currency"] - used) == 245_468  # one kWh, with its tax
    finally:
        body.close()


@pytest.mark.parametrize("cents", [1, 16, 17, 180, 1818, 18202, 123456, 9_999_99, 50_000_00])
def test_currency_token_carries_what_its_receipt_says_to_the_cent(cents):
    quote = Tariff.from_terms(TARIFF | {"fixed_charge": "0"}).for_transfer(cents, Account())
    on_token = amount.from_currency_field(to_currency_field(quote.transfer * PER_CENT))
    assert on_token // PER_CENT == quote.transfer == currency_carried_by_token(cents)
    assert quote.transfer + quote.carried == cents
    assert sum(part for _, part in quote.lines) == cents


def test_limit_of_a_currency_token_is_held_to_the_cent(station):
    at_desk(station, meter_list.add_meter, meter_list.NewMeter(OTHER, SGC, accounting="currency"))
    free(station, "0", fixed_charge="0")
    limits(station, max_token_currency=100_00 * PER_CENT)
    assert sell(station, meter=OTHER, money=100_00).tokens[0].label == "100.00 ZAR"
    refused(refusal.LIMIT, sell, station, meter=OTHER, money=100_01)


def test_free_kwh_and_a_meter_that_counts_money_do_not_go_together(station):
    money = meter_list.NewMeter(OTHER, SGC, accounting="currency")
    free(station)
    assert "free_kwh" in refused(refusal.VALUE, at_desk, station, meter_list.add_meter, money)
    free(station, "0")
    at_desk(station, meter_list.add_meter, money)
    refused(refusal.VALUE, free, station)  # nor may the tariff of such a meter get some later
    own = meter_list.NewMeter("03000000004", SGC, accounting="currency", tariff="plain")
    at_desk(station, tariff_list.keep_tariff, "plain", TARIFF)
    at_desk(station, meter_list.add_meter, own)
    gift = TARIFF | {"free_kwh": "1"}
    refused(refusal.VALUE, at_desk, station, tariff_list.keep_tariff, "plain", gift)


def test_tariff_of_an_older_station_that_gives_a_money_meter_kwh_sells_without_them(station):
    at_desk(station, meter_list.add_meter, meter_list.NewMeter(OTHER, SGC, accounting="currency"))
    with station.desk() as desk:
        row = desk.session.get_one(tariff_list.TariffRow, "home")
        row.terms = json.dumps(TARIFF | {"free_kwh": "50"})
    assert len(sell(station, meter=OTHER, money=200_00).tokens) == 1


def test_meter_gets_each_step_in_wh_and_its_price_with_the_tax(station):
    """Prices in 10^-5 of the currency unit for a kWh; the longest step that a meter keeps."""
    steps = [{"up_to_kwh": "4294967.2", "price": "2.0"}, {"price": "3"}]
    at_desk(station, tariff_list.keep_tariff, "long", {"steps": steps, "tax_percent": "15"})
    new = meter_list.NewMeter(OTHER, SGC, accounting="currency", tariff="long")
    at_desk(station, meter_list.add_meter, new)
    record, _set = at_desk(station, rekey.provision, OTHER, rekey.Factory(), direct=True)
    assert record["request"]["tariff"] == [[4_294_967_200, 230_000], [0, 345_000]]


def test_limit_of_a_currency_token_holds_to_the_cent(station):
    new = meter_list.NewMeter(OTHER, SGC, accounting="currency")
    at_desk(station, meter_list.add_meter, new)
    sell(station, meter=OTHER, money=100_00)  # the fixed charge is paid
    limits(station, max_token_currency=20_00 * PER_CENT)
    assert sell(station, meter=OTHER, money=20_00).tokens[0].label == "20.00 ZAR"
    words = refused(refusal.LIMIT, sell, station, meter=OTHER, money=20_01)
    assert "20.00 of the currency at most, not 20.01" in words


@pytest.mark.parametrize(
    "steps",
    [
        [{"price": "0"}],
        [{"up_to_kwh": str(end), "price": "1"} for end in range(1, 5)] + [{"price": "1"}],
        [{"up_to_kwh": "5000000", "price": "1"}, {"price": "2"}],
        [{"price": "99999"}],
    ],
)
def test_tariff_that_a_meter_cannot_keep_is_refused_before_it_is_made(station, steps):
    at_desk(station, tariff_list.keep_tariff, "odd", {"steps": steps})
    new = meter_list.NewMeter(OTHER, SGC, accounting="currency", tariff="odd")
    assert "cannot keep" in refused(refusal.VALUE, at_desk, station, meter_list.add_meter, new)


def test_money_meter_without_a_tariff_is_not_provisioned(station):
    at_desk(station, supply_groups.add_group, KeyTerms("000002"))
    at_desk(
        station, meter_list.add_meter, meter_list.NewMeter(OTHER, "000002", accounting="currency")
    )
    made = refused(refusal.STATE, at_desk, station, rekey.provision, OTHER, rekey.Factory())
    assert "tariff" in made


def test_group_of_another_kind_is_refused_in_words(station):
    at_desk(station, tariff_list.keep_tariff, "gift", TARIFF | {"free_kwh": "5"})
    money, none = KeyTerms("000002", kinds="currency"), KeyTerms("000003", kinds="management")
    refused(refusal.KEY_TYPE, at_desk, station, supply_groups.add_group, money, "", "gift")
    refused(refusal.KEY_TYPE, at_desk, station, supply_groups.add_group, none, "", "home")
    at_desk(station, supply_groups.add_group, money, "", "home")
    meter = meter_list.NewMeter(OTHER, "000002")
    assert "currency only" in refused(
        refusal.KEY_TYPE, at_desk, station, meter_list.add_meter, meter
    )
    change = rekey.NewKey(sgc="000002")
    refused(refusal.KEY_TYPE, at_desk, station, rekey.change_key, DRN, change)


@pytest.mark.parametrize("kwh", ["1700", "1820162.5", "999999999999"])
def test_free_units_that_no_token_says_are_refused_with_the_tariff(station, kwh):
    refused(refusal.VALUE, free, station, kwh)


def test_free_units_past_the_limit_of_a_token_come_in_parts(station, clock):
    free(station)
    limits(station, max_token_energy=200)
    given = []
    for _ in range(4):
        slip = sell(station, units=10)
        given += [token.label for token in slip.tokens[1:]]
        again = sell(station, units=10)  # on the same day
        assert len(again.tokens) == 1 and again.note == slip.note
        clock.advance(days=1)
    assert given == ["free 20.0 kWh", "free 20.0 kWh", "free 10.0 kWh"]


@pytest.mark.parametrize(
    "limit", [{"max_day_energy": 100}, {"max_token_energy": 0}, {"kinds": "management"}]
)
def test_free_units_that_the_key_forbids_stay_due_and_are_on_the_receipt(station, limit):
    free(station)
    if limit == {"max_day_energy": 100}:
        limits(station, **limit)
        slip = sell(station, units=100)
        assert [token.label for token in slip.tokens] == ["10.0 kWh"]
        assert "Free units still due: 50.0 kWh" in slip.note
        limits(station, max_day_energy=None)
        assert [token.label for token in sell(station, units=10).tokens][1:] == ["free 50.0 kWh"]
        return
    limits(station, **limit)
    refused(refusal.LIMIT, sell, station, units=10)  # what is paid for is forbidden, too


def test_free_units_of_two_months_are_not_lost_and_not_doubled(station, clock):
    free(station)
    limits(station, max_day_energy=100)
    assert "50.0" in sell(station, units=100).note
    clock.advance(days=30)
    assert "100.0" in sell(station, units=100).note
    limits(station, max_day_energy=None)
    assert sell(station, units=10).tokens[1].label == "free 100.0 kWh"
    with station.looking() as session:
        assert station.module.verify_log(session).broken is None
        assert session.query(Token).filter(Token.label.startswith("free")).count() == 1


def test_void_sale_gives_its_free_units_back_to_what_is_due(station, clock):
    free(station)
    slip = sell(station, units=10)
    at_desk(station, sales.reverse, slip.id, "wrong meter", False)
    clock.advance(days=1)
    assert sell(station, units=10).tokens[1].label == "free 50.0 kWh"


def test_free_units_in_one_batch_take_the_special_minute_once(station):
    free(station)
    limits(station, max_token_energy=200)
    with station.desk() as desk:
        slips = [sales.credit(desk, CreditOrder(DRN, units=10)) for _ in range(3)]
    assert [len(slip.tokens) for slip in slips] == [2, 1, 1]


def test_fixed_charge_above_what_is_paid_is_refused_and_says_what_it_takes(station):
    words = refused(refusal.VALUE, sell, station, money=30_00)
    assert "0.1 kWh costs 57.74" in words
    with station.looking() as session:
        assert meter_list.find_meter(session, DRN).period == ""  # nothing was charged


def test_meter_that_counts_money_gets_no_record_without_a_tariff(sqlite, secret, clock):
    station = Station.found(sqlite, secret, "kiosk", "thandi", clock)
    at_desk(station, supply_groups.add_group, KeyTerms(SGC))
    at_desk(station, meter_list.add_meter, meter_list.NewMeter(OTHER, SGC, accounting="currency"))
    words = refused(
        refusal.STATE, at_desk, station, rekey.provision, OTHER, rekey.Factory(), direct=True
    )
    assert f"Meter {OTHER} counts money and has no tariff" in words


def test_key_of_money_alone_takes_no_meter_that_counts_energy(station):
    at_desk(station, supply_groups.add_group, KeyTerms("654321", kinds="currency"))
    words = refused(
        refusal.KEY_TYPE,
        at_desk,
        station,
        meter_list.add_meter,
        meter_list.NewMeter(OTHER, "654321"),
    )
    assert "makes tokens of currency only, and this meter counts energy" in words
