"""Answers the questions of DLMS from the meter: adapts meter.app.App to dlms.facts.Facts."""

from account import carrier
from dlms.facts import Facts, Gateway
from journal import history
from micropython import const
from sts import results

from carriers import dlms_status, dlms_tables

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from meter.inbox import Inbox

_DIGITS = const(20)
_NAME_OCTETS = const(16)
#: A token that the meter did not come to in this time is not entered. Clients wait for the answer.
_PATIENCE_MS = const(3000)
_MONEY = const(1000)  # the meter counts in 10^-5 currency units, here in 10^-2


class Token:
    """A token that came by DLMS. digits: b"" for none yet. by: of account.carrier.

    time: when it came, see dlms.facts.Facts.now. status: see carriers.dlms_status. waits: the
    inbox has it.
    """

    def __init__(self, digits, by, time):
        self.digits, self.by, self.time = digits[:_DIGITS], by, time
        self.status = (0, 0)
        self._text = _text(digits)
        self._offered, self._since_ms, self._judged = None, 0, False

    @property
    def waits(self) -> bool:
        return self._offered is not None

    def offer(self, inbox: "Inbox", now_ms) -> bool:
        """Let the meter enter this; return whether it takes a token now."""
        if self._text is None:
            self._judged, self.status = True, dlms_status.of(results.FORMAT)
            return True
        self._offered, self._since_ms = inbox.offer(self._text, self.by, self._settle), now_ms
        self.status = (dlms_status.QUEUED, 0)
        return self.waits

    def judged(self, inbox: "Inbox", now_ms):
        """Whether the meter judged this, None while it waits. It waits _PATIENCE_MS at most."""
        if self.waits and now_ms - self._since_ms >= _PATIENCE_MS:
            inbox.withdraw(self._offered)
            self._settle(None)
        return None if self.waits else self._judged

    def _settle(self, outcome):
        """The meter has entered the token. None: it could not, and nothing was done."""
        self._offered, self._judged = None, outcome is not None
        done = self._judged
        self.status = dlms_status.of(outcome.result) if done else (dlms_status.EXECUTION, 0)


class Shared:
    """What all lines have in common. tables: dlms_tables.Tables. now_ms: of the turn.

    last_token: the Token handed over last. counters: dlms.secrets.Counters, None without keys.
    """

    def __init__(self, tables):
        self.tables, self.now_ms = tables, 0
        self.last_token = Token(b"", carrier.REMOTE, None)
        self.begin(None)

    def begin(self, counters):
        """Count with `counters` from now on."""
        self.counters = counters


class MeterGateway(Gateway):
    """The token gateway of `app` for the tokens that come by the carrier `by`."""

    def __init__(self, app: "App", shared, by: int):
        self._app, self._shared, self._by = app, shared, by

    def enter(self, digits):
        """Only one token waits at a time: the status is always of the token beside it."""
        app, shared = self._app, self._shared
        if shared.last_token.waits or app.front.lockout_s(shared.now_ms, self._by):
            return None
        token = Token(digits, self._by, _now(app))
        if not token.offer(app.inbox, shared.now_ms):
            return None
        shared.last_token = token
        return lambda: token.judged(app.inbox, shared.now_ms)

    def digits(self):
        return self._shared.last_token.digits

    def time(self):
        return self._shared.last_token.time

    def delivery(self):
        return dlms_status.delivery(self._shared.last_token.by)

    def accepted(self):
        digits, status = self._shared.last_token.digits, self._shared.last_token.status
        noted = None
        if status == dlms_status.of(results.USED):
            noted = history.accepted(self._app.notes.history, digits.decode())
        return None if noted is None else (noted.tid, carrier.NAMES[noted.by].encode())

    def status(self):
        return self._shared.last_token.status


class MeterFacts(Facts):
    """`app`, a meter.app.App, for one line, whose tokens come by the carrier `by`.

    shared: the Shared of all lines. by: of account.carrier.
    """

    def __init__(self, app: "App", shared, by: int):
        self._app, self._shared = app, shared
        self.load, self.tokens = shared.tables.load, shared.tables.tokens
        self.gateway = MeterGateway(app, shared, by)

    def device_name(self):
        name = b"M20" + self.number().encode()
        return name + b"0" * (_NAME_OCTETS - len(name))

    def number(self):
        return self._state.identity.drn

    def counter(self):
        counters = self._shared.counters
        return 0 if counters is None else counters.received

    def now(self):
        return _now(self._app)

    def total_wh(self):
        return self._state.register.total_wh

    def power_w(self):
        return self._view.watts

    def closed(self):
        return self._app.front.relay_closed

    def credit(self):
        credit = self._state.register.credit
        if not self._view.state.in_currency:
            return credit
        hundredths = abs(credit) // _MONEY  # what is below is cut off, as on the display
        return -hundredths if credit < 0 else hundredths

    def low_credit(self):
        view = self._view
        return 0 if view.state.in_currency else view.settings.low_credit_wh

    def unit(self):
        return "currency" if self._view.state.in_currency else "Wh"

    def scaler(self):
        return -2 if self._view.state.in_currency else 0

    @property
    def _state(self):
        return self._app.meter.state

    @property
    def _view(self):
        return self._app.front.view(self._shared.now_ms)


def _text(digits):
    """Return 20 digits as text, None if they are none."""
    if len(digits) != _DIGITS or bytes(digits).strip(b"0123456789"):
        return None
    return bytes(digits).decode()


def _now(app: "App"):
    return dlms_tables.time_of(dlms_tables.now_s(app.clock))
