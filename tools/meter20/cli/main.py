"""The `meter20` command. Each part is a module beside this one, imported when it is called.

So a command takes the time to load what it uses itself, and `--help` loads no part at all.
"""

from typing import Annotated

import typer

from meter20 import __version__
from meter20.cli.parts import Root
from meter20.cli.quick_reading import HELP

#: What `meter20 --help` says of each part.
PARTS = {
    "demo": "Tell the whole story: tokens, credit, load, refusals, a sale, new keys. "
    "TEST KEYS only.",
    "sim": "Use a meter: its display, keypad, load and lamps, in real time. TEST KEYS only.",
    "web": "Serve the classroom: the meter, a vending desk and eight lessons in a page. "
    "TEST KEYS only.",
    "serve": "Serve the service port of a meter: one line of JSON in, one line of JSON out.",
    "replay": "Play a session again, and compare each answer with the one in the file.",
    "token": "Decode and encode tokens.",
    "key": "Derive decoder keys.",
    "vend": "The vending station: supply groups, meters, tokens, receipts. TEST KEYS only.",
    "ami": "The head-end: sends the token of a purchase until the meter answers. TEST KEYS only.",
    "pos": "Points of sale: shops and other systems that buy tokens by HTTP. TEST KEYS only.",
    "shop": "The shop: pages on which customers buy credit for a meter. TEST KEYS only.",
    "fleet": "Many emulated meters with households that use and buy. TEST KEYS only.",
    "board": "Boards: put the meter on a board, give it its key, watch it, check its wiring. "
    "`meter20 serve --pty --body virtual` makes a virtual board.",
    "dlms": "Read a meter over DLMS/COSEM, and enter tokens there; see docs/ami.md.",
}


class _Meter20(Root):
    parts = PARTS


app = typer.Typer(
    name="meter20",
    cls=_Meter20,
    help="An open, simulated STS prepayment meter and the tools around it.",
    no_args_is_help=True,
    context_settings={"help_option_names": HELP},  # for all below, too
    rich_markup_mode=None,  # rich takes longer to load than most commands run
    pretty_exceptions_show_locals=False,  # a traceback with locals would print keys
)


def _version(given: bool) -> None:
    if given:
        typer.echo(f"meter20 {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Make `app` a group: its commands are the parts."""
