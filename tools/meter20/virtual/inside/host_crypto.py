"""AES and random octets of the machine that Node runs on. Runs on MicroPython only.

It keeps the contract of ports.crypto, and does not import it: a board that was just made
has no meter yet.
"""

import _host
from uctypes import addressof


class HostCrypto:
    """Node's."""

    def aes(self, key):
        key = bytes(key)
        if len(key) != 16:
            raise ValueError("a key of 16 octets")

        def encrypt(block):
            block, out = bytes(block), bytearray(16)
            if len(block) != 16:
                raise ValueError("a block of 16 octets")
            _host.aes(addressof(key), addressof(block), addressof(out))
            return bytes(out)

        return encrypt

    def random(self, count):
        out = bytearray(count)
        _host.random(addressof(out), count)
        return bytes(out)
