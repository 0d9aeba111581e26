"""`meter20 board`: real boards, over mpremote and pyserial."""

import contextlib
import re
from pathlib import Path
from typing import Annotated

import typer
from sts import digits, results

from meter20 import given_text, terminal
from meter20.board import boards, images, serial_ports, wiring_check
from meter20.board import clock as clocks
from meter20.board.prompt import Prompt
from meter20.board.service import ServicePort
from meter20.board.trouble import Code, Trouble
from meter20.board.watching import View
from meter20.cli import board_flash, board_monitor, board_session, own_meter, typed
from meter20.cli.answers import always_in_json, print_json, say
from meter20.cli.station_options import Db, OwnMeter

app = typer.Typer(no_args_is_help=True)

Port = Annotated[
    str | None,
    typer.Option(
        envvar="METER20_PORT", help="Serial port; found by itself if one board is plugged in."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
BoardName = Annotated[
    str | None, typer.Option("--board", help="Folder below boards/; found by itself if left out.")
]


_LAST_TIME = (
    "After this the board has no prompt. Only erasing its whole flash brings one back, and erases "
    "credit and key too. Go on?"
)
_ALL_BUT_ONE = 2  # of three

#: Results of a token that the meter took; it waits for the rest of a key change.
_TAKEN = (results.ACCEPT, results.KCT_1, results.KCT_2, results.KCT_3, results.KCT_4)


def _sha256(given: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", given):
        raise typer.BadParameter(f"{given!r} is not 64 hexadecimal digits")
    return given


def _site(given: str) -> str:
    if not given.startswith(("http://", "https://")):
        raise typer.BadParameter(f"{given!r} is not a URL, such as {images.SITE}")
    return given


@app.command()
def flash(  # noqa: PLR0913, PLR0917
    port: Port = None,
    board: BoardName = None,
    mpy: Annotated[
        bool,
        typer.Option("--mpy", help="Compile first, into one file: smaller, a faster start."),
    ] = False,
    romfs: Annotated[
        bool,
        typer.Option("--romfs", help="Compile, and put the meter into the board's ROM partition."),
    ] = False,
    options: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="An option of the board, see boards/README.md; the board remembers it.",
        ),
    ] = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="Forget the options that the board remembers.")
    ] = False,
    production: Annotated[
        bool,
        typer.Option("--production", help="Take the prompt off the board, for good."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before --production.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the meter on a board with MicroPython up to date, and start it.

    The command copies only files that differ, and verifies each by its hash. If the board was
    unplugged half way, run the command again.

    With --mpy the meter is one file: unplugged half way, the board still has the meter that it
    had.

    With --romfs the meter lies in the ROM partition of the board, runs there in place, and needs
    less memory. The board's image of MicroPython must have such a partition, see boards/README.md.

    With --production the board loses its prompt and its boot.py, and takes no more files.
    docs/security.md says what that is worth and how to get back.
    """
    board_flash.check(board, options or ())
    if production and not yes:
        typer.confirm(_LAST_TIME, abort=True, err=as_json)
    wishes = board_flash.Wishes(
        board, mpy or romfs, romfs, tuple(options or ()), forget, production
    )
    note = (lambda _text: None) if as_json else typer.echo
    with Prompt(serial_ports.find(port)) as prompt:
        report, missing = board_flash.bring_up_to_date(prompt, wishes, note)
        if not missing:
            prompt.restart()
    if missing:
        board_flash.install(report["port"], missing, note)
    say(as_json, report, board_flash.words(report))


@app.command()
def provision(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    record: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Record of `vend provision`."),
    ] = None,
    meter: OwnMeter = None,
    again: own_meter.Again = False,
    db: Db = None,
    port: Port = None,
    drn: Annotated[str | None, typer.Option(help="Meter number, 11 or 13 digits.")] = None,
    decoder_key: Annotated[
        str | None,
        typer.Option(help="Decoder key; '-' asks for it. TEST KEYS only."),
    ] = None,
    iin: Annotated[str, typer.Option(help="Issuer identification number.")] = "600727",
    sgc: Annotated[str, typer.Option(help="Supply group code.")] = "123457",
    ti: Annotated[str, typer.Option(help="Tariff index.")] = "01",
    krn: Annotated[int, typer.Option(help="Key revision number.")] = 1,
    kt: Annotated[int, typer.Option(help="Key type.")] = 2,
    ken: Annotated[int, typer.Option(help="Key expiry number.")] = 255,
    ea: Annotated[str, typer.Option(help="Encryption algorithm, 07 or 11.")] = "11",
    manufactured: Annotated[int, typer.Option(help="TID of the meter's making.")] = 0,
    imp_per_kwh: Annotated[int, typer.Option(help="Pulses per kWh.")] = 1000,
    power_limit_w: Annotated[int, typer.Option(help="Power limit; 0 for none.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Give the meter on a board its number and its key. A meter takes them once in its life.

    They come from your own station (--meter), from a record, or from --drn and --decoder-key. With
    --meter the audit log has the entry before the key leaves the station.
    """
    if [meter, record, drn and decoder_key].count(None) != _ALL_BUT_ONE:
        raise typer.BadParameter("say one: --meter, a record, or --drn and --decoder-key")
    own_meter.check_one(meter, None, again)
    if meter is not None:
        _provision_own(
            own_meter.own(ctx, db, meter, again), port, imp_per_kwh, power_limit_w, as_json
        )
        return
    request = {
        "drn": drn, "iin": iin, "sgc": sgc, "ti": ti, "krn": krn, "kt": kt, "ken": ken,
        "ea": ea, "decoder_key": decoder_key, "manufactured": manufactured,
        "imp_per_kwh": imp_per_kwh, "power_limit_w": power_limit_w,
    }  # fmt: skip
    if record is not None:
        request = own_meter.recorded(record)
    elif decoder_key == "-":
        request["decoder_key"] = typer.prompt("decoder key", hide_input=True)
    with ServicePort(serial_ports.find(port)) as connected:
        reply = connected.request(**{**request, "do": "provision"})
        say(as_json, _accepted(reply), f"The meter is now number {reply.get('drn')}.")


def _provision_own(
    own: own_meter.Own, port: str | None, imp_per_kwh: int, power_limit_w: int, as_json: bool
) -> None:
    """Give the meter on a board the key of a meter of one's own station."""
    from meter20.vending.rekey import Factory

    with ServicePort(serial_ports.find(port)) as board:
        new = own.given(board.request, Factory(imp_per_kwh, power_limit_w))
        words = f"The meter is now number {own.number}."
        if not new:
            words = f"The meter is number {own.number} already, and keeps its key."
        say(as_json, {"ok": True, "drn": own.number, "new": new}, words)


@app.command()
def ask(
    ctx: typer.Context,
    request: Annotated[str, typer.Argument(help='A request, such as {"do":"read"}.')],
    port: Port = None,
) -> None:
    """Send one request to the service port of the meter on a board, and print the reply.

    The exit code is 1 if the meter refused the request, or the token in it.
    """
    always_in_json(ctx)
    try:
        fields = given_text.json_value(request)
    except given_text.Unreadable as why:
        raise typer.BadParameter(f"the request {why}") from None
    if not isinstance(fields, dict):
        raise typer.BadParameter("the request is not a JSON object")
    with ServicePort(serial_ports.find(port)) as meter:
        reply = meter.request(**fields)
    print_json(reply)
    raise typer.Exit(0 if _taken(reply) else Code.REFUSED)


@app.command()
def session(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where the session is kept.")],
    port: Port = None,
) -> None:
    """Send the requests on standard input to the meter on a board, and keep them in FILE.

    A request is a line of JSON, such as {"do":"read"}. `meter20 replay FILE` plays the session
    on a new meter, so the board's meter must be a new one, too: without a number. Time that
    passes and energy that is used are kept; keys that somebody presses on the pad are not.
    FILE is written when the input ends, and overwritten. docs/sessions.md says more.
    """
    if closed := terminal.ends_fault():
        raise typer.BadParameter(f"there are no requests, or nowhere to answer: {closed}")
    board_session.run(serial_ports.find(port), file)


@app.command()
def token(
    typed: Annotated[
        list[str], typer.Argument(metavar="DIGITS", help="The digits; spaces and dashes are fine.")
    ],
    port: Port = None,
    as_json: AsJson = False,
) -> None:
    """Enter a token at the service port of the meter on a board.

    The exit code is 1 if the meter does not take it.
    """
    entered = digits.clean("".join(typed))
    with ServicePort(serial_ports.find(port)) as meter:
        reply = meter.request(do="token", digits=entered)
        if not reply["ok"]:
            _accepted(reply)
        credit_wh = reply["credit_wh"]
        words = f"{reply['result']}: the credit is {credit_wh / 1000:.3f} kWh"
        say(as_json, reply, words)
    raise typer.Exit(0 if _taken(reply) else Code.REFUSED)


def _taken(reply: dict) -> bool:
    """Say whether the meter did what the request says: no error, and no token refused."""
    return reply["ok"] and reply.get("result", results.ACCEPT) in _TAKEN


@app.command()
def monitor(
    port: Port = None,
    seconds: Annotated[
        float | None,
        typer.Option(parser=typed.seconds, metavar="SECONDS", help="End after this many seconds."),
    ] = None,
    every: Annotated[
        float,
        typer.Option(parser=typed.seconds, metavar="SECONDS", help="Seconds between readings."),
    ] = 0.5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON at each change.")
    ] = False,
) -> None:
    """Show display, registers and events of the meter on a board, live, until Ctrl-C."""
    quietly = contextlib.suppress(KeyboardInterrupt)
    view = View()
    with (
        quietly,
        ServicePort(serial_ports.find(port)) as meter,
        board_monitor.voice(view, as_json) as tell,
    ):
        board_monitor.watch(meter, view, tell, every, seconds)


@app.command()
def clock(
    port: Port = None,
    set_it: Annotated[
        bool, typer.Option("--set", help="Set the board's clock to the host's time first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the time of a board's clock and of this host, in UTC, and the difference.

    The meter counts friendly hours and the months of a tariff in UTC. The meter
    accepts and refuses tokens without looking at the clock. The command needs a board with a
    clock; --set needs an open service port.
    """
    with ServicePort(serial_ports.find(port)) as meter:
        times = clocks.set_to_host(meter) if set_it else clocks.read(meter)
        say(as_json, clocks.report(times, set_it), clocks.words(times, set_it))


@app.command()
def test(port: Port = None, as_json: AsJson = False) -> None:
    """Check the wiring: display, keys, relay, buzzer, pulses. The meter stops for that time."""
    with Prompt(serial_ports.find(port)) as prompt:
        found = wiring_check.check(prompt, _Person(as_json))
        prompt.restart()
    wrong = [one for one in found if one.good is False]
    mark = {True: "good", False: "WRONG", None: "-"}
    lines = [f"{one.part:10} {mark[one.good]:6} {one.words}" for one in found]
    say(as_json, [vars(one) for one in found], "\n".join(lines))
    raise typer.Exit(Code.REFUSED if wrong else 0)


@app.command()
def firmware(
    board: Annotated[str, typer.Option("--board", help="A folder below boards/.")] = "rp2_pico",
    version: Annotated[str, typer.Option(help="Version of MicroPython.")] = images.VERSION,
    sha256: Annotated[
        str | None,
        typer.Option(parser=_sha256, metavar="DIGEST", help="SHA-256 of the image, 64 digits."),
    ] = None,
    checksums: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="A file of `sha256sum` that lists the image."
        ),
    ] = None,
    folder: Annotated[
        Path,
        typer.Option(
            "--to", exists=True, file_okay=False, writable=True, help="Folder for the image."
        ),
    ] = Path(),
    site: Annotated[
        str,
        typer.Option(
            envvar="METER20_SITE", parser=_site, metavar="URL", help="Site that has the image."
        ),
    ] = images.SITE,
    as_json: AsJson = False,
) -> None:
    """Fetch MicroPython's official image for a board, and check its hash if you have one.

    The command always checks that the image is whole and for this chip. This project has no
    hashes of images: without --sha256 or --checksums the command prints the hash of the image,
    and says that nobody checked it.
    """
    known = boards.find(board)
    if not known.image:
        raise Trouble(Code.WRONG_BOARD, f"there is no image for the board '{board}'")
    name, content = images.fetch(known.image, version, site.rstrip("/"))
    images.check_form(content, name, known.image_chip)
    expected = sha256 or (checksums and images.listed(checksums, name))
    if expected:
        images.check(content, expected, name)
    digest = images.digest(content)
    target = folder / name
    target.write_bytes(content)
    words = f"{target}\nSHA-256 {digest}, " + ("as expected" if expected else "NOT CHECKED")
    report = {"ok": True, "file": str(target), "sha256": digest, "checked": bool(expected)}
    say(as_json, report, words)


class _Person:
    """The person at this terminal."""

    def __init__(self, quiet: bool):
        self._quiet = quiet

    def say(self, text: str) -> None:
        typer.echo(text, err=self._quiet)

    def sees(self, question: str) -> bool:
        return typer.confirm(question, default=True, err=self._quiet)


def _accepted(reply: dict) -> dict:
    """Return `reply`; raises Trouble if the meter refused."""
    if not reply["ok"]:
        raise Trouble(Code.REFUSED, f"the meter refused: {reply.get('message')}")
    return reply
