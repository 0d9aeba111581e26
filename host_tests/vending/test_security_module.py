"""The security module: derives and encrypts within the limits of a key, and exports nothing."""

import json
import traceback
from dataclasses import asdict

import pytest
from msgspec.structs import replace
from rigs.stations import DRN, SGC, read
from sqlalchemy import select, update
from sts import kinds

from meter20.vending import (
    audit,
    key_change,
    key_safe,
    meter_list,
    refusal,
    sales,
    security_module,
    supply_groups,
    token_request,
)
from meter20.vending.key_safe import KeySafe
from meter20.vending.models import AuditEntry, Vault, VendingKey
from meter20.vending.module_clock import ModuleClock
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.security_module import SecurityModule
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.tid_clock import LAST
from meter20.vending.token_request import TokenRequest
from meter20.vending.vending_key import KeyTerms, MeterKey

VK_02 = "abababababababab"
VK_04 = "abababababababab949494949494949401234567"


def sell(station, units=100):
    with station.desk() as desk:
        return sales.credit(desk, CreditOrder(DRN, units=units)).tokens[0].digits


def limit(station, **limits):
    with station.desk() as desk:
        (row,) = supply_groups.vending_keys(desk.session, SGC)
        desk.module.keys.change_limits(desk.session, row, limits, desk.actor)


def refused(station, code, units=100):
    with pytest.raises(Refusal) as caught:
        sell(station, units)
    assert caught.value.code == code
    return str(caught.value)


def test_wrong_passphrase_opens_nothing(station, sqlite):
    with pytest.raises(Refusal, match="does not open the security module") as caught:
        Station(sqlite, Secret.passphrase("something else"), "x")
    assert caught.value.code == refusal.SECRET


def test_new_passphrase_replaces_the_old_one(station, sqlite, secret):
    new = Secret.passphrase("another passphrase")
    with station.desk() as desk:
        desk.module.relock(desk.session, new, desk.actor)
    assert sell(Station(sqlite, new, "x", station._now))
    with pytest.raises(Refusal):
        Station(sqlite, secret, "x")


def test_second_module_in_one_database_is_refused(station, sqlite, secret):
    with pytest.raises(Refusal, match="already"):
        Station.found(sqlite, secret, "again", "x")


def test_most_for_one_token(station):
    limit(station, max_token_energy=100)
    sell(station, 100)
    assert "10.0 kWh at most, not 10.1 kWh" in refused(station, refusal.LIMIT, 101)


def test_limit_counts_what_the_token_carries_after_rounding_up(station, clock):
    """16390 is not sold as such, but the module must not rely on that."""
    limit(station, max_token_energy=16389)
    from meter20.vending.token_request import TokenRequest, minute

    with pytest.raises(Refusal, match=r"1639\.4 kWh"), station.desk() as desk:
        meter = meter_list.find_meter(desk.session, DRN)
        request = TokenRequest(kinds.ELECTRICITY, minute(clock(), 2014), 16386)
        desk.module.issue(desk.session, meter_list.key_of(meter), [request], "x")


def test_most_for_one_day_starts_again_the_next_day(station, clock):
    limit(station, max_day_energy=750)
    sell(station, 600)
    refused(station, refusal.LIMIT, 600)
    sell(station, 150)
    clock.advance(days=1)
    sell(station, 600)


def test_day_limit_holds_for_two_stations_together(station, sqlite, secret, clock):
    limit(station, max_day_energy=1199)
    other = Station(sqlite, secret, "second counter", clock)
    sell(station, 600)
    refused(other, refusal.LIMIT, 600)


def test_kinds_not_allowed_are_refused(station):
    limit(station, kinds="management")
    assert "may not make TransferCredit.electricity" in refused(station, refusal.LIMIT)
    with station.desk() as desk:
        sales.manage(desk, DRN, kinds.CLEAR_TAMPER, 0, "clear tamper")


