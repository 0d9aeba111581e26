"""At rest no part runs before something can change; news reaches every part within a second."""

import unittest

from account.state import Identity
from body import SimBody
from data import meters

_MINUTE_MS = 60_000


def run(job):
    for _ in job:
        pass


class Counted:
    """A part that counts its turns, and has news at `news_ms`."""

    name = "network"

    def __init__(self, news_ms=0):
        self.turns, self.news_ms = [], news_ms

    def step(self, turn):
        self.turns.append(turn.now_ms)
        if turn.now_ms == self.news_ms:
            turn.news = True
        return max(1, self.news_ms - turn.now_ms) if turn.now_ms < self.news_ms else 10_000


class RestTest(unittest.TestCase):
    def setUp(self):
        self.body = SimBody()
        self.app = self.body.app
        self.app.meter.provision(Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0)
        self.app.front.enter(meters.TOKEN_100_WH, 0)
        run(self.body.advance(_MINUTE_MS))

    def counted(self, at=None, **told):
        part, rounds = Counted(**told), self.app.rounds
        rounds.add(part, self.body.now_ms, None if at is None else rounds.parts[at])
        return part

    def test_a_part_at_rest_has_a_turn_each_ten_seconds(self):
        first, last = self.counted(0), self.counted()
        run(self.body.advance(_MINUTE_MS))
        self.assertTrue(len(first.turns) <= 8, first.turns)
        self.assertTrue(len(last.turns) <= 8, last.turns)

    def test_the_watchdog_is_fed_meanwhile(self):
        run(self.body.advance(60 * _MINUTE_MS))
        self.assertTrue(self.body.ports.watchdog.longest_ms <= 3000)

    def test_news_is_heard_after_it_in_the_same_step_and_before_it_within_a_second(self):
        before, after = self.counted(0), self.counted()
        news_ms = self.body.now_ms + 5000
        self.counted(3, news_ms=news_ms)
        run(self.body.advance(8000))
        self.assertTrue(news_ms in after.turns, after.turns)
        self.assertTrue(any(news_ms < turn <= news_ms + 1000 for turn in before.turns))

    def test_each_pulse_of_a_slow_train_is_counted_when_it_comes(self):
        self.body.ports.pulses.train(6, _MINUTE_MS)
        for pulses in range(7):
            self.assertEqual(self.app.meter.state.register.total_wh, pulses)
            run(self.body.advance(10_000))

    def test_power_falls_on_the_display_when_the_pulses_end(self):
        self.body.ports.pulses.train(60, _MINUTE_MS)  # 3.6 kW
        run(self.body.advance(_MINUTE_MS))
        shown = []
        for _ in range(6):
            shown += [int(line[:-2]) for line in self.app.front.lines if line[-2:] == " W"]
            run(self.body.advance(2000))
        self.assertEqual((len(shown), shown[0]), (6, 3600))
        self.assertEqual(shown, sorted(shown, reverse=True))
        self.assertTrue(shown[-1] < 500)

    def test_a_display_that_comes_back_shows_the_screen_within_seconds(self):
        self.body._breakage.set("display", "show", "OSError")
        self.app.front.press("5", self.body.now_ms)
        run(self.body.advance(3000))
        self.body._breakage.set("display", "show", "")
        run(self.body.advance(2000))
        self.assertEqual(self.body.ports.display.lines, self.app.front.lines)


if __name__ == "__main__":
    unittest.main()
