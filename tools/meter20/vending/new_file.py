"""New files for secrets and receipts: nothing overwrites them, and only their owner reads them.

The name is taken before anything is done, so that nothing is done for a file that cannot be
made. Under its name the file is empty or whole, whenever the process dies: it is written under
another name in the same folder, synced, and renamed.
"""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path

from meter20.vending import refusal
from meter20.vending.refusal import Refusal

#: Bytes that must be free for it; a page with a set of key change tokens has about half.
_ROOM = 1 << 16
_UNTESTABLE = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
_OWNER_ONLY = 0o600


class NewFile:
    """A file whose name is taken, empty as yet.

    As a context manager it removes the file at the end unless it was both filled and kept, and
    whenever it ends by a Refusal, which says that nothing was done.
    """

    def __init__(self, path: Path):
        """Take the name `path`; raises Refusal if it exists, or nothing can be written there."""
        self.path = path
        self._filled = self._kept = False
        try:
            descriptor = _created(path)
        except FileExistsError:
            words = f"{path} exists already and is not overwritten."
            raise Refusal(refusal.EXISTS, words) from None
        except OSError as error:
            raise cannot_write(path, error) from None
        self._own = {_identity(os.fstat(descriptor))}
        os.close(descriptor)
        try:
            _check_room(path.parent)
        except OSError as error:
            self.remove()
            raise cannot_write(path, error) from None

    def __enter__(self) -> "NewFile":
        return self

    def __exit__(self, _kind, error, _trace) -> None:
        if isinstance(error, Refusal) or not (self._filled and self._kept):
            self.remove()

    def keep(self) -> None:
        """Let it stay: what it is for is done from now on, or may be."""
        self._kept = True

    def fill(self, text: str) -> None:
        """Give it `text`; on return it is on the disk, under its name.

        Raises OSError if that fails; then there is no such file.
        """
        draft = _draft(self.path.parent)
        try:
            _write(draft, text)
            self.fill_with(draft)
        except OSError:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            self.remove()
            raise

    def fill_with(self, draft: Path) -> None:
        """Let the file `draft`, whole and on the disk, take the name; the two share a disk.

        Raises OSError if that fails; then there is no such file, but still the draft.
        """
        try:
            if not self._ours():
                raise OSError(errno.EEXIST, "another file took its name")
            self._own.add(_identity(os.lstat(draft)))
            os.replace(draft, self.path)
            _sync_folder(self.path.parent)
        except OSError:
            self.remove()
            raise
        self._filled = True

    def remove(self) -> None:
        """Remove it, unless another file has its name by now."""
        with suppress(OSError):
            if self._ours():
                self.path.unlink()

    def _ours(self) -> bool:
        return _identity(os.lstat(self.path)) in self._own


def _created(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)


def _write(path: Path, text: str) -> None:
    """Write `text` to the new file `path` and sync it."""
    left = text.encode("utf-8")
    descriptor = _created(path)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Put the names in `folder` on the disk, where a folder can be synced."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNTESTABLE:
            raise
    finally:
        os.close(descriptor)


def _check_room(folder: Path) -> None:
    """Raise OSError if `folder` has no room. Where nobody knows that, writing will fail later."""
    if not hasattr(os, "posix_fallocate"):
        return
    draft = _draft(folder)
    descriptor = _created(draft)
    try:
        os.posix_fallocate(descriptor, 0, _ROOM)
    except OSError as error:
        if error.errno not in _UNTESTABLE:
            raise
    finally:
        os.close(descriptor)
        os.unlink(draft)


def _draft(folder: Path) -> Path:
    """Return a name for what is not whole yet. A death may leave it; it can be removed."""
    return folder / f".meter20-{secrets.token_hex(8)}.part"


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def cannot_write(path: Path, error: OSError) -> Refusal:
    """Return the refusal of a file that cannot be written."""
    return Refusal(refusal.VALUE, f"Cannot write {path}: {error.strerror}.")
