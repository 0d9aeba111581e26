"""`meter20 serve`: the service port of a meter on standard input and output, or a serial line."""

import contextlib
import json
import os
import select
import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from broker_line import BrokerLine
from drivers.socket_network import SocketNetwork

from meter20 import bodies, terminal
from meter20.bodies import EmulatedBody
from meter20.cli import networks, own_meter
from meter20.cli.answers import say
from meter20.cli.networks import Broker
from meter20.cli.station_options import AsJson, Db, OwnMeter
from meter20.ending import in_good_order
from meter20.failure import NoMeter
from meter20.host_crypto import HostCrypto
from meter20.pty_line import PtyLine
from meter20.session import Recorder, prepare
from meter20.terminal import OutputFault
from meter20.virtual import node
from meter20.virtual.pty_board import Pty, PtyBoard

_STDIN, _STDOUT = 0, 1
_LONGEST_TURN_S = 0.1
_THIS_MACHINE = "127.0.0.1"

BodyName = Annotated[
    Literal["emulated", "virtual"],
    typer.Option("--body", help="Run in CPython (emulated) or real MicroPython (virtual)."),
]
Store = Annotated[
    Path | None,
    typer.Option(help="Folder that keeps the meter's flash; without it the meter is forgotten."),
]
SessionFile = Annotated[
    Path | None,
    typer.Option(
        "--session",
        metavar="FILE",
        help="Keep what is done in FILE, for `meter20 replay`; of a new emulated meter only.",
    ),
]


def serve(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="Serve on standard input and output.")
    ] = False,
    pty: Annotated[
        bool, typer.Option("--pty", help="Serve on a pseudo-terminal, and print its name.")
    ] = False,
    body: BodyName = "emulated",
    store: Store = None,
    meter: OwnMeter = None,
    record: own_meter.RecordFile = None,
    again: own_meter.Again = False,
    db: Db = None,
    session: SessionFile = None,
    link: Annotated[
        Path | None, typer.Option(help="A second name for the pseudo-terminal, always the same.")
    ] = None,
    dlms: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            metavar="PORT",
            help="Serve DLMS/COSEM over TCP at this port of 127.0.0.1; 0 for any free one.",
        ),
    ] = None,
    hdlc: Annotated[
        bool, typer.Option("--hdlc", help="Serve DLMS/COSEM by HDLC on a pseudo-terminal.")
    ] = False,
    mqtt: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Reach the meter by this MQTT broker: mqtt://[USER@]HOST[:PORT][?report_s=N], "
            "mqtts://...?ca=FILE to believe the authority in FILE (DER). "
            f"The password is read from {networks.PASSWORD}.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Serve the service port of a meter: one line of JSON in, one line of JSON out.

    The meter ends at the end of the input, at Ctrl-C, at SIGTERM, or when the window closes. It
    stores the energy used until then. `--pty --body virtual` serves a whole board with
    MicroPython's prompt, for mpremote and `meter20 board`; that board has no meter on it yet.
    With --dlms, --hdlc or --mqtt time passes by itself. Standard error says where DLMS is
    served, whether the meter reaches the broker, and why not. With --pty --json the answer has
    the names of the pseudo-terminals and the port of DLMS; the service port speaks JSON anyway.

    --meter serves a meter of your own station and keeps it beside the station's database, unless
    --store names another folder. A new one gets its key, as by `vend provision --direct`.
    """
    if stdio == pty:
        raise typer.BadParameter("say where to serve: either --stdio or --pty")
    if stdio and (closed := terminal.ends_fault()):
        raise typer.BadParameter(f"there is nothing to serve on: {closed}")
    if link and not pty:
        raise typer.BadParameter("--link is for --pty")
    if pty and body == "virtual" and (dlms is not None or hdlc or mqtt):
        raise typer.BadParameter("--dlms, --hdlc and --mqtt of the virtual board are for --stdio")
    own_meter.check_one(meter, record, again)
    if session:
        if pty or store or meter or record or dlms is not None or hdlc or mqtt:
            raise typer.BadParameter("--session goes with --stdio and --body alone")
        _serve_session(body, session)
        return
    if (meter or record) and pty and body == "virtual":
        raise typer.BadParameter(
            "a virtual board has no meter on it yet: `board flash`, then `board provision --meter`"
        )
    broker = networks.broker(mqtt) if mqtt else None
    if meter is not None:
        store = _own(ctx, db, meter, again, store)
    elif record is not None:
        if store is None:
            raise typer.BadParameter("--record is for a meter that is kept: say --store, too")
        with EmulatedBody(bodies.open_store(store)) as new:
            own_meter.give_record(new.request, record)
    outside = _Outside(dlms, PtyLine() if hdlc else None, broker)
    if pty:
        _serve_pty(body, store, link, outside, as_json)
    else:
        _serve_stdio(body, store, outside)


def _own(ctx: typer.Context, db: str | None, meter: str, again: bool, store: Path | None) -> Path:
    """Return the folder that keeps the meter of one's own station, which has its key now."""
    own = own_meter.own(ctx, db, meter, again)
    folder = store or own.folder
    own_meter.prepare(folder, own)
    return folder


def _serve_session(name: str, file: Path) -> None:
    """Serve a new meter on standard input and output; at the end write the session."""
    prepare(file)
    with in_good_order(), bodies.open_body(name) as body, contextlib.suppress(BrokenPipeError):
        recorder = Recorder(body, name)
        try:
            while data := os.read(_STDIN, bodies.CHUNK_BYTES):
                _answer(recorder.feed(data))
        finally:
            recorder.write(file)


