"""What the flash holds after each cut of an act that is done once, and a meter on each of these.

An act does the same flash operations each time, up to the one that is cut. So they are written
down once, each way to cut each of them is played on the flash as it was, and no act is done
again for each cut. CPython only.
"""

from flash_chip import SECTOR
from models import carriers
from rigs.whole_meter import Rig


def sectors_after_cuts(image, changed, operations, tears):
    """Yield what a cut leaves at each of `operations` in each way of `tears`.

    changed: the sectors that are not as in `image` when the operations begin,
    {offset: content}; the same is yielded. operations: see Rig.operations.
    """
    flash = carriers.copied(image)
    _put(flash, changed)
    for offset, old, new, number in operations:
        at = offset - offset % SECTOR
        before = flash.read(at, SECTOR)
        for tear in tears:
            if tear is not None:
                tear(flash, offset, old, new, number)
            yield _with(changed, at, before, flash.read(at, SECTOR))
            flash.write(at, before)
        flash.write(offset, new)
        changed = _with(changed, at, before, flash.read(at, SECTOR))


def _with(changed, at, before, after):
    return changed if after == before else {**changed, at: after}


def _put(image, sectors):
    for at, content in sectors.items():
        image.write(at, content)


class Dark:
    """Meters without power, one after the other, on the flash `image` with some sectors changed.

    *Why* one flash for all: it has two million octets, of which a meter changes a few thousand.
    """

    def __init__(self, carrier, image):
        self._carrier, self._image = carrier, image
        self._flash = carriers.copied(image)
        self._rig = None

    def rig(self, changed):
        """Return a Rig on the image with the sectors `changed`. The one before is used no more."""
        if self._rig is not None:
            self._take_back()
        _put(self._flash, changed)
        self._changed = changed
        self._rig = Rig.dark(self._carrier, self._flash)
        return self._rig

    def _take_back(self):
        written = {offset - offset % SECTOR for offset, *_ in self._rig.operations_done}
        for at in written.union(self._changed):
            self._flash.write(at, self._image.read(at, SECTOR))