def test_limits_changed_in_the_database_are_seen(station, sqlite):
    limit(station, max_token_energy=100)
    with sqlite.writing() as session:
        session.execute(update(VendingKey).values(max_token_energy=None))
    assert "altered outside" in refused(station, refusal.ALTERED)


def test_key_swapped_in_the_database_is_seen(station, sqlite):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2))
    with sqlite.writing() as session:
        first, second = supply_groups.vending_keys(session, SGC)
        first.sealed = second.sealed
    refused(station, refusal.ALTERED)


def test_refusals_of_the_module_are_in_the_log(station):
    limit(station, max_token_energy=1)
    refused(station, refusal.LIMIT)
    with station.looking() as session:
        last = session.scalars(select(AuditEntry).order_by(AuditEntry.seq.desc())).first()
        assert (last.operation, last.meter, last.detail) == ("refuse", DRN, "limit")
        assert station.module.verify_log(session).broken is None


def test_refused_token_leaves_the_books_as_they_were(station):
    with station.looking() as session:
        before = meter_list.find_meter(session, DRN).last_tid
    limit(station, max_token_energy=1)
    refused(station, refusal.LIMIT)
    with station.looking() as session:
        assert meter_list.find_meter(session, DRN).last_tid == before


@pytest.mark.parametrize(("dkga", "ea", "key"), [("02", "07", VK_02), ("04", "11", VK_04)])
def test_known_key_makes_the_tokens_of_the_standard(sqlite, secret, clock, dkga, ea, key):
    """Loaded, sealed, opened again and used: the decoder key is the one of the vectors."""
    expected = {"02": "e653341f9d5bf36f", "04": "f94b6ed353c3bfdb113e2d3a7ea3c41d"}[dkga]
    sgc = {"02": "123456", "04": "123457"}[dkga]
    station = Station.found(sqlite, secret, "kiosk", "x", clock)
    with station.desk() as desk:
        terms = KeyTerms(sgc, base_date=1993, dkga=dkga, ea=ea)
        supply_groups.add_group(desk, terms, key_hex=key)
        meter_list.add_meter(desk, meter_list.NewMeter("00000000000", sgc, ea=ea))
    clock.moment = clock.moment.replace(year=2004)
    with Station(sqlite, secret, "x", clock).desk() as desk:
        digits = sales.credit(desk, CreditOrder("00000000000", units=1)).tokens[0].digits
    token = read(digits, ea, expected)
    assert token.crc_ok
    assert token.fields["amount_field"] == 1


@pytest.mark.parametrize("key", ["", "zz", VK_02, VK_04 + "00"])
def test_key_of_the_wrong_length_is_refused_without_showing_it(station, key):
    with pytest.raises(Refusal, match="40 hexadecimal digits") as caught, station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("654321"), key_hex=key or "0")
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"sgc": "12345"}, "6 digits"), ({"krn": 0}, "1 to 9"), ({"kt": 0}, "1, 2 or 3"),
        ({"ken": 256}, "0 to 255"), ({"base_date": 2000}, "1993, 2014 or 2035"),
        ({"dkga": "02"}, "EA11 goes with DKGA04"), ({"ea": "09"}, "07 or 11"),
        ({"kinds": "credit,gold"}, "no token kind 'gold'"), ({"kt": 3}, "DKGA02 only"),
        ({"max_day_energy": -1}, "not negative"),
    ],
)  # fmt: skip
def test_terms_that_are_none_are_refused(terms, words):
    with pytest.raises(Refusal, match=words):
        KeyTerms(**({"sgc": SGC} | terms))


def test_default_key_meter_takes_no_credit(station):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms("000001", kt=1))
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", "000001"))
    with pytest.raises(Refusal, match="DDTKError"), station.desk() as desk:
        sales.credit(desk, CreditOrder("11111111115", units=1))


def exported(station, secret):
    with station.desk() as desk:
        rows = supply_groups.vending_keys(desk.session)
        return desk.module.keys.export_keys(desk.session, rows, secret, desk.actor)


def second_station(tmp_path, secret, clock):
    return Station.found(Storage(str(tmp_path / "other.sqlite")), secret, "other", "x", clock)


