"""A program ends at a signal, wherever it is when the signal comes."""

import signal
import subprocess
import sys

import pytest
from rigs import programs

_PROGRAM = """
import os, sys, time, weakref
from meter20.ending import in_good_order

class Thing:
    def __del__(self):
        come("a finaliser")

def come(where):
    if where == sys.argv[1]:
        os.kill(os.getpid(), int(sys.argv[2]))
        for _ in range(10):
            pass  # the signal is handled at one of these lines

def values():
    try:
        yield 1
    finally:
        come("a generator")

with in_good_order():
    thing = Thing()
    reference = weakref.ref(thing, lambda _: come("a callback of weakref"))
    del thing
    for _ in values():
        break
    come("the program")
    time.sleep(60)
print("ended", end="")
"""
_PLACES = ("the program", "a finaliser", "a callback of weakref", "a generator")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("place", _PLACES)
def test_signal_ends_the_program_in_good_order_wherever_it_comes(place, number):
    with programs.started(
        [sys.executable, "-c", _PROGRAM, place, str(int(number))],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as program:  # fmt: skip
        out, err = program.communicate(timeout=30)
    assert (out, err, program.returncode) == ("ended", "", 0)


_OTHER = """
import weakref
from meter20.ending import in_good_order

class Thing:
    pass

def fail(_):
    raise ValueError("a fault of a callback")

with in_good_order():
    thing = Thing()
    reference = weakref.ref(thing, fail)
    del thing
print("ended", end="")
"""


def test_other_faults_of_finalisers_are_reported_as_ever():
    done = subprocess.run(
        [sys.executable, "-c", _OTHER], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.returncode) == ("ended", 0)
    assert "ValueError: a fault of a callback" in done.stderr
