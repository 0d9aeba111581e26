"""Port: rows that are only ever added, the oldest forgotten for the newest.

Implemented by store.row_ring; no credit depends on them.
"""


class RowStore:
    """Rows of one size. `capacity`: the most that are kept."""

    capacity = 0

    def count(self) -> int:
        """Return how many rows there are."""
        raise NotImplementedError

    def row(self, place: int) -> bytes:
        """Return the row at `place`, 0 the oldest. Raises OSError for one that cannot be read."""
        raise NotImplementedError

    def append(self, row: bytes):
        """Add a row: on return it is safe, and a power cut before that harms no other.

        Blocks, 50 ms as a rule. Raises OSError when the medium refuses it.
        """
        raise NotImplementedError

    def clear(self):
        """Forget all rows. Blocks a sector's erase for each sector. Raises OSError."""
        raise NotImplementedError
