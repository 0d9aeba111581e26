"""A new meter tells what it finds when it looks at its parts; so does any meter that is asked."""

import json
import unittest

import board
from account import state as meter_state
from account.register import Register
from body import SimBody
from data import meters
from flash_chip import FlashChip, RamImage
from meter.app import App
from panel import beeper
from parts import Clock, SimDisplay, SimLoadSwitch, SimPulses, SimTamper
from ports import NAMES, Ports
from ports.record_store import LOST, REPAIRED, RecordStore

DOTS = ["#" * 16, "8" * 16] * 2


def run(job):
    for _ in job:
        pass


def line(part, how):
    return part + " " * (16 - len(part) - len(how)) + how


ALL_WELL = [
    DOTS,
    ["Self test", line("Memory", "good"), line("Switch", "open"), line("Keys", "none down")],
    ["Self test", line("Buzzer", "listen"), line("Cover", "closed"), line("Supply", "good")],
    ["Self test", line("UTC", "not set"), "", ""],
]


class Tells:
    """Parts that note each call in `calls`, in order."""

    def __init__(self):
        self.calls = []

    def part(self, made, *names):
        for name in names:
            setattr(made, name, self._noted(name, getattr(made, name)))
        return made

    def _noted(self, name, method):
        def called(*given):
            self.calls.append(name)
            return method(*given)

        return called


class SpoiltStore(RecordStore):
    def __init__(self, health):
        self.health = health

    def load(self):
        return None

    def commit(self, record):
        pass


class SelfTestTest(unittest.TestCase):
    def made(self, provisioned=False, **parts):
        """Return the application on a board of which `parts` are others, its step 0 done."""
        self.clock = Clock()
        chip = FlashChip(RamImage(board.FLASH_SIZE))
        self.ports = board.ports(chip, self.clock, **parts)
        if provisioned:
            state = meters.state(register=Register(5_000, 0, 0, 0, 0, 0))
            self.ports.store.commit(meter_state.to_bytes(state))
            self.ports = board.ports(chip, self.clock, **parts)
        app = App(self.ports, 0)
        app.step(0)
        return app

    def told(self, app):
        """Return the screens that follow one another, until the one at rest."""
        seen = [app.front.lines]
        while seen[-1][0] != "Not provisioned" and len(seen) < 9:
            self.clock.now_ms += 4000
            app.step(self.clock.now_ms)
            seen.append(app.front.lines)
        return seen[:-1]

    def lines(self, app):
        return [line for screen in self.told(app) for line in screen]

    def asked(self, app):
        for key in "#70#":
            app.front.press(key, self.clock.now_ms)
        app.step(self.clock.now_ms)

    def test_a_meter_without_a_number_shows_display_and_parts_when_power_comes(self):
        self.assertEqual(self.told(self.made()), ALL_WELL)

    def test_its_buzzer_sounds(self):
        heard = []
        app = self.made()
        while self.clock.now_ms < 1000:
            heard.append(self.ports.buzzer.hz)
            self.clock.now_ms += app.step(self.clock.now_ms)
        tones = [hz for hz, _ in beeper.SELF_TEST if hz]
        self.assertEqual([hz for at, hz in enumerate(heard) if hz and hz != heard[at - 1]], tones)

    def test_a_meter_with_a_number_goes_on_at_once(self):
        self.assertEqual(self.made(provisioned=True).front.lines[0], "5.000 kWh")

    def test_each_part_that_is_not_well_is_told(self):
        tamper = SimTamper()
        tamper.open = True
        self.assertIn(line("Cover", "OPEN"), self.lines(self.made(tamper=tamper)))
        for health, word in ((LOST, "LOST"), (REPAIRED, "repaired")):
            app = self.made(notes=SpoiltStore(health))
            self.asked(app)
            self.clock.now_ms += 4000
            app.step(self.clock.now_ms)
            self.assertIn(line("Memory", word), app.front.lines)

    def test_what_had_a_screen_of_its_own_is_told_again_when_asked(self):
        app = self.made()
        self.ports.load_switch.faulty = True
        self.ports.keypad.stuck = "123A456B789C"
        self.ports.brown_out.sags = True
        self.ports.clock.set(2026, 11, 30, 9, 5, 0)
        self.clock.now_ms = 20_000
        app.step(20_000)
        self.asked(app)
        told = self.lines(app)
        self.assertIn(line("Switch", "FAULTY"), told)
        self.assertIn("Keys STUCK 123A4", told)
        self.assertIn(line("Supply", "LOW"), told)
        self.assertIn(line("UTC", "09:05"), told)
        self.assertIn(line("Supply", "LOW"), told)

    def test_a_board_with_few_parts_tells_of_those(self):
        bare = {name: None for name in NAMES}
        chip = FlashChip(RamImage(board.FLASH_SIZE))
        full = board.ports(chip, Clock())
        bare.update(store=full.store, pulses=full.pulses, phases=1)
        self.clock = Clock()
        app = App(Ports(**bare), 0)
        app.step(0)
        self.assertEqual(self.told(app), [DOTS, ["Self test", line("Memory", "good"), "", ""]])

    def test_a_display_of_two_rows_takes_turns(self):
        told = self.told(self.made(display=SimDisplay(16, 2)))
        self.assertEqual(told[:3], [DOTS[:2], DOTS[2:], ALL_WELL[1][:2]])

    def test_the_load_switch_is_open_before_any_part_is_looked_at(self):
        tells = Tells()
        switch = tells.part(SimLoadSwitch(), "open", "close")
        self.made(load_switch=switch, tamper=tells.part(SimTamper(), "active"))
        self.assertEqual(tells.calls[0], "open")
        self.assertIn("active", tells.calls)
        self.assertFalse("close" in tells.calls)

    def test_no_pulse_is_taken_and_none_is_lost(self):
        tells = Tells()
        pulses = tells.part(SimPulses(Clock()), "take")
        from panel import self_test  # as a board reads it

        app = self.made(provisioned=True, pulses=pulses)
        pulses.train(7, 0)
        del tells.calls[:]
        found = self_test.found(self.ports, app._turn)
        self.assertEqual((tells.calls, found[0]), ([], DOTS))
        self.asked(app)
        self.clock.now_ms += 2000
        app.step(self.clock.now_ms)
        self.assertEqual(app.meter.state.register.total_wh, 7)

    def test_any_meter_tells_when_it_is_asked_and_a_key_ends_it(self):
        app = self.made(provisioned=True)
        self.asked(app)
        self.assertEqual(app.front.lines, DOTS)
        self.clock.now_ms += 4000
        app.step(self.clock.now_ms)
        self.assertIn(line("Switch", "closed"), app.front.lines)
        app.front.press("C", self.clock.now_ms)
        app.step(self.clock.now_ms)
        self.assertEqual(app.front.lines[0], "5.000 kWh")

    def test_a_number_and_a_key_end_it(self):
        body = SimBody()
        self.assertEqual(body.app.front.lines, DOTS)
        request = json.dumps(dict(meters.PROVISION, do="provision"))
        reply = json.loads(body.feed(request.encode() + b"\n"))
        self.assertEqual(reply["display"], ["0.000 kWh", "OFF: no credit", "0 W", "Enter a token"])


if __name__ == "__main__":
    unittest.main()
