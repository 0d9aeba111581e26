"""The front of a pack: the one file in which a board has all of the meter's modules.

`meter20 board flash --mpy` compiles this and puts an index and the compiled modules behind it, in
the same file, see tools/meter20/board/pack.py. MicroPython reads no further than this code, which
then takes the modules from the rest of its own file, wherever one is imported.

*Why*: for each module MicroPython asks for up to four names, and LittleFS reads whole folders to
answer. Here an answer is a look into a dict. Texts are not cut or joined on the way, since each
text that is made costs a search among all names.

Source: MicroPython, extmod/vfs.c, extmod/vfs_reader.c, docs/library/vfs.rst.
"""

import sys

import vfs
from micropython import const

_INDEX_AT = const(1280)  # of the file; this code is shorter
_CRC = const(0x3FFF_FFFF)  # what of it is a small int on every board
_BUFFER_SIZE, _BUFFER_BYTES = const(11), const(255)  # ioctl; MicroPython takes no more at once
_ENOENT = const(2)
_FOLDER = (0x4000,) + (0,) * 9
_FILE = (0x8000,) + (0,) * 9

path, sys.path[:] = sys.path[:], ()  # an empty one says that no file is meant, here and later
for name in ("binascii", "collections", "io", "os", "select", "struct", "time"):
    sys.modules[name] = __import__(name)
sys.path[:] = path
crc32 = sys.modules["binascii"].crc32
unpack = sys.modules["struct"].unpack


class _Reader(sys.modules["io"].IOBase):
    """Reads on from where the file stands: MicroPython knows where a module ends."""

    def __init__(self, file):
        self.readinto = file.readinto

    def ioctl(self, request, _value):
        return _BUFFER_BYTES if request == _BUFFER_SIZE else 0


class _Modules:
    """What `vfs.mount` takes, as far as `import` and a look into folders need it."""

    def __init__(self, file):
        self._file, self._reader = file, _Reader(file)
        file.seek(_INDEX_AT)
        (count,) = unpack("<H", file.read(2))
        index = unpack("<%dI" % (2 * count), file.read(8 * count))
        # {30 bits of the CRC-32 of a path: where its module begins; 0 for a folder}
        self._places = dict(zip(index[:count], index[count:]))

    def mount(self, _readonly, _mkfs):
        pass

    def umount(self):
        self._file.close()

    def stat(self, path):
        place = self._places.get(crc32(path) & _CRC, -1)
        if place < 0:
            raise OSError(_ENOENT)
        return _FILE if place else _FOLDER

    def ilistdir(self, _path):
        return iter(())  # the index has no names

    def open(self, path, _mode):
        self._file.seek(self._places[crc32(path) & _CRC])
        return self._reader


vfs.mount(_Modules(open(__file__, "rb")), "/pack")  # noqa: SIM115  it stays open
sys.path.insert(0, "/pack")
