"""The acceptance suite's fixtures, and the table of its results."""

import re
from dataclasses import asdict
from pathlib import Path

import pytest
from acceptance import bodies, report, subject
from data import meters

from meter20 import rp2040
from meter20.board.trouble import Trouble

_HERE = Path(__file__).parent
_PLACE: pytest.StashKey = pytest.StashKey()  # of a case in the table


@pytest.fixture(scope="session")
def body(request):
    """The name of the body under test."""
    return request.config.getoption("body")


@pytest.fixture(scope="session")
def _only_meter(request, body):
    """The meter of a body that has one only, for the whole run."""
    if not body.startswith("serial:"):
        yield None
        return
    try:
        only = bodies.opened(body, request.config.getoption("fixture"))
        if not request.config.getoption("tokens"):
            only.with_test_key()
    except Trouble as trouble:
        pytest.exit(str(trouble), 2)
    yield only
    only.close()


@pytest.fixture
def factory_meter(body, _only_meter):
    """A meter as it leaves the mould."""
    if _only_meter is not None:
        subject.not_applicable("it needs a meter without a past")
    made = bodies.opened(body)
    yield made
    made.close()


@pytest.fixture
def open_meter(body, _only_meter):
    """Return a function that makes a provisioned meter, with these changes."""
    made = []

    def make(**changes):
        if _only_meter is not None:
            subject.not_applicable("it needs a meter without a past")
        made.append(bodies.opened(body))
        reply = made[-1].provision(**changes)
        assert reply["ok"], reply
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def owned_meter(request, owned, _only_meter):
    """A meter for the tester's own tokens: a new one, or the one that is there."""
    if _only_meter is None or not request.config.getoption("tokens"):
        return request.getfixturevalue("open_meter")(**owned.meter)
    _only_meter.given(**owned.meter)
    return _only_meter


@pytest.fixture
def meter(request, body, _only_meter):
    """A provisioned meter; on a serial port the one there, with whatever credit it has."""
    if _only_meter and request.config.getoption("tokens"):
        subject.not_applicable("the meter there has the tester's key")
    made = _only_meter or bodies.opened(body)
    if _only_meter is None:
        assert made.provision(**meters.PROVISION)["ok"]
    yield made
    if _only_meter is None:
        made.close()
    else:
        made.clear_wait()


def pytest_generate_tests(metafunc):
    if "owned" in metafunc.fixturenames:
        file = metafunc.config.getoption("tokens") or _HERE / "tokens.example.json"
        owned = report.owned(Path(file))
        keys = {str(one.meter.get("decoder_key", "")) for one in owned} - {""}
        metafunc.config.stash[report.KEYS] = keys
        metafunc.parametrize("owned", owned, ids=lambda one: one.name)


def pytest_configure(config):
    config.addinivalue_line("markers", "group(name): group of STS 531, or of this suite")
    config.stash[report.KEYS] = ()
    config.addinivalue_line("markers", "lengthy(why): not for a body on which time is dear")
    try:
        bodies.check_usage(config)
    except ValueError as wrong:
        pytest.exit(str(wrong), 2)


def pytest_ignore_collect(collection_path, config):
    """Cases that only some benches can be asked have no row on others."""
    asked = {
        "test_pico.py": config.getoption("body") == "rp2040",
        "test_two_boards.py": bool(config.getoption("fixture")),
    }
    return None if asked.get(collection_path.name, True) else True


def pytest_collection_modifyitems(config, items):
    for place, item in enumerate(items):
        item.stash[_PLACE] = place
    if config.getoption("body") != "rp2040":
        return
    why = rp2040.why_not()
    for item in items:
        lengthy = item.get_closest_marker("lengthy")
        if why:
            item.add_marker(pytest.mark.skip(reason=f"{report.NOT_RUN}: {why}"))
        elif lengthy:
            item.add_marker(pytest.mark.skip(reason=f"{report.LEFT_OUT}: {lengthy.args[0]}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    made = yield
    if made.when == "call" and made.failed:
        folder = Path(item.config.getoption("report") or "build") / "sessions"
        for file in bodies.keep_sessions(re.sub(r"[^\w-]+", "-", item.name), folder):
            made.sections.append(("session", f"meter20 replay {file}"))
    elif made.when == "teardown":
        bodies.RECORDERS.clear()
    row = report.row(item, made)
    if row is not None:
        made.user_properties.append(("acceptance", (item.stash[_PLACE], asdict(row))))
    report.hide_keys(made, item.config.stash[report.KEYS])
    return made


def pytest_terminal_summary(terminalreporter, config):
    folder = config.getoption("report")
    # From the reports: with pytest-xdist the cases run in other processes.
    found = [
        value
        for reports in terminalreporter.stats.values()
        for made in reports
        for name, value in getattr(made, "user_properties", ())
        if name == "acceptance"
    ]
    rows = [report.Row(**row) for _place, row in sorted(found, key=lambda value: value[0])]
    if rows and folder:
        files = report.write(rows, config.getoption("body"), Path(folder))
        terminalreporter.section("acceptance")
        terminalreporter.write_line(report.text(rows, config.getoption("body")))
        terminalreporter.write_line("written: " + ", ".join(str(file) for file in files))