def test_group_moves_to_another_station_and_makes_the_same_keys(station, tmp_path, secret, clock):
    transport = Secret.passphrase("agreed by telephone")
    limit(station, max_token_energy=777)
    text = exported(station, transport)
    other = second_station(tmp_path, secret, clock)
    with other.desk() as desk:
        (row,) = supply_groups.import_groups(desk, text, transport)
        assert (row.sgc, row.max_token_energy) == (SGC, 777)
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC))
    first, second = (records(each)["request"]["decoder_key"] for each in (station, other))
    assert first == second


def records(station):
    from meter20.vending import rekey

    with station.desk() as desk:
        return rekey.provision(desk, DRN, rekey.Factory(), direct=True)[0]


def test_wrong_transport_passphrase_is_refused_in_words(station, tmp_path, secret, clock):
    text = exported(station, Secret.passphrase("agreed by telephone"))
    other = second_station(tmp_path, secret, clock)
    words = "transport passphrase does not open"
    with pytest.raises(Refusal, match=words) as caught, other.desk() as desk:
        supply_groups.import_groups(desk, text, secret)
    assert caught.value.code == refusal.SECRET


def test_transport_file_altered_on_its_way_is_refused(station, tmp_path, secret, clock):
    transport = Secret.passphrase("agreed by telephone")
    file = json.loads(exported(station, transport))
    file["holds"] = ["999999 KRN 1 EA11 2014"]
    other = second_station(tmp_path, secret, clock)
    with pytest.raises(Refusal, match="altered"), other.desk() as desk:
        supply_groups.import_groups(desk, json.dumps(file), transport)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"sealed": "00"}', '{"sealed": 1}'])
def test_other_files_are_refused_as_such(station, text):
    with pytest.raises(Refusal, match="not a file of supply groups"), station.desk() as desk:
        supply_groups.import_groups(desk, text, Secret.passphrase("agreed by telephone"))


def test_group_imported_twice_is_refused_and_nothing_changes(station):
    transport = Secret.passphrase("agreed by telephone")
    text = exported(station, transport)
    with pytest.raises(Refusal, match="already"), station.desk() as desk:
        supply_groups.import_groups(desk, text, transport)


def test_no_key_or_token_in_repr_exceptions_or_database(station, sqlite):
    """A key that was loaded is nowhere to be found afterwards: not in words, not in the file."""
    with station.desk() as desk:
        row = supply_groups.add_group(desk, KeyTerms("654321"), key_hex=VK_04)
        meter_list.add_meter(desk, meter_list.NewMeter("11111111115", "654321"))
        said = [repr(desk), repr(desk.module), repr(row), str(vars(row))]
    with pytest.raises(Refusal) as caught, station.desk() as desk:
        desk.module.keys.change_limits(desk.session, row, {"ken": 999}, "x")
    said.append("".join(traceback.format_exception(caught.value)))
    with station.desk() as desk:
        sales.credit(desk, CreditOrder("11111111115", units=1))
    stored = b"".join(path.read_bytes() for path in sqlite.path.parent.iterdir())
    key = bytes.fromhex(VK_04)
    assert key not in stored and VK_04.encode() not in stored
    assert not [text for text in said if VK_04 in text or repr(key) in text]


def test_module_offers_no_way_to_a_vending_key():
    """What a caller can ask: tokens, wrapped files, one meter's first key, and the key of the
    secrets of carriers, from which no other can be reckoned. Nothing else.

    And what its clock, its days and its log are told.
    """
    module, safe, clock = (
        {name for name in vars(part) if not name.startswith("_")}
        for part in (SecurityModule, KeySafe, ModuleClock)
    )
    assert module == {
        "create", "unlock", "relock", "issue", "issue_test", "key_change",
        "provisioning_key", "carriers_key", "note", "log_refusal", "verify_log",
        "keeper", "keys", "clock", "opened", "bind_new", "bind", "check_bound", "floor",
    }  # fmt: skip
    assert safe == {
        "generate_key", "load_key", "change_limits", "retire_key", "export_keys", "import_keys",
        "initial_key",
    }  # fmt: skip
    assert clock == {"accept", "turn_back", "set_zone", "check"}


