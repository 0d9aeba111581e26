"""Emulated `esp32`: the non-volatile store.

NVS keeps a write when `commit` returned; what was set and not committed is lost
with the power. `NVS.power_cut` plays that.
"""

_ENOENT = -0x1102  # ESP_ERR_NVS_NOT_FOUND
_KEY_MAX = 15
_kept = {}


class NVS:
    """One namespace."""

    def __init__(self, namespace):
        if not 0 < len(namespace) <= _KEY_MAX:
            raise OSError(_ENOENT)
        self._namespace = namespace
        self._pending = {}

    def set_blob(self, key, value):
        if not 0 < len(key) <= _KEY_MAX:
            raise OSError(_ENOENT)
        self._pending[key] = bytes(value)

    def get_blob(self, key, buffer):
        value = self._pending.get(key, _kept.get((self._namespace, key)))
        if value is None:
            raise OSError(_ENOENT)
        if len(value) > len(buffer):
            raise OSError(_ENOENT)
        buffer[: len(value)] = value
        return len(value)

    def commit(self):
        for key, value in self._pending.items():
            _kept[(self._namespace, key)] = value
        self._pending = {}


def erase_all():
    """A new chip: every namespace is empty."""
    _kept.clear()
