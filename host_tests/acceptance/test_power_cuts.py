"""The power goes at any moment: no credit is lost that was shown, no token counts twice."""

import pytest
from data.tokens import NEW_KEY, key_change

pytestmark = pytest.mark.group("power cut")

CUTS = 8  # flash operations after which it goes; a token takes fewer


@pytest.mark.lengthy(f"{2 * CUTS} restarts")
@pytest.mark.parametrize("torn", [False, True], ids=["between operations", "in an operation"])
def test_a_token_counts_exactly_once_wherever_the_power_goes(meter, torn):
    cut = 0
    for after in range(CUTS):
        digits, before = meter.credit(), meter.ask("read")["credit_wh"]
        cut += meter.cut_during(digits, after, torn)
        credit_wh = meter.ask("read")["credit_wh"]
        assert credit_wh in (before, before + 10_000)
        again = meter.results(digits)
        assert again == (["UsedError"] if credit_wh > before else ["Accept"])
        assert meter.ask("read")["credit_wh"] == before + 10_000
    assert cut > 1


@pytest.mark.lengthy("8 restarts")
def test_a_key_change_is_whole_or_not_at_all_wherever_the_power_goes(open_meter):
    for after in range(4):
        meter = open_meter()
        *most, last = key_change()
        meter.results(*most)
        meter.ask("arm_cut", after_ops=after, torn=True)
        meter.ask("token", digits=last)
        meter.ask("power_cut")
        changed = meter.ask("read")["krn"] == 2
        key = {"key": NEW_KEY} if changed else {}
        assert meter.results(meter.credit(**key)) == ["Accept"]


def test_everything_shown_outlives_a_restart(meter):
    meter.results(meter.credit())
    before = meter.ask("read")
    assert meter.ask("power_cut")["ok"]
    after = meter.ask("read")
    for name in ("drn", "sgc", "krn", "ken", "credit_wh", "total_wh", "tids", "last_result"):
        assert after[name] == before[name], name


@pytest.mark.lengthy("5 restarts")
def test_many_restarts_cost_nothing(meter):
    meter.results(meter.credit())
    credit_wh = meter.ask("read")["credit_wh"]
    for _ in range(5):
        assert meter.ask("power_cut")["ok"]
    assert meter.ask("read")["credit_wh"] == credit_wh


def test_an_outage_gives_away_a_tenth_of_a_kwh_at_most(meter):
    meter.results(meter.credit())
    before = meter.ask("read")["credit_wh"]
    meter.ask("pulses", count=950, over_s=20)
    meter.ask("power_cut")
    assert before - 950 <= meter.ask("read")["credit_wh"] <= before - 850
