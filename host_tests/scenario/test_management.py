"""What the utility does to a meter: management tokens, key changes, tamper, limits, money."""

import json

import pytest
from data import meters
from data.tokens import NEW_KEY, credit, key_change, token

from meter20.vending.derivation import decoder_key
from meter20.vending.encoder import encode

TID = meters.MANUFACTURED + 1000


def results(meter, *tokens):
    return [meter.ask("token", digits=digits)["result"] for digits in tokens]


def test_a_key_change_keyed_in_shows_what_is_missing_and_switches_all_at_once(meter):
    meter.ask("token", digits=credit(TID))
    first, second, third, fourth = key_change()
    assert meter.keys(third) == ["3rdKCT", "Still to enter:", "token 1 2 4", "within 10 min"]
    meter.keys(first)
    assert meter.keys(fourth)[2] == "token 2"
    assert meter.ask("read")["krn"] == 1
    assert meter.keys(second) == ["Accept", "New key KRN 2", "TI 07 KEN 255", "Now 10.000 kWh"]
    read = meter.ask("read")
    assert (read["sgc"], read["ti"], read["krn"], read["ken"]) == ("654321", "07", 2, 255)
    assert read["credit_wh"] == 10_000
    old, new = credit(TID + 5), credit(TID + 5, key=NEW_KEY)
    assert results(meter, old, new, new) == ["CRCError", "Accept", "UsedError"]


def test_roll_over_lets_low_tids_in_and_keeps_the_credit(meter):
    meter.ask("token", digits=credit(TID))
    assert results(meter, credit(5)) == ["OldError"]
    results(meter, *key_change(ro=1))
    assert meter.ask("read")["credit_wh"] == 10_000
    assert results(meter, credit(1, key=NEW_KEY), credit(0, key=NEW_KEY)) == [
        "Accept",
        "UsedError",
    ]


def test_an_unfinished_key_change_ends_after_ten_minutes_and_says_so(meter):
    first, second, third, fourth = key_change()
    results(meter, first, second, third)
    assert meter.wait(601)[:2] == ["Key change ended", "Too late or no"]
    meter.wait(20)
    assert results(meter, fourth) == ["4thKCT"]


def test_a_power_cut_ends_a_key_change_and_says_so(meter):
    results(meter, *key_change()[:3])
    meter.ask("power_cut")
    assert meter.wait(0)[0] == "Key change ended"
    assert results(meter, key_change()[3]) == ["4thKCT"]


@pytest.mark.parametrize("torn", [False, True])
def test_a_cut_at_any_operation_of_the_last_section_leaves_the_old_key_or_the_new(meter, torn):
    for after_ops in range(6):
        tokens = key_change(krn=2)
        results(meter, *tokens[:3])
        meter.ask("arm_cut", after_ops=after_ops, torn=torn)
        reply = meter.ask("token", digits=tokens[3])
        read = meter.ask("read")
        assert (read["krn"], read["ti"], read["sgc"]) in ((1, "01", "123457"), (2, "07", "654321"))
        if read["krn"] == 2:
            return
        assert reply["error"] == "power_cut"
        meter.wait(3000)
    raise AssertionError("the key change never got through")


def test_the_power_limit_is_enforced_tried_again_and_locked(meter):
    meter.ask("token", digits=credit(TID, tenths=16_000))
    limit = token("SetMaximumPowerLimit", tid=TID + 1, value=5000)
    assert meter.ask("token", digits=limit)["result"] == "Accept"
    assert meter.ask("read")["power_limit_w"] == 5000
    waits, reasons = [], []
    for _ in range(5):
        meter.ask("pulses", count=120, over_s=60)  # 7.2 kW
        reasons.append(meter.ask("read")["relay_reason"])
        waited = 0
        while meter.ask("read")["relay"] == "open":
            meter.wait(5)
            waited += 5
        waits.append(waited)
    assert [round(waited, -1) for waited in waits[:4]] == sorted(round(w, -1) for w in waits[:4])
    assert waits[4] > 1500
    assert reasons == ["overload"] * 4 + ["overload_lock"]
    meter.ask("pulses", count=60, over_s=60)  # 3.6 kW
    assert meter.ask("read")["relay"] == "closed"


