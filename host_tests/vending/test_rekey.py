"""Key changes and new meters: what the tokens carry, and which changes are refused."""

from datetime import UTC, datetime

import pytest
from rigs.selling import refused
from rigs.stations import DRN, SGC, accept_clock, read

from meter20.vending import meter_list, refusal, rekey, sales, supply_groups
from meter20.vending.rekey import Factory, NewKey
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms


def group(station, **terms):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(**({"sgc": SGC} | terms)))


def change(station, **new):
    with station.desk() as desk:
        return rekey.change_key(desk, DRN, NewKey(**new))


def provision(station, **options):
    with station.desk() as desk:
        return rekey.provision(desk, DRN, Factory(), **options)


def received(slip, ea, old_key):
    """Return the fields of a key change set as a meter with `old_key` reads them."""
    fields = {}
    for token in slip.tokens:
        section = read(token.digits, ea, old_key)
        assert section.crc_ok
        assert section.kind == token.kind
        fields |= section.fields
    return fields


def new_key(fields, ea):
    names = ("nkho", "nkmo2", "nkmo1", "nklo") if ea == "11" else ("nkho", "nklo")
    return b"".join(fields[name].to_bytes(4, "big") for name in names).hex()


@pytest.fixture(params=[("07", "02", 2), ("07", "02", 3), ("07", "04", 2), ("11", "04", 4)])
def changing(request, tmp_path, clock):
    """Return (station, EA, tokens of a set, the present key) of each sort of key change."""
    ea, dkga, count = request.param
    storage, secret = Storage(str(tmp_path / "s.sqlite")), Secret.passphrase("passphrase")
    station = Station.found(storage, secret, "x", "x", clock)
    group(station, ea=ea, dkga=dkga)
    group(station, ea=ea, dkga=dkga, krn=2, ken=200)
    group(station, ea=ea, dkga=dkga, sgc="654321")
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, ea=ea, krn=1))
    return station, ea, count, provision(station, direct=True)[0]["request"]["decoder_key"]


def test_set_carries_the_new_key_and_its_attributes(changing):
    station, ea, count, old = changing
    slip = change(station, krn=2, ti=9, sections=count)
    fields = received(slip, ea, old)
    assert (fields["krn"], fields["ti"], fields["kt"], fields["ro"]) == (2, 9, 2, 0)
    assert fields["kenho"] << 4 | fields["kenlo"] == 200
    assert fields["kct3"] == (count == 3)
    after = provision(station, direct=True, again=True)[0]["request"]
    assert new_key(fields, ea) == after["decoder_key"]
    with station.desk() as desk:
        token = sales.credit(desk, CreditOrder(DRN, units=10)).tokens[0]
    assert read(token.digits, ea, after["decoder_key"]).crc_ok
    assert not read(token.digits, ea, old).crc_ok


def test_set_tells_the_meter_its_new_supply_group_where_it_can(changing):
    station, ea, count, old = changing
    fields = received(change(station, sgc="654321", sections=count), ea, old)
    if count == 4:
        assert fields["sgcho"] << 12 | fields["sgclo"] == 654321
    elif count == 3:
        assert fields["sgc"] == 654321
    else:
        assert "sgc" not in fields


def test_roll_over_sets_ro_and_starts_the_minutes_anew(station, clock):
    clock.moment = datetime(2035, 1, 2, 10, 0, tzinfo=UTC)
    accept_clock(station)
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=10))
    key = provision(station, direct=True)[0]["request"]["decoder_key"]
    group(station, krn=2, base_date=2035)
    fields = received(change(station, base_date=2035), "11", key)
    assert (fields["ro"], fields["krn"]) == (1, 2)
    with station.desk() as desk:
        token = sales.credit(desk, CreditOrder(DRN, units=10)).tokens[0]
    assert token.tid == 1440 + 600
    assert token.base_date == 2035


def test_tariff_index_alone_changes_the_key(station):
    assert len(change(station, ti=50).tokens) == 4


def test_change_to_the_same_key_is_refused(station):
    assert "nothing to change" in refused(refusal.STATE, lambda: change(station))


def test_new_ken_alone_reaches_the_meter_by_a_key_change(station):
    with station.desk() as desk:
        (row,) = supply_groups.vending_keys(desk.session, SGC)
        desk.module.keys.change_limits(desk.session, row, {"ken": 240}, "x")
    assert "KEN 240" in change(station).note


def test_vending_keys_are_listed_by_supply_group_and_then_by_age(station):
    for sgc, krn in (("999999", 1), ("000001", 1), ("999999", 2)):
        group(station, sgc=sgc, krn=krn)
    with station.desk() as desk:
        listed = [(key.sgc, key.krn) for key in supply_groups.vending_keys(desk.session)]
    assert listed == [("000001", 1), (SGC, 1), ("999999", 1), ("999999", 2)]


def test_base_date_never_goes_back(station):
    group(station, krn=2, base_date=1993)
    refused(refusal.BASE_DATE, lambda: change(station, base_date=1993))


