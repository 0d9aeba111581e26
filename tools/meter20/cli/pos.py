"""`meter20 pos`: points of sale. Serving them, their clients, and what merchants owe."""

import os
from datetime import datetime
from typing import Annotated

import typer

from meter20.cli import typed, vend
from meter20.cli.answers import say, show
from meter20.cli.outcome import Done, do
from meter20.cli.station_options import AsJson, looking, opened
from meter20.cli.vend_clock import selling

app = typer.Typer(no_args_is_help=True)
client_app = typer.Typer(help="Clients that may buy at points of sale.", no_args_is_help=True)
app.add_typer(client_app, name="client")
app.callback()(vend.root)

Account = Annotated[str | None, typer.Option(help="Account of one merchant; all if left out.")]
Day = Annotated[
    datetime | None,
    typer.Option(
        parser=typed.day,
        metavar="DAY",
        help="A day in UTC, such as 2026-03-10; all days if left out.",
    ),
]


@app.command("serve")
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 for any free one.")] = 8020,
    tls_cert: Annotated[str | None, typer.Option(help="File of the TLS certificate, PEM.")] = None,
    tls_key: Annotated[str | None, typer.Option(help="File of the TLS key, PEM.")] = None,
) -> None:
    """Serve points of sale until Ctrl-C: /prepaidutility/v3, /v1, /mpm, /docs."""
    from meter20.pos import serving

    serving.check_tls(tls_cert, tls_key)
    station = selling(ctx, as_json=False)
    serving.serve(station, host, port, tls_cert, tls_key)


@client_app.command("add")
def add(
    ctx: typer.Context,
    client: Annotated[str, typer.Argument(help="Id of the client: the user of its requests.")],
    name: Annotated[str, typer.Option(help="Name of the client, for people.")] = "",
    account: Annotated[str, typer.Option(help="Merchant account; its id if left out.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a client. Its password and API key are shown once.

    METER20_POS_PASSWORD gives the password; without it a random one is made.
    """
    from meter20.pos import clients

    def job(desk) -> Done:
        password = os.environ.get("METER20_POS_PASSWORD", "")
        password, key = clients.add(desk, client, name, password, account)
        facts = {"client": client, "password": password, "api_key": key}
        words = "\n".join([f"Client {client} was added. Shown only now:",
                           f"password  {password}", f"API key   {key}"])  # fmt: skip
        return Done(f"Client {client} was added", facts, words, "Add another one in its place.")

    do(opened(ctx), as_json, job)


@client_app.command("list")
def list_clients(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the clients. Shows no password and no key."""
    from meter20.pos import clients

    with looking(ctx) as session:
        rows = clients.listed(session)
    show(as_json, "clients", rows, "There are no clients: meter20 pos client add.")


@app.command("settlement")
def settlement(
    ctx: typer.Context, account: Account = None, day: Day = None, as_json: AsJson = False
) -> None:
    """List what was sold at points of sale, what became of it, and what is owed for it."""
    from meter20.pos import accounts

    with looking(ctx) as session:
        rows = accounts.settlement(session, account, day and f"{day:%Y-%m-%d}")
    if as_json:
        say(True, {"sales": rows, "owed": accounts.sums(rows)}, "")
        return
    show(False, "sales", rows, "Nothing was sold.")
    show(False, "owed", accounts.sums(rows), "Nothing is owed.")


@app.command("faults")
def faults(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the faults that were reported at points of sale."""
    from meter20.pos import fault_reports

    with looking(ctx) as session:
        rows = fault_reports.listed(session)
    show(as_json, "faults", rows, "No fault was reported.")
