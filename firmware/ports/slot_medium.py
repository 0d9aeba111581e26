"""Port: two or more slots of non-volatile memory, on which a record store is built."""


class SlotMedium:
    """Numbered slots that keep bytes without power.

    slots: how many there are, 2 or more.
    size: bytes that a slot holds.

    Writing a slot may erase others, but never the one written before it.
    """

    slots = 0
    size = 0

    def ready(self, slot: int) -> bool:
        """Return whether `slot` can be written now. Of slots tried in turn, one always can."""
        raise NotImplementedError

    def read(self, slot: int) -> bytes:
        """Return what the slot holds; never written or erased bytes read 0xFF or are missing."""
        raise NotImplementedError

    def write(self, slot: int, data: bytes):
        """Make `data` the start of `slot`, which is ready. Raises OSError when the medium refuses.

        A power cut meanwhile leaves anything in this slot.
        """
        raise NotImplementedError

    def append(self, slot: int, offset: int, data: bytes):
        """Add `data` at `offset`, past all that `write` put there. Raises OSError."""
        raise NotImplementedError
