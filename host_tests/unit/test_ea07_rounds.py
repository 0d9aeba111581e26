"""EA07 in machine code, beside the plain rounds. `make sta-campaign`: 10^6 random blocks.

Where the interpreter has no `viper`, as CPython and MicroPython in Node, the plain rounds
have to be used though the module is there.
"""

import json
import os
import random
import struct
import sys
import unittest
from binascii import hexlify, unhexlify

import micropython
from sts import decoder
from sts.ea07_sta import SAMPLE, Sta, Tables

_HERE = __file__.rpartition("/")[0] or "."
FROZEN_ONLY = _HERE + "/../../boards/common/rp2_frozen"
BLOCKS_A_KEY = 250


def compiles_viper():
    try:
        exec("@micropython.viper\ndef nothing(): pass", {"micropython": micropython})
    except (SyntaxError, AttributeError):
        return False
    return True


VIPER = compiles_viper()
CAMPAIGN = VIPER and os.getenv("METER20_CAMPAIGN") == "1"
BLOCKS = 1_000_000 if CAMPAIGN else 4000 if VIPER else 250


def octets(count):
    return b"".join([struct.pack(">H", random.getrandbits(16)) for _ in range(count // 2)])


def shuffled(size):
    left = list(range(size))
    return tuple([left.pop(random.getrandbits(16) % len(left)) for _ in range(size)])


def plain_and_quick(key, tables=SAMPLE):
    """Return two ciphers: one made where the module is not to be found, one where it is."""
    Sta._kept = (None,) * len(Sta._kept)
    sys.path.remove(FROZEN_ONLY)
    sys.modules.pop("ea07_rounds", None)
    plain = Sta(key, tables)
    sys.path.insert(0, FROZEN_ONLY)
    Sta._kept = (None,) * len(Sta._kept)
    return plain, Sta(key, tables)


class RoundsTest(unittest.TestCase):
    def setUp(self):
        random.seed(20261130)
        sys.path.insert(0, FROZEN_ONLY)

    def tearDown(self):
        sys.path.remove(FROZEN_ONLY)
        sys.modules.pop("ea07_rounds", None)
        Sta._kept = (None,) * len(Sta._kept)

    def same(self, plain, quick, block):
        self.assertEqual(hexlify(quick.decrypt(block)), hexlify(plain.decrypt(block)))

    def test_machine_code_is_used_where_it_is_there_and_the_interpreter_compiles_it(self):
        plain, quick = plain_and_quick(bytes(8))
        self.assertIsNone(plain._machine_code)
        self.assertEqual(quick._machine_code is not None, VIPER)

    def test_the_port_of_test_unix32_compiles_it(self):
        unix = sys.implementation.name == "micropython" and sys.platform == "linux"
        if unix and sys.maxsize == 0x7FFFFFFF:
            self.assertTrue(VIPER)

    def test_every_block_of_the_vectors(self):
        with open(_HERE + "/../vectors/vectors.json") as file:
            vectors = [one for one in json.load(file)["vectors"] if one.get("ea") == "07"]
        looked_at = 0
        for vector in vectors:
            if vector.get("decoder_key"):
                key = unhexlify(vector["decoder_key"])
                plain, quick = plain_and_quick(key)
                block = unhexlify(vector.get("cipher_block", "0123456789abcdef"))
                self.same(plain, quick, block)
                if "cipher_block" in vector:
                    self.assertEqual(hexlify(quick.decrypt(block)).decode(), vector["plain_block"])
                looked_at += 1
        self.assertTrue(looked_at > 50, looked_at)

    def test_random_blocks_under_random_keys(self):
        for _ in range(BLOCKS // BLOCKS_A_KEY):
            plain, quick = plain_and_quick(octets(8))
            for _ in range(BLOCKS_A_KEY):
                self.same(plain, quick, octets(8))
        if CAMPAIGN:
            print(BLOCKS, "random blocks under", BLOCKS // BLOCKS_A_KEY, "keys: all alike")

    def test_tables_of_a_licensee(self):
        for _ in range(20):
            plain, quick = plain_and_quick(
                octets(8), Tables(shuffled(16), shuffled(16), shuffled(64))
            )
            for _ in range(20):
                self.same(plain, quick, octets(8))

    def test_the_block_given_stays_as_it_was_and_the_rounds_can_still_be_shown(self):
        quick = plain_and_quick(b"\x01\x23\x45\x67\x89\xab\xcd\xef")[1]
        block = b"meter 20"
        rounds = quick.rounds(block)
        self.assertEqual((len(set(rounds)), rounds[-1]), (16, quick.decrypt(block)))
        self.assertEqual(block, b"meter 20")

    def test_the_decoder_chooses_it_too(self):
        quick = plain_and_quick(bytes(8))[1]
        made = decoder.cipher("07", bytes(8))
        self.assertEqual(made._machine_code is not None, VIPER)
        self.same(quick, made, bytes(8))


if __name__ == "__main__":
    unittest.main()
