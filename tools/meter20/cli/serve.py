"""`meter20 serve`: the service port of a meter on standard input and output, or a serial line."""

import contextlib
import os
import select
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from meter20 import bodies
from meter20.bodies import BodyError, EmulatedBody
from meter20.ending import in_good_order
from meter20.virtual import node
from meter20.virtual.pty_board import Pty, PtyBoard

_STDIN, _STDOUT = 0, 1

BodyName = Annotated[
    Literal["emulated", "virtual"],
    typer.Option("--body", help="emulated: CPython, here. virtual: real MicroPython, in Node."),
]
Store = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps the meter's flash. Without: in memory, then forgotten."),
]


def serve(
    stdio: Annotated[
        bool, typer.Option("--stdio", help="One line of JSON in, one out, on this terminal.")
    ] = False,
    pty: Annotated[
        bool, typer.Option("--pty", help="A serial port: a pseudo-terminal; prints its name.")
    ] = False,
    body: BodyName = "emulated",
    store: Store = None,
    link: Annotated[
        Path | None, typer.Option(help="With --pty: a second name for the port, always the same.")
    ] = None,
) -> None:
    """Serve the service port of a meter: one line of JSON in, one line of JSON out.

    Ends at the end of the input, at Ctrl-C, SIGTERM, or when the window closes; what was used up
    by then is stored. `--pty --body virtual` is a whole
    board with MicroPython's prompt, for mpremote and `meter20 board`; it comes without a meter.
    """
    if stdio == pty:
        raise typer.BadParameter("say where to serve: --stdio or --pty")
    if link and not pty:
        raise typer.BadParameter("--link is for --pty")
    try:
        _serve_pty(body, store, link) if pty else _serve_stdio(body, store)
    except (BodyError, node.VirtualBoardError, OSError) as error:
        typer.echo(f"Refused: {error}", err=True)
        raise typer.Exit(1) from None


def _serve_stdio(body: str, store: Path | None) -> None:
    if sys.stdin.isatty():
        typer.echo('Requests are lines of JSON, such as {"do":"read"}. Ctrl-D ends.', err=True)
    if body == "virtual":
        _become_node(store)
    with in_good_order():
        _pump(EmulatedBody(bodies.open_store(store)))


def _serve_pty(body: str, store: Path | None, link: Path | None) -> None:
    with in_good_order():
        if body == "virtual":
            _serve_board(store, link)
        else:
            _serve_port(EmulatedBody(bodies.open_store(store)), link)


def _serve_board(store: Path | None, link: Path | None) -> None:
    image = bodies.open_store(store)
    held = (image.lock,) if image else ()
    try:
        with PtyBoard(store, link, held=held) as board:
            typer.echo(board.port)
            if said := board.wait():
                raise node.VirtualBoardError(said)
    finally:
        if image is not None:
            image.close()


def _serve_port(body: EmulatedBody, link: Path | None) -> None:
    """Carry bytes between `body` and a pseudo-terminal, for ever."""
    with body, contextlib.closing(Pty(link)) as line:
        typer.echo(line.port)
        while True:
            select.select([line.end], [], [])
            data = os.read(line.end, bodies.CHUNK_BYTES)
            os.set_blocking(line.end, True)
            _write(body.exchange(data), line.end)
            os.set_blocking(line.end, False)


def _pump(body: EmulatedBody) -> None:
    """Carry bytes between `body` and this process's ends until one of them closes."""
    with body, contextlib.suppress(BrokenPipeError):
        while data := os.read(_STDIN, bodies.CHUNK_BYTES):
            _write(body.exchange(data), _STDOUT)


def _write(data: bytes, end: int) -> None:
    while data:
        data = data[os.write(end, data) :]


def _become_node(store: Path | None) -> None:
    """Turn this process into the Node server. The lock on the store goes along."""
    image = bodies.open_store(store)
    if image is not None:
        os.set_inheritable(image.lock, True)
    command = node.serve_command(store)
    os.execv(command[0], command)