def test_an_open_cover_switches_off_until_a_token_clears_it(meter):
    meter.ask("token", digits=credit(TID))
    meter.ask("tamper", open=True)
    meter.wait(2)
    read = meter.ask("read")
    assert (read["tamper"], read["relay_reason"]) == (True, "tamper")
    assert meter.keys(credit(TID + 1))[:3] == ["FunctionError", "Tamper: credit", "is blocked"]
    meter.ask("tamper", open=False)
    meter.ask("power_cut")
    assert meter.ask("read")["relay_reason"] == "tamper"
    clear = token("ClearTamperCondition", tid=TID + 2, value=0)
    assert results(meter, clear, credit(TID + 1)) == ["Accept", "Accept"]
    assert meter.ask("read")["relay"] == "closed"


def test_clear_credit_opens_the_switch(meter):
    meter.ask("token", digits=credit(TID))
    clear = token("ClearCredit", tid=TID + 1, value=0xFFFF)
    reply = meter.ask("token", digits=clear)
    assert (reply["result"], reply["credit_wh"]) == ("Accept", 0)
    assert meter.ask("read")["relay"] == "open"


def test_kinds_a_single_phase_electricity_meter_lacks(meter):
    lacking = [
        token("SetMaximumPhasePowerUnbalanceLimit", tid=TID, value=5),
        token("SetWaterMeterFactor", tid=TID, value=5),
        token("SetControlOrFlag", tid=TID, value=0x007B),
        token("TransferCredit.electricity_currency", tid=TID, se=0, amount_field=5),
    ]
    assert results(meter, *lacking) == ["FunctionError"] * 4


def test_disconnecting_the_service_by_its_flag(meter):
    meter.ask("token", digits=credit(TID))
    off = token("SetControlOrFlag", tid=TID + 1, value=63 << 10 | 2 << 1 | 1)
    on = token("SetControlOrFlag", tid=TID + 2, value=63 << 10 | 2 << 1)
    assert results(meter, off) == ["Accept"]
    assert meter.ask("read")["relay_reason"] == "disconnected"
    assert results(meter, on) == ["Accept"]
    assert meter.ask("read")["relay"] == "closed"


def money(tid, se=0, amount_field=0x60AA):
    fields = {"tid": tid, "se": se, "amount_field": amount_field}
    return encode("TransferCredit.electricity_currency", "11", meters.KEY, fields)


def test_a_meter_that_keeps_money_charges_by_steps_of_the_month(factory_meter):
    meter = factory_meter
    tariff = [[1000, 20_000], [0, 50_000]]  # 0.20 a kWh up to 1 kWh a month, then 0.50
    assert meter.provision(tariff=tariff)["credit_currency"] == 0
    assert results(meter, credit(TID)) == ["FunctionError"]
    assert meter.keys(money(TID))[:2] == ["Accept", "+1.00"]
    assert meter.ask("clock", utc="2014-01-01T00:00:00Z")["ok"]
    used = meter.ask("pulses", count=1500, over_s=600)
    assert used["credit_currency"] == 100_004 - 20_000 - 25_000
    assert used["credit_wh"] == 55_004 * 1000 // 50_000
    assert meter.ask("clock", utc="2014-02-02T00:00:00Z")["moved_s"] > 0
    used = meter.ask("pulses", count=100, over_s=60)
    assert used["credit_currency"] == 55_004 - 2_000
    debit = money(TID + 1, se=8, amount_field=0x60A9)
    assert meter.ask("token", digits=debit)["amount_currency"] == -99_994
    assert meter.ask("read")["relay"] == "open"


