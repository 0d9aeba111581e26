"""`meter20 sim`: the meter in the terminal, live."""

import sys

import typer

from meter20.bodies import BodyError, EmulatedBody, open_store
from meter20.cli.serve import Store


def sim(store: Store = None) -> None:
    """Use a meter: its display, keypad, load and lamps, in real time. TEST KEYS only."""
    if not sys.stdout.isatty():
        typer.echo("Refused: meter20 sim needs a terminal; meter20 serve does not", err=True)
        raise typer.Exit(1)
    from meter20.sim.app import Sim  # Textual takes a while to import
    from meter20.sim.bench import Bench

    try:
        with EmulatedBody(open_store(store)) as body:
            Sim(Bench(body)).run()
    except BodyError as error:
        typer.echo(f"Refused: {error}", err=True)
        raise typer.Exit(1) from None
