"""What all host tests share: the device's path, hypothesis profiles, notes in the summary."""

import functools
import gc
import os
import signal
import sys
import tempfile

import freezegun
import hypothesis
import pytest
import typer.testing
from hypothesis.database import DirectoryBasedExampleDatabase

import meter20  # puts firmware/ and boards/sim on the path

# `machine` and what belongs to it; and the fixture, whose `board` stays behind the simulator's
_BESIDE = ("host_tests/chip", "boards/fixture_pico")
sys.path += [str(meter20.DEVICE_ROOT / folder) for folder in _BESIDE]

# A clock that a test stopped is not the one that pytest measures the test with.
freezegun.configure(extend_ignore_list=["_pytest.timing"])

_MEMORY = "/dev/shm"
_ROOM = 2 << 30  # octets; a whole run takes some hundred MB at once


def _has_room(folder):
    """Return whether `folder` is there, takes all that tests write, and runs programs."""
    if not os.access(folder, os.W_OK):
        return False
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize >= _ROOM and not told.f_flag & os.ST_NOEXEC


if "TMPDIR" not in os.environ and _has_room(_MEMORY):
    # Every sale waits until its database is on the disk; in memory nothing has to wait.
    os.environ["TMPDIR"] = tempfile.tempdir = _MEMORY

# A shell starts its background jobs with Ctrl-C ignored, and nohup ignores the end of the line.
# The children of the tests would ignore them as well.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# For the processes of pytest that tests start: this plugin takes longer to load than most files.
os.environ.setdefault("PYTEST_ADDOPTS", "-p no:schemathesis")

# CliRunner makes the tree of all commands at each call, which takes as long as most of them do.
typer.testing._get_command = functools.cache(typer.testing._get_command)

# Every setting is named: where CI is set to anything, Hypothesis loads a profile of its own, and
# a profile registered later takes from it what it does not say itself.
_ALIKE = {
    "backend": "hypothesis",
    "deadline": None,
    "max_examples": 100,
    "phases": tuple(hypothesis.Phase),
    "print_blob": True,
    "report_multiple_bugs": True,
    "stateful_step_count": 50,
    "suppress_health_check": (),
    "verbosity": hypothesis.Verbosity.normal,
}
_EXAMPLES = DirectoryBasedExampleDatabase(".hypothesis/examples")
hypothesis.settings.register_profile("default", derandomize=False, database=_EXAMPLES, **_ALIKE)
hypothesis.settings.register_profile("ci", derandomize=True, database=None, **_ALIKE)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "default")


def pytest_addoption(parser):
    """The acceptance suite's options. Here, because pytest reads this file whatever is run."""
    suite = parser.getgroup("acceptance", "the acceptance suite, host_tests/acceptance")
    suite.addoption(
        "--body", default="emulated", help="emulated, virtual, page, rp2040 or serial:PORT"
    )
    suite.addoption("--fixture", help="with serial:PORT, the port of boards/fixture_pico")
    suite.addoption("--report", help="folder for the table of results: text, JSON, HTML")
    suite.addoption("--tokens", help="JSON file of your own tokens, with their keys")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Two for each core, because some tests wait: for a process, or for real time."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from spread import Spread

    return Spread(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(config, items):
    if hasattr(config, "workerinput"):
        from spread import place

        items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session):
    """Nothing that a collection makes is garbage: nobody looks for it until the end."""
    gc.disable()
    try:
        if told := getattr(session.config, "workerinput", None):
            from compiled import compile_in_turn

            worker = int(told["workerid"].removeprefix("gw"))
            compile_in_turn(session.config, worker % told["workercount"], told["workercount"])
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish():
    """The tests themselves live as long as the process: no collection looks at them again.

    There are a million objects of theirs, and the loop of a board collects whenever it rests.
    What is garbage among them is little, and stays. What a test leaves is looked for less often
    than Python does: that took 4 % of the station's tests.
    """
    gc.freeze()
    gc.set_threshold(20_000)


@pytest.fixture(autouse=True)
def _chips_without_power():
    """What a test left in an emulated chip, such as a store that failed, is not the next one's."""
    yield
    for name in ("world", "emulated_time", "esp32"):
        module = sys.modules.get(name)
        if module is not None:
            getattr(module, "WORLD", module).stop()


@pytest.fixture
def note(record_property):
    """Return a function that puts one line of text into the summary at the end of the run."""
    return lambda text: record_property("note", text)


def pytest_terminal_summary(terminalreporter):
    notes = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call"
        for name, value in report.user_properties
        if name == "note"
    ]
    if notes:
        terminalreporter.section("notes")
        for text in sorted(notes):
            terminalreporter.write_line(text)
