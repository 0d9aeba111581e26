"""Each task of the application raises, or never ends: safe, shown, restarted, nothing lost.

On CPython: a test cannot reach into a meter behind its service port.
"""

import json

import board
import pytest
from body import SimBody
from data import meters
from flash_chip import RamImage
from journal import faults
from meter.supervisor import PERIOD_MS

CREDIT_WH = 100

#: task: (what of the application fails, the part that is blamed).
TASKS = {
    "metering": ("metering.step", "metering"),
    "power": ("turn.power.add", "metering"),
    "consumption": ("meter.consume", "metering"),
    "supply watch": ("metering._supply_fails", "metering"),
    "tamper watch": ("metering._watch_cover", "metering"),
    "store watch": ("metering._watch_store", "metering"),
    "contactor": ("contactor.step", "contactor"),
    "overload": ("contactor._overload.blocks", "contactor"),
    "keypad": ("keypad.step", "keypad"),
    "entry": ("keypad._entry.press", "keypad"),
    "entry that expires": ("keypad._entry.expire", "keypad"),
    "token": ("inbox.enter", "token"),
    "decision about a token": ("meter.enter", "token"),
    "short code": ("keypad._call_up_code", "keypad"),
    "answer to a token": ("buzzer.outcome", "token"),
    "display": ("display.step", "display"),
    "credit display": ("credit display.step", "credit display"),
    "beeper": ("buzzer._player.step", "buzzer"),
    "tune": ("buzzer._player.play", "buzzer"),
    "view": ("turn.view", "display"),
    "supervisor": ("supervisor.round_ended", "program"),
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


def owner_of(app, name):
    """Return (object, attribute) that `name` means: of a part of `app`, or of what parts share."""
    first, *others = name.split(".")
    owner = {part.name: part for part in app.rounds.parts}.get(first)
    if owner is None:
        owner = getattr(app, {"turn": "_turn"}.get(first, first))
    for attribute in others[:-1]:
        owner = getattr(owner, attribute)
    return owner, others[-1]


def fails(app, name, error):
    """Make `name` of `app` raise `error`."""

    def fail(*_arguments, **_named):
        raise error

    setattr(*owner_of(app, name), fail)


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
    assert app.front.lines[0] == "FAULT" and app.front.lines[1] == blamed
    check_restarted(body)


def test_rounds_that_come_to_no_end(body):
    body.app.supervisor.round_ended = lambda _now_ms: PERIOD_MS
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
        assert callable(getattr(*owner_of(body.app, name)))


def test_a_part_that_is_not_due_is_not_run(body):
    run(body.advance(30_000))
    steps = {part.name: 0 for part in body.app.rounds.parts}
    for part in body.app.rounds.parts:
        count(part, steps)
    now_ms = body.now_ms
    keys = next(part for part in body.app.rounds.parts if part.name == "keypad")
    keys._keypad.due_ms = lambda: 20
    for _ in range(500):
        now_ms += body.app.step(now_ms)
    assert steps["keypad"] == 500
    assert max(times for name, times in steps.items() if name != "keypad") <= 12


def count(part, steps):
    """Count the steps of `part` in `steps`."""
    step = part.step

    def counted(turn):
        steps[part.name] += 1
        return step(turn)

    part.step = counted


def test_a_step_earlier_than_asked_for_runs_every_part(body):
    run(body.advance(30_000))
    steps = {part.name: 0 for part in body.app.rounds.parts}
    for part in body.app.rounds.parts:
        count(part, steps)
    body.app.step(body.now_ms + 1)
    assert set(steps.values()) == {1}
