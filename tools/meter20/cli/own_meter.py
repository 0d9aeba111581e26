"""Gives the meter of `--meter NUMBER` its key straight from the station, without a file.

`sim`, `serve` and `board provision` take `--meter NUMBER`. The audit log has the entry before the
key leaves the station, as at `vend provision --direct`; the key goes into the meter and nowhere
else. A meter that has its key already gets nothing, and no key leaves.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import platformdirs
import typer

from meter20 import bodies, given_text
from meter20.bodies import EmulatedBody
from meter20.cli import station_options, vend_clock
from meter20.failure import Failure, NoMeter
from meter20.vending import refusal
from meter20.vending.refusal import Refusal, Unfinished

if TYPE_CHECKING:
    from meter20.vending.rekey import Factory
    from meter20.vending.station import Station

Ask = Callable[..., dict]

RecordFile = Annotated[
    Path | None,
    typer.Option("--record", dir_okay=False, help="Record of `vend provision`, for a new meter."),
]
Again = Annotated[
    bool,
    typer.Option(
        "--again", help="Give the key of --meter to another meter: the first one was lost."
    ),
]


@dataclass(frozen=True)
class Own:
    """A meter of the station of this machine. again: its key may leave a second time."""

    station: "Station"
    number: str
    folder: Path
    again: bool = False

    def given(self, ask: Ask, factory: "Factory | None" = None) -> bool:
        """Give the meter that answers `ask` its number and key; False if it has them already.

        Raises Refusal if it is another meter, or the station does not give the key out, and
        Unfinished if the key left the station, but the meter did not take it.
        """
        found = ask(do="read").get("drn")
        if found == self.number:
            return False
        if found:
            raise Refusal(
                refusal.STATE,
                f"This meter is number {found} already, and a meter is provisioned once.",
            )
        request = self._request(factory)
        try:
            _accepted(ask(**request))
        except Failure as why:
            raise Unfinished(
                f"The audit log says that the key of meter {self.number} left the station, but "
                f"the meter may not have it: {why} `--again` gives the key once more."
            ) from None
        return True

    def _request(self, factory: "Factory | None") -> dict:
        """Return the request with the key. On return the audit log has it."""
        from meter20.vending import rekey

        with self.station.desk() as desk:
            made = rekey.making(desk, self.number, self.again)
            new = replace(factory or rekey.Factory(), manufactured=made)
            record, _ = rekey.provision(desk, self.number, new, direct=True, again=self.again)
        return record["request"]


def own(ctx: typer.Context, db: str | None, number: str, again: bool = False) -> Own:
    """Open the station of `--meter`, for a registered meter; raises Refusal."""
    from meter20.vending import meter_list

    ctx.obj = replace(station_options.StationOptions.of_environment(), db=db)
    storage = station_options.database(ctx)
    with station_options.looking(ctx) as session:  # before the passphrase is asked for
        drn = meter_list.find_meter(session, number).drn
    return Own(vend_clock.selling(ctx, False), drn, _folder(storage.path, drn), again)


def _folder(database: Path | None, drn: str) -> Path:
    """Return the folder where an emulated meter is kept: beside the station's file, if any."""
    if database is not None:
        return database.with_name(database.name + ".meters") / drn
    return Path(platformdirs.user_data_dir("meter20", appauthor=False)) / "meters" / drn


def prepare(store: Path, meter: Own) -> None:
    """Let the emulated meter in the folder `store` have its key. Raises NoMeter, Refusal."""
    with EmulatedBody(bodies.open_store(store)) as body:
        meter.given(body.request)


def recorded(record: Path) -> dict:
    """Return the request in a provisioning record of the station; raises BadParameter."""
    request = None
    # Not raised from there: what json raises holds the file, and so a key.
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        request = json.loads(given_text.file_text(record))["request"]
    if not isinstance(request, dict):
        raise typer.BadParameter(f"{record} is no provisioning record")
    return {**request, "do": "provision"}


def give_record(ask: Ask, record: Path) -> None:
    """Give the meter that answers `ask` the number and key in a file."""
    _accepted(ask(**recorded(record)))


def check_one(meter: str | None, record: Path | None, again: bool) -> None:
    """Raise BadParameter unless the options about the record go together."""
    if meter and record:
        raise typer.BadParameter("--meter or --record: the key comes from one of them")
    if again and not meter:
        raise typer.BadParameter("--again is for --meter")


def _accepted(reply: dict) -> None:
    if not reply["ok"]:
        raise NoMeter(f"The meter refused its record: {reply.get('message')}.")
