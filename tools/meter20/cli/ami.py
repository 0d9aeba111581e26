"""`meter20 ami`: the head-end. Purchases over a network, and their tokens on their way."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from meter20.cli import networks, vend, vend_clock
from meter20.cli.answers import say_facts, show
from meter20.cli.outcome import Done, do, taken
from meter20.cli.station_options import (
    AsJson,
    MeterNumber,
    OneMeter,
    check_output,
    database,
    looking,
    opened,
    same_db,
)
from meter20.vending import refusal
from meter20.vending.refusal import Doubt, Refusal

if TYPE_CHECKING:
    from meter20.ami.worker import Worker
    from meter20.vending.sealing import Key
    from meter20.vending.station import Station
    from meter20.vending.storage import Storage

app = typer.Typer(no_args_is_help=True)
app.callback()(vend.root)

PurchaseNumber = Annotated[int, typer.Argument(metavar="PURCHASE", help="Number of the purchase.")]
Limit = Annotated[int, typer.Option(min=1, help="Most rows.")]
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_TURN_S = 0.5
_WAITS_S = 5  # after a database that failed


@app.command()
def order(
    ctx: typer.Context,
    meter: MeterNumber,
    amount: Annotated[str, typer.Argument(help="kWh in steps of 0.1, or money with --money.")],
    money: Annotated[bool, typer.Option("--money", help="AMOUNT is the money paid.")] = False,
    ref: Annotated[
        str, typer.Option(help="Your number for this order: one number, one purchase.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Sell credit, and show its token. `meter20 ami run` sends the token to the meter."""
    from meter20.ami import purchases
    from meter20.ami.purchases import Order
    from meter20.vending.decimal_text import hundredths, tenths
    from meter20.vending.receipt import Receipt

    ordered = Order(
        meter,
        money=hundredths(amount, "AMOUNT") if money else None,
        units=None if money else tenths(amount, "AMOUNT"),
        ref=ref,
    )

    def job(desk) -> Done:
        made = purchases.place(desk.session, ordered, desk.now)
        desk.session.flush()
        if made.outcome == purchases.REFUSED and made.slip_id is None:
            raise Refusal(refusal.STATE, f"Purchase {made.id} was refused: {made.reason}")
        slip = purchases.vend(desk, made)
        facts = purchases.facts(desk.session, made)
        receipt = Receipt.of(slip, station.name)
        words = f"Purchase {made.id}, {made.state}.\n\n{receipt.text()}"
        again = f"`meter20 ami show {made.id}` shows it."
        return Done(f"Purchase {made.id} stands", {**facts, "slip": receipt.data()}, words, again)

    station = vend_clock.selling(ctx, as_json)
    do(station, as_json, job)


@app.command("show")
def show_one(ctx: typer.Context, purchase: PurchaseNumber, as_json: AsJson = False) -> None:
    """Show a purchase: its state, its tokens, and what the meter said."""
    from meter20.ami import purchases

    with looking(ctx) as session:
        found = purchases.find(session, purchase)
        facts = purchases.facts(session, found)
        tokens = purchases.tokens(session, found)
    if as_json:
        facts["tokens"] = tokens
    else:
        del facts["answers"]
        facts |= {f"token {n}": each["digits"] for n, each in enumerate(tokens, 1)}
    say_facts(as_json, facts, 10)


