"""Random histories of a meter against a plain model of one, with the power cut at random.

Here hypothesis makes the histories, and makes one that fails as short as it can. A million
of them are played by campaigns/history_campaign.py, with the same acts.
"""

import os

import pytest
from account import lockout
from account.meter import Meter
from account.state import changed
from campaigns import history_campaign
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from models import carriers, little_files
from rigs.histories import KINDS, TIDS, WAITS_S, History
from sts import results

HISTORIES = int(os.environ.get("METER20_HISTORIES", "800"))
_STEPS = 50
_HISTORIES = {carriers.SMALL: 100, little_files.ON_RP2: 16}

played = {"histories": 0, "steps": 0, "cuts": 0}


class Histories(RuleBasedStateMachine):
    """The acts of a History, as hypothesis wants them."""

    carrier = None

    def __init__(self):
        super().__init__()
        self.history = History(self.carrier)

    def teardown(self):
        played["histories"] += 1
        played["steps"] += self.history.steps
        played["cuts"] += self.history.cuts

    @rule(
        kind=st.sampled_from(KINDS),
        under=st.sampled_from((0, 0, 0, 0, 0, 0, 0, 1)),
        tid=st.integers(-3, TIDS),
        amount=st.integers(1, 20),
    )
    def token(self, **how):
        self.history.token(**how)

    @rule()
    def again(self):
        self.history.again()

    @rule(section=st.integers(1, 4), roll_over=st.sampled_from((0, 0, 0, 1)))
    def section(self, **how):
        self.history.section(**how)

    @rule(order=st.permutations((1, 2, 3, 4)))
    def key_change(self, order):
        self.history.key_change(order)

    @rule(wh=st.integers(1, 250))
    def use(self, wh):
        self.history.use(wh)

    @rule()
    def checkpoint(self):
        self.history.checkpoint()

    @rule()
    def rest(self):
        self.history.rest()

    @rule()
    def tamper(self):
        self.history.tamper()

    @rule(seconds=st.sampled_from(WAITS_S))
    def pass_time(self, seconds):
        self.history.pass_time(seconds)

    @rule()
    def restart(self):
        self.history.restart()

    @rule(after=st.integers(0, 6), tear=st.integers(0, 20))
    def arm(self, **how):
        self.history.arm(**how)

    @rule(after=st.integers(0, 3), tear=st.integers(0, 20))
    def restart_and_cut_that(self, **how):
        self.history.restart_and_cut_that(**how)


@pytest.mark.parametrize("carrier", _HISTORIES, ids=lambda carrier: carrier.name)
def test_histories_that_hypothesis_makes(carrier, note):
    played.update(histories=0, steps=0, cuts=0)
    run_state_machine_as_test(
        type("HistoriesOn", (Histories,), {"carrier": carrier}),
        settings=settings(
            max_examples=_HISTORIES[carrier],
            stateful_step_count=_STEPS,
            derandomize=bool(os.environ.get("CI")),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    note(f"histories by hypothesis, {carrier.name}: {played}")
    assert played["cuts"] > played["histories"]


def test_histories_of_the_campaign(note):
    found, failed = history_campaign.campaign(HISTORIES, seed=1)
    note(f"histories of the campaign: {HISTORIES}, {dict(sorted(found.items()))}")
    assert not failed, f"see history_campaign.py --seed 1 --only {failed[0]}"
    assert found["cuts"] > HISTORIES
    for part in history_campaign.PARTS:
        assert found["on " + part.carrier.name]


def test_campaign_finds_a_planted_fault_and_tells_it_shortly(monkeypatch, capsys):
    monkeypatch.setattr(Meter, "_enter_encrypted", entered_in_two_commits)
    _found, failed = history_campaign.campaign(60, seed=1)
    assert failed
    assert not history_campaign.tell(1, failed[0])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 6, "a cut and a token are enough"
    assert lines[-1].lstrip().startswith("AssertionError")
    assert [line for line in lines if line.lstrip().startswith(("arm ", "token "))]


def entered_in_two_commits(meter, token, entered, now_ms, by):
    """Credit first, the TID after it: what the record is one for."""
    before = meter.state
    decoded = meter.reader.decode(token)
    if not decoded.crc_ok:
        return _ENTER(meter, token, entered, now_ms, by)
    meter.kept.commit(changed(before, failures=lockout.counted(before.failures, by)))
    after, outcome = meter.reader.judged(decoded, now_ms)
    accepted = outcome.result == results.ACCEPT
    failures = lockout.cleared(before.failures, by) if accepted else before.failures
    noted = changed(after, failures=failures, last_result=outcome.result)
    meter.kept.commit(changed(noted, tids=before.tids))
    meter.kept.commit(noted)
    meter.reader.keep_section(decoded, outcome, now_ms)
    return outcome


_ENTER = Meter._enter_encrypted
