import unittest
from binascii import unhexlify

from sts import amount, decoder, digits, kinds
from sts.ea07_sta import SAMPLE, Tables

KEY_07 = unhexlify("e653341f9d5bf36f")
KEY_11 = unhexlify("f94b6ed353c3bfdb113e2d3a7ea3c41d")
TOKEN_07 = 67540125520408448957
TOKEN_11 = 59386323472137426967

ODD = Tables(
    tuple([(7 * i + 3) % 16 for i in range(16)]),
    tuple([(5 * i + 11) % 16 for i in range(16)]),
    tuple([(27 * i + 13) % 64 for i in range(64)]),
)


class Clear:
    """A cipher that changes nothing, to put any block before the decoder."""

    def decrypt(self, block):
        return block


class DecoderTest(unittest.TestCase):
    def test_electricity_under_both_algorithms(self):
        for ea, key, token, tid in (
            ("07", KEY_07, TOKEN_07, 5871715),
            ("11", KEY_11, TOKEN_11, 5871660),
        ):
            decoded = decoder.decode(token, decoder.cipher(ea, key), ea)
            self.assertEqual((decoded.class_, decoded.subclass), (0, 0))
            self.assertEqual(decoded.kind, kinds.ELECTRICITY)
            self.assertEqual(decoded.fields, {"rnd": 5, "tid": tid, "amount_field": 1})
            self.assertTrue(decoded.crc_ok)

    def test_currency(self):
        key = unhexlify("929bd3a415c9420a05ec5ee9f3ce91c3")
        decoded = decoder.decode(42612856936749906813, decoder.cipher("11", key), "11")
        self.assertEqual(decoded.kind, kinds.ELECTRICITY_CURRENCY)
        self.assertEqual(decoded.fields, {"se": 0, "tid": 0x52B139, "amount_field": 0x60AA})
        field = decoded.fields["se"] << 16 | decoded.fields["amount_field"]
        self.assertEqual(amount.from_currency_field(field), 100004)

    def test_tables_of_a_licensee(self):
        # StaEncrypt(0abc12def3456789, ODD) of the block 0b19eb230100c207, class 0
        cipher = decoder.cipher("07", unhexlify("0abc12def3456789"), ODD)
        decoded = decoder.decode(69555511020264082979, cipher, "07")
        self.assertEqual(decoded.fields, {"rnd": 11, "tid": 1698595, "amount_field": 256})

    def test_class_1_needs_no_cipher(self):
        decoded = decoder.decode(150997584, None, "11")
        self.assertEqual(decoded.kind, kinds.TEST_2DIGIT)
        self.assertEqual(decoded.fields, {"control": 1, "mfr": 0})

    def test_nothing_comes_out_of_a_wrong_checksum(self):
        nothing = decoder.Token(0, None, None, {}, False)
        wrong_key = decoder.cipher("11", bytes(16))
        self.assertEqual(decoder.decode(TOKEN_11, wrong_key, "11"), nothing)
        right_key = decoder.cipher("11", KEY_11)
        self.assertEqual(decoder.decode(TOKEN_11 ^ 1, right_key, "11"), nothing)

    def test_another_class_fails_the_checksum(self):
        _, block = digits.split(TOKEN_11)
        decoded = decoder.decode(digits.join(2, block), decoder.cipher("11", KEY_11), "11")
        self.assertEqual(decoded, decoder.Token(2, None, None, {}, False))

    def test_unassigned_subclass_with_a_right_checksum_has_no_kind(self):
        # subclass 15 of class 2, data 0: CRC over 02 f0 00 00 00 00 00
        token = digits.join(2, unhexlify("f000000000002c30"))
        decoded = decoder.decode(token, Clear(), "11")
        self.assertEqual(decoded, decoder.Token(2, 15, None, {}, True))

    def test_reserved_class_has_no_kind(self):
        decoded = decoder.decode(digits.join(3, bytes(8)), None, "11")
        self.assertEqual(decoded, decoder.Token(3, None, None, {}, True))

    def test_a_currency_token_with_the_plain_checksum_is_refused(self):
        block = unhexlify("4052b13960aac385")
        self.assertTrue(decoder.decode(digits.join(0, block), Clear(), "11").crc_ok)
        plain = block[:6] + unhexlify("f342")
        self.assertFalse(decoder.decode(digits.join(0, plain), Clear(), "11").crc_ok)

    def test_cipher_refuses_other_algorithms_and_key_lengths(self):
        for ea, length in (("09", 8), ("", 8), ("7", 8), ("07", 16), ("11", 8), ("11", 0)):
            with self.assertRaises(ValueError):
                decoder.cipher(ea, bytes(length))

    def test_cipher_without_tables_uses_the_sample(self):
        block = unhexlify("a94eba51793d8fbd")
        for tables in (None, SAMPLE):
            plain = decoder.cipher("07", KEY_07, tables).decrypt(block)
            self.assertEqual(plain, unhexlify("05599863000119e6"))


if __name__ == "__main__":
    unittest.main()
