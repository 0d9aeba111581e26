"""`meter20 vend tariff`: what the station charges."""

from pathlib import Path
from typing import Annotated

import typer

from meter20.cli import typed
from meter20.cli.answers import show
from meter20.cli.outcome import Done, do
from meter20.cli.station_options import AsJson, looking, opened

tariff_app = typer.Typer(help="What the station charges.", no_args_is_help=True)


@tariff_app.command("add")
def tariff_add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the tariff.")],
    terms: Annotated[
        Path, typer.Argument(help="JSON file, see docs/vending.md; '-' reads standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Add a tariff, or replace its terms for later purchases."""
    from meter20.vending import tariff_list

    new = tariff_list.read_terms(typed.file_text(terms))

    def job(desk) -> Done:
        tariff_list.keep_tariff(desk, name, new)
        stands = f"Tariff {name} is in force"
        facts = {"tariff": name, "terms": new}
        return Done(stands, facts, f"{stands}.", "`meter20 vend tariff list` shows it.")

    do(opened(ctx), as_json, job)


@tariff_app.command("list")
def tariffs_listed(ctx: typer.Context, as_json: AsJson = False) -> None:
    """List the tariffs and their terms."""
    from meter20.vending import tariff_list

    with looking(ctx) as session:
        rows = tariff_list.tariffs(session)
    show(as_json, "tariffs", rows, "No tariff yet: meter20 vend tariff add NAME FILE")