def test_roll_over_before_the_new_base_date_is_refused(station):
    group(station, krn=2, base_date=2035)
    words = refused(refusal.BASE_DATE, lambda: change(station, base_date=2035))
    assert "before its base date" in words


def test_roll_over_with_the_same_key_under_dkga02_is_refused(tmp_path, clock):
    storage, secret = Storage(str(tmp_path / "s.sqlite")), Secret.passphrase("passphrase")
    station = Station.found(storage, secret, "x", "x", clock)
    with station.desk() as desk:
        for base_date in (1993, 2014):
            terms = KeyTerms(SGC, base_date=base_date, dkga="02", ea="07")
            supply_groups.add_group(desk, terms, key_hex="abababababababab")
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, ea="07", base_date=1993))
    words = refused(refusal.BASE_DATE, lambda: change(station, base_date=2014))
    assert "a new KRN" in words


def test_key_of_another_algorithm_is_not_found(station):
    group(station, krn=2, ea="07")
    refused(refusal.UNKNOWN, lambda: change(station, krn=2))


def test_wrong_number_of_tokens_is_refused(station):
    assert "4 tokens" in refused(refusal.VALUE, lambda: change(station, ti=3, sections=2))


def test_unique_key_does_not_become_a_common_one(tmp_path, clock):
    storage, secret = Storage(str(tmp_path / "s.sqlite")), Secret.passphrase("passphrase")
    station = Station.found(storage, secret, "x", "x", clock)
    group(station, ea="07", dkga="02")
    group(station, ea="07", dkga="02", krn=2, kt=3)
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC, ea="07", krn=1))
    assert "KeyTypeError" in refused(refusal.KEY_TYPE, lambda: change(station, krn=2))


# -- new meters ----------------------------------------------------------------------------------


def test_new_meter_gets_an_initial_key_and_the_set_that_replaces_it(station):
    record, slip = provision(station)
    request = record["request"]
    assert (request["kt"], request["sgc"], request["drn"]) == (0, "000000", DRN)
    fields = received(slip, "11", request["decoder_key"])
    assert (fields["kt"], fields["ro"]) == (2, 0)
    with station.desk() as desk:
        token = sales.credit(desk, CreditOrder(DRN, units=10)).tokens[0]
    assert not read(token.digits, "11", request["decoder_key"]).crc_ok
    assert read(token.digits, "11", new_key(fields, "11")).crc_ok


def test_first_token_is_younger_than_the_manufacture(station):
    record, _ = provision(station)
    with station.desk() as desk:
        token = sales.credit(desk, CreditOrder(DRN, units=10)).tokens[0]
    assert token.tid > record["request"]["manufactured"]


@pytest.mark.parametrize("direct", [True, False])
def test_key_is_given_out_once(station, direct):
    provision(station, direct=direct)
    words = refused(refusal.STATE, lambda: provision(station, direct=direct))
    assert "--again" in words
    assert provision(station, direct=direct, again=True)


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"imp_per_kwh": 0}, "imp_per_kwh: a meter takes 1 to 100000"),
        ({"imp_per_kwh": 100_001}, "imp_per_kwh: a meter takes 1 to 100000"),
        ({"power_limit_w": -1}, "power_limit_w: a meter takes 0 to 18201624"),
        ({"power_limit_w": 18_201_625}, "power_limit_w: a meter takes 0 to 18201624"),
    ],
)
def test_facts_that_no_meter_takes_are_refused_before_a_key_is_given_out(
    station, facts, words, direct
):
    def ask():
        with station.desk() as desk:
            rekey.provision(desk, DRN, Factory(**facts), direct=direct)

    assert words in refused(refusal.VALUE, ask)
    provision(station, direct=direct)  # without --again: nothing was given out


@pytest.mark.parametrize("facts", [(1, 0), (100_000, 18_201_624)])
def test_facts_at_their_limits_are_in_the_record(station, facts):
    with station.desk() as desk:
        record, _slip = rekey.provision(desk, DRN, Factory(*facts))
    asked = record["request"]
    assert (asked["imp_per_kwh"], asked["power_limit_w"]) == facts


def test_record_says_that_it_is_secret(station):
    record, _ = provision(station)
    assert record["warning"].startswith("SECRET")
    assert "TEST KEYS" in record["warning"]


def test_key_that_went_out_is_in_the_log_and_the_log_has_no_key(station):
    from meter20.vending import audit

    record, _ = provision(station)
    with station.looking() as session:
        entries = audit.latest(session, 9)
    assert [entry["operation"] for entry in entries[-3:]] == ["provision", "key change", "receipt"]
    assert record["request"]["decoder_key"] not in str(entries)


def test_key_change_kinds_are_a_limit(station):
    group(station, krn=2, kinds="credit")
    refused(refusal.LIMIT, lambda: change(station, krn=2))


def test_record_of_a_usual_meter_has_1000_impulses_a_kwh_and_no_limit_of_power(station):
    asked = provision(station)[0]["request"]
    assert (asked["imp_per_kwh"], asked["power_limit_w"]) == (1000, 0)
