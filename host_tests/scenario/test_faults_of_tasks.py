"""Each task of the application raises, or falls silent: safe, shown, restarted, nothing lost.

On CPython: a test cannot reach into a meter behind its service port.
"""

import json

import board
import pytest
from body import SimBody
from fakes import meters
from flash_chip import RamImage
from meter import faults
from meter.supervisor import PERIOD_MS

CREDIT_WH = 100

#: task: (what of the application fails, the part that is blamed).
TASKS = {
    "metering": ("_step_metering", "metering"),
    "switch": ("_switch", "metering"),
    "power": ("_power.add", "metering"),
    "consumption": ("meter.consume", "metering"),
    "supply watch": ("_watch_supply", "metering"),
    "tamper watch": ("_watch_tamper", "metering"),
    "store watch": ("_watch_store", "metering"),
    "keypad": ("_step_keypad", "keypad"),
    "entry": ("_entry.press", "keypad"),
    "entry that expires": ("_entry.expire", "keypad"),
    "token": ("_enter", "token"),
    "decision about a token": ("meter.enter", "token"),
    "short code": ("_call_up_code", "keypad"),
    "display": ("_panel.step", "display"),
    "credit display": ("_show_credit", "credit display"),
    "beeper": ("_beeper.step", "buzzer"),
    "tune": ("_beeper.play", "buzzer"),
    "overload": ("_overload.blocks", "metering"),
    "view": ("view", "metering"),
    "supervisor": ("supervisor.step", "program"),
}
ERRORS = (MemoryError, ZeroDivisionError)


def run(job):
    for _ in job:
        pass


@pytest.fixture
def body():
    """A meter with credit, whose switch is closed."""
    made = SimBody(RamImage(board.FLASH_SIZE))
    key = made.feed(b'{"do":"provision",%s}\n' % provision())
    assert b'"ok": true' in key
    run(made.press(meters.TOKEN_100_WH))
    run(made.advance(30_000))
    assert made.ports.load_switch.closed
    return made


def provision():
    return json.dumps(meters.PROVISION).encode()[1:-1]


def fails(app, name, error):
    """Make `name` of `app` raise `error`."""
    owner, _, attribute = name.rpartition(".")
    for part in owner.split(".") if owner else ():
        app = getattr(app, part)

    def fail(*_arguments, **_named):
        raise error

    setattr(app, attribute, fail)


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
@pytest.mark.parametrize("task", TASKS)
def test_a_task_that_raises(body, task, error):
    name, blamed = TASKS[task]
    fails(body.app, name, error)
    switch, app = body.ports.load_switch, body.app
    run(body.press("1C#5#" + meters.TEST_ALL))
    body.ports.pulses.train(10, 1000)
    run(body.advance(3000))
    assert app.fault == (blamed, error.__name__)
    assert not switch.closed
    assert app.lines[0] == "FAULT" and app.lines[1] == blamed
    check_restarted(body)


@pytest.mark.parametrize("task", ["metering", "keypad", "display"])
def test_a_task_that_falls_silent(body, task):
    supervisor = body.app.supervisor
    report = supervisor.report
    supervisor.report = lambda name: None if name == task else report(name)
    run(body.advance(8000 + 3 * PERIOD_MS))
    check_restarted(body)
    assert body.app.notes.faults.part == "program"
    assert body.app.notes.faults.kind == faults.HANG


def check_restarted(body):
    """The watchdog restarted the meter; the supply waits; no energy and no token is lost."""
    run(body.advance(10_000))
    assert body.boots == 2
    assert body.app.fault is None
    assert body.app.notes.faults.total == 1
    assert not body.ports.load_switch.closed
    register = body.app.meter.state.register
    assert register.credit + register.total_wh == CREDIT_WH
    assert body.app.meter.enter(meters.TOKEN_100_WH, 0).result == "UsedError"
    run(body.advance(60_000))
    assert body.ports.load_switch.closed == (register.credit > 0)


def test_the_names_are_those_of_the_application(body):
    for name, _blamed in TASKS.values():
        part = body.app
        for attribute in name.split("."):
            part = getattr(part, attribute)
        assert callable(part)
