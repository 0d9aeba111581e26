"""DLMS/COSEM on the meter's network and on its serial line, a part of the application.

`DlmsCarrier.step` takes what has come and sends what there is to say; it waits for nobody. One
connection is served at a time, and one that says nothing whole for a minute is closed, so that
nobody keeps others away.
"""

from account import carrier
from dlms import association, gcm, meter_objects
from dlms.hdlc import Hdlc
from dlms.secrets import Counters, Secrets
from dlms.wrapper import Wrapper
from micropython import const
from ports.network import CLOSED

from carriers import dlms_tables
from carriers.dlms_meter import MeterFacts, Shared

_FOR_EDITOR = const(0)  # true for an editor, by its settings
if _FOR_EDITOR:
    from meter.app import App
    from meter.turn import Turn
    from ports import Ports


_CHUNK = const(256)  # octets taken at a turn
_WAITING_MOST = const(2048)  # octets of answers: who does not take them is cut off
_REST_MS = const(1000)
_IDLE_MS = const(60_000)
_BUSY_MS, _CALM_MS = const(10), const(100)  # until the next turn
_TALK_MS = const(2000)  # a line on which something came is asked often for so long
_FREE_PASSWORDS = const(3)
_FIRST_WAIT_MS = const(10_000)
_DOUBLINGS = const(7)  # to 1280 s


class DlmsCarrier:
    """Serves DLMS for `app`, a meter.app.App, on `ports`, ports.Ports.

    record: carriers.dlms_record.DlmsRecord; while it has no keys there is only the public client.
    port: of TCP, None where the network is not listened on. calm_ms: between two turns while
    nothing is going on. Raises OSError if the port is taken.
    shared: carriers.dlms_meter.Shared. bugs: exceptions that nobody expected, met while a
    stranger's octets were read.
    """

    name = "network"

    def __init__(self, app: "App", ports: "Ports", record, port=None, calm_ms=_CALM_MS):
        self._app, self._ports, self._record = app, ports, record
        self._calm_ms = calm_ms
        self.bugs = 0
        self.shared = Shared(dlms_tables.Tables(app, ports))
        self._passwords = _Passwords(record, self.shared)
        self._listener = None if port is None else ports.network.listen(port)
        self._line = self._connection = None
        self.begin()

    @property
    def port(self) -> int:
        """The TCP port that is listened on, 0 for none."""
        return 0 if self._listener is None else self._listener.port

    def begin(self):
        """Take the keys of the record: when power comes, and when they are new."""
        self.close_lines()
        keys = self._record.keys
        self._secrets = None
        counters = None if keys is None else Counters(self._record)
        self.shared.begin(counters)
        if keys is not None:
            encrypt = self._ports.crypto.aes(keys.encryption_key)
            self._secrets = Secrets(
                keys.title, encrypt, keys.authentication_key, self._passwords.right, counters
            )
            self._passwords.begin()
        if self._ports.serial is not None:
            self._line = _Line(self._ports.serial, self._hdlc)

    def close_lines(self):
        """End what was begun on every line."""
        if self._connection is not None:
            self._connection.close()
        self._connection = self._line = None

    def close(self):
        """Serve no more."""
        self.close_lines()
        if self._listener is not None:
            self._listener.close()

    def step(self, turn: "Turn") -> int:
        """Take a turn, a meter.turn.Turn; return the milliseconds until the next is due."""
        now_ms = self.shared.now_ms = turn.now_ms
        self.shared.tables.step(now_ms)
        busy = False
        if self._line is not None:
            busy = self._served(self._line, now_ms)
            busy = busy or now_ms - self._line.heard_ms < _TALK_MS
            if self._line.broken:
                self._line = _Line(self._ports.serial, self._hdlc)
        if self._listener is not None:
            busy = self._serve_network(now_ms) or busy
        turn.news = turn.news or self.shared.last_token.waits  # for the inbox, which comes next
        return _BUSY_MS if busy else min(_REST_MS, self._calm_ms)

    # -- lines ---------------------------------------------------------------------------------

    def _serve_network(self, now_ms):
        """Serve the connection there is; return whether there is one."""
        if self._connection is None:
            accepted = self._listener.accept() if self._ports.network.up() else None
            if accepted is None:
                return False
            self._connection = _Line(accepted, self._wrapper)
            self._connection.since_ms = now_ms
        line = self._connection
        self._served(line, now_ms)
        if line.broken or line.over or now_ms - line.since_ms > _IDLE_MS:
            line.close()
            self._connection = None
        return True

    def _served(self, line, now_ms):
        """Give `line` its turn; return whether anything came.

        A bug that a stranger's octets meet costs the stranger the connection, and not the
        customer the supply; whatever a token changes is committed elsewhere, in the
        application's own turn.
        """
        try:
            return line.step(now_ms)
        except OSError:
            line.broken = True  # a counter could not be made safe: nothing is said with it
        except Exception:
            self.bugs += 1
            line.broken = True
        return False

    def _association(self, by):
        facts = MeterFacts(self._app, self.shared, by)
        return association.Association(
            lambda one: meter_objects.made(facts, one),
            self._secrets,
            self._random,
            by == carrier.LOCAL,
        )

    def _random(self, count):
        return self._ports.crypto.random(count)

    def _wrapper(self):
        return Wrapper(self._association(carrier.REMOTE))

    def _hdlc(self):
        return Hdlc(self._association(carrier.LOCAL))


class _Passwords:
    """The password of `record`; after wrong ones guesses have to wait. shared: tells the time."""

    def __init__(self, record, shared):
        self._record, self._shared, self._from_ms = record, shared, 0

    def begin(self):
        """Let guesses wait, as long as so many wrong ones ask for."""
        wrong = self._record.wrong
        if wrong >= _FREE_PASSWORDS:
            wait_ms = _FIRST_WAIT_MS << min(wrong - _FREE_PASSWORDS, _DOUBLINGS)
            self._from_ms = self._shared.now_ms + wait_ms

    def right(self, secret):
        """Whether `secret` is the password; while guesses have to wait, none is.

        A wrong one is counted, and that is safe, before anybody learns that it was wrong.
        """
        record = self._record
        if self._shared.now_ms < self._from_ms:
            return False
        if gcm.equal(secret, record.keys.password):
            if record.wrong:
                record.save_wrong(0)
            return True
        record.save_wrong(record.wrong + 1)
        self.begin()
        return False


class _Line:
    """Octets between `part`, which has `receive` and `send`, and what `make` makes.

    broken: it cannot go on. since_ms: when something whole came last. heard_ms: anything.
    """

    def __init__(self, part, make):
        self._part, self._codec = part, make()
        self._waiting = b""
        self.broken, self.since_ms, self.heard_ms = False, 0, -_TALK_MS

    @property
    def over(self) -> bool:
        """Whether the other side has gone."""
        return self._part.state == CLOSED

    def step(self, now_ms):
        """Take a message that came and send what there is to say; return whether there is more.

        One message a turn, so that nobody makes a turn long.
        """
        codec, data = self._codec, b""
        if not self._waiting and not codec.busy:
            data = self._part.receive(_CHUNK)
        if data:
            self.heard_ms = now_ms
        if not self._waiting and (data or codec.busy):
            self._waiting = codec.feed(data)
            if self._waiting:
                self.since_ms = now_ms
            self.broken = getattr(codec, "broken", False) or len(self._waiting) > _WAITING_MOST
        if self._waiting and not self.broken:
            self._waiting = self._waiting[self._part.send(self._waiting) :]
        return bool(data or self._waiting or codec.busy)

    def close(self):
        """Hang up."""
        self._part.close()
