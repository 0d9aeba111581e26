import unittest

from fakes import meters
from meter import flags, supply
from meter.register import Register
from meter.state import factory


def decided(credit=0, emergency_wh=0, friendly=False, overload=None, **changes):
    state = meters.state(register=Register(credit, 0, 0, 0, 0, 0), **changes)
    return supply.decision(state, emergency_wh, friendly, overload)


class SupplyTest(unittest.TestCase):
    def test_credit_closes_the_switch_and_none_opens_it(self):
        self.assertEqual(decided(1), (True, supply.CREDIT))
        self.assertEqual(decided(0), (False, supply.NO_CREDIT))
        self.assertEqual(decided(-1), (False, supply.NO_CREDIT))

    def test_factory_meter_is_off(self):
        self.assertEqual(
            supply.decision(factory(), 0, True, None), (False, supply.NOT_PROVISIONED)
        )

    def test_tamper_opens_in_spite_of_credit_unless_told_otherwise(self):
        self.assertEqual(decided(1, tamper=True), (False, supply.TAMPER))
        kept = flags.DEFAULT & ~(1 << flags.DISCONNECT_ON_TAMPER)
        self.assertEqual(decided(1, tamper=True, flags=kept), (True, supply.CREDIT))

    def test_service_flag_disconnects(self):
        off = flags.DEFAULT | 1 << flags.DISCONNECT_SERVICE
        self.assertEqual(decided(1, flags=off), (False, supply.SERVICE))

    def test_overload_opens_unless_its_flag_is_clear(self):
        self.assertEqual(decided(1, overload=supply.OVERLOAD), (False, supply.OVERLOAD))
        kept = flags.DEFAULT & ~(1 << flags.DISCONNECT_ON_POWER_LIMIT)
        self.assertEqual(
            decided(1, overload=supply.OVERLOAD_LOCK, flags=kept), (True, supply.CREDIT)
        )

    def test_emergency_credit_lasts_to_its_end_once_called_up(self):
        self.assertEqual(decided(0, 1000), (False, supply.NO_CREDIT))
        self.assertEqual(decided(-999, 1000, emergency=True), (True, supply.EMERGENCY))
        self.assertEqual(decided(-1000, 1000, emergency=True), (False, supply.NO_CREDIT))

    def test_friendly_hours_keep_the_supply_on(self):
        self.assertEqual(decided(-5, friendly=True), (True, supply.FRIENDLY))
        self.assertEqual(decided(-5, friendly=True, tamper=True), (False, supply.TAMPER))


if __name__ == "__main__":
    unittest.main()
