"""Self test: what the meter finds when it looks at its own parts.

A meter without a number shows it when power comes, so that the builder of the board sees display,
buzzer and parts before there is a key; a short code shows it later. It looks only: it moves no
switch, writes no record and takes no pulses from the counter.
"""

from micropython import const
from ports import record_store

from panel import screens

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from panel.contracts import Turn

_PARTS_A_SCREEN = const(3)
_MEMORY = {
    record_store.GOOD: "good",
    record_store.REPAIRED: "repaired",
    record_store.LOST: "LOST",
}


def found(ports, turn: "Turn"):
    """Return the screens: all dots of the display, then each part of `ports` that is there."""
    dots, eights = "#" * screens.WIDTH, "8" * screens.WIDTH
    shown = [[dots, eights, dots, eights]]
    lines = _memory(ports) + _switch(ports, turn) + _inputs(ports, turn) + _time(ports, turn)
    for at in range(0, len(lines), _PARTS_A_SCREEN):
        shown.append(screens.message("Self test", *lines[at : at + _PARTS_A_SCREEN]))
    return shown


def _memory(ports):
    stores = [store.health for store in (ports.store, ports.notes) if store is not None]
    for health in (record_store.LOST, record_store.REPAIRED):
        if health in stores:
            return [_line("Memory", _MEMORY[health])]
    return [_line("Memory", _MEMORY[record_store.GOOD])]


def _switch(ports, turn: "Turn"):
    if ports.load_switch is None:
        return []
    how = "closed" if turn.closed else "open"
    return [_line("Switch", "FAULTY" if ports.load_switch.faulty else how)]


def _inputs(ports, turn: "Turn"):
    lines = []
    if ports.keypad is not None:
        lines.append(
            _line("Keys", "STUCK " + ports.keypad.stuck if ports.keypad.stuck else "none down")
        )
    if ports.buzzer is not None:
        lines.append(_line("Buzzer", "listen"))
    if ports.tamper is not None:
        opened = _read(turn, "tamper", ports.tamper.active)
        lines.append(_line("Cover", "OPEN" if opened else "closed"))
    if ports.brown_out is not None:
        failing = _read(turn, "brown-out", ports.brown_out.failing)
        lines.append(_line("Supply", "LOW" if failing else "good"))
    return lines


def _time(ports, turn: "Turn"):
    if ports.clock is None:
        return []
    time = turn.time()
    return [_line("UTC", "not set" if time is None else "%02d:%02d" % (time[4], time[5]))]


def _read(turn: "Turn", part, ask):
    """Return what `ask` says; `part` is to blame for what it raises."""
    supervisor = turn.supervisor
    before, supervisor.at = supervisor.at, part
    value = ask()
    supervisor.at = before
    return value


def _line(part, how):
    """Return a line of a part and how it is, as wide as the smallest display."""
    return (part + " " * max(1, screens.WIDTH - len(part) - len(how)) + how)[: screens.WIDTH]
