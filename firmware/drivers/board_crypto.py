"""AES and random octets of MicroPython itself: ESP32, RP2040 and the unix port have them."""

from os import urandom

from micropython import const
from ports.crypto import Crypto

_ECB = const(1)


class BoardCrypto(Crypto):
    """The board's own."""

    def aes(self, key):
        from cryptolib import aes  # a board without a network never asks for it

        return aes(key, _ECB).encrypt

    def random(self, count):
        return urandom(count)
