"""Answers the questions of DLMS from the meter: adapts meter.app.App to dlms.facts.Facts."""

from account import carrier
from dlms.facts import Facts
from journal import history
from micropython import const
from panel import view as views
from sts import results

from carriers import dlms_status, dlms_tables

_DIGITS = const(20)
_NAME_OCTETS = const(16)
_MONEY = const(1000)  # the meter counts in 10^-5 currency units, here in 10^-2


class Gateway:
    """The token that came by DLMS last, since power came. waits: it is not entered yet."""

    def __init__(self):
        self.digits, self.status, self.time, self.by = b"", (0, 0), None, carrier.REMOTE
        self.waits = False

    def hand_over(self, app, digits, by, time, now_ms) -> bool:
        """Let the meter enter `digits`; return whether it takes a token now.

        Only one waits at a time: so what the status tells is always of the token beside it.
        """
        if self.waits or app.lockout_s(now_ms, by):
            return False
        text = _text(digits)
        if text is not None and not app.inbox.offer(text, by, self._told):
            return False
        self.digits, self.time, self.by = digits[:_DIGITS], time, by
        self.waits = text is not None
        self.status = (dlms_status.QUEUED, 0) if self.waits else dlms_status.of(results.FORMAT)
        return True

    def _told(self, outcome):
        """The meter has entered the token. None: it could not, and nothing was done."""
        self.waits = False
        done = outcome is not None
        self.status = dlms_status.of(outcome.result) if done else (dlms_status.EXECUTION, 0)


class MeterFacts(Facts):
    """`app` for one line, whose tokens come by the carrier `by`, of account.carrier.

    shared: what the lines have in common: `gateway`, `load`, `tokens`, `counters`, `now_ms`.
    """

    def __init__(self, app, shared, by: int):
        self._app, self._shared, self._by = app, shared, by
        self.load, self.tokens = shared.load, shared.tokens

    def device_name(self):
        name = b"M20" + self.number().encode()
        return name + b"0" * (_NAME_OCTETS - len(name))

    def number(self):
        return self._state.identity.drn

    def counter(self):
        counters = self._shared.counters
        return 0 if counters is None else counters.received

    def now(self):
        return dlms_tables.time_of(dlms_tables.now_s(self._app.clock))

    def total_wh(self):
        return self._state.register.total_wh

    def power_w(self):
        return self._view.watts

    def closed(self):
        return self._app.relay_closed

    def credit(self):
        credit = self._state.register.credit
        if not views.in_currency(self._view):
            return credit
        hundredths = abs(credit) // _MONEY  # what is below is cut off, as on the display
        return -hundredths if credit < 0 else hundredths

    def low_credit(self):
        view = self._view
        return 0 if views.in_currency(view) else view.settings.low_credit_wh

    def unit(self):
        return "currency" if views.in_currency(self._view) else "Wh"

    def scaler(self):
        return -2 if views.in_currency(self._view) else 0

    def enter(self, digits):
        shared = self._shared
        return shared.gateway.hand_over(self._app, digits, self._by, self.now(), shared.now_ms)

    def token(self):
        return self._shared.gateway.digits

    def token_time(self):
        return self._shared.gateway.time

    def token_carrier(self):
        return dlms_status.delivery(self._shared.gateway.by)

    def token_accepted(self):
        digits, status = self._shared.gateway.digits, self._shared.gateway.status
        noted = None
        if status == dlms_status.of(results.USED):
            noted = history.accepted(self._app.notes.history, digits.decode())
        return None if noted is None else (noted.tid, carrier.NAMES[noted.by].encode())

    def token_status(self):
        return self._shared.gateway.status

    @property
    def _state(self):
        return self._app.meter.state

    @property
    def _view(self):
        return self._app.view(self._shared.now_ms)


def _text(digits):
    """Return 20 digits as text, None if they are none."""
    if len(digits) != _DIGITS or bytes(digits).strip(b"0123456789"):
        return None
    return bytes(digits).decode()
