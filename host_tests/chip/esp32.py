"""Emulated `esp32`: the non-volatile store, in its partition of the flash.

NVS promises a value when `commit` returned. ESP-IDF writes it before that; here it is
written then and no sooner, so that what is set and not committed is lost with the power.
"""

from flash_chip import SECTOR, FlashChip, RamImage
from nvs_flash import NO_FREE_PAGES, NOT_FOUND, NvsFlash

#: Of the partition `nvs` in MicroPython's table for every ESP32.
PARTITION_SIZE = 6 * SECTOR

_INVALID_LENGTH = -0x110C
_KEY_TOO_LONG = -0x1109
_KEY_MAX = 15


class _Mounted:
    store = None


def start(flash):
    """Power comes to a chip whose partition is `flash`, a NorFlash.

    A store without a free page is erased, as the start of MicroPython does it.
    """
    try:
        _Mounted.store = NvsFlash(flash)
    except OSError as error:
        if error.args[0] != NO_FREE_PAGES:
            raise
        for at in range(0, flash.size, flash.sector_size):
            flash.erase(at)
        _Mounted.store = NvsFlash(flash)


def stop():
    """Power goes. The next request for a namespace has a new chip, unless power comes before."""
    _Mounted.store = None


def erase_all():
    """A new chip: every namespace is empty."""
    start(FlashChip(RamImage(PARTITION_SIZE)))


class NVS:
    """One namespace."""

    def __init__(self, namespace):
        if not 0 < len(namespace) <= _KEY_MAX:
            raise OSError(_KEY_TOO_LONG)
        if _Mounted.store is None:
            erase_all()
        self._store = _Mounted.store
        self._number = self._store.namespace(namespace)
        self._pending = {}

    def set_blob(self, key, value):
        if not 0 < len(key) <= _KEY_MAX:
            raise OSError(_KEY_TOO_LONG)
        self._pending[key] = bytes(value)

    def get_blob(self, key, buffer):
        value = self._pending.get(key)
        if value is None:
            value = self._store.get(self._number, key)
        if value is None:
            raise OSError(NOT_FOUND)
        if len(value) > len(buffer):
            raise OSError(_INVALID_LENGTH)
        buffer[: len(value)] = value
        return len(value)

    def commit(self):
        pending, self._pending = self._pending, {}
        for key, value in pending.items():
            self._store.set(self._number, key, value)
