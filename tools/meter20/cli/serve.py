"""`meter20 serve`: the service port of a meter on standard input and output."""

import contextlib
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from meter20 import bodies
from meter20.bodies import BodyError, EmulatedBody
from meter20.virtual import node

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
    body: BodyName = "emulated",
    store: Store = None,
) -> None:
    """Serve the service port of a meter: one line of JSON in, one line of JSON out.

    Ends at the end of the input.
    """
    if not stdio:
        raise typer.BadParameter("say where to serve: --stdio")
    if sys.stdin.isatty():
        typer.echo('Requests are lines of JSON, such as {"do":"read"}. Ctrl-D ends.', err=True)
    try:
        if body == "virtual":
            _become_node(store)
        _pump(EmulatedBody(bodies.open_store(store)))
    except (BodyError, node.VirtualBoardError) as error:
        typer.echo(f"Refused: {error}", err=True)
        raise typer.Exit(1) from None


def _pump(body: EmulatedBody) -> None:
    """Carry bytes between `body` and this process's ends until one of them closes."""
    with body, contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        while data := os.read(_STDIN, bodies.CHUNK_BYTES):
            _write(body.exchange(data))


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(_STDOUT, data) :]


def _become_node(store: Path | None) -> None:
    """Turn this process into the Node server. The lock on the store goes along."""
    image = bodies.open_store(store)
    if image is not None:
        image.keep_open()
    command = node.serve_command(store)
    os.execv(command[0], command)
