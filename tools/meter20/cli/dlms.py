"""`meter20 dlms`: a person reads a meter over DLMS/COSEM, or enters a token there."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from sts import digits as sts_digits
from sts import results

if TYPE_CHECKING:
    from meter20.dlms_client import Session

app = typer.Typer(no_args_is_help=True)

_PORT_MAX = 65_535
_NAME = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){5}", re.ASCII)
_OCTET_MAX = 255


def _place(given: str) -> str:
    """Return where the meter is; raises BadParameter."""
    host, _, port = given.rpartition(":")
    numbered = re.fullmatch("[0-9]{1,5}", port, re.ASCII) and 0 < int(port) <= _PORT_MAX
    if not given.startswith("/") and not (host and numbered):
        raise typer.BadParameter(
            f"{given!r} is neither HOST:PORT, such as 127.0.0.1:4059, nor the name of a serial "
            "port, such as /dev/ttyUSB0"
        )
    return given


def _logical_name(given: str) -> str:
    """Return a logical name; raises BadParameter."""
    if not _NAME.fullmatch(given) or max(map(int, given.split("."))) > _OCTET_MAX:
        raise typer.BadParameter(f"{given!r} is not a logical name, such as 1.0.1.8.0.255")
    return given


Where = Annotated[
    str,
    typer.Argument(help="The meter: HOST:PORT, or a serial port for HDLC.", callback=_place),
]
Keys = Annotated[
    Path | None,
    typer.Option(
        help="File with the JSON that gave the meter its keys; public client if left out."
    ),
]
Password = Annotated[
    bool,
    typer.Option(
        "--password", help="Log in with the password of the file; on a serial line only."
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]

_EXECUTED = 3
_VALUE = 2  # the attribute that holds what an object is for, by default


@app.command("list")
def list_objects(
    where: Where, keys: Keys = None, password: Password = False, as_json: AsJson = False
) -> None:
    """List the objects that the meter shows: class, logical name, attributes."""
    with _session(where, keys, password) as meter:
        found = meter.objects()
    if as_json:
        parts = ("class", "name", "attributes")
        typer.echo(
            json.dumps(
                {"ok": True, "objects": [dict(zip(parts, one, strict=True)) for one in found]}
            )
        )
    else:
        for cls, name, attributes in found:
            typer.echo(f"{cls:>4}  {name:16} {' '.join(str(index) for index in attributes)}")


@app.command()
def read(
    where: Where,
    name: Annotated[
        str,
        typer.Argument(help="Logical name, such as 1.0.1.8.0.255.", callback=_logical_name),
    ],
    attribute: Annotated[int, typer.Argument(help="Number of the attribute.", min=1)] = _VALUE,
    keys: Keys = None,
    password: Password = False,
    as_json: AsJson = False,
) -> None:
    """Read an attribute. Octets that are no text are shown in hexadecimal."""
    from meter20.dlms_client import DlmsRefused

    with _session(where, keys, password) as meter:
        classes = [cls for cls, known, _ in meter.objects() if known == name]
        if not classes:
            raise DlmsRefused(f"the meter shows no object {name}")
        found = meter.read(classes[0], name, attribute)
    if as_json:
        typer.echo(json.dumps({"ok": True, "value": found}, default=_text))
    else:
        rows = found if attribute == _VALUE and isinstance(found, list) else [found]
        for row in rows or ["empty: the table has no rows yet"]:
            typer.echo(_text(row))


@app.command()
def enter(
    where: Where,
    digits: Annotated[str, typer.Argument(help="The 20 digits of a token.")],
    keys: Keys = None,
    password: Password = False,
    as_json: AsJson = False,
) -> None:
    """Enter a token, and say what became of it."""
    with _session(where, keys, password) as meter:
        status, number = meter.enter(sts_digits.clean(digits))
    from meter20.dlms_client import STATUSES

    result = results.NAMES[number - 1] if 0 < number <= len(results.NAMES) else "no result"
    words = f"{result}: {STATUSES.get(status, status)}"
    if as_json:
        answer: dict[str, object] = {"ok": status == _EXECUTED, "result": result, "status": status}
        if status != _EXECUTED:
            answer.update(error="dlms", message=words)
        typer.echo(json.dumps(answer))
    else:
        typer.echo(words)
    if status != _EXECUTED:
        raise typer.Exit(1)


@contextlib.contextmanager
def _session(where: str, keys: Path | None, password: bool) -> Iterator["Session"]:
    """Open a session. Raises DlmsRefused and BadParameter."""
    if password and (keys is None or not where.startswith("/")):
        raise typer.BadParameter("--password needs --keys FILE, and a serial port for WHERE")
    from meter20.dlms_client import load_secrets, session

    with session(where, load_secrets(keys), password) as meter:
        yield meter


def _text(value: object) -> str:
    if isinstance(value, list):
        return "{" + ", ".join(_text(part) for part in value) + "}"
    if isinstance(value, bytes):
        is_text = bool(value) and all(0x20 <= octet < 0x7F for octet in value)
        return value.decode() if is_text else value.hex()
    return str(value)
