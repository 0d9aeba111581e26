import unittest

from sts import crc


class CrcTest(unittest.TestCase):
    def test_check_value_of_the_parameter_set(self):
        self.assertEqual(crc.crc16(b"123456789"), 0x4B37)

    def test_data_may_come_in_parts(self):
        self.assertEqual(crc.crc16(b"6789", crc.crc16(b"12345")), crc.crc16(b"123456789"))

    def test_example_of_the_standard(self):
        data = bytes((0x00, 0x0B, 0x19, 0xEB, 0x23, 0x01, 0x00))
        self.assertEqual(crc.crc16(data), 0x07C2)
        self.assertEqual(crc.field(0, data[1:] + b"\x00\x00", False), 0xC207)

    def test_what_stands_in_the_checksum_does_not_matter(self):
        block = bytes((0x05, 0x59, 0x98, 0x2C, 0x00, 0x01, 0xFF, 0xFF))
        self.assertEqual(crc.field(0, block, False), 0x2831)

    def test_class_takes_part(self):
        block = bytes(8)
        self.assertEqual(len({crc.field(class_, block, False) for class_ in range(4)}), 4)

    def test_currency_has_a_checksum_of_its_own(self):
        block = bytes((0x40, 0x52, 0xB1, 0x39, 0x60, 0xAA, 0, 0))
        self.assertEqual(crc.field(0, block, True), 0xC385)
        self.assertNotEqual(crc.field(0, block, False), 0xC385)


if __name__ == "__main__":
    unittest.main()
