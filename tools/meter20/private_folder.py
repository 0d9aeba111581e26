"""Folders of secrets: a meter's flash holds its key, a station's database its customers."""

import errno
import os
from pathlib import Path

_OWNER_ONLY = 0o700


def make(folder: Path) -> None:
    """Make `folder` and what it lies in, for their owner only, whatever the umask.

    A folder that is there already stays as it is. Raises OSError if one cannot be made.
    """
    missing = []
    at = folder.absolute()
    while not at.exists():
        missing.append(at)
        at = at.parent
    for each in reversed(missing):
        each.mkdir(mode=_OWNER_ONLY, exist_ok=True)
        each.chmod(_OWNER_ONLY)
    if not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))
