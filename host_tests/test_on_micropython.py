"""Runs every test file that is for both interpreters a second time, under MicroPython.

README.md beside this file says which files those are. METER20_MICROPYTHON=PATH
adds a unix port of your own to the one in Node.
"""

import os
from functools import partial

import pytest
from runner.dual import DualRunner, UnixRunner, dual_files

from meter20 import DEVICE_ROOT

RUNNERS = {"wasm": DualRunner}
if unix_port := os.environ.get("METER20_MICROPYTHON"):
    RUNNERS["unix"] = partial(UnixRunner, unix_port)

FILES = dual_files()


@pytest.fixture(scope="session", params=RUNNERS)
def runner(request):
    runner = RUNNERS[request.param]()
    yield runner
    runner.close()


@pytest.mark.parametrize("file", FILES, ids=[file.parent.name + "/" + file.stem for file in FILES])
def test_file(runner, file, note):
    outcome = runner.run(file)
    for where, reason in outcome.skipped:
        note(f"{file.relative_to(DEVICE_ROOT)}: {where} skipped under MicroPython: {reason}")
    assert not outcome.complaint, outcome.complaint
