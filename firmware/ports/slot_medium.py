"""Port: two or more slots of non-volatile memory, on which a record store is built."""


class SlotMedium:
    """Numbered slots that keep bytes without power.

    slots: how many there are, 2 or more.
    size: bytes that a slot holds.
    whole: whether a power cut leaves the old bytes of a slot or the new ones, never a part.

    Writing a slot may erase others, but never the one that holds the newest record; nor
    does a power cut meanwhile harm that one. Whatever implements it passes
    host_tests/contract/test_slot_medium.py.
    """

    slots = 0
    size = 0
    whole = False

    def ready(self, slot: int, newest: int) -> bool:
        """Return whether `slot` can be written now without harm to slot `newest`.

        Of slots tried in turn, one always can.
        """
        return slot != newest

    def read(self, slot: int) -> bytes:
        """Return what the slot holds; never written or erased bytes read 0xFF or are missing.

        A slot that cannot be read any more holds zeros.
        """
        raise NotImplementedError

    def written(self):
        """Yield (slot, what `read` returns of it) of each slot that may hold a record.

        A slot whose last byte reads 0xFF may be left out, unless the medium is `whole`. The
        bytes are good until the next slot is asked for.
        """
        for slot in range(self.slots):
            yield slot, self.read(slot)

    def write(self, slot: int, data: bytes):
        """Make `data` the start of `slot`, which is ready. Raises OSError when the medium refuses.

        A power cut meanwhile leaves anything in this slot, unless the medium is `whole`.
        """
        raise NotImplementedError

    def prepare(self, slot: int, newest: int) -> bool:
        """Do some of what `write` of a slot soon after `slot` would wait for, e.g. an erase.

        Return whether there was any of that. Harms slot `newest` no more than `write` does. Raises
        OSError when the medium refuses.
        """
        return False

    def waits(self, slot: int) -> bool:
        """Return whether `write` of `slot` would wait for an erase."""
        return False

    def append(self, slot: int, offset: int, data: bytes):
        """Add `data` at `offset`, past all that `write` put there. Raises OSError.

        Not called on a medium that is `whole`.
        """
        raise NotImplementedError
