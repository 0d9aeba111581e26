"""`meter20 fleet`: many emulated meters with households, at a broker, for load and campaigns."""

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import terminal
from meter20.cli import networks, typed, vend
from meter20.cli.answers import print_json
from meter20.cli.station_options import AsJson, database, opened
from meter20.ending import in_good_order
from meter20.exit_codes import Code
from meter20.vending import refusal
from meter20.vending.refusal import Refusal

if TYPE_CHECKING:
    from rich.table import Table

    from meter20.ami.mqtt_carrier import Broker
    from meter20.fleet.showcase import Showcase
    from meter20.vending.station import Station

app = typer.Typer(no_args_is_help=True)
app.callback()(vend.root)

_LINES = 20  # of what differs
_BROKER_S = 5  # until it must answer
_OWN_FILES = 200  # descriptors that a process needs beside those of its meters


@app.command()
def run(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    count: Annotated[int, typer.Argument(metavar="N", min=1, help="How many meters.")],
    mqtt: Annotated[
        str,
        typer.Option(
            help="Broker: mqtt://[USER@]HOST[:PORT][?report_s=SECONDS], or mqtts://...?ca=FILE. "
            "USER listens to reports; each meter logs in by its own number."
        ),
    ],
    processes: Annotated[
        int | None,
        typer.Option(min=1, max=64, help="Processes; as many as processors if left out."),
    ] = None,
    buy_s: Annotated[
        float, typer.Option(min=0, max=1e6, help="Seconds between purchases; 0 buys nothing.")
    ] = 3600,
    broker: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            file_okay=False,
            help="Folder of `ami broker-config`: write the new meters' logins there.",
        ),
    ] = None,
    seconds: Annotated[
        float | None,
        typer.Option(parser=typed.seconds, metavar="SECONDS", help="End after so many seconds."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask whether the station is the right one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run N new meters at a broker until Ctrl-C; `meter20 ami run` sells and sends what they buy.

    The meters are registered at the station and stay in its books; use a station of its own. If
    the station has other meters, the command asks first.

    Ends with exit code 1 if books and meters do not agree then. What is in the meters is
    forgotten.
    """
    from meter20.fleet.running import Fleet

    reached = networks.broker(mqtt)
    request = reached.request
    shares = min(processes or os.cpu_count() or 1, count)
    _check_files(count, shares)
    storage, station = database(ctx), opened(ctx)
    listener = reached.for_host()
    _check_broker(listener)
    if not yes:
        _check_station(station, count, as_json)
    fleet = None
    with contextlib.ExitStack() as held:
        with in_good_order():
            specs = _enrolled(station, count, request, as_json)
            if broker is not None:
                _write_logins(station, broker, request, as_json)
            fleet = held.enter_context(Fleet(storage, specs, shares, listener, buy_s))
            with _voice(as_json) as tell:
                for facts in fleet.facts(seconds):
                    tell(facts)
        if fleet is None:
            raise KeyboardInterrupt
        _finish(fleet.end(), as_json)


@app.command()
def demo(
    port: Annotated[
        int,
        typer.Option(min=0, max=65535, help="Port of the shop on 127.0.0.1; 0 for any free one."),
    ] = 8040,
    seconds: Annotated[
        float | None,
        typer.Option(parser=typed.seconds, metavar="SECONDS", help="End after so many seconds."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run station, broker, head-end, shop and three meters on this machine until Ctrl-C.

    Everything is in a temporary folder. The broker has no passwords and no ACL.
    """
    from meter20.fleet.showcase import Showcase

    showcase, ended = None, None
    with contextlib.ExitStack() as held:
        with in_good_order():
            showcase = held.enter_context(Showcase(["shop", "serve"], port))
            _welcome(showcase, as_json)
            with _voice(as_json) as tell:
                for facts in showcase.fleet.facts(seconds):
                    tell(facts)
        if showcase is not None:
            ended = showcase.fleet.end()
    if ended is None:
        raise KeyboardInterrupt
    _finish(ended, as_json)


def _welcome(showcase: "Showcase", as_json: bool) -> None:
    """Say where everything is."""
    facts = {
        "open": showcase.address,
        "meters": showcase.drns,
        "broker": f"mqtt://127.0.0.1:{showcase.broker_port}",
        **showcase.options,
    }
    if as_json:
        print_json(facts)
        return
    options = " ".join(f"{name}={value}" for name, value in showcase.options.items())
    terminal.write(f"""\
Open:    {showcase.address}
Meters:  {" ".join(showcase.drns)}
Broker:  {facts["broker"]} without passwords and without ACL: whoever reaches it reads all and
         may send anything. It listens on this machine only.
By hand: {options} \\
         meter20 ami order {showcase.drns[0]} 50 --money
Ctrl-C ends all of it, and nothing is kept.
""")


def _check_files(count: int, shares: int) -> None:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and -(-count // shares) + _OWN_FILES > most:
        raise Refusal(
            refusal.VALUE,
            f"A process here may open {most} files, and each meter needs one: more --processes, "
            "or `ulimit -n`.",
        )


def _check_broker(broker: "Broker") -> None:
    """Raise Refusal if nobody listens where the broker is to be: no meter is registered then."""
    try:
        socket.create_connection((broker.host, broker.port), _BROKER_S).close()
    except OSError as error:
        why = error.strerror or "no answer"
        raise Refusal(
            refusal.STATE, f"No broker at {broker.host}:{broker.port}: {why}. Start it first."
        ) from None


def _check_station(station: "Station", count: int, as_json: bool) -> None:
    """Ask before meters come into a station that has others, which looks like one of somebody's.

    Raises Refusal if nobody can be asked, Abort after a no.
    """
    from meter20.fleet import books

    with station.looking() as session:
        others = books.others(session)
    if not others:
        return
    has = "another meter" if others == 1 else f"{others} other meters"
    words = (
        f"The station '{station.name}' has {has}. The {count} of the fleet would stay in its "
        "books for good."
    )
    if as_json or not terminal.is_typed_at():
        raise Refusal(
            refusal.STATE,
            f"{words} Make a station for fleets: `meter20 vend --db FILE init`; or say --yes.",
        )
    typer.echo(terminal.printable(words), err=True)
    typer.confirm("Register them here?", default=False, abort=True, err=True)


def _enrolled(station, count: int, request: dict, as_json: bool) -> list:
    """Register the meters, which takes a while, and say so."""
    from meter20.fleet import books

    shared = {name: value for name, value in request.items() if name not in ("user", "password")}
    specs: list = []
    for made in books.enrol(station, count, shared):
        specs += made
        if not as_json and sys.stderr.isatty():
            typer.echo(f"\rregistering meters: {len(specs)} of {count}", err=True, nl=False)
    if not as_json:
        if sys.stderr.isatty():
            typer.echo(err=True)
        words = f"Meters {specs[0].drn} to {specs[-1].drn} are registered at '{station.name}'."
        typer.echo(terminal.printable(words), err=True)
    return specs


def _write_logins(station, folder: Path, request: dict, as_json: bool) -> None:
    from meter20.ami import broker_config, routes

    with station.looking() as session:
        passwords = routes.passwords(session, station.module.carriers_key)
    broker_config.write(folder, str(request["host"]), passwords, int(str(request["port"])))
    if not as_json:
        typer.echo(f"{folder} has the new logins: send Mosquitto a SIGHUP.", err=True)


@contextlib.contextmanager
def _voice(as_json: bool) -> Iterator[Callable[[dict], None]]:
    """Return what tells of the fleet: lines of JSON, lines of text, or a table that is live."""
    if as_json:
        yield print_json
        return
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if console.is_terminal:
        with Live(console=console) as live:
            yield lambda facts: live.update(_table(facts))
    else:
        yield lambda facts: terminal.write(_line(facts) + "\n")


def _words(facts: dict) -> dict[str, str]:
    """Return what the table shows, by its headings."""
    bought = ", ".join(f"{count} {name}" for name, count in sorted(facts["purchases"].items()))
    return {
        "running": f"{facts['seconds']} s",
        "meters": f"{facts['online']} of {facts['meters']} on line",
        "reports": f"{facts['reports_a_minute']} a minute",
        "purchases": bought or "none yet",
        "latest turn": f"{facts['late_ms']} ms late",
        "processor": f"{facts['cpu_ms_a_minute_and_meter']} ms a minute and meter",
        "memory": f"{facts['kib_a_meter']} KiB a meter",
    }


def _table(facts: dict) -> "Table":
    from rich.table import Table

    table = Table(title="meter20 fleet (Ctrl-C ends)", show_header=False, min_width=60)
    for name, words in _words(facts).items():
        table.add_row(name, words)
    return table


def _line(facts: dict) -> str:
    return "; ".join(f"{name}: {words}" for name, words in _words(facts).items())


def _finish(ended: dict, as_json: bool) -> None:
    """Tell whether books and meters agree; end with exit code 1 if they do not."""
    wrong = ended["differ"] + [f"meter {drn}: {why}" for drn, why in ended["stopped"].items()]
    if as_json:
        print_json(ended)
    elif not wrong:
        kwh = ended["credited_wh"] / 1000
        terminal.write(f"{ended['compared']} meters, {kwh:.1f} kWh: books and meters agree\n")
    for line in wrong[:_LINES] if not as_json else ():
        terminal.write(f"{line}\n")
    if wrong:
        raise typer.Exit(Code.REFUSED)
