import unittest

from account import flags
from account.register import Register
from account.state import factory
from data import meters
from supply import decision


def decided(credit=0, emergency_wh=0, friendly=False, overload=None, **changes):
    state = meters.state(register=Register(credit, 0, 0, 0, 0, 0), **changes)
    return decision.decide(state, emergency_wh, friendly, overload)


class SupplyTest(unittest.TestCase):
    def test_credit_closes_the_switch_and_none_opens_it(self):
        self.assertEqual(decided(1), (True, decision.CREDIT))
        self.assertEqual(decided(0), (False, decision.NO_CREDIT))
        self.assertEqual(decided(-1), (False, decision.NO_CREDIT))

    def test_factory_meter_is_off(self):
        self.assertEqual(
            decision.decide(factory(), 0, True, None), (False, decision.NOT_PROVISIONED)
        )

    def test_tamper_opens_in_spite_of_credit_unless_told_otherwise(self):
        self.assertEqual(decided(1, tamper=True), (False, decision.TAMPER))
        kept = flags.DEFAULT & ~(1 << flags.DISCONNECT_ON_TAMPER)
        self.assertEqual(decided(1, tamper=True, flags=kept), (True, decision.CREDIT))

    def test_service_flag_disconnects(self):
        off = flags.DEFAULT | 1 << flags.DISCONNECT_SERVICE
        self.assertEqual(decided(1, flags=off), (False, decision.SERVICE))

    def test_overload_opens_unless_its_flag_is_clear(self):
        self.assertEqual(decided(1, overload=decision.OVERLOAD), (False, decision.OVERLOAD))
        kept = flags.DEFAULT & ~(1 << flags.DISCONNECT_ON_POWER_LIMIT)
        self.assertEqual(
            decided(1, overload=decision.OVERLOAD_LOCK, flags=kept), (True, decision.CREDIT)
        )

    def test_emergency_credit_lasts_to_its_end_once_called_up(self):
        self.assertEqual(decided(0, 1000), (False, decision.NO_CREDIT))
        self.assertEqual(decided(-999, 1000, emergency=True), (True, decision.EMERGENCY))
        self.assertEqual(decided(-1000, 1000, emergency=True), (False, decision.NO_CREDIT))

    def test_friendly_hours_keep_the_supply_on(self):
        self.assertEqual(decided(-5, friendly=True), (True, decision.FRIENDLY))
        self.assertEqual(decided(-5, friendly=True, tamper=True), (False, decision.TAMPER))


if __name__ == "__main__":
    unittest.main()
