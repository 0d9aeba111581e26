"""AES-128 for tests: of the interpreter that runs them, or of its host, behind ports.crypto."""

try:
    from host_crypto import HostCrypto as Crypto  # the virtual board
except ImportError:
    try:
        import cryptolib  # noqa: F401
        from drivers.board_crypto import BoardCrypto as Crypto  # MicroPython with cryptolib
    except ImportError:
        from meter20.host_crypto import HostCrypto as Crypto


def encryptor(key):
    """Return a function: 16 octets -> 16 octets under `key`, 16 octets."""
    return Crypto().aes(key)
