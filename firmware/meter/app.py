"""The application: keypad, metering, display and supervisor, a turn each.

`step(now_ms)` is all there is to call; time moves only when the caller moves
it. now_ms: milliseconds since power came, never wrapping.
"""

from collections import namedtuple

from micropython import const
from sts import results

from meter import beeper, screens, short_codes, supply, token_entry
from meter.beeper import Beeper
from meter.meter import Meter, NotProvisioned
from meter.panel import Panel
from meter.power import PowerMeter
from meter.supervisor import Supervisor
from meter.token_entry import TokenEntry

LOW_CREDIT_WH = const(5000)
_ALARM_MS = const(900_000)  # between two beeps for low credit
_SWITCH_TEST_MS = const(3000)

#: What screens and the service port may see of the meter at one moment. state: MeterState.
#: watts: power drawn. relay_reason: of meter.supply. lockout_s: seconds without tokens.
View = namedtuple("View", ("state", "watts", "relay_reason", "low_credit", "lockout_s"))


class App:
    """The meter application on `ports`, ports.Ports. Made when power comes, at `now_ms`.

    tables: see meter.meter.Meter. The load switch is opened before anything else.
    """

    def __init__(self, ports, now_ms: int, tables=None):
        if ports.load_switch is not None:
            ports.load_switch.open()
        self._ports = ports
        self.meter = Meter(ports.store, tables)
        self.last = None
        self._entry = TokenEntry()
        self._panel = Panel(ports.display, self._entry)
        self._beeper = Beeper(ports.buzzer)
        self._power = PowerMeter(now_ms)
        self._supervisor = Supervisor(ports.watchdog, ("metering", "keypad", "display"), now_ms)
        self._relay_reason = supply.NOT_PROVISIONED
        self._switch_test_until_ms = None
        self._alarm_ms = now_ms
        self.relay_closed = False
        self.meter.start(now_ms)

    @property
    def lines(self):
        """What the display shows: a list of strings."""
        return self._panel.lines

    def view(self, now_ms: int):
        """Return the View at `now_ms`."""
        state = self.meter.state
        return View(
            state,
            self._power.watts(now_ms, state.identity.imp_per_kwh),
            self._relay_reason,
            state.identity.drn != "" and 0 < state.register.credit_wh < LOW_CREDIT_WH,
            (self.meter.lockout_ms(now_ms) + 999) // 1000,
        )

    def step(self, now_ms: int) -> int:
        """Give each part its turn; return the milliseconds until the next turn is due.

        Blocks 50 ms as a rule, longer while a token or a checkpoint is committed.
        """
        due_ms = self._step_metering(now_ms)
        due_ms = min(due_ms, self._step_keypad(now_ms))
        due_ms = min(due_ms, self._panel.step(self.view(now_ms), now_ms))
        self._supervisor.report("display")
        due_ms = min(due_ms, self._supervisor.step(now_ms))
        for part in (self._beeper.step(now_ms), self._entry.due_ms(now_ms)):
            if part is not None:
                due_ms = min(due_ms, part)
        return due_ms

    def enter(self, digits: str, now_ms: int):
        """Take a token from any carrier, show and sound its Outcome, and return that.

        Raises NotProvisioned, after showing it.
        """
        try:
            outcome = self.meter.enter(digits, now_ms)
        except NotProvisioned:
            self._panel.call_up([screens.message("Not provisioned", "No key yet")], now_ms)
            self._beeper.play(beeper.REJECT, now_ms)
            raise
        self.last = outcome
        self._switch(now_ms)  # before the screen says Accept, the light is on
        self._panel.call_up(self._outcome_screens(outcome, now_ms), now_ms)
        accepted = outcome.result == results.ACCEPT
        self._beeper.play(beeper.ACCEPT if accepted else beeper.REJECT, now_ms)
        return outcome

    def press(self, key: str, now_ms: int):
        """Take one key, of ports.keypad.KEYS."""
        what, digits = self._entry.press(key, now_ms)
        self._beeper.play(beeper.KEY, now_ms)
        if what == token_entry.NEXT_PAGE:
            self._panel.turn_page(now_ms)
        else:
            self._panel.dismiss()
        if what == token_entry.TOKEN:
            try:
                self.enter(digits, now_ms)
            except NotProvisioned:
                pass  # shown; there is nobody else to tell
        elif what == token_entry.CODE:
            self._call_up_code(digits, now_ms)

    def _step_metering(self, now_ms):
        pulses = self._ports.pulses.take()
        if pulses:
            self.meter.consume(pulses)
        self._power.add(pulses, now_ms, self.meter.state.identity.imp_per_kwh)
        self._switch(now_ms)
        self._warn(now_ms)
        self._supervisor.report("metering")
        return self._ports.pulses.due_ms()

    def _step_keypad(self, now_ms):
        if self._entry.expire(now_ms):
            self._beeper.play(beeper.DROPPED, now_ms)
        self._supervisor.report("keypad")
        keypad = self._ports.keypad
        if keypad is None:
            return 1000
        key = keypad.read()
        while key is not None:
            self.press(key, now_ms)
            key = keypad.read()
        return keypad.due_ms()

    def _switch(self, now_ms):
        """Bring the load switch to where it must be now."""
        closed, reason = supply.decision(self.meter.state)
        if closed and self._switch_test_until_ms is not None:
            if now_ms < self._switch_test_until_ms:
                closed, reason = False, supply.TEST
            else:
                self._switch_test_until_ms = None
        self._relay_reason = reason
        if closed == self.relay_closed:
            return
        self.relay_closed = closed
        if not closed:
            self.meter.checkpoint()  # what was used up stays used up
        if self._ports.load_switch is not None:
            if closed:
                self._ports.load_switch.close()
            else:
                self._ports.load_switch.open()

    def _warn(self, now_ms):
        if now_ms >= self._alarm_ms and self.view(now_ms).low_credit:
            self._alarm_ms = now_ms + _ALARM_MS
            self._beeper.play(beeper.LOW_CREDIT, now_ms)

    def _outcome_screens(self, outcome, now_ms):
        view = self.view(now_ms)
        if outcome.result == results.LOCKED_OUT:
            return [screens.locked_out(view.lockout_s)]
        if outcome.tests:
            if 1 in outcome.tests:
                self._switch_test_until_ms = now_ms + _SWITCH_TEST_MS
            return [screens.test(number, view) for number in outcome.tests]
        return [screens.outcome(outcome, view.state.register.credit_wh)]

    def _call_up_code(self, code, now_ms):
        screen = short_codes.screen(code, self.view(now_ms), self.last)
        if screen is None:
            screen = screens.message("No such code", "#" + code)
        self._panel.call_up([screen], now_ms)
