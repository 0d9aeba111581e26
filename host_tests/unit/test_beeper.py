import unittest

from meter.beeper import ACCEPT, KEY, Beeper


class Buzzer:
    def __init__(self):
        self.heard = []

    def tone(self, hz):
        self.heard.append(hz)


class BeeperTest(unittest.TestCase):
    def setUp(self):
        self.buzzer = Buzzer()
        self.beeper = Beeper(self.buzzer)

    def test_tune_is_played_in_time_and_ends_silent(self):
        self.beeper.play(ACCEPT, 1000)
        now_ms = 1000
        due_ms = self.beeper.step(now_ms)
        while due_ms is not None:
            now_ms += due_ms
            due_ms = self.beeper.step(now_ms)
        self.assertEqual(self.buzzer.heard, [1500, 0, 2200, 0])
        self.assertEqual(now_ms, 1400)

    def test_late_step_skips_what_should_have_sounded(self):
        self.beeper.play(ACCEPT, 0)
        self.assertEqual(self.beeper.step(10_000), None)
        self.assertEqual(self.buzzer.heard[-1], 0)

    def test_new_tune_replaces_the_old(self):
        self.beeper.play(ACCEPT, 0)
        self.beeper.play(KEY, 50)
        self.assertEqual(self.beeper.step(90), None)

    def test_board_without_a_buzzer_is_silent(self):
        beeper = Beeper(None)
        beeper.play(ACCEPT, 0)
        self.assertEqual(beeper.step(0), None)


if __name__ == "__main__":
    unittest.main()
