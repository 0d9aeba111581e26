"""The world around the sim's meter: exact energy, a switch that is obeyed, a power cut."""

import pytest

from meter20 import samples
from meter20.bodies import EmulatedBody, open_body, open_store
from meter20.sim.world import World


@pytest.fixture
def world():
    with EmulatedBody() as body:
        yield World(body)


def typed(world, sample):
    for key in sample.digits:
        world.press(key)
    world.run(500)


def test_meter_without_a_number_gets_the_test_key(world):
    assert world.reading()["drn"] == samples.PROVISION["drn"]
    assert world.lines[1] == "OFF: no credit"


def test_meter_that_has_a_number_keeps_it(tmp_path):
    other = dict(samples.PROVISION, sgc="000042")
    with open_body("emulated", tmp_path) as body:
        body.request(**other)
    with EmulatedBody(open_store(tmp_path)) as body:
        assert World(body).reading()["sgc"] == "000042"


def test_open_switch_draws_nothing(world):
    world.load_w = 15_000
    world.run(60_000)
    assert (world.drawn_w, world.pulses, world.reading()["total_wh"]) == (0, 0, 0)


@pytest.mark.parametrize("step_ms", [7, 50, 999, 12_000])
def test_energy_is_exact_however_time_is_cut(world, step_ms):
    typed(world, samples.CREDIT)
    world.load_w = 15_000
    for _ in range(12_000 // step_ms):
        world.run(step_ms)
    world.run(12_000 % step_ms)
    assert world.pulses == world.reading()["total_wh"] == 50


def test_load_stops_at_zero_credit_even_when_time_runs_fast(world):
    typed(world, samples.OLDER_CREDIT)
    world.load_w = 15_000
    world.run(600_000)
    assert not world.closed
    assert -2 <= world.reading()["credit_wh"] <= 0


def test_tone_is_heard(world):
    assert world.heard_hz == 0
    world.press("5")
    world.run(100)
    assert world.heard_hz > 0
    world.run(1000)
    assert world.heard_hz == 0


def test_power_cut_loses_the_entry_and_keeps_the_credit(world):
    typed(world, samples.CREDIT)
    world.press("5")
    world.run(100)
    assert "1 of 20 digits" in world.lines[2]
    world.power_cut()
    world.run(100)
    assert world.lines[0] == "25.600 kWh"
