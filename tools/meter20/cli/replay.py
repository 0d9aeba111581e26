"""`meter20 replay`: a session, played again on a new meter."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer
from panel.screens import FIRMWARE

from meter20 import bodies, rp2040, session
from meter20.cli import request_fields
from meter20.failure import NoMeter
from meter20.session import Difference, Session

_SHOWN = 5  # differences
_SAID_EVERY_S = 30
#: Of this machine's time, about: for the first start of an emulated Pico, an emulated second, a
#: request, and a start after a cut of the power.
_START_S, _SECOND_S, _REQUEST_S, _CUT_S = 40, 3, 1, 15


def replay(
    file: Annotated[Path, typer.Argument(help="The session, see docs/sessions.md.")],
    body: Annotated[
        Literal["emulated", "virtual", "rp2040"],
        typer.Option(
            "--body",
            help="Play in CPython (emulated), on real MicroPython (virtual), or on MicroPython on "
            "an emulated chip (rp2040), which takes long.",
        ),
    ] = "emulated",
    key: Annotated[
        str | None,
        typer.Option(
            envvar="METER20_DECODER_KEY",
            help="Decoder key, hexadecimal, where the session hides it; by default the test key. "
            + request_fields.HEXADECIMAL_HELP,
        ),
    ] = None,
    image: Annotated[
        Path | None,
        typer.Option(
            metavar="UF2",
            help="With --body rp2040: an image of MicroPython for the Pico; by default the one "
            f"that {rp2040.VARIABLE} names.",
        ),
    ] = None,
) -> None:
    """Play a session again, and compare each answer with the one in the file.

    The meter is a new one. The exit code is 1 if an answer differs.
    """
    key = request_fields.secret("--key", key, False)
    if image is not None and body != "rp2040":
        raise typer.BadParameter("--image goes with --body rp2040")
    if body == "rp2040" and not (image or os.environ.get(rp2040.VARIABLE)):
        raise typer.BadParameter(f"--body rp2040 needs --image UF2, or {rp2040.VARIABLE}")
    try:
        played = session.read(file)
    except OSError as error:
        raise session.NoSession(f"{file} cannot be read: {error.strerror}") from None
    if played.firmware != FIRMWARE:
        typer.echo(f"The session is of {played.firmware}, this meter has {FIRMWARE}.", err=True)
    if body == "rp2040":
        found = list(_on_pico(played, key, image))
    else:
        with bodies.open_body(body) as meter:
            found = list(session.differences(played, meter, key))
    for each in found[:_SHOWN]:
        typer.echo(f"{each.number}: {each.sent}")
        typer.echo(f"  recorded: {each.recorded}\n  found:    {each.found}")
    count = len(played.entries)
    if found:
        raise session.Differs(f"{len(found)} of {count} answers differ")
    if body == "rp2040" or played.body == session.BOARD:
        typer.echo(f"{count} answers, all as recorded except times, power and display.")
    else:
        typer.echo(f"{count} answers, all as recorded.")


def _on_pico(played: Session, key: str | None, image: Path | None) -> Iterator[Difference]:
    """Play on an emulated Pico; yield the differences, and tell on stderr how far it is."""
    if why := rp2040.why_not(image):
        raise NoMeter(f"there is no emulated RP2040: {why}")
    from meter20.rp2040 import bench, firmware, playing  # they need rp2040py

    if cannot := playing.unplayable(played):
        raise session.NoSession(cannot)
    chip = Path(image or os.environ[rp2040.VARIABLE])
    try:
        flash = firmware.flashed(firmware.read(chip), firmware.meter_files())
    except (OSError, firmware.NoFirmware) as error:
        raise NoMeter(f"{chip}: {error}") from None
    _tell_length(played, playing.lasts_s(played))
    said_s = time.monotonic()
    try:
        for step in playing.Player(bench.MeterOnPico(flash)).play(played, key):
            if step.difference:
                yield step.difference
            if time.monotonic() - said_s >= _SAID_EVERY_S:
                said_s = time.monotonic()
                typer.echo(f"request {step.number}, {step.passed_s:.0f} s", err=True)
    except bench.BenchFault as fault:
        raise NoMeter(f"the emulated RP2040 failed: {fault}") from None


def _tell_length(played: Session, lasts_s: float) -> None:
    """Say how long a session is, and how long it takes to play it on an emulated Pico."""
    count = len(played.entries)
    cuts = sum(session.fields(sent).get("do") == "power_cut" for sent, _got in played.entries)
    takes_s = _START_S + _SECOND_S * lasts_s + _REQUEST_S * count + _CUT_S * cuts
    typer.echo(
        f"{count} requests, {lasts_s:.0f} s of the meter's time: about {takes_s / 60:.0f} min.",
        err=True,
    )
