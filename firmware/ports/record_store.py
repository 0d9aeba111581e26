"""Port: a place for one record that survives power cuts."""

#: Health of a store, as it was found when power came. GOOD: nothing amiss, or never used.
#: REPAIRED: something was spoiled, a copy stands for it; it may be the one before the last.
#: LOST: records were kept here, and none can be read.
GOOD, REPAIRED, LOST = "good", "repaired", "lost"


class StoreFailed(OSError):
    """The store did not take a record, so what was to be in it has no effect."""


class RecordStore:
    """Keeps the last committed record.

    health: GOOD, REPAIRED or LOST.

    Implemented by `store.slot_store.SlotStore`; whatever implements it passes
    host_tests/contract/test_record_store.py. Called from the loop, never from an
    interrupt.
    """

    health = GOOD

    def load(self):
        """Return the record last committed, as bytes, or None if there is none."""
        raise NotImplementedError

    def commit(self, record: bytes):
        """Replace the record. On return it is safe; a cut before that keeps the old one.

        Blocks 50 ms as a rule, a second when a flash sector has to be erased.
        Raises OSError when the medium refuses the write; the old record then
        still stands.
        """
        raise NotImplementedError

    def prepare(self) -> bool:
        """Do some of what a later commit would wait for; return whether there was any of that.

        Blocks as `commit` does, at most. A cut meanwhile keeps the record. Raises nothing.
        """
        return False
