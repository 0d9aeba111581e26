"""`meter20 vend backup` and `restore`: a station in one file, and back."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from meter20.cli.outcome import Done, hand_over, taken, uninterrupted, warn
from meter20.cli.station_options import AsJson, check_output, database, opened, options, utc
from meter20.cli.vend_audit import Floor
from meter20.exit_codes import Code


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="New file to write; only its owner can read it.")],
    as_json: AsJson = False,
) -> None:
    """Write the whole station, sealed, to a file. The station may go on selling meanwhile.

    The command restores the backup on trial and verifies it. The backup opens with the passphrase
    or key file that the station has now.
    """
    from meter20.vending.backup import back_up

    station = opened(ctx)
    with taken(file) as to, ExitStack() as held:
        assert to is not None
        counts, report = back_up(station, to)
        held.enter_context(uninterrupted())
        to.keep()
        stands = f"The backup {file} stands"
        data = {"file": str(file), "rows": counts, **report.data()}
        words = f"{stands}: {counts['slip']} receipts, restored on trial.\n{report.words()}"
        hand_over(as_json, Done(stands, data, words, "`meter20 vend restore` reads it."))


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file that `meter20 vend backup` wrote.")],
    floor: Floor = None,
    as_json: AsJson = False,
) -> None:
    """Make the station of a backup again, in a new SQLite file or an empty database.

    The books lose what was issued after the backup. No minute that may have been given out after
    the backup is given out again: without --floor the first tokens are dated a day ahead.
    """
    from meter20.vending import backup_file
    from meter20.vending.backup import restoring

    check_output()
    backup_file.header(file)  # before the passphrase is asked for
    at, storage = options(ctx), database(ctx)
    with ExitStack() as held:
        with restoring(storage, file, at.secret(), at.actor(), floor=utc(floor)) as made:
            held.enter_context(uninterrupted())
        stands = f"The station {made.name!r} is in {storage.where} again, as of {made.time}"
        data: dict = {"station": made.name, "database": storage.where, "time": made.time}
        data |= {"rows": made.counts, "restored": made.found, "trouble": made.trouble}
        trouble = f"{stands}, but nothing can be issued: {made.trouble}."
        if made.trouble:
            data["warning"] = {"code": "anchor", "message": trouble, "exit_code": Code.STANDS}
        words = f"{stands}: {made.counts.get('slip', 0)} receipts.\n{made.report.words()}"
        hand_over(as_json, Done(stands, data, words, "`meter20 vend audit show` tells of it."))
    if made.trouble:
        warn(trouble)
        raise typer.Exit(Code.STANDS)