def test_emergency_credit_is_called_up_used_and_repaid(factory_meter):
    meter = factory_meter
    meter.provision(emergency_wh=500)
    meter.ask("token", digits=credit(TID, tenths=1))
    assert meter.keys("#8#")[:2] == ["Emergency credit", "when credit is 0"]
    meter.ask("pulses", count=100, over_s=60)
    assert meter.ask("read")["relay"] == "open"
    assert meter.keys("#8#")[:3] == ["EMERGENCY credit", "0.500 kWh", "to be repaid"]
    meter.wait(1)
    assert meter.ask("read")["relay_reason"] == "emergency_credit"
    used = meter.ask("pulses", count=500, over_s=300)
    assert (used["credit_wh"], used["relay"]) == (-500, "open")
    assert meter.ask("token", digits=credit(TID + 1, tenths=4))["credit_wh"] == -100
    assert meter.ask("read")["relay_reason"] == "emergency_credit"
    assert meter.ask("token", digits=credit(TID + 2, tenths=4))["credit_wh"] == 300
    assert meter.ask("read")["relay_reason"] == "credit"


def test_a_meter_without_emergency_credit_says_so_and_stays_off(meter):
    assert meter.keys("#8#")[:2] == ["No emergency", "credit here"]
    meter.wait(1)
    assert meter.ask("read")["relay_reason"] == "no_credit"
    meter.ask("token", digits=credit(TID, tenths=1))
    assert meter.keys("#8#")[:2] == ["No emergency", "credit here"]


def test_a_code_that_is_none_is_named(meter):
    assert meter.keys("#41#")[:2] == ["No such code", "#41"]


def test_friendly_hours_need_a_trusted_clock(factory_meter):
    meter = factory_meter
    meter.provision(friendly_from=18, friendly_to=8)
    assert meter.ask("read")["relay_reason"] == "no_credit"
    assert meter.ask("clock", utc="2026-11-29T20:00:00Z")["was"] is None
    meter.wait(1)
    assert meter.ask("read")["relay_reason"] == "friendly_hours"
    meter.wait(12 * 3600)
    assert meter.ask("read")["relay_reason"] == "no_credit"


def test_friendly_hours_follow_a_clock_that_is_set_again_and_outlive_power(factory_meter):
    """They begin and end on the hour, in UTC."""
    meter = factory_meter
    meter.provision(friendly_from=18, friendly_to=8)
    for utc, reason in (
        ("2026-11-29T17:59:58Z", "no_credit"), ("2026-11-29T18:00:00Z", "friendly_hours"),
        ("2026-11-29T12:00:00Z", "no_credit"), ("2026-11-30T07:59:57Z", "friendly_hours"),
        ("2026-11-30T08:00:00Z", "no_credit"), ("2026-11-29T23:00:00Z", "friendly_hours"),
    ):  # fmt: skip
        assert meter.ask("clock", utc=utc)["utc"] == utc
        meter.wait(1)
        assert meter.ask("read")["relay_reason"] == reason, utc
    assert meter.ask("power_cut")["ok"]
    assert meter.ask("clock")["utc"] == "2026-11-29T23:00:01Z"
    meter.wait(9 * 3600 - 2)
    assert meter.ask("read")["relay_reason"] == "friendly_hours"
    meter.wait(2)
    assert meter.ask("clock")["utc"] == "2026-11-30T08:00:01Z"
    assert meter.ask("read")["relay_reason"] == "no_credit"


def test_no_token_is_taken_or_refused_for_the_clock(factory_meter):
    meter = factory_meter
    meter.provision()
    for at, utc in enumerate(("2000-01-01T00:00:00Z", "2099-12-31T23:59:59Z")):
        meter.ask("clock", utc=utc)
        assert results(meter, credit(TID + at), credit(TID + at)) == ["Accept", "UsedError"]


