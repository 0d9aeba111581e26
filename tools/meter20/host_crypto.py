"""AES and random octets on CPython, for the emulated meter: the port ports.crypto."""

import os

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from ports.crypto import Crypto


class HostCrypto(Crypto):
    """The library's, and the system's."""

    def aes(self, key):
        # One block at a time keeps no state: each is for itself in this mode.
        return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update

    def random(self, count):
        return os.urandom(count)
