"""What pip has compiled is taken over into the folder that PYTHONPYCACHEPREFIX names.

Python then looks nowhere else: each process of a first `make test` would compile the packages.
"""

import contextlib
import os
import sys
import sysconfig
from pathlib import Path


def take_over(packages: Path, prefix: Path) -> None:
    """Link each compiled file of `packages` to where Python looks for it below `prefix`."""
    taken = prefix / packages.relative_to(packages.anchor)
    for folder, _, names in os.walk(packages):
        if os.path.basename(folder) == "__pycache__":
            to = taken / Path(folder).parent.relative_to(packages)
            to.mkdir(parents=True, exist_ok=True)
            for name in names:
                # It is there already, or on another file system: Python compiles what it lacks.
                with contextlib.suppress(OSError):
                    os.link(os.path.join(folder, name), to / name)


if __name__ == "__main__":
    if sys.pycache_prefix:
        take_over(Path(sysconfig.get_path("purelib")), Path(sys.pycache_prefix))
