"""The application: keypad, metering, display and supervisor, a turn each.

`step(now_ms)` is all there is to call; time moves only when the caller moves
it. now_ms: milliseconds since power came, never wrapping.
"""

from micropython import const
from ports.record_store import LOST, REPAIRED
from sts import key_change, results

from meter import (
    beeper,
    events,
    faults,
    flags,
    history,
    meter_test,
    overload,
    screens,
    settings,
    short_codes,
    supply,
    tariff,
    token_entry,
)
from meter import state as meter_state
from meter import view as views
from meter.beeper import Beeper
from meter.meter import Meter, NotProvisioned, StoreFailed, StoreLost
from meter.notes import Notes
from meter.overload import Overload
from meter.panel import Panel
from meter.power import PowerMeter
from meter.supervisor import Faulted, Supervisor
from meter.switching import Switching
from meter.token_entry import TokenEntry

_SWITCH_TEST_MS = const(3000)
_MEAN_AFTER_MS = const(600_000)  # of running, before a mean power means something
_FAR_MS = const(10_000)
_KEYS_A_TURN = const(32)  # a keypad that never ends its keys must not stop the metering
_STORE_TRY_MS = const(60_000)
_SETTLED_MS = const(10_000)  # without a warning, until the supply counts as good again
_CREDIT_MS = const(1000)
_MS_PER_H = const(3_600_000)
_MS_PER_MIN = const(60_000)


