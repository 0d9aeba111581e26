"""`meter20 token`: look into tokens and make them, one by arguments or many by `--batch`.

Knows the standard only: no meter, no station, no clock. Keys come in and are
never printed; the new key inside a key change token is a field like any other.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sts import decoder, digits, kinds, tid

from meter20 import quick_ciphers, terminal
from meter20.cli import request_fields
from meter20.cli.answers import print_json, say
from meter20.cli.batch_lines import answer_lines, answer_one
from meter20.cli.typed import time as time_read
from meter20.vending import amounts, encoder, refusal
from meter20.vending.refusal import Refusal
from meter20.vending.tid_clock import BASE_YEARS, tid_of

app = typer.Typer(no_args_is_help=True)

_ENCRYPTED = (0, 2)  # classes
_DEFAULT_EA = "11"
_DIGITS = 20
_NAMES_FIT = 75  # columns of a terminal

Ea = Annotated[
    str | None,
    typer.Option(help="Encryption algorithm, 07 or 11. [default: 11; none with --batch]"),
]
Key = Annotated[
    str | None,
    typer.Option(
        envvar="METER20_DECODER_KEY",
        help="Decoder key, hexadecimal. " + request_fields.HEXADECIMAL_HELP,
    ),
]
TablesFile = Annotated[
    Path | None,
    typer.Option(
        "--tables", help="JSON file of EA07 tables: s1, s2, p; by default the sample tables."
    ),
]
BaseDate = Annotated[
    int, typer.Option(help="Year that the TID is counted from: 1993, 2014 or 2035.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
Batch = Annotated[
    bool,
    typer.Option("--batch", help="Answer each line of JSON on standard input."),
]


@app.command()
def decode(
    typed: Annotated[
        list[str] | None,
        typer.Argument(metavar="DIGITS", help="The 20 digits; spaces and dashes are fine."),
    ] = None,
    ea: Ea = None,
    key: Key = None,
    tables: TablesFile = None,
    base_date: BaseDate = 2014,
    as_json: AsJson = False,
    batch: Batch = False,
) -> None:
    """Show what a token holds.

    The exit code is 1 if the token cannot be read: it has another key, or a wrong digit.

    With --batch a line holds token, ea, key and perhaps tables. A line that leaves out ea, key or
    tables uses the value of the command line.
    """
    if batch == bool(typed):
        raise typer.BadParameter("give either 20 digits or --batch")
    check_base_date(base_date)
    key = request_fields.secret("--key", key, batch)
    request = {"ea": ea, "key": key, "tables": request_fields.tables_file(tables)}
    if batch:
        answer_lines(decoded, request, good=lambda answer: answer["crc_ok"])
    request = {**request, "token": "".join(typed or ()), "ea": ea or _DEFAULT_EA}
    answer = answer_one(decoded, request)
    if "tid" in answer["fields"]:
        answer["date"] = _date(answer["fields"]["tid"], base_date)
    if as_json:
        print_json(answer)
    else:
        from meter20.cli.token_words import shown

        terminal.write(shown(answer) + "\n")
    if not answer["crc_ok"]:
        typer.echo("CRCError: another key, or a wrong digit.", err=True)
        raise typer.Exit(1)


@app.command()
def encode(  # noqa: PLR0913, PLR0917
    kind: Annotated[
        str | None, typer.Argument(help="Kind of token; `meter20 token kinds` lists them.")
    ] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(
            "--field", "-f", metavar="NAME=NUMBER", help="A field; a missing rnd is random."
        ),
    ] = None,
    kwh: Annotated[
        str | None, typer.Option(help="Make a token of this much electricity, such as 25.6.")
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option(
            parser=time_read, metavar="TIME",
            help="Time of issue in UTC, for the field tid; now for --kwh without it.",
        ),
    ] = None,
    base_date: BaseDate = 2014,
    ea: Ea = None,
    key: Key = None,
    tables: TablesFile = None,
    as_json: AsJson = False,
    batch: Batch = False,
) -> None:  # fmt: skip
    """Make the 20 digits of a token: of --kwh, or of a kind and its fields.

    With --batch a line holds kind, ea, key, fields and perhaps tables. A line that leaves out ea,
    key or tables uses the value of the command line.
    """
    if kwh is not None and kind is None:
        kind = kinds.ELECTRICITY
    if batch == (kind is not None):
        raise typer.BadParameter("give a kind of token, --kwh, or --batch")
    if kwh is not None and kind != kinds.ELECTRICITY:
        raise typer.BadParameter(f"--kwh is for {kinds.ELECTRICITY}")
    check_base_date(base_date)
    key = request_fields.secret("--key", key, batch)
    request = {"ea": ea, "key": key, "tables": request_fields.tables_file(tables)}
    if kind is None:
        answer_lines(encoded, request)
    fields = _dated(kwh, at, base_date) | dict(_field(text) for text in field or ())
    ea = ea or _DEFAULT_EA
    found = kinds.named(kind, ea)
    if found and "rnd" in dict(found[2]):
        import secrets  # takes a moment to load

        fields = {"rnd": secrets.randbelow(16), **fields}
    request = {**request, "kind": kind, "ea": ea, "fields": fields}
    answer = answer_one(encoded, request)
    if as_json:
        print_json(answer)
    else:
        typer.echo(digits.grouped(answer["token"]))


@app.command()
def explain(
    typed: Annotated[
        list[str], typer.Argument(metavar="DIGITS", help="The digits; spaces and dashes are fine.")
    ],
    ea: Annotated[str, typer.Option(help="Encryption algorithm, 07 or 11.")] = _DEFAULT_EA,
    key: Key = None,
    ken: Annotated[int, typer.Option(min=0, max=255, help="KEN of the meter's key.")] = 255,
    before: Annotated[
        list[str] | None,
        typer.Option("--after", metavar="DIGITS", help="A token that the meter took before."),
    ] = None,
    base_date: BaseDate = 2014,
    rounds: Annotated[
        bool,
        typer.Option(
            "--rounds", help="Show each round of the cipher; two of them give the key away."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Explain in words, step by step, what a meter that holds --key decides about a token.

    The meter is a new one, emulated; --after enters tokens first, so that the meter knows them.
    The exit code is 0 whatever the meter decides. Without --key only tokens of class 1 can be
    read.
    """
    from meter20.cli import token_explain

    check_base_date(base_date)
    key = request_fields.secret("--key", key, batch=False)
    meter = token_explain.Meter(ea, key, ken, tuple(before or ()))
    steps = token_explain.steps(meter, "".join(typed), base_date, rounds)
    say(as_json, {"steps": steps}, token_explain.words(steps))


