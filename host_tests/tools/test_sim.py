"""`meter20 sim` with a pilot at its keyboard and mouse. The test plays the clock."""

import asyncio
import subprocess
import sys

import pytest

from meter20 import samples
from meter20.bodies import EmulatedBody
from meter20.sim.app import Sim
from meter20.sim.widgets import Display, LoadBar, PortView, TokenButton
from meter20.sim.world import World

SIZES = [(80, 24), (120, 40)]


class Played:
    """A sim, its pilot and its clock."""

    def __init__(self, sim, pilot, clock):
        self.sim, self.pilot, self._clock = sim, pilot, clock
        self.world = sim._world

    async def wait(self, seconds):
        for _ in range(round(seconds / 0.05)):
            self._clock[0] += 0.05
            self.sim.tick()
        await self.pilot.pause()

    async def keys(self, *names):
        await self.pilot.press(*names)
        await self.wait(0.1)

    def shown(self, widget):
        return str(self.sim.query_one(widget).content)


def played(scenario, size=(80, 24)):
    """Run `scenario`, a coroutine function of a Played."""

    async def run():
        clock = [1000.0]
        with EmulatedBody() as body:
            sim = Sim(World(body), now=lambda: clock[0])
            async with sim.run_test(size=size) as pilot:
                await scenario(Played(sim, pilot, clock))

    asyncio.run(run())


def test_token_typed_on_the_keyboard_brings_the_supply():
    async def scenario(play):
        await play.keys(*samples.CREDIT.digits)
        assert play.world.lines[:2] == ["Accept", "+25.600 kWh"]
        assert play.world.closed
        assert "Accept" in play.shown(Display)
        assert '"Accept"' in play.shown(PortView)

    played(scenario)


def test_keyboard_has_the_keys_of_the_meter():
    async def scenario(play):
        await play.keys("1", "2", "3", "backspace")
        assert play.world.lines[0] == "12_"
        await play.keys("escape")
        assert play.world.lines[0] == "0.000 kWh"
        await play.keys("number_sign", "0", "enter")
        assert play.world.lines[:2] == ["Meter number", "00000000000"]
        await play.keys("c", "a")
        assert play.world.lines[0] == "Meter number"  # the first page about the meter

    played(scenario)


@pytest.mark.parametrize("size", SIZES)
def test_every_key_and_ready_token_can_be_clicked(size):
    async def scenario(play):
        for key in "123456789":
            assert await play.pilot.click(f"#key-{key}")
        for key in ("0", "star", "C", "A", "B", "hash", "D"):
            assert await play.pilot.click(f"#key-{key}")
        await play.wait(0.1)
        await play.keys("escape")
        first, *others = play.sim.query(TokenButton)
        for button in others:
            assert play.sim.screen.region.contains_region(button.region)
        await play.pilot.click(first)
        await play.wait(3)
        assert play.world.lines[0] == "Accept"

    played(scenario, size)


@pytest.mark.parametrize(
    ("size", "seen", "unseen"),
    [
        ((80, 24), ("Display", "Lamps", "#keypad", "#side"), ("#too-small",)),
        ((60, 20), ("Display", "Lamps", "LoadBar", "#keypad"), ("#side", "#too-small")),
        ((60, 12), ("Display", "Lamps", "LoadBar"), ("#keypad", "#side")),
        ((40, 12), ("Display", "Lamps"), ("#keypad", "LoadBar", "#side", "#too-small")),
        ((39, 12), ("#too-small",), ("Display", "#keypad")),
        ((40, 11), ("#too-small",), ("Display", "#keypad")),
    ],
)
def test_what_a_size_shows_is_whole(size, seen, unseen):
    async def scenario(play):
        for name in seen:
            part = play.sim.query_one(name)
            assert play.sim.screen.region.contains_region(part.region), name
            assert part.region.area, name
        for name in unseen:
            assert not play.sim.query_one(name).region.area, name
        for key in play.sim.query("Key"):
            if "#keypad" in seen:
                assert play.sim.query_one("#keypad").region.contains_region(key.region)

    played(scenario, size)


def test_smallest_size_takes_a_token():
    async def scenario(play):
        await play.keys(*samples.CREDIT.digits)
        assert "Accept" in play.shown(Display)

    played(scenario, (40, 12))


def test_ready_token_gives_way_to_a_finger():
    async def scenario(play):
        await play.keys("f1")
        await play.wait(0.5)
        await play.keys("escape")
        await play.wait(3)
        assert play.world.lines[0] == "0.000 kWh"

    played(scenario)


def test_load_follows_keys_and_clicks():
    async def scenario(play):
        await play.keys("right", "right", "left", "plus")
        assert play.world.load_w == 2000
        await play.keys("space")
        assert play.world.load_w == 0
        await play.keys("space")
        assert play.world.load_w == 2000
        assert play.world.drawn_w == 0  # no credit, no supply
        await play.pilot.click(LoadBar, offset=(7 + 29, 0))
        assert play.world.load_w == 15_000
        await play.keys("right")
        assert play.world.load_w == 15_000
        await play.pilot.click(LoadBar, offset=(0, 0))
        assert play.world.load_w == 0

    played(scenario)


def test_time_runs_as_fast_as_chosen_but_waits_for_fingers():
    async def scenario(play):
        await play.keys("s", "s", "s")
        before_s = play.world.reading()["uptime_s"]
        await play.wait(1)
        assert play.world.reading()["uptime_s"] - before_s == pytest.approx(600, abs=1)
        await play.keys("1")
        before_s = play.world.reading()["uptime_s"]
        await play.wait(1)
        assert play.world.reading()["uptime_s"] - before_s == 1
        assert play.world.lines[2] == "1 of 20 digits"
        await play.keys("s")
        await play.wait(1)
        assert play.world.reading()["uptime_s"] - before_s == pytest.approx(2, abs=1)

    played(scenario)


def test_credit_is_used_up_and_the_load_goes_off():
    async def scenario(play):
        await play.keys("f3")
        await play.wait(6)
        await play.keys("right", "s", "s", "s")
        await play.wait(2)
        assert not play.world.closed
        assert play.world.lines[1] == "OFF: no credit"

    played(scenario)


def test_power_cut_darkens_the_meter_and_keeps_the_credit():
    async def scenario(play):
        await play.keys("f1")
        await play.wait(2)
        await play.keys("p", "5")  # the key finds a dark meter
        assert "kWh" not in play.shown(Display)
        await play.wait(1)
        assert play.world.lines[0] == "25.600 kWh"

    played(scenario)


def test_q_leaves():
    async def scenario(play):
        await play.pilot.press("q")
        assert play.sim._exit

    played(scenario)


def test_without_a_terminal_it_says_so():
    done = subprocess.run(
        [sys.executable, "-c", "from meter20.cli.main import app; app()", "sim"],
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert b"needs a terminal" in done.stderr
