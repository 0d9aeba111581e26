"""Restart: logs and shows what the meter finds in its memory when power comes."""

from journal import events, history
from micropython import const
from panel import screens
from ports.record_store import LOST, REPAIRED

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.turn import Turn


def noted(turn: "Turn", health: str):
    """Note the restart and what was found; return the screens that say it.

    health: of the store, of ports.record_store. A store that lost its records is left as it
    is: another firmware may be able to read it.
    """
    meter, notes = turn.meter, turn.notes
    shown, codes = [], []
    if meter.start(turn.now_ms):
        shown.append(screens.key_change_dropped())
    ahead = history.is_ahead(notes.history, meter.state.tids)
    if ahead or REPAIRED in (health, notes.health):
        codes.append(events.REPAIRED)
        shown.insert(0, screens.repaired())
    if meter.kept.store_lost:
        codes.append(events.STORE_FAULT)
    elif notes.health == LOST:
        codes.append(events.SETTINGS_LOST)
    if meter.provisioned:
        codes.append(events.RESTART)
    notes.log(codes, meter.state.register.total_wh, not meter.lost)
    return shown
