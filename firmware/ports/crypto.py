"""Port: AES and random octets, for what a network carries; no credit depends on them.

Implemented by drivers.board_crypto (boards, MicroPython's unix port), by the virtual board, whose
host does it, and by meter20.host_crypto on CPython; whatever implements it passes
host_tests/contract/test_crypto.py.
"""


class Crypto:
    """What a board does better than the firmware could."""

    def aes(self, key: bytes):
        """Return a function, 16 octets -> 16 octets: AES in ECB mode under `key`, 16 octets."""
        raise NotImplementedError

    def random(self, count: int) -> bytes:
        """Return `count` octets, 1 to 64, that nobody can foretell."""
        raise NotImplementedError
