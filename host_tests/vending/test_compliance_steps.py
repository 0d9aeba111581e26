"""The compliance steps of a vending system, STS 531, and meter numbers in every form."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rigs.selling import manage, refused, sell
from rigs.stations import DRN, SGC
from sts import decoder, kinds
from sts import digits as sts_digits

from meter20.vending import meter_list, refusal, rekey, supply_groups
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]


def pos(tmp_path, vector, clock, ken=255):
    """Return a station that holds the key of a compliance step, and its meter."""
    key = vector["key"]
    station = Station.found(
        Storage(str(tmp_path / f"{key['ea']}.sqlite")),
        Secret.passphrase("passphrase"),
        "POS",
        "x",
        clock,
    )
    drn = (key["pan"] or "000000" + key["iain"] + "0")[6:17]
    with station.desk() as desk:
        terms = KeyTerms(
            key["sgc"],
            key["krn"],
            key["kt"],
            ken,
            vector["inputs"]["base_date"],
            key["dkga"],
            key["ea"],
        )
        supply_groups.add_group(desk, terms, key_hex=key["vk"])
        meter_list.add_meter(desk, meter_list.NewMeter(drn, key["sgc"], int(key["ti"]), key["ea"]))
    return station, drn


def plain(digits, vector):
    token = decoder.decode(
        sts_digits.parse(digits),
        decoder.cipher(vector["ea"], bytes.fromhex(vector["decoder_key"])),
        vector["ea"],
    )
    assert token.crc_ok
    return token


@pytest.mark.parametrize("suite", ["ea07-sample", "531-1-0-04"])
def test_ctsa09_several_tokens_a_minute_and_the_special_minute(tmp_path, clock, suite):
    steps = [v for v in VECTORS if v["suite"] == suite and v["ctsa"] == "CTSA09"]
    station, drn = pos(tmp_path, steps[0], clock)
    issued = []
    for asked in ("00:00", "00:01", "00:03", "00:03", "00:03"):  # the third step asks thrice
        hour, minute = asked.split(":")
        clock.moment = datetime(2004, 3, 29, int(hour), int(minute), tzinfo=UTC)
        issued += manage(station, kinds.CLEAR_CREDIT, 0xFFFF, drn).tokens
    for token, step in zip(issued, steps, strict=True):
        read = plain(token.digits, step)
        assert token.tid == step["fields"]["tid"]
        assert {"tid": read.fields["tid"], "value": read.fields["value"]} == {
            "tid": step["fields"]["tid"], "value": step["fields"]["value"],
        }  # fmt: skip


def test_ctsa16_tokens_under_an_expired_key_are_refused(tmp_path, clock):
    (step,) = [v for v in VECTORS if v["suite"] == "531-1-0-04" and v["ctsa"] == "CTSA16"]
    station, drn = pos(tmp_path, step, clock, ken=step["key"]["ken"])
    clock.moment = datetime(2014, 3, 1, 9, 0, 59, tzinfo=UTC)
    words = refused(refusal.KEY_EXPIRED, lambda: sell(station, meter=drn, units=256))
    assert "KEN is 85" in words
    refused(refusal.KEY_EXPIRED, lambda: manage(station, drn=drn))


def test_ctsa16_key_change_away_from_an_expired_key_is_issued(tmp_path, clock):
    (step,) = [v for v in VECTORS if v["suite"] == "531-1-0-04" and v["ctsa"] == "CTSA16"]
    station, drn = pos(tmp_path, step, clock, ken=step["key"]["ken"])
    clock.moment = datetime(2014, 3, 1, 9, 0, tzinfo=UTC)
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(step["key"]["sgc"], krn=2, base_date=1993))
        assert len(rekey.change_key(desk, drn, rekey.NewKey(krn=2)).tokens) == 4
    assert sell(station, meter=drn, units=256)


def test_ctsa16_key_change_to_an_expired_key_is_refused(station, clock):
    with station.desk() as desk:
        supply_groups.add_group(desk, KeyTerms(SGC, krn=2, ken=10))
    with pytest.raises(Refusal, match="expired"), station.desk() as desk:
        rekey.change_key(desk, DRN, rekey.NewKey(krn=2))


@pytest.mark.parametrize(("drn", "right"), [("12345678904", 3), ("11111111113", 5)])
def test_ctsa17_wrong_check_digits_are_refused(station, drn, right):
    with pytest.raises(Refusal, match=f"comes {right}, not"), station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))


@pytest.mark.parametrize(
    ("number", "drn", "iin"),
    [
        ("12345678903", "12345678903", "600727"), ("600727111111111153", "11111111115", "600727"),
        ("0100000000008", "0100000000008", "0000"), ("1234 5678 903", "12345678903", "600727"),
        ("000001000000000082", "0100000000008", "0000"),
    ],
)  # fmt: skip
def test_meter_numbers_in_every_form(number, drn, iin):
    assert meter_list.checked_drn(number) == drn
    assert meter_list.iin_of(drn) == iin


@pytest.mark.parametrize("number", ["", "x", "123", "600727123456789031", "999999123456789036"])
def test_numbers_that_are_no_meter_are_refused(number):
    refused(refusal.VALUE, lambda: meter_list.checked_drn(number))