def test_low_credit_level_and_alarm_are_set_by_short_codes_and_outlive_power(meter):
    meter.ask("token", digits=credit(TID, tenths=100))
    assert meter.wait(10)[1] == "Supply on"
    assert meter.keys("#45620#")[:2] == ["Low credit level", "20 kWh"]
    assert meter.wait(10)[1] == "LOW CREDIT"
    meter.ask("power_cut")
    assert meter.keys("#79#")[:2] == ["Low credit level", "20 kWh"]
    assert meter.keys("#12300#")[:2] == ["Alarm interval", "silent"]
    assert meter.keys("#78#")[:2] == ["Alarm interval", "silent"]


@pytest.mark.parametrize(
    ("profile", "keys", "shown"),
    [
        ("meter20", "#0#", "Meter number"),
        ("conlog", "#078#", "Last result"),
        ("landisgyr", "#057#", "KRN 1"),
        ("pln", "75#", "Meter number"),
        ("pln", "37#", "Credit"),
        ("pln", "81#", "Credit lasts"),
        ("meter20", "75#", "FormatError"),
    ],
)
def test_each_dialect_has_its_codes(factory_meter, profile, keys, shown):
    factory_meter.provision(profile=profile)
    assert factory_meter.keys(keys)[0] == shown


def test_days_left_come_from_the_rate_of_use(meter):
    meter.ask("token", digits=credit(TID, tenths=1000))
    meter.ask("pulses", count=4000, over_s=4 * 3600)  # 1 kW, 4 of 100 kWh
    assert meter.keys("#7#")[:2] == ["Credit lasts", "4 days"]


def test_expired_key_takes_no_credit_but_a_key_change(factory_meter):
    meter = factory_meter
    meter.provision(ken=80)
    found = results(meter, credit(TID), *key_change())
    assert found == ["KeyExpiredError", "1stKCT", "2ndKCT", "3rdKCT", "Accept"]


def test_initial_key_of_the_factory_gives_way_to_the_first_selling_key(factory_meter):
    meter = factory_meter
    meter.provision(kt=0)
    assert results(meter, credit(TID)) == ["DDTKError"]
    results(meter, *key_change())
    assert meter.ask("read")["kt"] == 2
    assert results(meter, credit(TID, key=NEW_KEY)) == ["Accept"]


def test_an_initial_key_has_no_expiry_whatever_its_ken(factory_meter):
    meter = factory_meter
    meter.provision(kt=0, ken=1)
    limit = token("SetMaximumPowerLimit", tid=TID, value=5000)
    steps = meter.ask("explain", digits=limit)["steps"]
    assert {"step": "key expiry", "text": "an initial key (DITK) has none"} in steps
    assert results(meter, limit, credit(TID + 1)) == ["Accept", "DDTKError"]


def test_explaining_tells_of_a_token_that_begins_another_key_set(meter):
    meter.ask("token", digits=key_change(krn=2)[0])
    other = key_change(krn=3)[0]
    steps = meter.ask("explain", digits=other)["steps"]
    assert "key change" in [step["step"] for step in steps]
    assert meter.ask("token", digits=key_change(krn=2)[0]).get("another_set") is None
    assert meter.ask("token", digits=other)["another_set"] is True


def test_key_change_to_a_forbidden_type_is_a_key_type_error(meter):
    assert results(meter, key_change(kt=0)[0], key_change(kt=3)[0]) == ["KeyTypeError"] * 2


def test_a_meter_of_a_real_derivation_takes_its_tokens(factory_meter):
    vending_key = bytes.fromhex("abababababababab949494949494949401234567")  # test key
    pan = "600727000000000009"
    key = decoder_key("04", "11", vending_key, "123457", "01", 1, 2, 1993, pan)
    factory_meter.provision(decoder_key=key.hex())
    assert results(factory_meter, meters.TOKEN_100_WH) == ["Accept"]


def test_explaining_a_key_change_token_shows_no_part_of_the_key(meter):
    for digits in key_change():
        told = meter.exchange(json.dumps({"do": "explain", "digits": digits}).encode()).decode()
        assert "part of a new key" in told
        for at in range(0, 16, 4):
            word = NEW_KEY[at : at + 4]
            assert word.hex() not in told and str(int.from_bytes(word, "big")) not in told
