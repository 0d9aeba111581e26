"""`meter20 replay`: a session, played again on a new meter."""

from pathlib import Path
from typing import Annotated

import typer
from panel.screens import FIRMWARE

from meter20 import bodies, session
from meter20.cli import request_fields
from meter20.cli.serve import BodyName

_SHOWN = 5  # differences


def replay(
    file: Annotated[Path, typer.Argument(help="The session, see docs/sessions.md.")],
    body: BodyName = "emulated",
    key: Annotated[
        str | None,
        typer.Option(
            envvar="METER20_DECODER_KEY",
            help="Decoder key, hexadecimal, where the session hides it; by default the test key. "
            + request_fields.HEXADECIMAL_HELP,
        ),
    ] = None,
) -> None:
    """Play a session again, and compare each answer with the one in the file.

    The meter is a new one. The exit code is 1 if an answer differs.
    """
    key = request_fields.secret("--key", key, False)
    try:
        played = session.read(file)
    except OSError as error:
        raise session.NoSession(f"{file} cannot be read: {error.strerror}") from None
    if played.firmware != FIRMWARE:
        typer.echo(f"The session is of {played.firmware}, this meter has {FIRMWARE}.", err=True)
    with bodies.open_body(body) as meter:
        found = list(session.differences(played, meter, key))
    for each in found[:_SHOWN]:
        typer.echo(f"{each.number}: {each.sent}")
        typer.echo(f"  recorded: {each.recorded}\n  found:    {each.found}")
    count = len(played.entries)
    if found:
        raise session.Differs(f"{len(found)} of {count} answers differ")
    typer.echo(f"{count} answers, all as recorded.")
