"""Key revisions turn over: after KRN 9 comes 1, and the newest is the one registered last."""

import pytest
from rigs.selling import refused
from rigs.stations import DRN, SGC
from sts import decoder
from sts.kinds import KEY_SECTIONS

from meter20.vending import meter_list, refusal, rekey, sales, supply_groups
from meter20.vending.refusal import Refusal
from meter20.vending.sales import CreditOrder
from meter20.vending.sealing import Secret
from meter20.vending.vending_key import KeyTerms

OTHER = "11111111115"


def add(station, krn, **terms):
    with station.desk() as desk:
        return supply_groups.add_group(desk, KeyTerms(SGC, krn, **terms))


def retire(station, krn):
    with station.desk() as desk:
        row = supply_groups.find_key(desk.session, SGC, "11", krn)
        supply_groups.retire_key(desk, row)
        return row


def test_newest_is_the_one_registered_last_not_the_highest_number(station):
    add(station, 9)
    add(station, 3)
    with station.desk() as desk:
        meter = meter_list.add_meter(desk, meter_list.NewMeter(OTHER, SGC))
        assert meter.vending_key.krn == 3
        rekey.change_key(desk, DRN, rekey.NewKey(sgc=SGC))
        assert meter_list.find_meter(desk.session, DRN).vending_key.krn == 3


def test_number_in_use_is_refused_and_the_next_free_one_is_named(station):
    assert "--krn 2" in refused(refusal.EXISTS, add, station, 1)
    add(station, 9)
    assert "--krn 2" in refused(refusal.EXISTS, add, station, 9)


def test_tenth_revision_is_possible_once_one_is_retired(station):
    for krn in range(2, 10):
        add(station, krn)
    words = refused(refusal.EXISTS, add, station, 1)
    assert "All 9 revisions are in use" in words
    assert f"group retire {SGC} --krn 1" in words
    assert "1 meter holds it" in refused(refusal.STATE, retire, station, 1)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=9))
    first = retire(station, 1)
    tenth = add(station, 1)
    assert (first.label, tenth.label) == (f"{SGC}/1/11/2014", f"{SGC}/1/11/2014/2")
    assert first.check_value != tenth.check_value
    with station.desk() as desk:
        slip = rekey.change_key(desk, DRN, rekey.NewKey(sgc=SGC))
        assert meter_list.find_meter(desk.session, DRN).vending_key is tenth or (
            meter_list.find_meter(desk.session, DRN).vending_key.id == tenth.id
        )
        assert len(slip.tokens) == 4


def test_retired_key_makes_no_token_and_leaves_no_station(station):
    add(station, 2)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=2))
    row = retire(station, 1)
    with station.desk() as desk:
        meter = meter_list.find_meter(desk.session, DRN)
        meter.vending_key = row  # as somebody would who edits the database
        words = refused(refusal.STATE, sales.credit, desk, CreditOrder(DRN, units=10))
        assert f"{row.label} was retired on 2026-03-10" in words
    refused(refusal.UNKNOWN, retire, station, 1)
    with station.desk() as desk:
        keys = supply_groups.vending_keys(desk.session, SGC)
        assert [(key.krn, bool(key.retired)) for key in keys] == [(1, True), (2, False)]


def test_retirement_taken_back_in_the_database_is_noticed(station):
    add(station, 2)
    row = retire(station, 2)
    with station.desk() as desk:
        key = desk.session.get_one(type(row), row.id)
        key.retired = ""
        desk.session.flush()
        with pytest.raises(Refusal) as caught:
            rekey.change_key(desk, DRN, rekey.NewKey(krn=2))
        assert caught.value.code == refusal.ALTERED
        key.retired = row.retired


def test_log_and_day_counters_stay_whole_when_a_number_comes_again(station, secret):
    add(station, 2)
    with station.desk() as desk:
        sales.credit(desk, CreditOrder(DRN, units=10))
        rekey.change_key(desk, DRN, rekey.NewKey(krn=2))
    retire(station, 1)
    add(station, 1)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=1))
        sales.credit(desk, CreditOrder(DRN, units=25))
    with station.looking() as session:
        assert station.module.verify_log(session).broken is None


def test_meter_takes_a_key_change_from_krn_9_to_krn_1(station):
    for krn in range(2, 10):
        add(station, krn)
    with station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=9))
        slip = rekey.change_key(desk, DRN, rekey.NewKey(krn=1))
        kinds = [token.kind for token in slip.tokens]
        holder = meter_list.key_of(meter_list.find_meter(desk.session, DRN))
        old = supply_groups.find_key(desk.session, SGC, "11", 9)
        key = desk.module._decoder_key(
            type(holder)(holder.drn, holder.pan, "11", holder.ti, holder.ken, old)
        )
    assert tuple(kinds) == tuple(KEY_SECTIONS)
    cipher = decoder.cipher("11", key)
    from sts import digits

    first = decoder.decode(digits.parse(slip.tokens[0].digits), cipher, "11")
    assert (first.crc_ok, first.fields["krn"]) == (True, 1)


def test_export_leaves_retired_keys_behind(station):
    add(station, 2)
    retire(station, 2)
    secret = Secret.passphrase("a transport passphrase")
    with station.desk() as desk:
        rows = [row for row in supply_groups.vending_keys(desk.session, SGC) if not row.retired]
        text = desk.module.keys.export_keys(desk.session, rows, secret, desk.actor)
    assert '"123456 KRN 1' in text
    assert "KRN 2" not in text
