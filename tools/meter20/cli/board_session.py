"""`meter20 board session`: requests from standard input go to a board, and into a file."""

import contextlib
import os
import select
from pathlib import Path

import typer

from meter20 import bodies, terminal
from meter20.board.keeping import BoardRecorder
from meter20.board.service import ServicePort
from meter20.ending import in_good_order
from meter20.session import prepare

_STDIN = 0
#: So that a load that changes between two requests is played about when it changed.
_LOOKS_EVERY_S = 5


def run(port: str, file: Path) -> None:
    """Answer lines of standard input until it ends, or a signal; then write `file`.

    Raises Trouble, NoSession; what was done before a Trouble is written.
    """
    with ServicePort(port) as board, contextlib.suppress(BrokenPipeError):
        recorder = BoardRecorder(board)
        prepare(file)
        if terminal.is_typed_at():
            typer.echo('Requests are lines of JSON, such as {"do":"read"}. Ctrl-D ends.', err=True)
        try:
            with in_good_order():
                _serve(recorder)
        finally:
            recorder.write(file)


def _serve(recorder: BoardRecorder) -> None:
    while True:
        while not select.select([_STDIN], [], [], _LOOKS_EVERY_S)[0]:
            recorder.look()
        data = os.read(_STDIN, bodies.CHUNK_BYTES)
        if not data:
            recorder.look()
            return
        for reply in recorder.answers(data):
            terminal.write(reply.decode(errors="backslashreplace"))
