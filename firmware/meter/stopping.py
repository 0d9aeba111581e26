"""Stopping: makes the meter safe at a fault.

Opens the load switch, saves the state and the fault, shows the fault and silences the buzzer.
"""

from journal import faults
from journal.notes import Notes
from micropython import const
from panel import screens
from supply import decision

from meter.metering import Metering
from meter.turn import Turn

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from ports import Ports
    from ports.buzzer import Buzzer
    from ports.display import Display
    from ports.load_switch import LoadSwitch


class Stopping:
    """Works with `ports`, and with `turn`, `notes` and `metering` once they are made.

    lines: what the display shows from then on; [] while the meter works.
    """

    def __init__(self, ports: "Ports"):
        self._ports = ports
        self.notes: Notes | None = None
        self.turn: Turn | None = None
        self.metering: Metering | None = None
        self.lines = []

    def stop(self, part: str, kind: str):
        """Stop after a fault of `part`, of some `kind`. Raises nothing."""
        part, kind = faults.known(part, kind)
        actions = (
            self._open_switch, self._save_state, self._save_fault, self._show_fault, self._silence
        )  # fmt: skip
        for action in actions:
            try:
                action(part, kind)
            except Exception:
                pass  # it may be the broken part that was asked; the others still can

    def save(self):
        """Count what was used up so far, and make it safe."""
        if self.turn is not None and self.metering is not None:
            self.metering.take_pulses(self.turn)
            self.turn.meter.checkpoint()

    def _open_switch(self, _part, _kind):
        if self.turn is not None:
            self.turn.closed, self.turn.relay_reason = False, decision.FAULT
        switch: LoadSwitch | None = self._ports.load_switch
        if switch is not None:
            switch.open()

    def _save_state(self, _part, _kind):
        if self.turn is not None:
            self.turn.meter.checkpoint()  # the state is replaced as a whole: what it says is right

    def _save_fault(self, part, kind):
        if self.notes is not None:
            self.notes.add_fault(part, kind)

    def _show_fault(self, part, kind):
        display: Display | None = self._ports.display
        rows = 4 if display is None else display.rows
        self.lines = screens.pages(screens.fault(part, kind), rows)[0]
        if display is not None:
            display.show(self.lines)

    def _silence(self, _part, _kind):
        buzzer: Buzzer | None = self._ports.buzzer
        if buzzer is not None:
            buzzer.tone(0)
