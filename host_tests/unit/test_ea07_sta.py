import unittest
from binascii import hexlify, unhexlify

from sts import ea07_sta
from sts.ea07_sta import SAMPLE, Sta, Tables

# Made up: unlike in the sample, S2 does not undo S1. What they encrypt below comes from
#   StaEncrypt(bytes.fromhex(KEY), ODD).encrypt(bytes.fromhex(plain))
# of meter20.vending.sta_encrypt.
ODD = Tables(
    tuple([(7 * i + 3) % 16 for i in range(16)]),
    tuple([(5 * i + 11) % 16 for i in range(16)]),
    tuple([(27 * i + 13) % 64 for i in range(64)]),
)
KEY = "0abc12def3456789"

# After the inverse permutation and after the inverse substitution of every round:
# key e653341f9d5bf36f, block a94eba51793d8fbd
ROUNDS = (
    ("eeddb6556166669b", "77bbf0aac9cccc1f"),
    ("1a69773bd7a9f2e2", "910de24f925d5787"),
    ("fef0378a35031c9c", "585c4ee14a6496d0"),
    ("169ec6e284364c2a", "90176077234c3681"),
    ("379074a655001e0d", "4216e35caa669869"),
    ("1aa231b50c6e0f27", "911849df6607657e"),
    ("b76a8e2f88415d95", "fec1e77b2e39fb1a"),
    ("fd2c68df11bf3d7b", "5b860e9b99fb4b2d"),
    ("c4e4911fed5e92fa", "6373d99b8ba8d751"),
    ("9c6b95ecd32cbb2a", "d0cf1a869486df71"),
    ("a28b9fdab862926c", "172fdb91d207d8c6"),
    ("1ed3839ebaab4b90", "a8b4e417d11f3fdc"),
    ("ff9e25b56b1070dc", "5bd78afa0f96e6b0"),
    ("4bfccc6ed86a9e6a", "3f5006c89ec517c1"),
    ("82761de2a49aac1a", "e7ec9b7813d510a1"),
    ("6af1d2c466caad70", "05599863000119e6"),
)


def decrypted(key, block, tables=SAMPLE):
    return hexlify(Sta(unhexlify(key), tables).decrypt(unhexlify(block))).decode()


def text(words):
    return "".join([f"{words[at]:04x}" for at in (3, 2, 1, 0)])


class StaTest(unittest.TestCase):
    def test_example_of_the_standard(self):
        self.assertEqual(decrypted(KEY, "c45ed1619406df95"), "0b19eb230100c207")

    def test_first_token_of_the_compliance_suite(self):
        self.assertEqual(decrypted("e653341f9d5bf36f", "a94eba51793d8fbd"), "05599863000119e6")

    def test_every_round_of_that_token(self):
        sta = Sta(unhexlify("e653341f9d5bf36f"))
        words = ea07_sta._words(unhexlify("a94eba51793d8fbd"))
        for turn in range(16):
            moved, substituted = ROUNDS[turn]
            sta._move(words)
            self.assertEqual(text(words), moved)
            sta._substitute(words, turn)
            self.assertEqual(text(words), substituted)

    def test_tables_whose_boxes_do_not_undo_each_other(self):
        self.assertNotEqual([ODD.s2[ODD.s1[i]] for i in range(16)], list(range(16)))
        self.assertEqual(decrypted(KEY, "c546d0c09d9bce23", ODD), "0b19eb230100c207")
        self.assertEqual(decrypted(KEY, "8112b86f13b38176", ODD), "05599863000119e6")

    def test_two_sets_of_tables_live_side_by_side(self):
        sample = Sta(unhexlify(KEY))
        odd = Sta(unhexlify(KEY), ODD)
        plain = unhexlify("0b19eb230100c207")
        self.assertEqual(odd.decrypt(unhexlify("c546d0c09d9bce23")), plain)
        self.assertEqual(sample.decrypt(unhexlify("c45ed1619406df95")), plain)

    def test_other_key_lengths_are_refused(self):
        for length in (0, 7, 9, 16):
            with self.assertRaises(ValueError):
                Sta(bytes(length))


class TablesTest(unittest.TestCase):
    def refused(self, tables):
        try:
            ea07_sta.check_tables(tables)
        except ValueError as error:
            return str(error)
        return None

    def test_sample_and_odd_tables_can_work(self):
        self.assertIsNone(self.refused(SAMPLE))
        self.assertIsNone(self.refused(ODD))

    def test_a_refusal_names_the_table(self):
        self.assertEqual(
            self.refused(Tables(SAMPLE.s1[:15], SAMPLE.s2, SAMPLE.p)),
            "table s1 must have 16 entries",
        )
        self.assertIn("s2", self.refused(Tables(SAMPLE.s1, (0,) * 16, SAMPLE.p)))
        self.assertIn("p", self.refused(Tables(SAMPLE.s1, SAMPLE.s2, tuple(range(1, 65)))))

    def test_sixteen_rounds_end_with_the_plain_block(self):
        sta = Sta(b"\x01\x23\x45\x67\x89\xab\xcd\xef")
        block = b"meter 20"
        rounds = sta.rounds(block)
        self.assertEqual((len(rounds), len(set(rounds))), (16, 16))
        self.assertEqual(rounds[-1], sta.decrypt(block))

    def test_a_cipher_is_not_made_of_bad_tables(self):
        with self.assertRaises(ValueError):
            Sta(bytes(8), Tables((0,) * 16, SAMPLE.s2, SAMPLE.p))


if __name__ == "__main__":
    unittest.main()
