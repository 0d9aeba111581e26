"""Random tokens of every kind: from the encoder through the meter to what `read` tells."""

import pytest
from data import meters
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario.conftest import BODIES, Bench
from sts import amount

from meter20.vending.encoder import encode

TID_MAX = 0xFFFFFF
EXAMPLES = {"emulated": 300, "virtual": 60}

tids = st.integers(meters.MANUFACTURED + 1, TID_MAX)
field16 = st.integers(0, 0xFFFF)


def management(kind, value, **expected):
    return {"kind": kind, "fields": {"value": value}, "expected": expected}


credit = field16.map(
    lambda field: {
        "kind": "TransferCredit.electricity",
        "fields": {"amount_field": field},
        "expected": {"credit_wh": 100 * amount.from_field(field)},
    }
)
limit = field16.map(
    lambda field: management("SetMaximumPowerLimit", field, power_limit_w=amount.from_field(field))
)
rate = field16.map(lambda field: management("SetTariffRate", field))
cleared = st.sampled_from([0, 0xFFFF]).map(
    lambda value: management("ClearCredit", value, credit_wh=0)
)
tamper = st.just(management("ClearTamperCondition", 0, tamper=False))
tokens = st.one_of(credit, limit, rate, cleared, tamper)

keys = st.fixed_dictionaries(
    {
        "key": st.binary(min_size=16, max_size=16),
        "sgc": st.integers(0, 999_999),
        "ti": st.integers(0, 99),
        "krn": st.integers(1, 9),
        "ken": st.integers(0, 255),
        "kt": st.sampled_from([1, 2]),
        "ro": st.integers(0, 1),
        "order": st.permutations(range(4)),
    }
)


def new_meter(name):
    """A provisioned meter; all examples of a test play on it, one after the other."""
    bench = Bench(BODIES[name]())
    assert bench.provision()["ok"]
    return bench


def profile(name):
    return settings(
        max_examples=EXAMPLES[name],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.parametrize("name", BODIES)
def test_every_kind_with_a_tid_does_what_its_fields_say(name):
    meter = new_meter(name)
    used = set()

    @profile(name)
    @given(tokens, tids)
    def round_trip(token, tid):
        before = meter.ask("read")
        fields = {"rnd": 5, "tid": tid, **token["fields"]}
        digits = encode(token["kind"], "11", meters.KEY, fields)
        reply = meter.ask("token", digits=digits)
        assert reply["kind"] == token["kind"]
        after = meter.ask("read")
        assert after["last_result"] == reply["result"]
        if reply["result"] == "Accept":
            assert tid not in used
            used.add(tid)
            expected = token["expected"]
            if token["kind"].startswith("TransferCredit"):
                assert reply.get("amount_wh", 0) == expected["credit_wh"]
                assert after["credit_wh"] == before["credit_wh"] + expected["credit_wh"]
            else:
                assert {name: after[name] for name in expected} == expected
        else:
            assert reply["result"] in ("UsedError", "OldError", "OverflowError")
            assert after["credit_wh"] == before["credit_wh"]

    round_trip()
    meter.close()


@pytest.mark.parametrize("name", BODIES)
def test_every_key_change_brings_what_its_sections_say(name):
    meter = new_meter(name)
    held = {"key": meters.KEY}

    @profile(name)
    @given(keys)
    def round_trip(new):
        word = [int.from_bytes(new["key"][at : at + 4], "big") for at in range(0, 16, 4)]
        sections = [
            ("Set1stSectionDecoderKey", {
                "kenho": new["ken"] >> 4, "krn": new["krn"], "ro": new["ro"], "kct3": 0,
                "kt": new["kt"], "nkho": word[0],
            }),
            ("Set2ndSectionDecoderKey", {
                "kenlo": new["ken"] & 15, "ti": new["ti"], "nklo": word[3],
            }),
            ("Set3rdSectionDecoderKey", {"sgclo": new["sgc"] & 0xFFF, "nkmo2": word[1]}),
            ("Set4thSectionDecoderKey", {"sgcho": new["sgc"] >> 12, "nkmo1": word[2]}),
        ]  # fmt: skip
        results = []
        for number in new["order"]:
            kind, fields = sections[number]
            digits = encode(kind, "11", held["key"], fields)
            results.append(meter.ask("token", digits=digits)["result"])
        progress = ["1stKCT", "2ndKCT", "3rdKCT", "4thKCT"]
        assert results == [progress[number] for number in new["order"][:3]] + ["Accept"]
        held["key"] = new["key"]
        read = meter.ask("read")
        assert (int(read["sgc"]), int(read["ti"])) == (new["sgc"], new["ti"])
        assert (read["krn"], read["kt"], read["ken"]) == (new["krn"], new["kt"], new["ken"])

    round_trip()
    meter.close()
