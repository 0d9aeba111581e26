"""Programs that tests start. Those that `make setup` does not bring come with the machine."""

import contextlib
import os
import shutil
import subprocess

import pytest


def found(name, package):
    """Return where the program `name` is, a path; without it, do what `missing` does.

    package: Debian's, which has it.
    """
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return path or missing(f"no {name} here (Debian: apt-get install {package})")


@contextlib.contextmanager
def started(command, **how):
    """Give the process of `command`; the end of the block waits for it. how: words for Popen.

    A block that fails leaves nobody waiting for a process that goes on: it is killed.
    """
    with subprocess.Popen(command, **how) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise


def missing(words):
    """End because the machine lacks something, for the reason `words`.

    A test fails in CI and is skipped elsewhere; pytest's summary lists the reasons. A campaign
    ends with exit code 1.
    """
    if "PYTEST_CURRENT_TEST" not in os.environ:
        raise SystemExit(words)
    (pytest.fail if os.environ.get("CI") else pytest.skip)(words)
