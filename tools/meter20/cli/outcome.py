"""Runs a `meter20 vend` command that changes something, and hands its answer over.

It takes the names of files before the desk opens, and works the whole answer out before the
commit. After the commit it refuses nothing: it writes the digits to standard output, then the
file. If one of these fails, it warns on standard error and in the answer of `--json`, with exit
code 3; the warning begins with what stands ("Receipt 7 stands").
"""

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from meter20 import terminal
from meter20.cli.station_options import opened, utc
from meter20.exit_codes import Code
from meter20.failure import Failure
from meter20.terminal import printable
from meter20.vending.new_file import NewFile

if TYPE_CHECKING:
    from meter20.vending.models import Slip
    from meter20.vending.station import Desk, Station


@dataclass(frozen=True)
class Done:
    """What a command did, and its whole answer, ready before the commit.

    stands: what is so from the commit on, without a full stop. data, words: the answer. again: a
    sentence, how to see it again. file: what belongs into the file that was taken, None for
    none. rewrite: a sentence, how to get that file again. file_first: the answer only says what
    is in the file; otherwise it holds digits and comes before everything else. last: what remains
    to be done outside of the database, once the books have it; what it refuses is a fault.
    """

    stands: str
    data: dict
    words: str
    again: str
    file: str | None = None
    rewrite: str = ""
    file_first: bool = False
    last: Callable[[], None] = lambda: None


@contextmanager
def taken(path: Path | None) -> Iterator[NewFile | None]:
    """Take the name of a file that will be written, if there is to be one."""
    with nullcontext() if path is None else NewFile(path) as file:
        yield file


@contextmanager
def uninterrupted() -> Iterator[list[int]]:
    """Hold Ctrl-C back: what is committed in the block is handed over in it. Gives those held."""
    held: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield held  # no signal comes here
        return
    before = signal.signal(signal.SIGINT, lambda number, _: held.append(number))
    try:
        yield held
    finally:
        signal.signal(signal.SIGINT, before)


def _opened(ctx: typer.Context, _as_json: bool) -> "Station":
    """Return the station, opened without a look at its clock."""
    return opened(ctx)


def issue(
    ctx: typer.Context,
    as_json: bool,
    job: Callable[["Desk"], "Slip"],
    at: datetime | None = None,
    html: Path | None = None,
    opening: Callable[[typer.Context, bool], "Station"] = _opened,
    narrow: bool = False,
) -> None:
    """Do what makes a receipt, and hand it over; as a page in a new file, too, if `html`."""
    station = opening(ctx, as_json)
    with taken(html) as page:

        def done(desk: "Desk") -> Done:
            return receipt(desk, job(desk), station, page, narrow)

        do(station, as_json, done, page, at)


def do(
    station: "Station",
    as_json: bool,
    job: Callable[["Desk"], Done],
    file: NewFile | None = None,
    at: datetime | None = None,
) -> None:
    """Do `job` at one desk and hand over what it did. `file` was taken for what it writes.

    Ends the command with exit code 3 if something could not be handed over.
    """
    with ExitStack() as held:
        with station.desk(utc(at)) as desk:
            done = job(desk)
            held.enter_context(uninterrupted())
            if file is not None:
                file.keep()
        hand_over(as_json, done, file)


def receipt(
    desk: "Desk", slip: "Slip", station: "Station", page: NewFile | None = None,
    narrow: bool = False,
) -> Done:  # fmt: skip
    """Return a receipt, to be handed over once it stands; with its page, if a file is taken.

    narrow: for paper of 58 mm.
    """
    from meter20.vending.receipt import Receipt

    desk.session.flush()  # numbers it
    made = Receipt.of(slip, station.name)
    copy = f", and its copy {made.copy} counts" if made.copy else ""
    again = f"`meter20 vend receipt {made.number}` shows it again, as a copy."
    return Done(
        stands=f"Receipt {made.number} stands{copy}",
        data=made.data(),
        words=made.narrow() if narrow else made.text(),
        again=again,
        file=None if page is None else made.page(narrow),
        rewrite=f"`meter20 vend receipt {made.number} --html FILE` makes it, as a copy.",
    )


def hand_over(as_json: bool, done: Done, file: NewFile | None = None) -> None:
    """Hand over what stands; ends the command with exit code 3 if that fails somewhere."""
    way = _file_first if done.file_first else _digits_first
    faults = way(as_json, done, file, _finished(done))
    if faults:
        _warn(faults)
        raise typer.Exit(Code.STANDS)


def _finished(done: Done) -> list[dict]:
    try:
        done.last()
    except Failure as why:
        return [_fault(why.code, f"{done.stands}, but: {why}")]
    except OSError as error:
        words = f"{done.stands}, but {error.filename} could not be written: {_why(error)}."
        return [_fault("file", words)]
    return []


def _digits_first(
    as_json: bool, done: Done, file: NewFile | None, faults: list[dict]
) -> list[dict]:
    """Write the answer, then the file; with `--json` the answer's end waits for the file."""
    answer = json.dumps(done.data)[:-1] if as_json else printable(done.words) + "\n"
    unwritten = _written(done, answer)
    written = not unwritten
    faults = faults + unwritten
    if file is not None and done.file is not None:
        faults += _filled(done, file, done.file)
    if as_json and written:
        faults += _written(done, _end_of_answer(faults))
    return faults


def _end_of_answer(faults: list[dict]) -> str:
    return (f', "warning": {json.dumps(faults[-1])}' if faults else "") + "}\n"


def _file_first(as_json: bool, done: Done, file: NewFile | None, faults: list[dict]) -> list[dict]:
    """Write the file, then the answer, which says that it is there."""
    if file is not None and done.file is not None:
        faults = faults + _filled(done, file, done.file)
    if as_json:
        answer = {"warning": faults[-1]} if faults else done.data
        return faults + _written(done, json.dumps(answer) + "\n")
    return faults or _written(done, printable(done.words) + "\n")


def _written(done: Done, answer: str) -> list[dict]:
    try:
        terminal.write(answer)
    except (OSError, ValueError) as error:
        terminal.give_up()
        return [
            _fault(
                "output", f"{done.stands}, but standard output failed: {_why(error)}. {done.again}"
            )
        ]
    return []


def _filled(done: Done, file: NewFile, text: str) -> list[dict]:
    try:
        file.fill(text)
    except OSError as error:
        words = f"{done.stands}, but {file.path} could not be written: {_why(error)}."
        return [_fault("file", f"{words} {done.rewrite}")]
    return []


def _fault(code: str, message: str) -> dict:
    return {"code": code, "message": message, "exit_code": Code.STANDS}


def _why(error: OSError | ValueError) -> str:
    return getattr(error, "strerror", None) or str(error)


def _warn(faults: list[dict]) -> None:
    for fault in faults:
        warn(fault["message"])


def warn(message: str) -> None:
    """Write a warning to standard error, if that can still be done."""
    try:
        typer.echo(printable(message), err=True)
    except (OSError, ValueError):
        sys.stderr = None  # Python would try once more at its end
