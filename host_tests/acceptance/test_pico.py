"""What only a chip with pins and a running clock can be asked: resets at any moment, stalls.

Only for body `rp2040`; on the others these cases have no row. METER20_RESETS is how many
resets at random moments there are.
"""

import os
import random

import pytest

SEED = 20_261
RESETS = int(os.environ.get("METER20_RESETS", "4"))

#: By then a token that came over the service port was stored and answered.
LONGEST_US = 150_000

AMOUNT_WH = 10_000


def check_counts_once(meter, digits, before):
    """Hold what a token did, during which the power went, against what it may do."""
    credit_wh = meter.ask("read")["credit_wh"]
    assert credit_wh in (before, before + AMOUNT_WH)
    again = meter.results(digits)
    assert again == (["UsedError"] if credit_wh > before else ["Accept"])
    read = meter.ask("read")
    assert (read["credit_wh"], read["relay"]) == (before + AMOUNT_WH, "closed")
    return credit_wh > before


@pytest.mark.group("power cut")
@pytest.mark.parametrize("after_ops", range(3))
def test_a_token_counts_exactly_once_when_a_flash_operation_is_torn(meter, after_ops):
    digits, before = meter.credit(), meter.ask("read")["credit_wh"]
    meter.ask("arm_cut", after_ops=after_ops, torn=True)
    assert meter.ask("token", digits=digits).get("error") == "power_cut"
    check_counts_once(meter, digits, before)


@pytest.mark.group("pulses")
def test_no_pulse_is_lost_while_flash_is_erased(meter):
    before = meter.ask("read")["total_wh"]
    erases = meter.ask("begin_pulses", count=125, over_s=5)["erases"]
    for _ in range(12):
        meter.results(meter.credit(1))
    used = meter.ask("end_pulses")
    assert used["erases"] > erases
    assert used["total_wh"] == before + 125


@pytest.mark.group("power cut")
def test_a_token_counts_exactly_once_at_a_reset_at_any_moment(meter, note):
    moments = random.Random(SEED)
    interrupted = credited = 0
    for _ in range(RESETS):
        digits, before = meter.credit(), meter.ask("read")["credit_wh"]
        meter.ask("arm_reset", after_us=moments.randrange(LONGEST_US))
        if meter.ask("token", digits=digits).get("error") == "power_cut":
            interrupted += 1
        else:
            meter.ask("power_cut")  # before the moment came
        credited += check_counts_once(meter, digits, before)
    note(
        f"rp2040: {RESETS} resets at random moments, {interrupted} before the answer; "
        f"{credited} times the token had been stored, {RESETS - credited} times it had not"
    )


@pytest.mark.group("identity")
def test_the_meter_restarts_itself_and_keeps_everything(meter):
    meter.results(meter.credit())
    before = meter.ask("read")
    assert meter.ask("restart")["ok"]
    after = meter.ask("read")
    for name in ("drn", "krn", "credit_wh", "total_wh", "tids", "last_result", "relay"):
        assert after[name] == before[name], name
