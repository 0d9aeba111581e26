import unittest

from sts import kinds


class KindsTest(unittest.TestCase):
    def test_every_layout_fills_the_44_bits(self):
        for row in kinds.TABLE:
            self.assertEqual(sum([bits for _, bits in row[4]]), 44)

    def test_no_token_has_two_kinds(self):
        for ea in ("07", "11"):
            rows = [row[:2] for row in kinds.TABLE if row[2] in (None, ea)]
            self.assertEqual(len(set(rows)), len(rows))

    def test_find_and_named_agree(self):
        for ea in ("07", "11"):
            for class_, subclass, only, kind, layout in kinds.TABLE:
                if only in (None, ea):
                    self.assertEqual(kinds.find(class_, subclass, ea), (kind, layout))
                    self.assertEqual(kinds.named(kind, ea), (class_, subclass, layout))

    def test_every_kind_has_the_class_subclass_and_name_of_the_standard(self):
        names = {}
        for class_, subclass, _ea, kind, _layout in kinds.TABLE:
            names[class_, subclass] = kind
        self.assertEqual(
            names,
            {
                (0, 0): "TransferCredit.electricity", (0, 1): "TransferCredit.water",
                (0, 2): "TransferCredit.gas", (0, 3): "TransferCredit.time",
                (0, 4): "TransferCredit.electricity_currency",
                (0, 5): "TransferCredit.water_currency", (0, 6): "TransferCredit.gas_currency",
                (0, 7): "TransferCredit.time_currency",
                (1, 0): "InitiateMeterTest.2digit", (1, 1): "InitiateMeterTest.4digit",
                (1, 2): "ReadControlOrFlag",
                (2, 0): "SetMaximumPowerLimit", (2, 1): "ClearCredit", (2, 2): "SetTariffRate",
                (2, 3): "Set1stSectionDecoderKey", (2, 4): "Set2ndSectionDecoderKey",
                (2, 5): "ClearTamperCondition", (2, 6): "SetMaximumPhasePowerUnbalanceLimit",
                (2, 7): "SetWaterMeterFactor", (2, 8): "Set3rdSectionDecoderKey",
                (2, 9): "Set4thSectionDecoderKey", (2, 10): "SetControlOrFlag",
            },
        )  # fmt: skip

    def test_fields_lie_in_the_order_of_the_standard(self):
        credit = (("rnd", 4), ("tid", 24), ("amount_field", 16))
        money = (("se", 4), ("tid", 24), ("amount_field", 16))
        management = (("rnd", 4), ("tid", 24), ("value", 16))
        for subclass in range(4):
            self.assertEqual(kinds.find(0, subclass, "11")[1], credit)
            self.assertEqual(kinds.find(0, 4 + subclass, "11")[1], money)
        for subclass in (0, 1, 2, 5, 6, 7, 10):
            self.assertEqual(kinds.find(2, subclass, "11")[1], management)
        for subclass, layout in (
            (0, (("control", 36), ("mfr", 8))),
            (1, (("control", 28), ("mfr", 16))),
            (2, (("control", 36), ("mfr", 8))),
        ):
            self.assertEqual(kinds.find(1, subclass, "11")[1], layout)

    def test_third_section_differs_by_algorithm(self):
        self.assertEqual(kinds.find(2, 8, "07")[1], (("sgc", 24), ("reserved", 20)))
        self.assertEqual(kinds.find(2, 8, "11")[1], (("sgclo", 12), ("nkmo2", 32)))

    def test_a_64_bit_key_has_no_fourth_section(self):
        self.assertIsNone(kinds.find(2, 9, "07"))
        self.assertIsNone(kinds.named(kinds.KEY_4, "07"))

    def test_unassigned_is_none(self):
        for class_, subclass in ((0, 8), (0, 15), (1, 3), (2, 11), (3, 0)):
            self.assertIsNone(kinds.find(class_, subclass, "11"))
        self.assertIsNone(kinds.named("TransferCredit.steam", "11"))

    def test_only_four_subclasses_of_credit_are_currency(self):
        currency = [
            (class_, subclass)
            for class_ in range(4)
            for subclass in range(16)
            if kinds.is_currency(class_, subclass)
        ]
        self.assertEqual(currency, [(0, 4), (0, 5), (0, 6), (0, 7)])
        for class_, subclass in currency:
            self.assertTrue(kinds.find(class_, subclass, "11")[0].endswith("_currency"))

    def test_fields_unpack_most_significant_first(self):
        # first key change section of the compliance suite, without its subclass
        layout = kinds.named(kinds.KEY_1, "11")[2]
        fields = kinds.unpack(layout, 0xF12B2088343)
        self.assertEqual(
            fields,
            {"kenho": 15, "krn": 1, "ro": 0, "kct3": 0, "kt": 2, "nkho": 0xB2088343},
        )
        self.assertEqual(kinds.pack(layout, fields), 0xF12B2088343)

    def test_bits_above_the_data_are_ignored(self):
        layout = kinds.named(kinds.ELECTRICITY, "07")[2]
        self.assertEqual(kinds.unpack(layout, 0xF559982C0001)["rnd"], 5)


if __name__ == "__main__":
    unittest.main()
