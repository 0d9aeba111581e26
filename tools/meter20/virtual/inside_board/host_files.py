"""The virtual board's file system: `_host`'s files under "/", for MicroPython's `vfs`.

Runs on MicroPython only. *Why not the port's own VfsPosix*: its errors carry
WASI's numbers, its listings no sizes, and its files live in memory.
"""

import io
import json

import _host
from micropython import const
from uctypes import addressof

_DIRECTORY = const(0x4000)
_FILE = const(0x8000)
_BLOCK = const(4096)
_NAME_MAX = const(255)
_CHUNK = const(256)
_EINVAL = const(22)

# Requests of the stream protocol; see py/stream.h.
_FLUSH, _CLOSE = const(1), const(4)


def _checked(result):
    """Return `result`, a number or a text. Raises OSError if it is an errno."""
    if isinstance(result, int) and result < 0:
        raise OSError(-result)
    return result


class HostFile(io.IOBase):
    """One open file."""

    def __init__(self, number: int, text: bool):
        self._number = number
        self._text = text

    def readinto(self, buffer):
        if not len(buffer):
            return 0
        return _checked(_host.file_read(self._number, addressof(buffer), len(buffer)))

    def read(self, size=-1):
        """Return `size` bytes, or characters of one byte each; all that is left if negative."""
        parts = []
        while size:
            chunk = bytearray(_CHUNK if size < 0 else min(size, _CHUNK))
            count = self.readinto(chunk)
            if not count:
                break
            parts.append(bytes(chunk[:count]))
            size -= count if size > 0 else 0
        return self._typed(b"".join(parts))

    def readline(self, size=-1):
        start = self.tell()
        line = b""
        while size < 0 or len(line) < size:
            chunk = bytearray(_CHUNK)
            count = self.readinto(chunk)
            end = chunk.find(b"\n", 0, count) + 1
            line += bytes(chunk[: end or count])
            if end or not count:
                break
        line = line if size < 0 else line[:size]
        self.seek(start + len(line))
        return self._typed(line)

    def readlines(self):
        return list(self)

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def write(self, data):
        if isinstance(data, str):
            data = data.encode()
        if not len(data):
            return 0
        return _checked(_host.file_write(self._number, addressof(data), len(data)))

    def seek(self, offset, whence=0):
        return _checked(_host.file_seek(self._number, offset, whence))

    def tell(self):
        return self.seek(0, 1)

    def truncate(self, size=None):
        _checked(_host.file_truncate(self._number, self.tell() if size is None else size))

    def flush(self):
        """Every write is stored at once."""

    def close(self):
        if self._number >= 0:
            _host.file_close(self._number)
            self._number = -1

    def ioctl(self, request, argument):
        if request == _CLOSE:
            self.close()
        elif request != _FLUSH:
            return -_EINVAL
        return 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _typed(self, data):
        return data.decode() if self._text else data


class HostFiles:
    """What `vfs.mount` takes."""

    def __init__(self):
        self._folder = "/"

    def mount(self, _readonly, _mkfs):
        """Nothing is to be done."""

    def umount(self):
        """Nothing is to be done."""

    def open(self, path, mode):
        flags = mode.replace("b", "").replace("t", "")
        return HostFile(_checked(_host.file_open(self._whole(path), flags)), "b" not in mode)

    def stat(self, path):
        kind, size, changed_s = _checked(_host.stat(self._whole(path))).split()
        mode = _DIRECTORY if kind == "d" else _FILE
        size = 0 if kind == "d" else int(size)
        changed_s = int(changed_s)
        return (mode, 0, 0, 0, 0, 0, size, changed_s, changed_s, changed_s)

    def ilistdir(self, path):
        for name, is_folder, size in json.loads(_checked(_host.list(self._whole(path)))):
            yield (name, _DIRECTORY, 0, 0) if is_folder else (name, _FILE, 0, size)

    def mkdir(self, path):
        _checked(_host.mkdir(self._whole(path)))

    def rmdir(self, path):
        _checked(_host.rmdir(self._whole(path)))

    def remove(self, path):
        _checked(_host.remove(self._whole(path)))

    def rename(self, old, new):
        _checked(_host.rename(self._whole(old), self._whole(new)))

    def statvfs(self, _path):
        blocks, free = _host.blocks(), _host.blocks_free()
        return (_BLOCK, _BLOCK, blocks, free, free, 0, 0, 0, 0, _NAME_MAX)

    def chdir(self, path):
        path = self._whole(path)
        if not self.stat(path)[0] & _DIRECTORY:
            raise OSError(20)
        self._folder = path

    def getcwd(self):
        return self._folder

    def _whole(self, path):
        """Return `path` from the root, with nothing in it that leads upwards."""
        parts = []
        for part in (path if path.startswith("/") else self._folder + "/" + path).split("/"):
            if part == "..":
                del parts[-1:]
            elif part and part != ".":
                parts.append(part)
        return "/" + "/".join(parts)
