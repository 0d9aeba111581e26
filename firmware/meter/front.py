"""Front: the calls by which the service port uses the meter between two steps."""

from account import carrier
from account import state as meter_state
from account.meter import NotProvisioned, StoreLost
from micropython import const
from ports.record_store import StoreFailed

from meter.supervisor import Faulted, Watch

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from panel.keys import Keys
    from panel.panel import Panel

    from meter.inbox import Inbox
    from meter.stopping import Stopping
    from meter.supervisor import Supervisor
    from meter.turn import Turn


class Front:
    """Tokens, keys, provisioning and looks at the meter that `supervisor` watches.

    stopping: shows the fault that stopped it. Until `open` the meter has not started.
    """

    def __init__(self, supervisor: "Supervisor", stopping: "Stopping"):
        self._supervisor = supervisor
        self._stopping = stopping
        self._turn = self._panel = self._inbox = self._keys = None

    def open(self, turn: "Turn", panel: "Panel", inbox: "Inbox", keys: "Keys"):
        """The meter started with these parts."""
        self._turn, self._panel, self._inbox, self._keys = turn, panel, inbox, keys

    @property
    def lines(self):
        """What the display shows: a list of strings."""
        return self._stopping.lines if self._supervisor.fault else self._panel.lines

    @property
    def relay_closed(self) -> bool:
        """Whether the load switch is closed, as far as it follows."""
        return self._turn is not None and self._turn.closed

    def lockout_s(self, now_ms: int, by: int) -> int:
        """Return for how many seconds no token is taken from `by`, of account.carrier."""
        self._turn.now_ms = now_ms
        return self._turn.lockout_s(by)

    def view(self, now_ms: int):
        """Return the panel.view.View at `now_ms`. Raises Faulted if the meter never started."""
        if self._turn is None:
            raise Faulted
        self._turn.now_ms = now_ms
        self._turn.measure()
        return self._turn.view(fresh=True)

    def enter(self, digits: str, now_ms: int, by: int = carrier.MANUAL):
        """Take a token from the carrier `by`, see meter.inbox.Inbox.enter; return its Outcome.

        Raises NotProvisioned, StoreLost or StoreFailed, after showing it, and Faulted.
        """
        turn = self._turn_at(now_ms)
        with Watch(self._supervisor, "token", (NotProvisioned, StoreFailed)):
            return self._inbox.enter(digits, turn, by)

    def press(self, key: str, now_ms: int):
        """Take one key, of ports.keypad.KEYS. Raises Faulted."""
        turn = self._turn_at(now_ms)
        with Watch(self._supervisor, "keypad"):
            self._keys.press(key, turn)

    def provision(
        self, identity, key, manufactured: int, power_limit_w: int, new_settings, again=False
    ):
        """Provision the meter, see account.meter.Meter.provision; `new_settings`: its Settings.

        The settings are safe before the number that makes them count. Raises ValueError, in
        words, StoreLost, StoreFailed and Faulted.
        """
        turn = self._turn_at(self._turn.now_ms)
        meter = turn.meter
        with Watch(self._supervisor, "token", (ValueError, StoreLost, StoreFailed)):
            if meter.lost and not again:
                raise StoreLost
            if meter.lost or not meter.provisioned:
                meter_state.check_identity(identity)
                meter_state.check_key(key)
                turn.notes.begin(new_settings)
                meter.kept.forget()
                meter.kept.steps = new_settings.steps
            meter.provision(identity, key, manufactured, power_limit_w, again)
        self._panel.dismiss()

    def _turn_at(self, now_ms):
        """Return the turn for something that comes from outside. Raises Faulted after a fault."""
        turn = self._turn
        if turn is None or self._supervisor.fault:
            raise Faulted
        turn.now_ms, turn.news = now_ms, True
        turn.measure()
        return turn
