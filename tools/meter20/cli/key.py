"""`meter20 key`: decoder keys from vending keys, one by arguments or many by `--batch`.

The decoder key is what is asked for, so it is printed; the vending key never is.
"""

from typing import Annotated

import typer
from sts import drn

from meter20.cli import request_fields
from meter20.cli.answers import print_json
from meter20.cli.batch_lines import answer_lines, answer_one
from meter20.vending.derivation import decoder_key

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _root() -> None:
    """Keep `derive` a command of its own while it is the only one."""


@app.command()
def derive(  # noqa: PLR0913, PLR0917
    dkga: Annotated[str, typer.Option(help="Key generation algorithm, 02, 03 or 04.")] = "04",
    ea: Annotated[str, typer.Option(help="Encryption algorithm, 07 or 11.")] = "11",
    vk: Annotated[
        str | None,
        typer.Option(
            envvar="METER20_VENDING_KEY",
            help="Vending key, hexadecimal. " + request_fields.HEXADECIMAL_HELP,
        ),
    ] = None,
    sgc: Annotated[str | None, typer.Option(help="Supply group code, 6 digits.")] = None,
    ti: Annotated[str, typer.Option(help="Tariff index, 2 digits.")] = "01",
    krn: Annotated[int, typer.Option(help="Key revision number, 1 to 9.")] = 1,
    kt: Annotated[int, typer.Option(help="Key type: 1 default, 2 unique, 3 common.")] = 2,
    base_date: Annotated[int | None, typer.Option(help="Base date: 1993, 2014 or 2035.")] = None,
    pan: Annotated[str | None, typer.Option(help="MeterPAN, 18 digits.")] = None,
    iin: Annotated[str | None, typer.Option(help="IIN with --drn, instead of --pan.")] = None,
    iain: Annotated[str | None, typer.Option("--iain", "--drn", help="DRN of the meter.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON.")] = False,
    batch: Annotated[
        bool,
        typer.Option("--batch", help="Answer each line of JSON on standard input."),
    ] = False,
) -> None:
    """Print the decoder key of a meter.

    With --batch a line holds dkga, ea, vk, sgc, ti, krn, kt, base_date, and either pan or iin
    and iain. A line without vk uses the vending key of the command line.
    """
    vk = request_fields.secret("--vk", vk, batch)
    if batch:
        answer_lines(derived, {"vk": vk})
    if vk and pan is None and (iin is None or iain is None):
        raise typer.BadParameter("give --pan, or --iin and --drn")
    request = {
        "dkga": dkga,
        "ea": ea,
        "vk": vk,
        "sgc": sgc,
        "ti": ti,
        "krn": krn,
        "kt": kt,
        "base_date": base_date,
        "pan": pan,
        "iin": iin,
        "iain": iain,
    }
    answer = answer_one(derived, request)
    if as_json:
        print_json(answer)
    else:
        typer.echo(answer["decoder_key"])


def derived(request: dict) -> dict:
    """Return the decoder key that `request` describes; raise ValueError for one that cannot be."""
    dated = request.get("base_date") is not None
    dkga = request_fields.text(request, "dkga")
    key = decoder_key(
        dkga,
        request_fields.text(request, "ea"),
        request_fields.vending_key(request, dkga),
        request_fields.padded(request, "sgc", 6),
        request_fields.padded(request, "ti", 2),
        request_fields.number(request, "krn"),
        request_fields.number(request, "kt"),
        request_fields.number(request, "base_date") if dated else None,
        _pan(request),
    )
    return {"decoder_key": key.hex()}


def _pan(request):
    if request.get("pan") is None and request.get("iin") is not None:
        return drn.pan(request_fields.text(request, "iin"), request_fields.text(request, "iain"))
    if request.get("pan") is None:
        raise request_fields.Missing("'pan' is missing; or give 'iin' and 'iain'")
    return request_fields.text(request, "pan")