class App:
    """The meter application on `ports`, ports.Ports. Made when power comes, at `now_ms`.

    tables: see meter.meter.Meter. policy: overload.Policy. The load switch is opened
    before anything else.

    Nothing here raises because a part is broken: at a fault, also at the start, the load
    switch opens, the display says so and the watchdog is no longer fed, so that it
    restarts the meter. What a fault may find half made is only in RAM.
    """

    def __init__(self, ports, now_ms: int, tables=None, policy=overload.DEFAULT):
        self._ports = ports
        self._fault_lines = []
        self._relay_reason = supply.FAULT
        self.relay_closed = False
        self.supervisor = Supervisor(
            ports.watchdog, ("metering", "keypad", "display"), now_ms, self._stop
        )
        try:
            self.supervisor.run("start", self._start, now_ms, tables, policy)
        except Faulted:
            pass  # shown and noted, as far as it could be

    def _start(self, now_ms, tables, policy):
        ports = self._ports
        if ports.load_switch is not None:
            self.supervisor.ask("load switch", ports.load_switch.open)
        self.notes = Notes(ports.notes)
        self.notes.restarted(ports.watchdog is not None and ports.watchdog.ran_out)
        self._hold_until_ms = now_ms + faults.hold_ms(self.notes.faults)
        self._switching = Switching(ports.load_switch)
        self._stuck = ""
        self.meter = Meter(ports.store, tables, ports.phases)
        self.meter.steps = self.notes.settings.steps
        self._entry = TokenEntry()
        self._panel = Panel(ports.display, self._entry)
        self._beeper = Beeper(ports.buzzer)
        self._power = PowerMeter(now_ms)
        self._overload = Overload(policy)
        self._switch_test_until_ms = None
        self._alarm_ms = self._began_ms = now_ms
        self._calm_ms = now_ms + faults.CALM_MS
        self._began_wh = self.meter.state.register.total_wh
        self._credit_wh = None  # on the extra display
        self._credit_due_ms = now_ms
        self._store_failing = False
        self._store_try_ms = self._supply_settled_ms = now_ms
        told = self._begin(ports.store.health, now_ms)
        if told:
            self._panel.call_up(told, now_ms)
        self._relay_reason = supply.NOT_PROVISIONED

    @property
    def fault(self):
        """The (part, kind) of meter.faults that stopped the meter, None while it works."""
        return self.supervisor.fault

    @property
    def clock(self):
        """The ports.clock.Clock of the board, None if it has none."""
        return self._ports.clock

    @property
    def lines(self):
        """What the display shows: a list of strings."""
        return self._fault_lines if self.fault else self._panel.lines

    def view(self, now_ms: int):
        """Return the meter.view.View at `now_ms`."""
        state = self.meter.state
        return views.View(
            state,
            self.notes.settings,
            self.notes.history,
            self._power.watts(now_ms, state.identity.imp_per_kwh),
            self._mean_w(now_ms),
            self._relay_reason,
            (self.meter.lockout_ms(now_ms) + 999) // 1000,
            self.notes.events,
            self.notes.faults,
        )

    def step(self, now_ms: int) -> int:
        """Give each part its turn; return the milliseconds until the next turn is due.

        Blocks 50 ms as a rule, longer while a token or a checkpoint is committed. Raises
        nothing; after a fault it does nothing.
        """
        if self.fault:
            return _FAR_MS
        try:
            return self.supervisor.run("program", self._step, now_ms)
        except Faulted:
            return _FAR_MS

    def _step(self, now_ms):
        ask = self.supervisor.ask
        due_ms = ask("metering", self._step_metering, now_ms)
        due_ms = min(due_ms, ask("keypad", self._step_keypad, now_ms))
        due_ms = min(due_ms, ask("display", self._panel.step, self.view(now_ms), now_ms))
        ask("credit display", self._show_credit, now_ms)
        self.supervisor.report("display")
        for part in (ask("buzzer", self._beeper.step, now_ms), self._entry.due_ms(now_ms)):
            if part is not None:
                due_ms = min(due_ms, part)
        if now_ms >= self._calm_ms:
            self.notes.calm()
        return min(due_ms, self.supervisor.step(now_ms))

    def save(self):
        """Make what was used up so far safe: the meter is about to end. Raises nothing.

        May come between any two statements of `step` and `enter`: the state is replaced as a
        whole, so what it says is right.
        """
        if self.fault:
            return  # it was saved then
        try:
            self.supervisor.run("program", self._save)
        except Faulted:
            pass

    def _save(self):
        self._take_pulses()
        self.meter.checkpoint()

    def provision(
        self, identity, key, manufactured: int, power_limit_w: int, new_settings, again=False
    ):
        """Provision the meter, see meter.meter.Meter.provision; `new_settings`: its Settings.

        The settings are safe before the number that makes them count. Raises ValueError, in
        words, and Faulted.
        """
        self._check_working()
        self.supervisor.run(
            "token",
            _stored,
            self._provision,
            identity,
            key,
            manufactured,
            power_limit_w,
            new_settings,
            again,
            ordinary=(ValueError, StoreLost, StoreFailed),
        )

    def _provision(self, identity, key, manufactured, power_limit_w, new_settings, again):
        meter = self.meter
        if meter.lost and not again:
            raise StoreLost
        if meter.lost or not meter.provisioned:
            meter_state.check_identity(identity)
            meter_state.check_key(key)
            self.notes.begin(new_settings)
            meter.forget()
            meter.steps = new_settings.steps
        meter.provision(identity, key, manufactured, power_limit_w, again)

    def enter(self, digits: str, now_ms: int):
        """Take a token from any carrier, show and sound its Outcome, and return that.

        Raises NotProvisioned, StoreLost or StoreFailed, after showing it, and Faulted.
        """
        self._check_working()
        return self.supervisor.run(
            "token", self._enter, digits, now_ms, ordinary=(NotProvisioned, StoreFailed)
        )

    def _enter(self, digits, now_ms):
        try:
            outcome = _stored(self.meter.enter, digits, now_ms)
        except (NotProvisioned, StoreFailed) as refused:
            self._panel.call_up([_refusal_screen(refused)], now_ms)
            self._play(beeper.REJECT, now_ms)
            raise
        self._log_outcome(outcome, now_ms)
        if history.is_worth_noting(outcome):
            self.notes.note(outcome, digits)
        self._switch(now_ms)  # before the screen says Accept, the light is on
        self._panel.call_up(self._outcome_screens(outcome, now_ms), now_ms)
        taken = outcome.result == results.ACCEPT or outcome.missing
        self._play(beeper.ACCEPT if taken else beeper.REJECT, now_ms)
        return outcome

    def press(self, key: str, now_ms: int):
        """Take one key, of ports.keypad.KEYS. Raises Faulted."""
        self._check_working()
        self.supervisor.run("keypad", self._press, key, now_ms)

    def _press(self, key, now_ms):
        what, digits = self._entry.press(key, now_ms)
        self._play(beeper.KEY, now_ms)
        if what == token_entry.NEXT_PAGE:
            self._panel.turn_page(now_ms)
        else:
            self._panel.dismiss()
        if what == token_entry.CODE or (what == token_entry.TOKEN and self._is_code(digits)):
            self._call_up_code(digits, now_ms)
        elif what == token_entry.TOKEN:
            try:
                self.enter(digits, now_ms)
            except (NotProvisioned, StoreFailed):
                pass  # shown; there is nobody else to tell

    def _is_code(self, digits):
        """Whether digits that Enter ended are a short code, in a dialect without the leading #."""
        return self.notes.settings.profile == "pln" and len(digits) <= token_entry.CODE_DIGITS_MAX

    def _begin(self, health, now_ms):
        """Note the restart and what was found then; return the screens that tell it.

        health: of the store, of ports.record_store. A store that lost its records is left as it
        is: another firmware may be able to read it.
        """
        told, codes = [], []
        if self.meter.start(now_ms):
            told.append(screens.key_change_dropped())
        ahead = history.is_ahead(self.notes.history, self.meter.state.tids)
        if ahead or REPAIRED in (health, self.notes.health):
            codes.append(events.REPAIRED)
            told.insert(0, screens.repaired())
        if self.meter.store_lost:
            codes.append(events.STORE_FAULT)
        elif self.notes.health == LOST:
            codes.append(events.SETTINGS_LOST)
        if self.meter.provisioned:
            codes.append(events.RESTART)
        self.notes.log(codes, self.meter.state.register.total_wh, not self.meter.lost)
        return told

    def _log(self, code):
        self.notes.log([code], self.meter.state.register.total_wh, not self.meter.lost)

    def _log_outcome(self, outcome, now_ms):
        if outcome.result == results.ACCEPT and outcome.kind in key_change.SECTIONS:
            self._log(events.NEW_KEY)
        elif outcome.result == results.CRC and self.meter.lockout_ms(now_ms):
            self._log(events.LOCK_OUT)

    def _step_metering(self, now_ms):
        self._power.add(self._take_pulses(), now_ms, self.meter.state.identity.imp_per_kwh)
        self._watch_supply(now_ms)
        self._watch_tamper()
        self._watch_store(now_ms)
        if self.meter.expire_key_change(now_ms):
            self._panel.call_up([screens.key_change_dropped()], now_ms)
            self._play(beeper.DROPPED, now_ms)
        self._switch(now_ms)
        self._warn(now_ms)
        self.supervisor.report("metering")
        due_ms = self.supervisor.ask("pulses", self._ports.pulses.due_ms)
        if self._ports.brown_out is not None:
            due_ms = min(due_ms, self._ports.brown_out.poll_ms)
        return due_ms if self._ports.tamper is None else min(due_ms, 1000)

    def _take_pulses(self):
        """Count what was used up since the last time; return the pulses."""
        pulses = self.supervisor.ask("pulses", self._ports.pulses.take)
        if pulses:
            self.meter.consume(pulses, tariff.period_of(self._now()) if self.meter.steps else 0)
        return pulses

    def _step_keypad(self, now_ms):
        if self._entry.expire(now_ms):
            self._play(beeper.DROPPED, now_ms)
        self.supervisor.report("keypad")
        keypad = self._ports.keypad
        if keypad is None:
            return _FAR_MS
        for _ in range(_KEYS_A_TURN):
            key = keypad.read()
            if key is None:
                self._tell_stuck(keypad.stuck, now_ms)
                return keypad.due_ms()
            self.press(key, now_ms)
        return 1

    def _tell_stuck(self, keys, now_ms):
        """The others still work; what was entered is dropped, for it may be the stuck key's."""
        if keys != self._stuck:
            self._stuck = keys
            if keys:
                self._entry.press("C", now_ms)
                self._panel.call_up([screens.message("KEY STUCK", keys, "Let go of it")], now_ms)

    def _show_credit(self, now_ms):
        """Keep the extra display up to date; one that does not answer is asked every second."""
        display = self._ports.credit_display
        if display is None or now_ms < self._credit_due_ms:
            return
        credit_wh = views.credit_wh(self.view(now_ms))
        if credit_wh == self._credit_wh:
            return
        self._credit_due_ms = now_ms + _CREDIT_MS
        try:
            display.show_wh(credit_wh)
            self._credit_wh = credit_wh
        except OSError:
            self._credit_wh = None  # a display that came loose is no reason not to meter

    def _watch_supply(self, now_ms):
        """When the supply begins to fail, what was used up is made safe at once.

        Once: a supply that sags for long, or flickers, must not wear the store out. The usual
        checkpoints go on meanwhile.
        """
        brown_out = self._ports.brown_out
        if brown_out is None or not self.supervisor.ask("brown-out", brown_out.failing):
            return
        if now_ms >= self._supply_settled_ms:
            self.meter.checkpoint()
        self._supply_settled_ms = now_ms + _SETTLED_MS

    def _watch_tamper(self):
        tamper = self._ports.tamper
        if tamper is None or not self.supervisor.ask("tamper", tamper.active):
            return
        state = self.meter.state
        if flags.has(state.flags, flags.DETECT_TAMPER) and not state.tamper:
            self.meter.detect_tamper()
            if self.meter.state.tamper:
                self._log(events.TAMPER)

    def _watch_store(self, now_ms):
        """Log that the store began to fail; what it refused is tried again each minute."""
        failing = self.meter.store_failing
        if failing and now_ms >= self._store_try_ms:
            self._store_try_ms = now_ms + _STORE_TRY_MS
            self.meter.checkpoint()
        if failing and not self._store_failing:
            self._log(events.STORE_FAULT)
        self._store_failing = failing

    def _switch(self, now_ms):
        """Bring the load switch to where it must be now."""
        closed, reason = self._decision(now_ms)
        if closed and self._switch_test_until_ms is not None:
            if now_ms < self._switch_test_until_ms:
                closed, reason = False, supply.TEST
            else:
                self._switch_test_until_ms = None
        if reason != self._relay_reason and reason in (supply.OVERLOAD, supply.OVERLOAD_LOCK):
            self._log(events.OVERLOAD)
        self._relay_reason = reason
        if not closed and self.relay_closed:
            self._opened(reason, now_ms)
        self.relay_closed = closed
        if self.supervisor.ask("load switch", self._switching.order, closed, now_ms):
            self._hold("load switch", now_ms)

    def _hold(self, part, now_ms):
        """`part` does not do what it is told, and a restart would not help: no supply for now."""
        self.notes.add_fault(part, "error")
        self._hold_until_ms = now_ms + faults.hold_ms(self.notes.faults)
        self._calm_ms = now_ms + faults.CALM_MS
        self._panel.call_up([screens.not_following(part)], now_ms)

    def _opened(self, reason, now_ms):
        """The load is about to be cut off: what was used up stays used up, and people see why."""
        self.meter.checkpoint()
        self._power = PowerMeter(now_ms)
        if reason not in (supply.TEST, supply.FAULT):
            self._panel.dismiss()

    def _decision(self, now_ms):
        if self.meter.lost or self.meter.unsafe:
            return False, supply.STORE_FAULT
        state = self.meter.state
        view = self.view(now_ms)
        over = None
        if self._overload.blocks(now_ms, view.watts, state.power_limit_w):
            over = supply.OVERLOAD_LOCK if self._overload.locked else supply.OVERLOAD
        friendly = settings.is_friendly(view.settings, self._friendly_time(view))
        closed, reason = supply.decision(state, views.emergency(view), friendly, over)
        if self._switching.faulty or (closed and now_ms < self._hold_until_ms):
            return False, supply.FAULT
        return closed, reason

    def _friendly_time(self, view):
        """Ask the clock only when the answer can matter."""
        has_hours = view.settings.friendly_from != view.settings.friendly_to
        return self._now() if has_hours and view.state.register.credit <= 0 else None

    def _now(self):
        clock = self._ports.clock
        return None if clock is None else self.supervisor.ask("clock", clock.now)

    def _warn(self, now_ms):
        alarm_min = self.notes.settings.alarm_min
        if not alarm_min or now_ms < self._alarm_ms or self._beeper.playing:
            return
        if views.is_low(self.view(now_ms)):
            self._alarm_ms = now_ms + alarm_min * _MS_PER_MIN
            self._play(beeper.LOW_CREDIT, now_ms)

    def _play(self, tune, now_ms):
        self.supervisor.ask("buzzer", self._beeper.play, tune, now_ms)

    def _mean_w(self, now_ms):
        elapsed_ms = now_ms - self._began_ms
        if elapsed_ms < _MEAN_AFTER_MS:
            return 0
        return (self.meter.state.register.total_wh - self._began_wh) * _MS_PER_H // elapsed_ms

    def _outcome_screens(self, outcome, now_ms):
        view = self.view(now_ms)
        if outcome.result == results.LOCKED_OUT:
            return [screens.locked_out(view.lockout_s)]
        if outcome.tests:
            if meter_test.LOAD_SWITCH in outcome.tests:
                self._switch_test_until_ms = now_ms + _SWITCH_TEST_MS
            return [screens.test(number, view) for number in outcome.tests]
        told = [screens.outcome(outcome, view)]
        return told + [screens.not_following("load switch")] if self._switching.faulty else told

    def _call_up_code(self, code, now_ms):
        change = short_codes.changed(code, self.notes.settings)
        try:
            if change is not None:
                self.notes.configure(change[0])
                screen = change[1]
            elif code == short_codes.EMERGENCY:
                screen = self._call_up_emergency()
            else:
                screen = short_codes.screen(code, self.view(now_ms))
        except OSError:
            screen = screens.not_stored()
        self._panel.call_up([screen or screens.message("No such code", "#" + code)], now_ms)

    def _call_up_emergency(self):
        emergency_wh = self.notes.settings.emergency_wh
        if not emergency_wh:
            return screens.message("No emergency", "credit here")
        if self.meter.state.register.credit > 0:
            return screens.message("Emergency credit", "when credit is 0")
        self.meter.set_emergency(True)
        return screens.message(
            "EMERGENCY credit", "%s kWh" % screens.kwh(emergency_wh), "to be repaid"
        )

    def _check_working(self):
        if self.fault:
            raise Faulted

    def _stop(self, part, kind):
        """Make safe what can be made safe. Called by the supervisor at a fault."""
        self.relay_closed, self._relay_reason = False, supply.FAULT
        part, kind = faults.known(part, kind)
        deeds = (
            self._open_switch, self._save_state, self._save_fault, self._show_fault, self._silence
        )  # fmt: skip
        for deed in deeds:
            try:
                deed(part, kind)
            except Exception:
                pass  # it may be the broken part that was asked; the others still can

    def _open_switch(self, _part, _kind):
        if self._ports.load_switch is not None:
            self._ports.load_switch.open()

    def _save_state(self, _part, _kind):
        self.meter.checkpoint()  # the state is replaced as a whole, so what it says is right

    def _save_fault(self, part, kind):
        self.notes.add_fault(part, kind)

    def _show_fault(self, part, kind):
        display = self._ports.display
        rows = 4 if display is None else display.rows
        self._fault_lines = screens.pages(screens.fault(part, kind), rows)[0]
        if display is not None:
            display.show(self._fault_lines)

    def _silence(self, _part, _kind):
        if self._ports.buzzer is not None:
            self._ports.buzzer.tone(0)


def _refusal_screen(refused):
    if isinstance(refused, StoreFailed):
        return screens.not_stored()
    if isinstance(refused, StoreLost):
        return screens.message("NOT TAKEN", "Memory lost", "Keep the token", "Call your seller")
    return screens.message("Not provisioned", "No key yet")


def _stored(job, *arguments):
    """Return what `job` returns, which does nothing but decide and store. Raises StoreFailed."""
    try:
        return job(*arguments)
    except OSError:
        raise StoreFailed from None
