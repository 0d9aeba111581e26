"""The tokens of the STS 531 suites, entered as they stand there; cases carry the suites' names."""

import json
from itertools import groupby
from pathlib import Path

import pytest
from data.tokens import key_change

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/vectors.json").read_text())["vectors"]
SUITES = ("ea07-sample", "531-1-0-04")
SECTIONS = {"07": 2, "11": 4}  # of a key change
FOREIGN = ("TransferCredit.water", "TransferCredit.gas")
CLEARABLE = (0, 0xFFFF)  # registers of an electricity meter: its own credit, and all
LENGTHY = 10  # tokens


def tokens(suite, ctsa):
    """Return [(decoder key, its vectors)] of one group, those of one key together."""
    found = [v for v in VECTORS if (v["suite"], v["ctsa"]) == (suite, ctsa) and "token" in v]
    by_key = sorted(found, key=lambda v: v.get("decoder_key", ""))
    return [(key, list(those)) for key, those in groupby(by_key, lambda v: v["decoder_key"])]


def tenths_of_kwh(field):
    """Return the amount in an amount field: 2 bits of exponent, 14 of mantissa.

    Source: IEC 62055-41, Amount. On purpose not the meter's own function.
    """
    exponent, mantissa = field >> 14, field & 0x3FFF
    return 10**exponent * mantissa + sum(10**below << 14 for below in range(exponent))


def wanted(vector):
    """Return (result, amount in Wh) that the standard asks of a one-phase electricity meter."""
    kind, fields = vector["kind"], vector["fields"]
    if kind in FOREIGN or kind == "SetMaximumPhasePowerUnbalanceLimit":
        return "FunctionError", None
    if kind == "ClearCredit" and fields["value"] not in CLEARABLE:
        return "RangeError", None
    if kind == "TransferCredit.electricity":
        return "Accept", 100 * tenths_of_kwh(fields["amount_field"])
    return "Accept", None


def check(meter, vectors):
    for vector in vectors:
        reply = meter.ask("token", digits=vector["token"])
        assert (reply["result"], reply.get("amount_wh")) == wanted(vector), vector["id"]


def meter_of(open_meter, vector, key):
    return open_meter(decoder_key=key, ea=vector["ea"], manufactured=0)


def marks(ctsa, *suites):
    """Return the marks of a case with the tokens of group `ctsa` in `suites`, in all if none."""
    count = sum(
        v["ctsa"] == ctsa and "token" in v and (not suites or v["suite"] in suites)
        for v in VECTORS
    )
    lengthy = [pytest.mark.lengthy(f"{count} tokens")] if count > LENGTHY else []
    return [pytest.mark.group(ctsa), *lengthy]


def cases(*groups):
    """Parametrize by suite and group; the row of the table carries the group's name."""
    return pytest.mark.parametrize(
        ("suite", "ctsa"),
        [
            pytest.param(suite, ctsa, marks=marks(ctsa, suite), id=f"{suite} {ctsa}")
            for suite in SUITES
            for ctsa in groups
            if any((v["suite"], v["ctsa"]) == (suite, ctsa) for v in VECTORS)
        ],
    )


@cases("CTSA01", "CTSA25", "CTSA10", "CTSA03", "CTSA12", "CTSA04", "CTSA14", "CTSA09", "CTSA24",
       "CTSA06", "CTSA07", "CTSA13")  # fmt: skip
def test_tokens_of(open_meter, suite, ctsa):
    for key, vectors in tokens(suite, ctsa):
        check(meter_of(open_meter, vectors[0], key), vectors)


@cases("CTSA05", "CTSA26", "CTSA19")
def test_key_changes_of(open_meter, suite, ctsa):
    tried = 0
    changes = [
        v for _key, vs in tokens(suite, ctsa) for v in vs if "SectionDecoderKey" in v["kind"]
    ]
    credits = {v["decoder_key"]: v for _key, vs in tokens(suite, ctsa) for v in vs}
    for _step, sections in groupby(changes, lambda v: (v["decoder_key"], v["step"])):
        sections = list(sections)
        first = sections[0]
        if len(sections) < SECTIONS[first["ea"]]:
            continue  # not all of its sections are among the vectors
        meter = meter_of(open_meter, first, first["decoder_key"])
        results = meter.results(*(section["token"] for section in sections))
        assert results == ["1stKCT", "2ndKCT", "3rdKCT"][: len(sections) - 1] + ["Accept"]
        after = credits.get(first["new_decoder_key"])
        if after and "TransferCredit" in after["kind"]:
            check(meter, [after])
        tried += 1
    assert tried


@pytest.mark.parametrize("ctsa", [pytest.param(c, marks=marks(c)) for c in ("CTSA02", "CTSA11")])
def test_meter_tests_of(meter, ctsa):
    found = [v for v in VECTORS if v["ctsa"] == ctsa and "token" in v]
    for vector in found:
        result = meter.ask("token", digits=vector["token"])["result"]
        # Control bits past those that a one-phase meter has: step 11 asks for phase unbalance.
        asked = vector["fields"]["control"]
        assert result == ("FunctionError" if asked == 1 << 10 else "Accept"), vector["id"]


@pytest.mark.group("CTSA16")
def test_an_expired_key_takes_no_credit_but_a_key_change(open_meter):
    meter = open_meter(ken=80)
    assert meter.results(meter.credit()) == ["KeyExpiredError"]
    assert meter.results(*key_change()) == ["1stKCT", "2ndKCT", "3rdKCT", "Accept"]


@pytest.mark.group("CTSA17")
def test_a_meter_number_with_a_wrong_check_digit_is_refused(factory_meter):
    numbers = [v["drn"] for v in VECTORS if v["ctsa"] == "CTSA17"]
    assert numbers
    for drn in numbers:
        assert factory_meter.provision(drn=drn)["error"] == "bad_request"