@app.command("kinds")
def list_kinds(as_json: AsJson = False) -> None:
    """List every kind of token with its fields and their bits."""
    rows = [
        {"class": class_, "subclass": subclass, "ea": ea, "kind": kind, "fields": dict(layout)}
        for class_, subclass, ea, kind, layout in kinds.TABLE
    ]
    if as_json:
        print_json({"kinds": rows})
        return
    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table("class", "sub", "EA", "kind", "fields (bits)")
    for column in table.columns[3:]:
        column.overflow = "fold"  # a name is there to be copied: it is never cut
    table.columns[3].no_wrap = console.width >= _NAMES_FIT
    for row in rows:
        layout = ", ".join(f"{name} {bits}" for name, bits in row["fields"].items())
        table.add_row(str(row["class"]), str(row["subclass"]), row["ea"], row["kind"], layout)
    console.print(table)


def decoded(request: dict) -> dict:
    """Return class, subclass, kind, fields and crc_ok of the token in `request`.

    Raises ValueError if it is no token, or its key, algorithm or tables cannot be used.
    """
    typed = digits.clean(request_fields.text(request, "token"))
    token = digits.parse(typed)
    if token is None:
        raise ValueError("FormatError: " + _no_token(typed))
    ea = cipher = None
    if digits.split(token)[0] in _ENCRYPTED:
        ea = request_fields.text(request, "ea")
        cipher = _cipher(ea, request)
    found = decoder.decode(token, cipher, ea)
    return {
        "class": found.class_,
        "subclass": found.subclass,
        "kind": found.kind,
        "fields": found.fields,
        "crc_ok": found.crc_ok,
    }


def _cipher(ea, request):
    tables = request_fields.tables(request)
    if tables and ea != "07":
        raise ValueError("only EA07 has tables")
    return quick_ciphers.cipher(ea, request_fields.decoder_key(request, ea), tables)


def encoded(request: dict) -> dict:
    """Return the token that `request` describes; raise ValueError for one that cannot be."""
    kind = request_fields.text(request, "kind")
    fields = request.get("fields")
    if not isinstance(fields, dict):
        raise ValueError("'fields' must be an object of whole numbers")
    ea = key = tables = None
    if not any(row[3] == kind for row in kinds.TABLE):
        raise ValueError(f"unknown kind of token: {kind!r}; `meter20 token kinds` lists them")
    if not any(row[3] == kind and row[0] not in _ENCRYPTED for row in kinds.TABLE):
        ea = request_fields.text(request, "ea")
        key = request_fields.decoder_key(request, ea)
        tables = request_fields.tables(request)
    return {"token": encoder.encode(kind, ea, key, fields, tables)}


def _no_token(typed):
    """Return why the characters `typed` are no token."""
    if not (typed.isascii() and typed.isdigit()):
        return "a token is 20 digits and nothing else"
    if len(typed) != _DIGITS:
        return f"a token has 20 digits, not {len(typed)}"
    return "20 digits, but more than the 66 bits of a token: 73786976294838206463 is the most"


def check_base_date(base_date: int) -> None:
    """Raise BadParameter for a year that no TID is counted from."""
    if base_date not in BASE_YEARS:
        raise typer.BadParameter("--base-date must be 1993, 2014 or 2035")


def _dated(kwh, at, base_date):
    """Return the fields that --kwh and --at give."""
    fields = {}
    if kwh is not None:
        fields["amount_field"] = _amount_field(kwh)
    if at is not None or kwh is not None:
        try:
            fields["tid"] = tid_of(at or datetime.now(UTC), base_date)
        except ValueError as error:
            raise Refusal(refusal.VALUE, f"{error}.") from None
    return fields


def _amount_field(kwh):
    from meter20.vending.decimal_text import tenths

    try:
        return amounts.to_field(tenths(kwh, "--kwh"))
    except ValueError as error:
        raise Refusal(refusal.VALUE, f"--kwh: {error} tenths of a kWh.") from None


def _field(text):
    name, _, value = text.partition("=")
    try:
        return name, int(value, 16 if value.startswith("0x") else 10)
    except ValueError:
        raise typer.BadParameter(f"--field takes NAME=NUMBER, not {text!r}") from None


def _date(number, base_year):
    return "{:04}-{:02}-{:02} {:02}:{:02}".format(*tid.date(number, base_year))