@app.command("list")
def list_all(
    ctx: typer.Context,
    meter: OneMeter = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List the latest purchases, newest first. Shows no token."""
    from meter20.ami import purchases
    from meter20.vending import meter_list

    with looking(ctx) as session:
        one = meter_list.find_meter(session, meter) if meter else None
        rows = [purchases.facts(session, each) for each in purchases.latest(session, one, limit)]
    names = ("purchase", "ordered", "meter", "kwh", "money", "state", "outcome", "sends", "result")
    if not as_json:
        rows = [{name: row[name] for name in names} for row in rows]
    show(as_json, "purchases", rows, "No purchase yet: meter20 ami order METER AMOUNT")


@app.command("judge")
def judge(
    ctx: typer.Context,
    purchase: PurchaseNumber,
    outcome: Annotated[
        Literal["credited", "refused"], typer.Argument(help="What became of the token.")
    ],
    reason: Annotated[str, typer.Option(help="How you know that, for the audit log.")],
    as_json: AsJson = False,
) -> None:
    """Close a purchase that only a person can judge. The head-end stops sending its token."""
    from meter20.ami import purchases

    def job(desk) -> Done:
        found = purchases.judge(desk.session, purchase, outcome == "credited", reason, desk.now)
        facts = purchases.facts(desk.session, found)
        detail = f"purchase {purchase}: {outcome}, {reason}"
        desk.module.note(desk.session, desk.actor, "judge", facts["meter"], detail)
        stands = f"Purchase {purchase} is closed as {outcome}"
        return Done(stands, facts, f"{stands}.", f"`meter20 ami show {purchase}` shows it.")

    do(opened(ctx), as_json, job)


@app.command()
def meters(
    ctx: typer.Context,
    meter: OneMeter = None,
    mqtt: Annotated[
        bool, typer.Option("--mqtt", help="Reach METER by MQTT; it gets a new password.")
    ] = False,
    dlms: Annotated[str | None, typer.Option(help="Reach METER by DLMS at HOST:PORT.")] = None,
    keys: Annotated[
        Path | None, typer.Option(help="File with the JSON that gave the meter its DLMS keys.")
    ] = None,
    limit: Limit = 1000,
    as_json: AsJson = False,
) -> None:
    """List how meters are reached, or set how METER is reached. Shows no secret."""
    from meter20.ami import routes

    if meter is None:
        with looking(ctx) as session:
            rows = [routes.facts(session, each) for each in routes.all_routes(session, limit)]
        show(as_json, "meters", rows, "No meter yet: meter20 ami meters METER --mqtt")
        return
    if mqtt == (dlms is not None) or (dlms is None) != (keys is None):
        raise typer.BadParameter("say either --mqtt, or --dlms HOST:PORT with --keys FILE")
    given = _keys_in(keys)

    def job(desk) -> Done:
        if dlms is None:
            route = routes.keep_mqtt(desk, meter)
        else:
            route = routes.keep_dlms(desk, meter, dlms, given)
        facts = routes.facts(desk.session, route)
        stands = f"Meter {facts['meter']} is reached by {route.carrier}"
        words = stands + (
            f" at {dlms}." if dlms else f". Next: meter20 ami{same_db(ctx)} broker-config FOLDER"
        )
        return Done(stands, facts, words, "`meter20 ami meters` lists it.")

    do(opened(ctx), as_json, job)


def _keys_in(file: Path | None) -> dict[str, str]:
    from meter20.dlms_client import load_secrets

    return load_secrets(file)


@app.command("carriers-key")
def carriers_key(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help="New file for the key; only its owner can read it.")],
    as_json: AsJson = False,
) -> None:
    """Write the key that opens the secrets of carriers, for a worker that only sends by DLMS."""

    def job(desk) -> Done:
        desk.module.note(desk.session, desk.actor, "carriers key", "", "given out")
        stands = f"{out} opens the secrets of carriers"
        text = desk.module.carriers_key.octets.hex() + "\n"
        return Done(stands, {"file": str(out)}, f"{stands}; it makes no token.", "",
                    file=text, file_first=True,
                    rewrite="`meter20 ami carriers-key --out FILE` writes it.")  # fmt: skip

    station = opened(ctx)
    with taken(out) as file:
        do(station, as_json, job, file)


@app.command("broker-config")
def broker_config(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder to write; its authority stays.")],
    host: Annotated[
        str, typer.Option(help="Name or address by which meters reach the broker.")
    ] = "localhost",
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port at which meters reach the broker.")
    ] = 8883,
    as_json: AsJson = False,
) -> None:
    """Write the files that Mosquitto needs (TLS, passwords, ACL), and a request for each meter."""
    from meter20.ami import broker_config as configs
    from meter20.ami import routes

    if not _HOST.fullmatch(host):
        raise typer.BadParameter(f"--host: {host!r} is no name and no address")
    station = opened(ctx)
    with station.looking() as session:
        passwords = routes.passwords(session, station.module.carriers_key)
    names = configs.write(folder, host, passwords, port)
    facts = {"folder": str(folder), "meters": len(passwords), "files": " ".join(names)}
    say_facts(as_json, facts, 8)


@app.command()
def run(
    ctx: typer.Context,
    mqtt: Annotated[
        str | None,
        typer.Option(help="Broker: mqtt://[USER@]HOST[:PORT], or mqtts://...?ca=FILE for TLS."),
    ] = None,
    send_only: Annotated[
        bool, typer.Option("--send-only", help="Sell nothing, and need no passphrase.")
    ] = False,
    key: Annotated[
        Path | None, typer.Option(help="File of `ami carriers-key`; needs --send-only.")
    ] = None,
    retry_s: Annotated[
        int, typer.Option(min=1, max=86_400, help="Seconds to the first repeat.")
    ] = 10,
    no_reports: Annotated[
        bool, typer.Option("--no-reports", help="Leave what meters report to another worker.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Work until Ctrl-C: sell what was ordered, send what is due, note what meters answer.

    A terminal shows the newest purchases and the latest steps; elsewhere each step is a line.
    Several workers may share a database.
    """
    from contextlib import ExitStack

    from meter20.cli import ami_live
    from meter20.ending import in_good_order

    with ExitStack() as held:
        storage, work = _worker(ctx, held, mqtt, send_only, key, retry_s, not no_reports)
        voice = held.enter_context(ami_live.voice(as_json))
        worker = work(voice.say)
        held.enter_context(in_good_order())
        voice.say("working; Ctrl-C ends")
        while True:
            try:
                idle = not worker.turn()
                voice.look(storage)
                time.sleep(_TURN_S if idle else 0)
            except (Refusal, Doubt) as failed:  # in doubt, the next turn sees what was done
                if isinstance(failed, Refusal) and failed.code != refusal.DATABASE:
                    raise
                voice.say(str(failed))
                time.sleep(_WAITS_S)


def _worker(
    ctx, held, mqtt, send_only, key, retry_s, reports
) -> "tuple[Storage, Callable[..., Worker]]":
    """Return the database, and a function that makes a worker of what says its steps.

    What it holds is let go of by `held`.
    """
    from queue import SimpleQueue

    from meter20.ami.carriers import DLMS, MQTT, Carrier, Heard
    from meter20.ami.outbox import Outbox
    from meter20.ami.worker import Worker

    check_output()
    broker = networks.broker(mqtt).for_host() if mqtt else None
    station, opens, storage = _opened(ctx, send_only, key)
    heard: Heard = SimpleQueue()
    carriers: dict[str, Carrier] = {}
    if broker is not None:
        from meter20.ami.mqtt_carrier import MqttCarrier

        carriers[MQTT] = MqttCarrier(broker, heard, reports)
    if opens is not None:
        from meter20.ami.dlms_carrier import DlmsCarrier

        carriers[DLMS] = DlmsCarrier(heard)
    for carrier in carriers.values():
        held.callback(carrier.close)
    outbox = Outbox(opens, first_s=retry_s)
    return storage, lambda say: Worker(storage, carriers, heard, outbox, station, say=say)


def _opened(ctx, send_only, key) -> "tuple[Station | None, Key | None, Storage]":
    from meter20.vending import sealing

    storage = database(ctx)
    storage.check()
    if not send_only:
        station = opened(ctx)
        return station, station.module.carriers_key, storage
    opens = None if key is None else sealing.Key(sealing.Secret.key_file(key).material)
    return None, opens, storage
