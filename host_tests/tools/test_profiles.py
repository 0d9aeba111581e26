"""Hypothesis runs as this project says, whatever CI is set to."""

import functools
import os
import subprocess
import sys

import pytest

_SHOW = """
import conftest, hypothesis
shown = hypothesis.settings()
names = [name for name in dir(shown) if not name.startswith("_") and name not in ("show_changed",)]
for name in sorted(names):
    value = getattr(shown, name)
    if not callable(value):
        print(name, type(value).__name__ if name == "database" else value)
"""


@functools.cache
def settings(**environment):
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    done = subprocess.run(
        [sys.executable, "-c", _SHOW], env=kept | {"PYTHONPATH": "host_tests"} | environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return dict(line.split(" ", 1) for line in done.stdout.splitlines())


@pytest.mark.parametrize("ci", ["true", "1", "0", "false", "no"])
def test_ci_tries_the_same_inputs_in_every_run(ci):
    named = settings(CI=ci)
    assert (named["derandomize"], named["database"], named["deadline"]) == (
        "True", "NoneType", "None",
    )  # fmt: skip


def test_elsewhere_other_inputs_are_tried_each_time_and_failures_are_kept():
    named, on_ci = settings(), settings(CI="true")
    assert named["derandomize"] == "False"
    assert named["database"] == "DirectoryBasedExampleDatabase"
    differ = {name for name in named if named[name] != on_ci[name]}
    assert differ == {"derandomize", "database"}
