"""A `meter20` command in a process of its own that fails or dies at one of its calls.

Counted are the calls to the operating system that write or name something, what is written to
standard output, and every call to the database. At the chosen one the process gets an error
(before the call was carried out, or after: its answer is lost) or is killed before it.
"""

import errno
import io
import os
import signal
import sqlite3
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

FAIL, FULL, LOST, DIE = "fails", "is full", "answer lost", "dies"
HOWS = (FAIL, FULL, LOST, DIE)
BUG = 70
_ERRNO = {FAIL: errno.EIO, LOST: errno.EIO, FULL: errno.ENOSPC}
_DATABASE_WORDS = {
    FAIL: "disk I/O error",
    LOST: "disk I/O error",
    FULL: "database or disk is full",
}
_SYSTEM_CALLS = ("open", "write", "fsync", "replace", "unlink", "posix_fallocate")


@dataclass(frozen=True)
class Ended:
    """How a command ended. code: its exit code, negative for a signal. calls: their names.

    hit: the call that failed or died.
    """

    code: int
    out: str
    err: str
    calls: list[str]
    hit: str = ""


class _Calls:
    """Counts calls; the `at`-th ends as `how` says. Their names go to the descriptor `log`."""

    def __init__(self, at: int, how: str, log: int):
        self._at, self._how, self._log, self._count = at, how, log, 0
        self._write = os.write

    def call(self, name: str, do: Callable, fault: Callable[[str], Exception]):
        self._count += 1
        self._write(self._log, f"{name}\n".encode())
        if self._count != self._at:
            return do()
        if self._how == DIE:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._how == LOST:
            do()
        raise fault(self._how)


def run(arguments: list[str], at: int = 0, how: str = FAIL,
        kill_after: float | None = None) -> Ended:  # fmt: skip
    """Run `meter20` in a process of its own, and return how it ended.

    at: which call fails or dies, from 1; 0 for none. kill_after: seconds until it is killed,
    wherever it is by then.
    """
    files = [os.memfd_create(name) for name in ("out", "err", "log")]
    child = os.fork()
    if child == 0:
        _be_the_command(arguments, _Calls(at, how, files[2]), files)
    if kill_after is not None:
        _kill_later(child, kill_after)
    _, status = os.waitpid(child, 0)
    out, err, log = (_text(file) for file in files)
    calls = log.split("\n")[:-1]
    hit = calls[at - 1] if 0 < at <= len(calls) else ""
    return Ended(os.waitstatus_to_exitcode(status), out, err, calls, hit)


def _kill_later(child: int, seconds: float) -> None:
    import time

    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)  # it is not waited for yet, so the number is still its own


def _text(file: int) -> str:
    with os.fdopen(file, "rb") as reader:
        reader.seek(0)
        return reader.read().decode("utf-8", "replace")


def _be_the_command(arguments: list[str], calls: _Calls, files: list[int]) -> None:
    """Never returns."""
    code = BUG
    try:
        os.dup2(files[0], 1)
        os.dup2(files[1], 2)
        _intercept(calls)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Output(calls)), "utf-8")
        sys.stderr = io.TextIOWrapper(
            io.FileIO(2, "w", closefd=False), "utf-8", write_through=True
        )
        sys.argv = ["meter20", *arguments]
        from meter20.cli.__main__ import main

        main()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


class _Output(io.RawIOBase):
    """Standard output, whose writing is counted. A write that fails leaves the half of it."""

    def __init__(self, calls: _Calls):
        self._calls = calls
        self._write = os.write.__wrapped__ if hasattr(os.write, "__wrapped__") else os.write

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1

    def write(self, data) -> int:
        text = bytes(data)
        if os.readlink("/proc/self/fd/1") == os.devnull:  # given up
            return len(text)
        return self._calls.call(
            "output", lambda: self._write(1, text), lambda how: self._half(text, how)
        )

    def _half(self, text: bytes, how: str) -> Exception:
        if how != LOST:
            self._write(1, text[: len(text) // 2])
        return _system_fault(how)


def _intercept(calls: _Calls) -> None:
    for name in _SYSTEM_CALLS:
        setattr(os, name, _counted(calls, name, getattr(os, name)))
    _intercept_sqlite(calls)
    _intercept_postgresql(calls)


def _counted(calls: _Calls, name: str, real: Callable) -> Callable:
    def call(*args, **more):
        about = _about(args[0])
        return calls.call(f"{name} {about}", lambda: real(*args, **more), _system_fault)

    call.__wrapped__ = real
    return call


def _about(thing) -> str:
    """Return the name of the file that a call is about."""
    return Path(os.readlink(f"/proc/self/fd/{thing}") if isinstance(thing, int) else thing).name


def _system_fault(how: str) -> OSError:
    return OSError(_ERRNO[how], os.strerror(_ERRNO[how]))


def _sqlite_fault(how: str) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError(_DATABASE_WORDS[how])
    error.sqlite_errorcode = sqlite3.SQLITE_FULL if how == FULL else sqlite3.SQLITE_IOERR
    return error


def _intercept_sqlite(calls: _Calls) -> None:
    def through(kind: type, name: str) -> Callable:
        def call(self, *args):
            words = args[0].split()[0] if args else name
            return calls.call(f"sql {words}", lambda: getattr(kind, name)(self, *args),
                              _sqlite_fault)  # fmt: skip

        return call

    def class_of(kind: type, *names: str) -> type:
        return type(kind.__name__, (kind,), {name: through(kind, name) for name in names})

    cursor = class_of(sqlite3.Cursor, "execute", "executemany")
    connection = class_of(sqlite3.Connection, "execute", "commit", "rollback", "close")
    connection.cursor = lambda self: sqlite3.Connection.cursor(self, cursor)
    real = sqlite3.connect
    sqlite3.connect = lambda *args, **more: real(*args, factory=connection, **more)


def _intercept_postgresql(calls: _Calls) -> None:
    try:
        import psycopg
    except ModuleNotFoundError:
        return

    def intercept(kind: type, name: str) -> None:
        real = getattr(kind, name)

        def call(self, *args, **more):
            words = str(args[0]).split()[0] if args else name

            def broken(_: str) -> Exception:
                (self if kind is psycopg.Connection else self.connection).pgconn.finish()
                return psycopg.OperationalError("server closed the connection unexpectedly")

            return calls.call(f"sql {words}", lambda: real(self, *args, **more), broken)

        setattr(kind, name, call)

    for name in ("commit", "rollback"):
        intercept(psycopg.Connection, name)
    for name in ("execute", "executemany"):
        intercept(psycopg.Cursor, name)
