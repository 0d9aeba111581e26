"""The security module of the page: alone holds the vending keys, and answers with tokens.

It derives decoder keys and encrypts with the station's own modules, `meter20.vending.derivation`
and `encoder`; what of the station MicroPython cannot run (seals, an audit log, a database) is not
here. TEST KEYS: everybody has them.
"""

from collections import namedtuple

from sts import drn

from meter20.vending import key_sections
from meter20.vending.derivation import decoder_key
from meter20.vending.encoder import encode

EA, DKGA, BASE_YEAR, KT = "11", "04", 2014, 2

#: The key that a meter holds, by its attributes. sgc: 6 digits. ti: 0 to 99.
Held = namedtuple("Held", ("drn", "iin", "sgc", "krn", "ti", "ken"))
_Row = namedtuple("_Row", ("sgc", "krn", "kt"))
_New = namedtuple("_New", ("ea", "ken", "ti", "vending_key"))

# TEST KEYS: everybody has them.
_TEST_KEYS = {
    ("123456", 1): "abababababababab949494949494949401234567",
    ("123456", 2): "000102030405060708090a0b0c0d0e0f10111213",
    ("654321", 1): "101112131415161718191a1b1c1d1e1f20212223",
}


class Box:
    """Makes tokens under the key that is named. answers: how many it gave."""

    def __init__(self):
        self._keys = {key: bytes.fromhex(digits) for key, digits in _TEST_KEYS.items()}
        self.answers = 0

    def provisioning_key(self, held) -> str:
        """Return the decoder key of a new meter, hexadecimal, for its maker."""
        self.answers += 1
        return "".join(["%02x" % octet for octet in self._decoder_key(held)])

    def token(self, held, kind: str, fields: dict) -> str:
        """Return the digits of a token of `kind`, see sts.kinds, under the key `held`."""
        self.answers += 1
        return encode(kind, EA, self._decoder_key(held), fields)

    def key_change(self, held, new) -> list:
        """Return the digits of the four tokens that take a meter from the key `held` to `new`."""
        self.answers += 1
        row = _New(EA, new.ken, new.ti, _Row(new.sgc, new.krn, KT))
        under = self._decoder_key(held)
        parts = key_sections.sections(row, self._decoder_key(new), False, 4)
        return [encode(kind, EA, under, fields) for kind, fields in parts]

    def _decoder_key(self, held):
        pan = drn.pan(held.iin, held.drn)
        vending_key = self._keys[held.sgc, held.krn]
        ti = "%02d" % held.ti
        return decoder_key(DKGA, EA, vending_key, held.sgc, ti, held.krn, KT, BASE_YEAR, pan)
