"""The power goes at every flash operation of a token that MQTT brings."""

import json
import unittest

from data import meters
from flash_chip import PowerCut
from models.broker import Broker
from rigs.net_meter import BROKER, Meter

TOKEN = meters.TOKEN_100_WH.encode()


def story(after_ops, torn):
    """Bring a token, cut the power at one operation; return (meter, whether it was cut)."""
    broker = Broker()
    meter = Meter(broker, state=meters.state())
    meter.ask(BROKER)
    meter.run(3)
    meter.chip.arm_cut(after_ops, torn)
    went = False
    try:
        broker.send_token(TOKEN)
        meter.run(5)
    except PowerCut:
        went = True
        meter.cut()
    meter.chip.disarm()
    meter.run(10)
    return meter, went


class MqttPowerCutTest(unittest.TestCase):
    def check(self, torn):
        after_ops, went = 0, True
        while went:
            meter, went = story(after_ops, torn)
            after_ops += 1
            told = [json.loads(result) for result in meter.broker.told("result")]
            self.assertEqual(meter.credit, 100)
            self.assertEqual(meter.broker.waiting, [])
            self.assertTrue(len(told) >= 1)
            self.assertEqual(
                set([(one["token"], one["result"], one.get("amount_wh")) for one in told]),
                set([(meters.TOKEN_100_WH, "Accept", 100)]),
            )
            self.assertEqual(meter.ask(b'{"do":"mqtt"}')["waiting"], 0)
        self.assertTrue(after_ops > 10)

    def test_no_cut_loses_or_doubles_a_token_or_leaves_its_result_untold(self):
        self.check(torn=False)

    def test_nor_does_one_that_leaves_an_operation_half_done(self):
        self.check(torn=True)


if __name__ == "__main__":
    unittest.main()
