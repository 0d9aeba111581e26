"""The loop of a real board: time, the service port on USB, and what happens when it ends.

Switch safe first, screen next: the load switch is opened and the display says
that the meter starts before the meter's own modules are read, which takes most of
the time.

The loop calls `App.step` when it is due; a test or another runtime may do that
instead. Imports a board, and knows no pin.
"""

import gc
import sys
import time

from micropython import const

_CHUNK = const(256)  # bytes of the service port taken at a turn
_IDLE_MS = const(1000)
#: Bytes made between two collections at most. Without it garbage is collected when
#: the heap is full, and what is still needed by then lies scattered over all of it: within a day
#: nowhere were 4 KB free in one piece. One follows on each reply, once it is out, and on as many
#: steps as make most of this even while somebody types: so none falls into the middle of a step or
#: of the next request.
_COLLECT_BYTES = const(49_152)
_TIDY_STEPS = const(30)
_COLLECT_MS = const(14)  # that a collection takes of an RP2040, and a pause
#: Modules of MicroPython in whose place a file may stand: it looks for one at each import of them,
#: unless they are in sys.modules. That took a tenth of a start.
_LOOKED_FOR = ("array", "binascii", "collections", "errno", "struct")
_FAULT_MS = const(10_000)  # longer than the watchdog's time-out


def run(production=False):
    """Run the meter of `board.Board` until somebody stops it.

    An exception is a bug: the load is disconnected, the fault shown, and the watchdog
    restarts the board, or, where it does not run yet, this does. Ctrl-C leaves to the
    prompt, with the load disconnected and what was used up stored.

    production: the service port is shut and the watchdog runs, whatever the board says; see
    firmware/production/main.py for the rest.
    """
    # As _LOOKED_FOR, but a file that takes the place of `machine` is meant.
    sys.modules["time"], sys.modules["machine"] = time, __import__("machine")
    from board import Board  # pyright: ignore[reportAttributeAccessIssue]  the board's, not sim

    board = Board()
    if production:
        board.service_open, board.has_watchdog = False, True
    load_switch = board.load_switch()
    if hasattr(gc, "threshold"):  # not on CPython, where tests run this
        gc.threshold(_COLLECT_BYTES)
    display = board.display()
    _show(display, ["meter20", "starting ...", "", ""])
    try:
        _Meter(board, load_switch, display).run()
    except Exception as fault:
        load_switch.open()
        _show(display, ["FAULT", type(fault).__name__, "restarts itself", ""])
        _trace(fault)
        time.sleep_ms(_FAULT_MS)
        _reset()
    finally:
        load_switch.open()


class Uptime:
    """A clock that goes by itself, from ticks that wrap every 12 days."""

    def __init__(self):
        self._ticks = time.ticks_ms()
        self._now_ms = 0

    @property
    def now_ms(self) -> int:
        """Milliseconds since it was made. Read it once in 6 days at least."""
        ticks = time.ticks_ms()
        self._now_ms += time.ticks_diff(ticks, self._ticks)
        self._ticks = ticks
        return self._now_ms


class UsbLines:
    """The USB serial line, without blocking: bytes in, text out."""

    def __init__(self):
        import select

        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def wait(self, duration_ms: int) -> bytes:
        """Return the bytes that came, after `duration_ms` at most; b"" if there were none."""
        poll, read = self._poll.poll, sys.stdin.buffer.read  # looked up once, not for each byte
        if not poll(duration_ms):
            return b""
        data = bytearray(read(1))
        for _ in range(1, _CHUNK):
            if not poll(0):
                break
            data += read(1)
        return bytes(data)

    def write(self, text: str):
        """Send `text`. Waits for the host to take it, if one listens."""
        sys.stdout.write(text)


class _Meter:
    """The application, its clock and its service port."""

    def __init__(self, board, load_switch, display):
        path, sys.path[:] = sys.path[:], ()  # an empty one says that no file is meant
        for name in _LOOKED_FOR:
            sys.modules[name] = __import__(name)
        sys.path[:] = path
        from meter.app import App

        self._uptime = Uptime()
        self._port = UsbLines()
        self._lines = self._service = None
        self._ports = board.ports(load_switch, display)
        self._app = App(self._ports, self._uptime.now_ms)
        self._service_open = board.service_open
        self._requests = self._carriers(not board.service_open)
        self._restart = False
        self._untidy_steps = _TIDY_STEPS  # since garbage was collected

    def run(self):
        """Step the application when it is due, answer requests when they come."""
        try:
            while not self._restart:
                data = self._wait(self._app.step(self._uptime.now_ms))
                if data:
                    self._answer(data)
                    self._untidy_steps = _TIDY_STEPS
        except KeyboardInterrupt:
            self._ports.load_switch.open()
            self._app.save()
            self._ports.watchdog.rest()
            raise
        self._ports.load_switch.open()
        time.sleep_ms(100)  # the reply leaves the USB buffer
        _reset()

    def _wait(self, due_ms):
        """Return the bytes that came, after `due_ms` at most.

        When it is time to, flash is erased or garbage collected between two pauses: beside a step
        that has work, it would hold up what happens then. A board whose pauses are too short does
        it at last without.
        """
        self._untidy_steps += 1
        if self._untidy_steps < (_TIDY_STEPS if due_ms > _COLLECT_MS else 2 * _TIDY_STEPS):
            return self._port.wait(due_ms)
        data = self._port.wait(max(0, due_ms - _COLLECT_MS))
        if data:
            return data
        now_ms = self._uptime.now_ms
        notes = self._ports.notes
        if not (self._ports.store.prepare() or (notes and notes.prepare())):
            gc.collect()
            self._untidy_steps = 0
        return self._port.wait(max(0, now_ms + _COLLECT_MS - self._uptime.now_ms))

    def _answer(self, data):
        """Reply to the lines that `data` completes.

        A meter whose memory is too short to open the port goes on metering, and tries again with
        the next bytes.
        """
        try:
            if self._service is None:
                self._open_port()
        except MemoryError:
            return
        for line in self._lines.feed(data):
            reply = self._service.reply(line, self._uptime.now_ms)
            self._port.write(reply + "\n")

    def _open_port(self):
        """Read the service port, which a meter without a cable does not need."""
        from service_port.lines import Lines
        from service_port.service import Service

        self._requests["power_cut"] = self._power_cut
        self._lines, self._service = Lines(), Service(self._app, self._requests)
        if not self._service_open:
            self._service.shut()

    def _carriers(self, shut):
        """Let the meter have networks, if there are any; return the requests for them.

        shut: the service port is.
        """
        if self._ports.network is None and self._ports.serial is None:
            return {}
        try:
            from carriers.office import Office
        except ImportError:  # a board with a radio whose owner wants no network
            return {}
        return Office(self._app, self._ports, shut, self._uptime.now_ms).requests

    def _power_cut(self, _request, _now_ms):
        """Restart the board once the reply is out."""
        self._restart = True
        return []


def _reset():
    from machine import reset

    reset()


def _trace(fault):
    """Print the lines of a traceback; not what `fault` says, which may be anything: a key."""
    import io

    stream = io.StringIO()
    # The stubs' StringIO is no stream and has no getvalue
    sys.print_exception(fault, stream)  # pyright: ignore[reportArgumentType]
    text = stream.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    for line in text.split("\n"):
        if line.startswith('  File "'):
            print(line)


def _show(display, lines):
    """Show `lines` if there is a display and it answers."""
    if display is None:
        return
    try:
        display.show(lines[: display.rows])
    except OSError:
        pass  # a display that is missing is no reason not to meter
