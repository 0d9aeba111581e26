"""AES-128 in Galois/Counter mode, made of AES in ECB mode, which is all that boards have.

Security suite 0 of DLMS: nonces of 12 octets, tags of 12. `encrypt` comes through the port
`ports.crypto`. Pure: imports `const`, nothing else.
Source: NIST SP 800-38D; IEC 62056-5-3, security suite 0.
"""

from micropython import const

TAG_OCTETS = const(12)
_BLOCK = const(16)


class Gcm:
    """Seals and opens under one key.

    encrypt: AES-ECB under the key, 16 octets -> 16 octets. Costs some 30 operations on 128-bit
    numbers for each 16 octets.
    """

    def __init__(self, encrypt):
        self._encrypt = encrypt
        self._products = _products(int.from_bytes(encrypt(bytes(_BLOCK)), "big"))
        self._falling = [_fallen(bits) for bits in range(16)]

    def __repr__(self):
        return "Gcm(hidden)"

    def seal(self, nonce: bytes, aad: bytes, plain: bytes) -> bytes:
        """Return ciphertext and tag of `plain`, bound to `aad`. nonce: 12 octets, never twice."""
        sealed = self._counted(nonce, plain)
        return sealed + self.tag(nonce, aad, sealed)

    def opened(self, nonce: bytes, aad: bytes, sealed: bytes):
        """Return the plaintext of `sealed`, None when the tag is wrong or missing."""
        cipher, tag = sealed[:-TAG_OCTETS], sealed[-TAG_OCTETS:]
        if len(tag) != TAG_OCTETS or not equal(tag, self.tag(nonce, aad, cipher)):
            return None
        return self._counted(nonce, cipher)

    def tag(self, nonce: bytes, aad: bytes, cipher: bytes) -> bytes:
        """Return the 12 octets that vouch for `aad` and `cipher`; without a cipher, a GMAC."""
        sizes = (len(aad) * 8).to_bytes(8, "big") + (len(cipher) * 8).to_bytes(8, "big")
        hashed = self._hash(self._hash(self._hash(0, aad), cipher), sizes)
        mask = int.from_bytes(self._encrypt(nonce + b"\x00\x00\x00\x01"), "big")
        return (hashed ^ mask).to_bytes(_BLOCK, "big")[:TAG_OCTETS]

    def _counted(self, nonce, text):
        """Return `text` under the counters 2, 3, ...; the same undoes it."""
        out = b""
        for at in range(0, len(text), _BLOCK):
            mask = self._encrypt(nonce + (at // _BLOCK + 2).to_bytes(4, "big"))
            out += bytes([a ^ b for a, b in zip(text[at : at + _BLOCK], mask)])
        return out

    def _hash(self, value, text):
        products, falling = self._products, self._falling
        for at in range(0, len(text), _BLOCK):
            block = text[at : at + _BLOCK]
            value ^= int.from_bytes(block, "big") << 8 * (_BLOCK - len(block))
            octets = value.to_bytes(_BLOCK, "big")
            value = 0
            for place in range(_BLOCK - 1, -1, -1):
                octet = octets[place]
                value = (value >> 4) ^ falling[value & 15] ^ products[octet & 15]
                value = (value >> 4) ^ falling[value & 15] ^ products[octet >> 4]
        return value


def equal(one: bytes, other: bytes) -> bool:
    """Whether two secrets are equal; takes as long wherever they differ."""
    if len(one) != len(other):
        return False
    different = 0
    for a, b in zip(one, other):
        different |= a ^ b
    return different == 0


def _products(unit):
    """Return `unit` times each polynomial of 4 bits, in GF(2^128) with its bits reversed."""
    table = [0] * 16
    place = 8
    while place:
        table[place] = unit
        unit = unit >> 1 ^ (0xE1 << 120 if unit & 1 else 0)
        place >>= 1
    for place in (2, 4, 8):
        for rest in range(1, place):
            table[place + rest] = table[place] ^ table[rest]
    return table


def _fallen(bits):
    """Return what comes back at the top when 4 `bits` fall off the bottom."""
    for _ in range(4):
        bits = bits >> 1 ^ (0xE1 << 120 if bits & 1 else 0)
    return bits
