"""`meter20 vend audit` and `report`: show the audit log, verify it, and sum up a day."""

from datetime import datetime
from typing import Annotated

import typer

from meter20.cli import typed
from meter20.cli.answers import say, say_facts
from meter20.cli.outcome import Done, hand_over, uninterrupted
from meter20.cli.station_options import AsJson, looking, opened, utc

_GO_ON = 'Once you know why, go on by `meter20 vend audit accept --reason "..."`.'
audit_app = typer.Typer(help="The audit log of the security module.", no_args_is_help=True)

Floor = Annotated[
    datetime | None,
    typer.Option(
        help="Date no token before this time (UTC).",
        parser=typed.time,
        metavar="TIME",
    ),
]


@audit_app.command("show")
def show(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Most entries.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest entries of the audit log, and its head. Note the head in another place."""
    from meter20.vending import audit

    with looking(ctx) as session:
        rows, head = audit.latest(session, limit), audit.head_of(session)
    lines = [*map(audit.line, rows), f"  head  {head}"]
    say(as_json, {"entries": rows, "head": head}, "\n".join(lines))


@audit_app.command("verify")
def verify(
    ctx: typer.Context,
    noted: Annotated[str | None, typer.Option(help="Head noted earlier: number:digest.")] = None,
    chain_only: Annotated[
        bool,
        typer.Option(
            "--chain-only", help="Check neither head nor receipts, and need no passphrase."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the audit log and the receipts. The exit code is 1 if something is wrong.

    After a break the station issues nothing until `vend audit accept`.
    """
    from meter20.vending import audit_walk

    trouble = ""
    if chain_only:
        with looking(ctx) as session:
            report = audit_walk.verify(session, None, noted)
    else:
        station = opened(ctx)
        report, trouble = station.verify(noted), station.trouble
    words = report.words() + (f"\nNothing can be issued: {trouble}. {_GO_ON}" if trouble else "")
    say(as_json, report.data() | {"trouble": trouble}, words)
    raise typer.Exit(1 if trouble or report.broken is not None else 0)


@audit_app.command("accept")
def accept(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Why it is right to go on, for the audit log.")],
    floor: Floor = None,
    as_json: AsJson = False,
) -> None:
    """Go on after a break in the audit log, or with an older copy of the database.

    The log goes on saying what was found, and who went on. Without --floor the station dates no
    token before the newest minute that it knows, or before now.
    """
    station = opened(ctx)
    with uninterrupted():
        found = station.accept(reason, utc(floor))
        stands = "Accepted, and entered into the log"
        words = "\n".join([f"{stands}:", *(f"  {line}" for line in found)])
        again = "`meter20 vend audit show` shows the entry."
        hand_over(as_json, Done(stands, {"accepted": "; ".join(found)}, words, again))


def report(
    ctx: typer.Context,
    day: Annotated[
        datetime | None,
        typer.Option(parser=typed.day, metavar="DAY", help="Day in UTC; today if left out."),
    ] = None,
    close: Annotated[
        bool, typer.Option("--close", help="Enter the sums into the audit log: the day is closed.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Sum up a day: receipts, money, energy, operators, and where audit log and anchor stand."""
    from meter20.vending import day_report

    station = opened(ctx)
    facts = day_report.of(station, day)
    if close:
        with station.desk() as desk:
            day_report.close(desk, facts)
    say_facts(as_json, facts, 12)
