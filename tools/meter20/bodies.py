"""Opens a meter for a program: emulated in this process, or virtual in Node.

| name | the firmware runs in |
| --- | --- |
| `emulated` | CPython, in this process |
| `virtual` | real MicroPython, in a Node process |

A store is a folder whose file `flash.bin` is the meter's flash. One process at
a time may hold it; the file is locked, so the lock goes when the process does.
"""

import os
from pathlib import Path

import board
from body import SimBody
from flash_chip import BLANK

from meter20 import private_folder
from meter20.failure import NoMeter
from meter20.service_client import ServiceClient
from meter20.virtual.node import VirtualBody

NAMES = ("emulated", "virtual")

#: Most bytes handed to the firmware at once; a longer line than it takes is cut there, not here.
CHUNK_BYTES = 4096


class FileImage:
    """Content of a flash chip in `folder`/flash.bin, which is made if it is missing.

    Every write is in the file before it returns: it outlives this process, though
    not a crash of the computer. Raises NoMeter if the file cannot be used; then
    nothing has been changed. The file stays locked until `close`.
    """

    def __init__(self, folder: Path, size: int = board.FLASH_SIZE):
        self.file = folder / "flash.bin"
        self._size = size
        self._fd = self._open(folder)
        try:
            _lock(self._fd, self.file)
            self._check()
        except BaseException:
            self.close()
            raise

    def size(self) -> int:
        return self._size

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._fd, size, offset)

    def write(self, offset: int, data: bytes):
        done = 0
        while done < len(data):
            done += os.pwrite(self._fd, data[done:], offset + done)

    @property
    def lock(self) -> int:
        """The file descriptor that holds the lock. A process that inherits it holds the lock."""
        return self._fd

    def close(self):
        """Let go of the file. A second time does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self, folder):
        try:
            private_folder.make(folder)
            return os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise NoMeter(f"{self.file} cannot be opened: {error.strerror}") from None

    def _write_blank(self, offset):
        self.write(offset, BLANK * (self._size - offset))

    def _check(self):
        try:
            found = os.fstat(self._fd).st_size
            if found == 0:  # just made, or the maker was cut short: there is nothing to lose
                self._write_blank(0)
            elif found in board.EARLIER_FLASH_SIZES and found < self._size:
                self._write_blank(found)
            elif found != self._size:
                raise NoMeter(
                    f"{self.file} holds {found} bytes, this meter's flash has {self._size}: "
                    "it is left as it is; name another folder"
                )
        except OSError as error:
            raise NoMeter(f"{self.file} cannot be used: {error.strerror}") from None


class EmulatedBody(ServiceClient):
    """The meter in this process. sim: the SimBody, for programs that play its parts.

    image: the content of its flash, in memory if None. outside, dlms: see body.SimBody.
    """

    def __init__(
        self,
        image: FileImage | None = None,
        outside: dict[str, object] | None = None,
        dlms: int | None = None,
    ):
        self._image = image
        self.sim = SimBody(image, outside=outside, dlms=dlms)

    def exchange(self, line: bytes) -> bytes:
        return self.feed(line + b"\n").rstrip(b"\n")

    def feed(self, data: bytes) -> bytes:
        """Take at most CHUNK_BYTES of the service port; return what the meter answers."""
        replies = self.sim.feed(data)
        while replies is None:
            replies = self.sim.resume()
        return replies

    def close(self) -> None:
        self.sim.end()
        if self._image is not None:
            self._image.close()


class NodeBody(ServiceClient):
    """The meter on real MicroPython, a child process of this one.

    image: its flash, in memory if None. The child holds its lock, too: should this process be
    killed, nobody else writes there until the child has ended.
    """

    def __init__(self, image: FileImage | None = None):
        self._image = image
        try:
            self._body = VirtualBody(
                image.file.parent if image else None, held=(image.lock,) if image else ()
            )
        except NoMeter:
            self._let_go()
            raise

    def exchange(self, line: bytes) -> bytes:
        return self._body.exchange(line)

    def close(self) -> None:
        self._body.close()
        self._let_go()

    def _let_go(self):
        if self._image is not None:
            self._image.close()


def open_body(name: str, store: Path | None = None) -> ServiceClient:
    """Return the body `name`, of NAMES, its flash in the folder `store` or in memory.

    Raises NoMeter.
    """
    image = open_store(store)
    return EmulatedBody(image) if name == "emulated" else NodeBody(image)


def open_store(store: Path | None) -> FileImage | None:
    """Return the flash in the folder `store`, locked; None without a folder. Raises NoMeter."""
    return None if store is None else FileImage(store)


def _lock(fd, file):
    try:
        import fcntl
    except ImportError:
        raise NoMeter("a store needs Linux or macOS") from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NoMeter(f"{file} is in use by another meter20: end that one first") from None
    except OSError as error:
        raise NoMeter(f"{file} cannot be locked: {error.strerror}") from None
