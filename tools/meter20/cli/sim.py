"""`meter20 sim`: the meter in the terminal, live."""

import sys

from meter20.bodies import EmulatedBody, open_store
from meter20.cli.serve import Store
from meter20.failure import Failure


class NoTerminal(Failure):
    """The command draws on a terminal, and there is none."""

    code = "no_terminal"


def sim(store: Store = None) -> None:
    """Use a meter: its display, keypad, load and lamps, in real time. TEST KEYS only."""
    if not sys.stdout.isatty():
        raise NoTerminal("meter20 sim needs a terminal; meter20 serve does not")
    from meter20.sim.app import Sim  # Textual takes a while to import
    from meter20.sim.world import World

    with EmulatedBody(open_store(store)) as body:
        Sim(World(body)).run()
