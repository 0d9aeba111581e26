import unittest

from panel.beeper import ACCEPT, DROPPED, KEY, LOW_CREDIT, REJECT, SELF_TEST, Beeper


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

    def test_each_tune_is_told_from_the_others_by_ear(self):
        heard, lasted_ms = {}, {}
        for name, tune in (
            ("key", KEY), ("accept", ACCEPT), ("reject", REJECT), ("low credit", LOW_CREDIT),
            ("dropped", DROPPED), ("self test", SELF_TEST),
        ):  # fmt: skip
            buzzer = Buzzer()
            beeper = Beeper(buzzer)
            beeper.play(tune, 0)
            self.assertTrue(beeper.playing)
            now_ms, due_ms = 0, beeper.step(0)
            while due_ms is not None:
                now_ms += due_ms
                due_ms = beeper.step(now_ms)
            self.assertFalse(beeper.playing)
            heard[name], lasted_ms[name] = buzzer.heard, now_ms
        self.assertEqual(
            lasted_ms,
            {
                "key": 40, "accept": 400, "reject": 960, "low credit": 300, "dropped": 150,
                "self test": 420,
            },
        )  # fmt: skip
        self.assertEqual(
            heard,
            {
                "key": [2000, 0], "accept": [1500, 0, 2200, 0],
                "reject": [600, 0, 600, 0, 600, 0], "low credit": [1800, 0, 1800, 0],
                "dropped": [900, 0], "self test": [1000, 0, 1500, 0, 2000, 0],
            },
        )  # fmt: skip

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
