"""Where the meter's own flash begins, in a frozen build: the last sectors of the storage."""

import rp2
from micropython import const

SECTOR = const(4096)
SECTORS = const(8)


def start() -> int:
    """Return the first byte that the file system does not have, from the start of the storage."""
    return (rp2.Flash().ioctl(4, 0) - SECTORS) * SECTOR
