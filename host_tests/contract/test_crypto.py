"""What ports.crypto promises, asked of this interpreter's own, or of its host's."""

import unittest

from models.aes import Crypto

# Source: FIPS 197, C.1. The published block, under its test key.
_KEY = bytes(range(16))
_PLAIN = bytes.fromhex("00112233445566778899aabbccddeeff")
_CIPHER = bytes.fromhex("69c4e0d86a7b0430d8cdb78070b4c55a")


class CryptoContract(unittest.TestCase):
    def setUp(self):
        self.crypto = Crypto()

    def test_published_block_is_encrypted_each_time_alike(self):
        encrypt = self.crypto.aes(_KEY)
        other = self.crypto.aes(bytes(16))
        for _ in range(3):
            self.assertEqual(encrypt(_PLAIN), _CIPHER)
            self.assertNotEqual(other(_PLAIN), _CIPHER)

    def test_key_of_another_size_is_refused(self):
        for size in (0, 15, 17):
            with self.assertRaises(ValueError):
                self.crypto.aes(bytes(size))(_PLAIN)

    def test_random_octets_are_as_many_as_asked_and_never_the_same(self):
        drawn = [self.crypto.random(16) for _ in range(50)]
        self.assertEqual({len(octets) for octets in drawn}, {16})
        self.assertEqual(len(set(drawn)), 50)
        self.assertEqual(len(self.crypto.random(1)), 1)


if __name__ == "__main__":
    unittest.main()
