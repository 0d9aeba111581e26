import unittest

from data import meters
from sts import digits, key_change, kinds, results
from sts.decoder import cipher, decode
from sts.decoder_key import DCTK, DDTK, DITK, DUTK, DecoderKey

# 531-1-0-04/CTSA05/step1: from TI 01 to TI 02, KEN 255.
SET_OF_FOUR = (
    "34812744915211133004",
    "46903925208523674737",
    "71464563847088610152",
    "67904239402617643990",
)
NEW_KEY = "b208834372ef892ef6e04c28593090d4"  # test key

# ea07-sample/CTSA05/step1
SET_OF_TWO = ("50193837188098045115", "05954900898464163582")
OLD_KEY_07 = bytes.fromhex("e653341f9d5bf36f")  # test key
NEW_KEY_07 = "060b8643c59a27f1"  # test key


def sections(tokens, ea, key):
    """Return {number: fields} of `tokens`."""
    found = {}
    for entered in tokens:
        token = decode(digits.parse(entered), cipher(ea, key), ea)
        found[kinds.KEY_SECTIONS[token.kind]] = token.fields
    return found


class KeyChangeTest(unittest.TestCase):
    def test_four_sections_make_the_key_of_the_suite(self):
        key = key_change.new_key(sections(SET_OF_FOUR, "11", meters.KEY), "11")
        self.assertEqual(key.decoder_key.octets, bytes.fromhex(NEW_KEY))
        self.assertEqual(key[1:], ("11", "123457", "02", 1, DUTK, 255))

    def test_two_sections_make_a_key_whose_sgc_is_not_known(self):
        key = key_change.new_key(sections(SET_OF_TWO, "07", OLD_KEY_07), "07")
        self.assertEqual(key.decoder_key.octets, bytes.fromhex(NEW_KEY_07))
        self.assertEqual(key[1:], ("07", "000000", "02", 1, DUTK, 255))

    def test_third_section_that_was_announced_brings_the_sgc(self):
        found = sections(SET_OF_TWO, "07", OLD_KEY_07)
        found[1]["kct3"] = 1
        self.assertEqual(key_change.missing(found, "07"), (3,))
        found[3] = {"sgc": 654_321, "reserved": 0}
        self.assertEqual(key_change.missing(found, "07"), ())
        self.assertEqual(key_change.new_key(found, "07").sgc, "654321")

    def test_missing_sections_are_named(self):
        self.assertEqual(key_change.missing({}, "11"), (1, 2, 3, 4))
        self.assertEqual(key_change.missing({2: {}, 4: {}}, "11"), (1, 3))
        self.assertEqual(key_change.missing({2: {}}, "07"), (1,))
        self.assertEqual(key_change.missing({3: {}}, "07"), (1, 2))

    def test_same_section_with_other_content_begins_another_set(self):
        for ea, entered, key in (
            ("11", SET_OF_FOUR, meters.KEY),
            ("07", SET_OF_TWO, OLD_KEY_07),
        ):
            held = sections(entered, ea, key)
            for section, fields in held.items():
                self.assertEqual(key_change.gathered(held, section, fields, ea), (held, False))
                for name in fields:
                    other = {each: fields[each] for each in fields}
                    other[name] ^= 1
                    found = key_change.gathered(held, section, other, ea)
                    self.assertEqual(found, ({section: other}, True))

    def test_third_section_and_a_first_that_announces_none_are_of_two_sets(self):
        found = sections(SET_OF_TWO, "07", OLD_KEY_07)
        third = {"sgc": 654_321, "reserved": 0}
        self.assertEqual(key_change.gathered(found, 3, third, "07"), ({3: third}, True))
        held = {2: found[2], 3: third}
        self.assertEqual(key_change.gathered(held, 1, found[1], "07"), ({1: found[1]}, True))
        found[1]["kct3"] = 1
        self.assertEqual(key_change.gathered(held, 1, found[1], "07")[1], False)

    def test_halves_of_an_sgc_with_more_than_six_digits_are_of_two_sets(self):
        third, fourth = {"sgclo": 0x240, "nkmo2": 5}, {"sgcho": 244, "nkmo1": 6}  # 1 000 000
        self.assertEqual(key_change.gathered({3: third}, 4, fourth, "11"), ({4: fourth}, True))
        self.assertEqual(key_change.gathered({4: fourth}, 3, third, "11"), ({3: third}, True))
        third["sgclo"] = 0x23F
        self.assertEqual(key_change.gathered({3: third}, 4, fourth, "11")[1], False)
        for sgcho, expected in ((244, None), (245, results.RANGE)):
            fields = {"sgcho": sgcho, "nkmo1": 6}
            self.assertEqual(key_change.refusal(4, fields, meters.key()), expected)

    def test_values_out_of_range_are_refused(self):
        key = meters.key()
        for krn, expected in ((0, results.RANGE), (1, None), (9, None), (10, results.RANGE)):
            fields = {"krn": krn, "kt": DUTK}
            self.assertEqual(key_change.refusal(1, fields, key), expected)
        for ti, expected in ((99, None), (100, results.RANGE)):
            self.assertEqual(key_change.refusal(2, {"ti": ti}, key), expected)
        key_07 = meters.key(ea="07", decoder_key=DecoderKey(OLD_KEY_07))
        fields = {"sgc": 1_000_000, "reserved": 0}
        self.assertEqual(key_change.refusal(3, fields, key_07), results.RANGE)

    def test_key_types_change_as_the_table_says(self):
        allowed = {
            DITK: (DITK, DDTK, DUTK, DCTK),
            DDTK: (DDTK, DUTK, DCTK),
            DUTK: (DDTK, DUTK),
            DCTK: (DDTK, DUTK, DCTK),
        }
        for before in (DITK, DDTK, DUTK, DCTK):
            for after in (DITK, DDTK, DUTK, DCTK):
                refused = key_change.refusal(1, {"krn": 1, "kt": after}, meters.key(kt=before))
                expected = None if after in allowed[before] else results.KEY_TYPE
                self.assertEqual(refused, expected)


if __name__ == "__main__":
    unittest.main()
