"""The fuzz campaign itself: its targets notice planted faults, and it never says too much.

atheris is not needed here; `make fuzz-campaign` brings it.
"""

import random

import pytest
from account import state as meter_state
from campaigns import fuzz_campaign
from campaigns.fuzz_campaign import Output, Result, report
from fuzz import targets
from service_port import lines
from sts import kinds, tid

from meter20.cli import answers
from meter20.vending import encoder, transport

TRIES = 3000


def nothing(*_arguments):
    """Check nothing."""


def as_is(value, *_arguments):
    return value


#: What is broken, so that the target must find it.
PLANTED = {
    "entry": (tid, "remember", as_is),
    "mqtt": (tid, "remember", as_is),
    "port": (lines, "_escaped", as_is),
    "store": (meter_state, "_check", nothing),
    "provisioning": (meter_state, "check_key", nothing),
    "batch": (
        encoder,
        "_packed",
        lambda _kind, layout, fields: kinds.pack(layout, {"reserved": 0, **fields}),
    ),
    "station": (transport, "_MALFORMED", ()),
    "screens": (answers, "printable", str),
}


def test_there_is_a_planted_fault_for_each_target():
    assert set(PLANTED) == set(targets.NAMES)
    assert sum(target.cases for target in targets.ALL) >= 10**6


@pytest.mark.parametrize("name", PLANTED)
def test_planted_fault_is_found(name, monkeypatch):
    target = targets.module(name)
    monkeypatch.setattr(*PLANTED[name])
    for seed in range(TRIES):
        try:
            target.case(target.almost(random.Random(seed)))
        except Exception:
            return  # whatever it is, the campaign keeps the input
    pytest.fail(f"not found in {TRIES} cases")


def test_input_that_was_kept_can_be_played_again(tmp_path, monkeypatch, capsys):
    good = tmp_path / "good"
    good.write_bytes(targets.module("screens").almost(random.Random(1)))
    assert fuzz_campaign.replay("screens", good) == 0
    assert "breaks no rule" in capsys.readouterr().out
    bad = tmp_path / "bad"
    bad.write_bytes(b"\x05\x00" + b"\x04\x1b[2J")
    monkeypatch.setattr(answers, "printable", str)
    with pytest.raises(AssertionError):
        fuzz_campaign.replay("screens", bad)


def test_without_atheris_nothing_is_run_and_that_is_said(monkeypatch):
    monkeypatch.setattr("sys.argv", ["fuzz_campaign.py"])
    monkeypatch.setattr("importlib.util.find_spec", nothing)
    monkeypatch.setattr(fuzz_campaign, "run", lambda *_: pytest.fail("run"))
    with pytest.raises(SystemExit) as ended:
        fuzz_campaign.main()
    assert "NOT run" in str(ended.value)


SAID = """\
INFO: Instrumenting sts.tid
#300\tINITED cov: 900 ft: 1200 corp: 120/8Kb exec/s: 100 rss: 60Mb
progress 400
#512\tNEW    cov: 950 ft: 1300 corp: 130/9Kb lim: 4096 exec/s: 99 rss: 60Mb L: 9/9 MS: 1 Custom-
"""
DONE = """\
#1000\tDONE   cov: 951 ft: 1301 corp: 131/9Kb lim: 4096 exec/s: 99 rss: 60Mb
Done 1000 runs in 10 second(s)
stat::number_of_executed_units: 1000
stat::slowest_unit_time_sec:    2
"""


def heard(text):
    output = Output()
    for line in text.splitlines(keepends=True):
        output.take(line)
    return output


def test_whole_run_is_good():
    output = heard(SAID + DONE)
    assert (output.cases, output.coverage, output.corpus, output.slowest_s) == (1000, 951, 131, 2)
    assert output.verdict(0, 1000) == "good"


@pytest.mark.parametrize(
    ("text", "code", "word"),
    [
        (SAID, 0, "ended with 0"),
        (SAID, -9, "ended with -9"),
        (SAID + DONE, 1, "ended with 1"),
        (SAID + "AssertionError: credit from nowhere\n", 77, "AssertionError: credit"),
        (SAID + "==1== ERROR: libFuzzer: timeout after 61 seconds\n", 70, "HANG"),
        (SAID + "==1== ERROR: libFuzzer: out-of-memory (used: 2049Mb)\n", 71, "MEMORY"),
    ],
)
def test_run_that_did_not_end_well_is_never_good(text, code, word):
    assert word in heard(text).verdict(code, 1000)


def test_fewer_cases_than_asked_are_not_good():
    assert heard(SAID + DONE).verdict(0, 1001) != "good"


def test_progress_is_told():
    assert [Output().take(line) for line in SAID.splitlines()] == [False, False, True, False]


def test_report_adds_up_and_says_how_to_play_a_crash_again():
    results = [
        Result("entry", "", 1000, 10.0, 0, 900, 100, "good", []),
        Result("store", "", 500, 5.0, 1, 800, 90, "FAILED: x", ["build/fuzz/store/crashes/c"]),
    ]
    text = report(results, "seed 20")
    assert "1,500" in text
    assert "1 of 2 good" in text
    assert "--target store --replay build/fuzz/store/crashes/c" in text
