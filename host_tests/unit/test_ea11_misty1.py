import unittest
from binascii import hexlify, unhexlify

from sts import ea11_misty1
from sts.ea11_misty1 import Misty1

RFC_KEY = "00112233445566778899aabbccddeeff"  # test key of RFC 2994


def decrypted(key, block):
    return hexlify(Misty1(unhexlify(key)).decrypt(unhexlify(block))).decode()


class Misty1Test(unittest.TestCase):
    def test_examples_of_rfc_2994(self):
        self.assertEqual(decrypted(RFC_KEY, "8b1da5f56ab3d07c"), "0123456789abcdef")
        self.assertEqual(decrypted(RFC_KEY, "04b68240b13be95d"), "fedcba9876543210")

    def test_first_token_of_the_compliance_suite(self):
        key = "f94b6ed353c3bfdb113e2d3a7ea3c41d"
        self.assertEqual(decrypted(key, "38269a8e59319817"), "0559982c00012831")

    def test_key_schedule_of_that_token(self):
        misty1 = Misty1(unhexlify("f94b6ed353c3bfdb113e2d3a7ea3c41d"))
        self.assertEqual(
            list(misty1._kp),
            [0x3971, 0x882F, 0xB34A, 0xA8C6, 0x354C, 0x5FD0, 0xAC7D, 0x02E7],
        )

    def test_eight_rounds_end_with_the_plain_block_and_no_two_are_alike(self):
        misty1 = Misty1(unhexlify("f94b6ed353c3bfdb113e2d3a7ea3c41d"))
        block = unhexlify("38269a8e59319817")
        rounds = misty1.rounds(block)
        self.assertEqual((len(rounds), len(set(rounds))), (8, 8))
        self.assertEqual(rounds[-1], unhexlify("0559982c00012831"))
        self.assertEqual(rounds[-1], misty1.decrypt(block))

    def test_boxes_are_permutations(self):
        self.assertEqual(sorted(ea11_misty1.S7), list(range(128)))
        s9 = [high << 8 | low for high, low in zip(ea11_misty1.S9_HIGH, ea11_misty1.S9_LOW)]
        self.assertEqual(sorted(s9), list(range(512)))

    def test_other_key_lengths_are_refused(self):
        for length in (0, 8, 15, 17):
            with self.assertRaises(ValueError):
                Misty1(bytes(length))


if __name__ == "__main__":
    unittest.main()
