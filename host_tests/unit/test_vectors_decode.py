"""Every vector that holds a token, a block, a checksum or a meter number, through `sts`."""

import json
import unittest
from binascii import hexlify, unhexlify

from sts import crc, decoder, digits, drn, ea07_sta

_HERE = __file__.rpartition("/")[0] or "."


def vectors(*types):
    """Return the vectors of `types`."""
    with open(_HERE + "/../vectors/vectors.json") as file:
        return [vector for vector in json.load(file)["vectors"] if vector["type"] in types]


def cipher_of(vector):
    """Return the cipher that the token of `vector` needs, None for class 1."""
    if vector["ea"] is None:
        return None
    return decoder.cipher(vector["ea"], unhexlify(vector["decoder_key"]))


class VectorsTest(unittest.TestCase):
    def test_every_token_decodes_to_its_fields(self):
        decoded_tokens = 0
        for vector in vectors("generate", "decode_fields"):
            token = digits.parse(vector["token"])
            decoded = decoder.decode(token, cipher_of(vector), vector["ea"] or "11")
            fields = vector["fields"] if "fields" in vector else vector["expect"]
            self.assertEqual(
                (vector["id"], decoded.crc_ok, decoded.kind, decoded.fields),
                (vector["id"], True, vector["kind"], fields),
            )
            if "class" in vector:
                self.assertEqual(
                    (decoded.class_, decoded.subclass), (vector["class"], vector["subclass"])
                )
            self.assertEqual(digits.text(token), vector["token"])
            decoded_tokens += 1
        self.assertEqual(decoded_tokens, 207)

    def test_every_token_decrypts_to_its_block(self):
        for vector in vectors("generate"):
            class_, block = digits.split(digits.parse(vector["token"]))
            cipher = cipher_of(vector)
            if cipher:
                block = cipher.decrypt(block)
            self.assertEqual(hexlify(block).decode(), vector["plain_block"])
            self.assertEqual(f"{crc.field(class_, block, False):04x}", vector["crc"])

    def test_every_block_decrypts(self):
        for vector in vectors("cipher"):
            plain = cipher_of(vector).decrypt(unhexlify(vector["cipher_block"]))
            self.assertEqual(hexlify(plain).decode(), vector["plain_block"])

    def test_every_checksum(self):
        for vector in vectors("crc"):
            data = unhexlify("0" + vector["bits50"])  # 50 bits are given in 13 hex digits
            field = crc.field(data[0], data[1:] + bytes(2), False)
            self.assertEqual(f"{field:04x}", vector["crc"])

    def test_every_bad_meter_number_is_refused(self):
        for vector in vectors("reject_drn"):
            self.assertFalse(drn.drn_ok(vector["drn"]))

    def test_every_meter_number_is_right(self):
        for vector in vectors("generate"):
            key = vector.get("key")
            if key:
                pan = drn.pan(key["iin"], key["iain"])
                self.assertTrue(drn.pan_ok(pan))
                self.assertIn(key["pan"], (None, pan))

    def test_no_token_survives_another_key(self):
        for vector in vectors("generate"):
            if vector["ea"]:
                key = bytearray(unhexlify(vector["decoder_key"]))
                key[-1] ^= 1
                cipher = decoder.cipher(vector["ea"], bytes(key), ea07_sta.SAMPLE)
                decoded = decoder.decode(digits.parse(vector["token"]), cipher, vector["ea"])
                self.assertFalse(decoded.crc_ok)


if __name__ == "__main__":
    unittest.main()
