"""`meter20 vend audit` and `report`: what was issued, and whether the books say so truly."""

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
        help="Date no token before this time (UTC); without: the newest known minute, or now.",
        parser=typed.time,
        metavar="TIME",
    ),
]


@audit_app.command("show")
def show(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest entries, and the head: note it elsewhere, and verify against it later."""
    from meter20.vending import audit

    with looking(ctx) as session:
        rows, head = audit.latest(session, limit), audit.head_of(session)
    lines = [*map(audit.line, rows), f"  head  {head}"]
    say(as_json, {"entries": rows, "head": head}, "\n".join(lines))


@audit_app.command("verify")
def verify(
    ctx: typer.Context,
    noted: Annotated[str | None, typer.Option(help="A head noted earlier, number:digest.")] = None,
    chain_only: Annotated[
        bool,
        typer.Option(
            "--chain-only", help="Without the passphrase: head and receipts are not checked."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Verify the audit log and the receipts. Exit code 1 with what was found.

    After a break was found nothing is issued until `audit accept`.
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
    reason: Annotated[str, typer.Option(help="Why it is right to go on, for the log.")],
    floor: Floor = None,
    as_json: AsJson = False,
) -> None:
    """Go on though the log is not whole, or the database was put back. You answer for it.

    The log says for ever what was found, and who went on. No minute that may have been given to
    a token already is given again.
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
        typer.Option(parser=typed.day, metavar="DAY", help="Which day (UTC); today without."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sum up a day: receipts, money, energy, and where audit log and anchor stand."""
    from meter20.vending import day_report

    station = opened(ctx)
    facts = day_report.of(station, day)
    say_facts(as_json, facts, 12)
