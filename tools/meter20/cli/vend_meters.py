"""`meter20 vend meter`: the meters that the station sells to."""

from typing import TYPE_CHECKING, Annotated

import typer

from meter20.cli.answers import say_facts, show
from meter20.cli.outcome import Done, do
from meter20.cli.station_options import AsJson, MeterNumber, looking, opened
from meter20.vending.decimal_text import hundredths

if TYPE_CHECKING:
    from meter20.vending.models import Meter

meter_app = typer.Typer(help="The meters that the station sells to.", no_args_is_help=True)


@meter_app.command("add")
def meter_add(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    number: MeterNumber,
    sgc: Annotated[str, typer.Option(help="Supply group code.")],
    ti: Annotated[int, typer.Option(help="Tariff index, 0 to 99.")] = 1,
    ea: Annotated[str, typer.Option(help="Encryption algorithm of the meter.")] = "11",
    krn: Annotated[int | None, typer.Option(help="Key revision; the newest by default.")] = None,
    base_date: Annotated[int | None, typer.Option(help="Base date of its key.")] = None,
    ken: Annotated[int | None, typer.Option(help="KEN of the meter, if not the key's.")] = None,
    customer: Annotated[str, typer.Option(help="Customer's name, for receipts.")] = "",
    tariff: Annotated[str | None, typer.Option(help="Tariff, if not the group's.")] = None,
    accounting: Annotated[str, typer.Option(help="What the meter counts: energy or currency.")] = (
        "energy"
    ),
    debt: Annotated[str, typer.Option(help="What the customer owes already.")] = "0",
    as_json: AsJson = False,
) -> None:
    """Register a meter. Give it its key with `provision`, unless it holds one already."""
    from meter20.vending import meter_list

    new = meter_list.NewMeter(
        number, sgc, ti, ea, krn, base_date, ken, customer, tariff, accounting,
        hundredths(debt, "--debt"),
    )  # fmt: skip

    def job(desk) -> Done:
        meter = meter_list.add_meter(desk, new)
        return Done(
            stands=f"Meter {meter.drn} is registered",
            data=meter_list.meter_facts(meter),
            words=f"Meter {meter.drn} (MeterPAN {meter.pan}) holds {meter.vending_key.label}.",
            again=f"`meter20 vend meter show {meter.drn}` shows it.",
        )

    do(opened(ctx), as_json, job)


@meter_app.command("list")
def meters_listed(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the meters."""
    from meter20.vending import meter_list

    with looking(ctx) as session:
        rows = [meter_list.meter_facts(each) for each in meter_list.meters(session, limit)]
    columns = ("drn", "sgc", "krn", "ti", "kt", "ea", "base_date", "customer", "debt")
    short = [{name: row[name] for name in columns} for row in rows]
    show(as_json, "meters", rows if as_json else short, "No meter yet: meter20 vend meter add")


@meter_app.command("show")
def meter_show(ctx: typer.Context, number: MeterNumber, as_json: AsJson = False) -> None:
    """Show all that the station knows of a meter, but no key."""
    from meter20.vending import meter_list

    with looking(ctx) as session:
        facts = meter_list.meter_facts(meter_list.find_meter(session, number, retired=True))
    say_facts(as_json, facts, 20)


@meter_app.command("find")
def meter_find(
    ctx: typer.Context,
    words: Annotated[str, typer.Argument(help="Part of a customer's name or of a number.")],
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find meters by a part of the customer's name, or of the number."""
    from meter20.vending import meter_list

    with looking(ctx) as session:
        facts = [meter_list.meter_facts(one) for one in meter_list.found(session, words, limit)]
    short = ("drn", "customer", "sgc", "tariff", "debt", "retired")
    rows = facts if as_json else [{name: one[name] for name in short} for one in facts]
    show(as_json, "meters", rows, f"No meter has {words!r} in its number or customer's name.")


@meter_app.command("edit")
def meter_edit(
    ctx: typer.Context,
    number: MeterNumber,
    customer: Annotated[str | None, typer.Option(help="New name of the customer.")] = None,
    tariff: Annotated[
        str | None, typer.Option(help="New tariff of its own; '' for that of its group.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Change the customer or the tariff of a meter. The audit log says what was before."""
    from meter20.vending import meter_edits

    if customer is None and tariff is None:
        raise typer.BadParameter("say what to change: --customer or --tariff")
    to = meter_edits.Edit(customer, tariff)
    do(opened(ctx), as_json, lambda desk: _done(meter_edits.edit(desk, number, to), "is changed"))


@meter_app.command("retire")
def meter_retire(
    ctx: typer.Context,
    number: MeterNumber,
    reason: Annotated[str, typer.Option(help="Reason, for the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Take a meter out of use for good: the station sells nothing to it any more."""
    from meter20.vending import meter_edits

    def job(desk) -> Done:
        return _done(meter_edits.retire(desk, number, reason), "is retired")

    do(opened(ctx), as_json, job)


def _done(meter: "Meter", what: str) -> Done:
    from meter20.vending import meter_list

    stands = f"Meter {meter.drn} {what}"
    again = f"`meter20 vend meter show {meter.drn}` shows it."
    return Done(stands, meter_list.meter_facts(meter), f"{stands}.", again)
