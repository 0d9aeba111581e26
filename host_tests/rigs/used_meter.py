"""A meter with credit whose store has been in use."""

from account.register import with_credit
from account.state import changed

from rigs import whole_meter
from rigs.whole_meter import token

OLDER, NEWEST = 10_000, 40_000  # Wh of credit, with the older copy and with the newest


def used(carrier, commits=7):
    """Return a Rig with credit of NEWEST; the record before the last holds OLDER."""
    rig = whole_meter.provisioned(carrier, commits)
    rig.enter(token())
    state = rig.state
    register = with_credit(state.register, NEWEST)
    rig.meter.kept.commit(changed(state, register=register))
    return rig


def codes(rig):
    """Return the codes of the events that the meter remembers."""
    return [event.code for event in rig.app.notes.events]
