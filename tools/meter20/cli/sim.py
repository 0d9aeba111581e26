"""`meter20 sim`: the meter in the terminal, live."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from meter20 import bodies
from meter20.bodies import EmulatedBody
from meter20.cli import own_meter
from meter20.cli.serve import SessionFile, Store
from meter20.cli.station_options import Db, OwnMeter
from meter20.failure import Failure
from meter20.session import Recorder, prepare

if TYPE_CHECKING:
    from meter20.cli.own_meter import Own
    from meter20.sim.own_tokens import OwnTokens


class NoTerminal(Failure):
    """The command draws on a terminal, and there is none."""

    code = "no_terminal"


def sim(
    ctx: typer.Context,
    store: Store = None,
    meter: OwnMeter = None,
    record: own_meter.RecordFile = None,
    again: own_meter.Again = False,
    db: Db = None,
    session: SessionFile = None,
) -> None:
    """Use a meter: its display, keypad, load and lamps, in real time. TEST KEYS only.

    --meter takes a meter of your own station and keeps it beside the station's database, unless
    --store names another folder. A new one gets its key, as by `vend provision --direct`. Then F1
    types what the station sold to it last.
    """
    own_meter.check_one(meter, record, again)
    if session and (store or meter or record):
        raise typer.BadParameter("--session needs a new meter with the test key")
    if not sys.stdout.isatty():
        raise NoTerminal("meter20 sim needs a terminal; meter20 serve does not")
    prepare(session)
    own = None if meter is None else own_meter.own(ctx, db, meter, again)
    from meter20.sim.app import Sim  # Textual takes a while to import
    from meter20.sim.world import World

    with ExitStack() as held:
        folder = store or (own.folder if own else None)
        body = held.enter_context(EmulatedBody(bodies.open_store(folder)))
        tokens = _furnished(body, own, record)
        recorder = Recorder(body, "emulated")
        Sim(World(recorder if session else body, body), tokens=tokens).run()
    if session:
        recorder.write(session)


def _furnished(body: EmulatedBody, own: "Own | None", record: Path | None) -> "OwnTokens | None":
    """Give a new meter its key, of one's own station or of a file; return its tokens."""
    from meter20.sim.own_tokens import OwnTokens

    if record is not None:
        own_meter.give_record(body.request, record)
    if own is None:
        return None
    own.given(body.request)
    return OwnTokens(own.station, own.number)
