import unittest

from account import requested_tests
from account.state import Identity
from body import SimBody
from data import meters
from journal import settings
from sts import results

UNBALANCE_TEST = "00000000017314105857"  # 531-1-0-02/CTSA11, test 11


def run(job):
    for _ in job:
        pass


class SimBodyTest(unittest.TestCase):
    def body(self, **parts):
        body = SimBody(**parts)
        body.app.front.provision(
            Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 0, settings.default()
        )
        return body

    def test_three_phases_bring_the_unbalance_limit(self):
        for phases, expected in ((1, results.FUNCTION), (3, results.ACCEPT)):
            outcome = self.body(phases=phases).app.front.enter(UNBALANCE_TEST, 0)
            self.assertEqual(outcome.result, expected)
        self.assertTrue(requested_tests.PHASE_UNBALANCE in requested_tests.supported(3))

    def test_small_display_takes_turns_at_rest_and_in_a_result(self):
        body = self.body(columns=16, rows=2)
        body.app.front.enter(meters.TOKEN_100_WH, 0)
        shown = []
        for _ in range(4):
            run(body.advance(0))
            shown.append(body.app.front.lines)
            run(body.advance(4000))
        self.assertEqual(shown[0], ["Accept", "+0.100 kWh"])
        self.assertEqual(shown[1], ["Thank you", "Now 0.100 kWh"])
        self.assertEqual(shown[2], ["0.100 kWh", "LOW CREDIT"])
        self.assertEqual(shown[3], ["0 W", "Enter a token"])

    def test_buzzer_clicks_for_keys_and_sings_for_tokens(self):
        body = self.body()
        before = body.ports.buzzer.tones  # of the self test
        run(body.press("12C"))
        self.assertEqual(body.ports.buzzer.tones, before + 3)
        body.app.front.enter(meters.TOKEN_100_WH, body.now_ms)
        run(body.advance(5000))
        self.assertEqual((body.ports.buzzer.tones, body.ports.buzzer.hz), (before + 5 + 2, 0))

    def test_load_switch_moves_once_for_a_token_and_once_at_zero(self):
        body = self.body()
        body.app.front.enter(meters.TOKEN_100_WH, 0)
        body.ports.pulses.train(150, 100_000)
        run(body.advance(120_000))
        self.assertEqual(
            (body.ports.load_switch.operations, body.ports.load_switch.closed), (2, False)
        )
        self.assertEqual(body.app.meter.state.register.credit, -50)

    def test_the_meter_sees_the_power_of_its_load_however_long_the_slices_are(self):
        for slice_ms, most_off_w in ((20, 60), (10_000, 5)):
            body = self.body()
            body.app.front.enter(meters.TOKEN_100_WH, 0)
            for watts in (1234, 4321):
                run(body.live("", watts, 30_000, slice_ms))
                seen_w = body.app.front.view(body.now_ms).watts
                self.assertTrue(abs(seen_w - watts) <= most_off_w, (slice_ms, watts, seen_w))
            self.assertEqual(body.load.pulses, 46)  # 46.3 Wh

    def test_a_load_above_the_power_limit_trips_however_long_the_slices_are(self):
        for slice_ms in (20, 250, 10_000):
            body = SimBody()
            body.app.front.provision(
                Identity(meters.DRN, 1000), meters.key(), meters.MANUFACTURED, 2000,
                settings.default(),
            )  # fmt: skip
            body.app.front.enter(meters.TOKEN_100_WH, 0)
            run(body.live("", 2200, 30_000, slice_ms))
            self.assertTrue(body.ports.load_switch.closed)
            run(body.live("", 2200, 10_000, slice_ms))
            self.assertFalse(body.ports.load_switch.closed, slice_ms)


if __name__ == "__main__":
    unittest.main()