class _Outside:
    """What the meter is connected to beside its service port."""

    def __init__(self, dlms: int | None, line: PtyLine | None, broker: Broker | None):
        self.dlms, self.line, self.broker = dlms, line, broker

    def __bool__(self) -> bool:
        return any(part is not None for part in (self.dlms, self.line, self.broker))

    def facts(self, body: EmulatedBody) -> dict[str, object]:
        """Return where `body`, made here, serves DLMS, for the answer in JSON."""
        at: dict[str, object] = {} if self.line is None else {"hdlc": self.line.port}
        return at if self.dlms is None else at | {"dlms": f"{_THIS_MACHINE}:{body.sim.dlms_port}"}

    def tell_line(self) -> None:
        if self.line is not None:
            typer.echo(f"HDLC on {self.line.port}", err=True)

    def body(self, store: Path | None) -> EmulatedBody:
        """Return the emulated meter with all this. Raises NoMeter, OSError."""
        parts: dict[str, object] = {}
        if self:
            parts["crypto"] = HostCrypto()
        if self.dlms is not None or self.broker is not None:
            authority = self.broker and self.broker.authority
            parts["network"] = SocketNetwork(
                address=_THIS_MACHINE, authority_file=str(authority or "")
            )
        if self.line is not None:
            parts["serial"] = self.line
        body = EmulatedBody(bodies.open_store(store), parts, self.dlms)
        if self.dlms is not None:
            typer.echo(f"DLMS on {_THIS_MACHINE}:{body.sim.dlms_port}", err=True)
        self.tell_line()
        if self.broker is not None:
            reply = body.request(**self.broker.request)
            if not reply["ok"]:
                raise NoMeter(reply["message"])
        return body


def _serve_stdio(body: str, store: Path | None, outside: _Outside) -> None:
    if terminal.is_typed_at():
        typer.echo('Requests are lines of JSON, such as {"do":"read"}. Ctrl-D ends.', err=True)
    if body == "virtual":
        _become_node(store, outside)
    with in_good_order():
        _pump(outside.body(store), bool(outside))


def _serve_pty(
    body: str, store: Path | None, link: Path | None, outside: _Outside, as_json: bool
) -> None:
    with in_good_order():
        if body == "virtual":
            _serve_board(store, link, as_json)
            return
        made = outside.body(store)
        with made, contextlib.closing(Pty(link)) as line:
            say(as_json, {"port": line.port, **outside.facts(made)}, line.port)
            _carry(made, line, BrokerLine(made.sim) if outside else None)


def _serve_board(store: Path | None, link: Path | None, as_json: bool) -> None:
    image = bodies.open_store(store)
    held = (image.lock,) if image else ()
    try:
        with PtyBoard(store, link, held=held) as board:
            say(as_json, {"port": board.port}, board.port)
            if said := board.wait():
                raise NoMeter(said)
    finally:
        if image is not None:
            image.close()


def _carry(body: EmulatedBody, line: Pty, broker: BrokerLine | None) -> None:
    """Carry bytes between `body` and a pseudo-terminal, for ever."""
    while True:
        _await(line.end, body, broker)
        data = os.read(line.end, bodies.CHUNK_BYTES)
        os.set_blocking(line.end, True)
        _write(body.feed(data), line.end)
        os.set_blocking(line.end, False)


def _pump(body: EmulatedBody, is_connected: bool) -> None:
    """Carry bytes between `body` and this process's ends until one of them closes."""
    broker = BrokerLine(body.sim) if is_connected else None
    with body, contextlib.suppress(BrokenPipeError):
        _await(_STDIN, body, broker)
        while data := os.read(_STDIN, bodies.CHUNK_BYTES):
            _answer(body.feed(data))
            _await(_STDIN, body, broker)


def _await(end: int, body: EmulatedBody, broker: BrokerLine | None) -> None:
    """Wait until `end` can be read; meanwhile the time of a meter that is connected passes.

    broker: what there is to say of the broker of a meter that is connected, else None.
    """
    before = time.monotonic()
    due_s = 0.0
    while not select.select([end], [], [], None if broker is None else due_s)[0]:
        assert broker
        passed_ms = int((time.monotonic() - before) * 1000)
        before += passed_ms / 1000
        due_s = min(body.sim.pass_time(passed_ms) / 1000, _LONGEST_TURN_S)
        if said := broker.news():
            typer.echo(said, err=True)


def _answer(data: bytes) -> None:
    """Write to standard output. Raises OutputFault, BrokenPipeError."""
    try:
        _write(data, _STDOUT)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputFault(*error.args) from None


def _write(data: bytes, end: int) -> None:
    while data:
        data = data[os.write(end, data) :]


def _become_node(store: Path | None, outside: _Outside) -> None:
    """Turn this process into the Node server. The lock on the store goes along, and the line."""
    image = bodies.open_store(store)
    if image is not None:
        os.set_inheritable(image.lock, True)
    more = () if outside.dlms is None else ("--dlms", str(outside.dlms))
    if outside.line is not None:
        more += ("--serial", str(outside.line.hand_over()))
        outside.tell_line()
    if outside.broker is not None:
        more += outside.broker.arguments
        os.environ[networks.FIRST_REQUEST] = json.dumps(outside.broker.request) + "\n"
    command = node.serve_command(store, *more)
    os.execv(command[0], command)
