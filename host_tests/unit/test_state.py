import unittest

from account.register import CREDIT_MAX_WH, Register, with_credit
from account.state import Identity, changed, factory, from_bytes, to_bytes
from data import meters
from journal import settings
from store import slot_store
from sts import results, tid
from sts.decoder_key import DecoderKey

PAGE = 256


def opened(state):
    """Return `state` with its key in sight, for comparing."""
    return changed(state, key=state.key[1:] + (state.key.decoder_key.octets,))


class StateTest(unittest.TestCase):
    def same_after_a_round_trip(self, state):
        self.assertEqual(opened(from_bytes(to_bytes(state))), opened(state))

    def test_factory_state_keeps(self):
        self.same_after_a_round_trip(factory())

    def test_factory_state_has_nothing_to_tell(self):
        made = factory()
        told = made.tamper, made.key_change, made.emergency, made.in_currency
        self.assertEqual(told, (False, False, False, False))
        self.assertEqual((made.register.credit, made.tids, made.last_token), (0, (), 0))

    def test_every_field_keeps_at_its_extremes(self):
        for drn, key in (
            ("01000000000080"[:13], meters.key()),
            (
                "12345678903",
                meters.key(ea="07", decoder_key=DecoderKey(b"12345678"), sgc="000001"),
            ),
        ):
            for credit_wh in (CREDIT_MAX_WH, -99_999_990, 0):
                self.same_after_a_round_trip(
                    meters.state(
                        identity=Identity(drn, 100_000),
                        key=key,
                        register=Register(credit_wh, 1 << 40, 99_999, 0, 0, 0),
                        tids=tuple(range(0xFFFFFF - tid.CAPACITY, 0xFFFFFF)),
                        failures=(255, 254, 253),
                        power_limit_w=18_201_624,
                        power_fails=0xFFFF,
                        last_result=results.LOCKED_OUT,
                        last_carrier=2,
                        last_token=0xFFFFFFFF,
                    )
                )

    def test_record_fits_a_flash_page_with_its_frame(self):
        self.assertTrue(len(to_bytes(meters.state())) + slot_store.OVERHEAD <= PAGE)

    def test_record_of_the_first_version_is_read(self):
        """Its one count was that of keypad and cable."""
        record = to_bytes(meters.state(failures=(5, 5, 0), tamper=True, tids=(1, 2, 0xFFFFFF)))
        first = b"\x01" + record[1:80] + record[86:]
        self.assertEqual(to_bytes(from_bytes(first)), record)

    def test_record_of_another_version_is_refused(self):
        record = b"\x63" + to_bytes(meters.state())[1:]
        with self.assertRaises(ValueError):
            from_bytes(record)

    def test_record_that_no_meter_can_be_in_is_refused(self):
        """Its checksum is right, all the same: a slot says nothing about what it holds."""
        register = meters.state().register
        for changes in (
            {"identity": Identity("12345678904", 1000)},
            {"identity": Identity(meters.DRN, 0)},
            {"identity": Identity(meters.DRN, 100_001)},
            {"key": meters.key(sgc="1000000")},
            {"key": meters.key(ti="100")},
            {"key": meters.key(krn=0)},
            {"key": meters.key(krn=10)},
            {"key": meters.key(kt=4)},
            {"register": with_credit(register, CREDIT_MAX_WH + 1)},
            {"register": with_credit(register, -CREDIT_MAX_WH - 1)},
            {"register": Register(0, -1, 0, 0, 0, 0)},
            {"tids": (2, 1)},
            {"last_carrier": 3},
            {"tids": tuple(range(tid.CAPACITY + 1))},
        ):
            with self.assertRaises(ValueError):
                from_bytes(to_bytes(meters.state(**changes)))

    def test_changed_touches_only_what_it_is_told(self):
        before = meters.state(failures=(3, 0, 1))
        after = changed(before, power_fails=7)
        self.assertEqual((after.failures, after.power_fails), ((3, 0, 1), 7))
        self.assertEqual(before.power_fails, 0)

    def test_no_repr_shows_the_key(self):
        for shown in (repr(meters.state()), str(meters.key()), repr(meters.key().decoder_key)):
            self.assertFalse("f94b6ed3" in shown or repr(meters.KEY) in shown)

    def test_a_field_that_is_not_there_is_refused(self):
        with self.assertRaises(TypeError):
            changed(factory(), tampr=True)
        with self.assertRaises(TypeError):
            settings.changed(settings.default(), alarm=1)


if __name__ == "__main__":
    unittest.main()