def test_master_keys_open_that_older_stations_sealed():
    """What the seal vouches for must never change."""
    assert security_module._about(Vault(rehearsal=False)) == b"master"
    assert security_module._about(Vault(rehearsal=True)) == b"master of a rehearsal"


def test_first_minute_of_a_base_date_can_be_given_and_none_before_it():
    token_request.check_minute(0, 2014)
    with pytest.raises(Refusal, match="before the key's base date"):
        token_request.check_minute(-1, 2014)


@pytest.mark.parametrize("kind", ["gold", kinds.KEY_1, kinds.TEST_2DIGIT])
def test_kind_without_a_minute_is_refused_by_name(station, kind):
    with station.looking() as session:
        meter = meter_list.key_of(meter_list.find_meter(session, DRN))
        with pytest.raises(Refusal, match="is not a token that carries a TID"):
            token_request.check(KeyTerms(SGC), meter, TokenRequest(kind, 5, 1))


def test_initial_key_of_a_meter_is_not_shown_even_sealed():
    key = MeterKey(DRN, "600727123456789039", "11", 1, 255, VendingKey(), initial=b"sealed")
    assert "sealed" not in repr(key)


def test_random_keys_of_des_have_an_odd_number_of_ones_in_each_octet():
    key = bytes(range(256))
    odd = key_safe._odd_parity(key)
    assert all(octet.bit_count() % 2 for octet in odd)
    assert [octet & 0xFE for octet in odd] == [octet & 0xFE for octet in key]


def test_key_without_other_terms_never_expires_and_goes_to_meters_of_today():
    assert KeyTerms(SGC) == KeyTerms(
        SGC, krn=1, kt=2, ken=255, base_date=2014, dkga="04", ea="11",
        kinds="credit,currency,management,key-change",
    )  # fmt: skip


def test_meter_with_another_algorithm_than_the_key_gets_no_token_and_no_key():
    meter = MeterKey(DRN, "600727123456789039", "11", 1, 255, VendingKey())
    request = TokenRequest(kinds.ELECTRICITY, 5, 1)
    with pytest.raises(Refusal, match="for EA07, the meter has EA11") as caught:
        token_request.check(KeyTerms(SGC, ea="07"), meter, request)
    assert caught.value.code == refusal.KEY_TYPE
    row = VendingKey(**asdict(KeyTerms(SGC, ea="07")), turn=0)
    with pytest.raises(Refusal, match="is not for EA11") as caught:
        key_change.check(meter, replace(meter, vending_key=row), 5, same_key=False)
    assert caught.value.code == refusal.KEY_TYPE


def test_last_minute_of_a_base_date_is_given_and_none_after_it():
    token_request.check_minute(LAST, 2014)
    meter = MeterKey(DRN, "600727123456789039", "11", 1, 255, VendingKey())
    for minute, words in ((LAST + 1, "2014 ended on 2045-11-24 20:15"), (-1, "1 January 2014")):
        with pytest.raises(Refusal, match=words) as caught:
            token_request.check(KeyTerms(SGC), meter, TokenRequest(kinds.ELECTRICITY, minute, 1))
        assert caught.value.code == refusal.BASE_DATE


def test_change_of_the_zone_is_in_the_log(any_station):
    with any_station.desk() as desk:
        desk.module.clock.set_zone(desk.session, desk.actor, "Africa/Johannesburg")
    with any_station.looking() as session:
        (entry,) = audit.latest(session, 1)
    said = entry["actor"], entry["operation"], entry["detail"]
    assert said == ("thandi", "zone", "UTC to Africa/Johannesburg")


def test_clock_that_is_accepted_is_told(station):
    with station.desk() as desk:
        assert desk.module.clock.accept(desk.session, desk.actor) == "2026-03-10T09:30:00Z"
