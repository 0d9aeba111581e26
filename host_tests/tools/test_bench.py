"""The world around the sim's meter: exact energy, a switch that is obeyed, a power cut."""

import pytest

from meter20 import samples
from meter20.bodies import EmulatedBody, open_body, open_store
from meter20.sim.bench import Bench


@pytest.fixture
def bench():
    with EmulatedBody() as body:
        yield Bench(body)


def typed(bench, sample):
    for key in sample.digits:
        bench.press(key)
    bench.run(500)


def test_meter_without_a_number_gets_the_test_key(bench):
    assert bench.reading()["drn"] == samples.PROVISION["drn"]
    assert bench.lines[1] == "OFF: no credit"


def test_meter_that_has_a_number_keeps_it(tmp_path):
    other = dict(samples.PROVISION, sgc="000042")
    with open_body("emulated", tmp_path) as body:
        body.request(**other)
    with EmulatedBody(open_store(tmp_path)) as body:
        assert Bench(body).reading()["sgc"] == "000042"


def test_open_switch_draws_nothing(bench):
    bench.load_w = 15_000
    bench.run(60_000)
    assert (bench.drawn_w, bench.pulses, bench.reading()["total_wh"]) == (0, 0, 0)


@pytest.mark.parametrize("step_ms", [7, 50, 999, 12_000])
def test_energy_is_exact_however_time_is_cut(bench, step_ms):
    typed(bench, samples.CREDIT)
    bench.load_w = 15_000
    for _ in range(12_000 // step_ms):
        bench.run(step_ms)
    bench.run(12_000 % step_ms)
    assert bench.pulses == bench.reading()["total_wh"] == 50


def test_load_stops_at_zero_credit_even_when_time_runs_fast(bench):
    typed(bench, samples.OLDER_CREDIT)
    bench.load_w = 15_000
    bench.run(600_000)
    assert not bench.closed
    assert -2 <= bench.reading()["credit_wh"] <= 0


def test_tone_is_heard(bench):
    assert bench.heard_hz == 0
    bench.press("5")
    bench.run(100)
    assert bench.heard_hz > 0
    bench.run(1000)
    assert bench.heard_hz == 0


def test_power_cut_loses_the_entry_and_keeps_the_credit(bench):
    typed(bench, samples.CREDIT)
    bench.press("5")
    bench.run(100)
    assert "1 of 20 digits" in bench.lines[2]
    bench.power_cut()
    bench.run(100)
    assert bench.lines[0] == "25.600 kWh"
