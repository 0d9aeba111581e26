"""`meter20 vend clock`: the station's clock and zone, and the way back from one that ran ahead."""

from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import terminal
from meter20.cli.answers import say_facts
from meter20.cli.outcome import Done, do
from meter20.cli.station_options import AsJson, looking, opened
from meter20.terminal import printable

if TYPE_CHECKING:
    from meter20.vending.station import Station

clock_app = typer.Typer(
    help="The clock of the station, and the time zone of its months and days.",
    no_args_is_help=True,
)
_SHOWS = "`meter20 vend clock show` shows it."


def selling(ctx: typer.Context, as_json: bool) -> "Station":
    """Return the station, open to issue tokens.

    If the clock is far ahead of the latest token, asks about it on a terminal. Without a terminal
    the station refuses to issue, and says how to confirm the clock.
    """
    station = opened(ctx)
    doubt = None if as_json or not terminal.is_typed_at() else station.clock_doubt()
    if doubt is not None:
        typer.echo(printable(str(doubt)), err=True)
        if typer.confirm("Is the clock right?", default=False, err=True):
            _accept(station)
    return station


@clock_app.command("show")
def show(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Show the time, the zone of months and days, and the latest token."""
    from meter20.vending import station_time
    from meter20.vending.station import utc_now

    with looking(ctx) as session:
        known = station_time.StationTime(session)
    now = utc_now()
    facts = {
        "utc": station_time.stamp(now),
        "zone": known.zone,
        "local": station_time.local(now, known.zone),
        "latest_token": known.latest,
        "believed": known.doubt(now) is None,
        "rehearsal": known.rehearsal,
    }
    say_facts(as_json, facts, 14)


@clock_app.command("accept")
def accept(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Confirm a clock that is far ahead of the latest token. The audit log says who did that."""

    def job(desk) -> Done:
        time = desk.module.clock.accept(desk.session, desk.actor)
        return Done(f"The clock is right: {time}", {"accepted": time},
                    f"The clock is right: {time}.", _SHOWS)  # fmt: skip

    do(opened(ctx), as_json, job)


@clock_app.command("back")
def back(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Reason for going back, for the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Follow the clock again, after tokens were sold ahead of time. Set the clock right first.

    No minute, month or day counts twice: the station skips minutes that a meter already got, and
    counts on in the months and days that it comes back to. The exit code is 1 if a meter stays
    ahead, since it would answer OldError.
    """
    from meter20.vending import meter_time

    ahead: list[str] = []

    def job(desk) -> Done:
        keys, meters, refused = meter_time.all_back(desk, reason)
        ahead.extend(str(why) for why in refused)
        stands = f"Back at the clock, keys: {len(keys)}, meters: {len(meters)}"
        data = {"keys": keys, "meters": meters, "refused": ahead}
        return Done(stands, data, "\n".join([f"{stands}.", *ahead]), _SHOWS)

    do(opened(ctx), as_json, job)
    raise typer.Exit(1 if ahead else 0)


@clock_app.command("zone")
def zone(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="IANA name, such as Africa/Johannesburg.")],
    as_json: AsJson = False,
) -> None:
    """Count months and days by another time zone from now on."""

    def job(desk) -> Done:
        desk.module.clock.set_zone(desk.session, desk.actor, name)
        stands = f"Months and days are those of {name}"
        return Done(stands, {"zone": name}, f"{stands}.", _SHOWS)

    do(opened(ctx), as_json, job)


def _accept(station: "Station") -> None:
    with station.desk() as desk:
        desk.module.clock.accept(desk.session, desk.actor)
