"""Takes the place of the port's `_boot.py`: the file system leaves the meter's flash alone.

Like the port's own, it makes a new file system where none can be mounted. The
credit is not in it.
"""

import meter_flash
import rp2
import vfs

_PAGE = 256

device = rp2.Flash(start=0, len=meter_flash.start())
try:
    files = vfs.VfsLfs2(device, progsize=_PAGE)
except OSError:
    vfs.VfsLfs2.mkfs(device, progsize=_PAGE)
    files = vfs.VfsLfs2(device, progsize=_PAGE)
vfs.mount(files, "/")
del device, files
