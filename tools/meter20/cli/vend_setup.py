"""`meter20 vend setup`: a station that can sell, in one command; and `vend keyring`."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from meter20 import given_text, terminal
from meter20.cli import kept_passphrase
from meter20.cli.outcome import Done, do, hand_over, uninterrupted
from meter20.cli.station_options import (
    AsJson,
    check_output,
    database,
    looking,
    opened,
    options,
    same_db,
)
from meter20.vending import refusal
from meter20.vending.refusal import Refusal, Unfinished

if TYPE_CHECKING:
    from meter20.vending.station import Desk
    from meter20.vending.storage import Storage

keyring_app = typer.Typer(
    help="The passphrase of the station in the keyring of the system.", no_args_is_help=True
)
_TARIFF = "home"
_KEPT = "the passphrase is kept in the keyring of the system"
_NAME, _SGC, _METER, _CURRENCY, _PRICE = "meter20", "123457", "12345678903", "ZAR", "2.30"


@dataclass(frozen=True)
class _Plan:
    """What will be set up. terms: of the tariff. zone: IANA name.

    db: the --db that the next commands have to repeat, "" for none.
    """

    name: str
    zone: str
    sgc: str
    terms: dict
    meter: str
    customer: str
    db: str = ""

    def check(self) -> None:
        """Raise Refusal for what the station would refuse, before there is a station."""
        from meter20.vending import meter_list, plain_text, station_time
        from meter20.vending.vending_key import KeyTerms

        plain_text.checked(self.name, "name")
        plain_text.checked(self.customer, "customer")
        station_time.checked_zone(self.zone)
        KeyTerms(self.sgc)  # refuses what is no supply group code
        _check(self.terms)
        meter_list.checked_drn(self.meter)


def setup(  # noqa: PLR0913, PLR0917
    ctx: typer.Context,
    name: Annotated[str | None, typer.Option(help="Name of the station, for receipts.")] = None,
    sgc: Annotated[str | None, typer.Option(help="Supply group code, 6 digits.")] = None,
    price: Annotated[str | None, typer.Option(help="Price of a kWh, such as 2.30.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency, such as ZAR.")] = None,
    terms: Annotated[
        Path | None, typer.Option(help="JSON file of a tariff, instead of --price.")
    ] = None,
    meter: Annotated[str | None, typer.Option(help="Number of the first meter.")] = None,
    customer: Annotated[str, typer.Option(help="Customer's name, for receipts.")] = "",
    zone: Annotated[str, typer.Option(help="Time zone of months and days, an IANA name.")] = "UTC",
    keyring: Annotated[
        bool, typer.Option("--keyring", help="Keep the passphrase in the keyring of the system.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Set up a station that can sell: its security module, a supply group, a tariff, a meter.

    On a terminal the command asks for what the options leave open. Elsewhere it takes what it
    would offer there: meter20, 123457, 2.30 ZAR, 12345678903.
    """
    from meter20.vending import meter_list
    from meter20.vending.station import Station
    from meter20.vending.vending_key import KeyTerms

    check_output()
    if terms is not None and (price or currency):
        raise typer.BadParameter("--terms has the price and the currency: leave --price out")
    storage = database(ctx)
    if keyring:
        kept_passphrase.check()
    _check_unfounded(ctx, storage)
    ask = _Questions(terminal.is_typed_at() and not as_json)
    plan = _Plan(
        name=ask("Name of the station", name, _NAME),
        zone=zone,
        sgc=ask("Supply group code", sgc, _SGC, KeyTerms),
        terms=_terms(terms, ask, price, currency),
        meter=ask("Number of the first meter", meter, _METER, meter_list.checked_drn),
        customer=customer,
        db=same_db(ctx),
    )
    plan.check()
    secret = options(ctx).secret(again=not _founded(storage))

    def keep() -> None:
        if keyring:
            kept_passphrase.keep(storage, secret)

    def job(desk: "Desk") -> Done:
        return replace(_set_up(desk, plan, storage, keyring), last=keep)

    new = not _founded(storage)
    if new:
        with uninterrupted():
            Station.make(storage, secret, plan.name, options(ctx).actor(), zone=plan.zone)
    with _going_on(storage) if new else nullcontext():
        do(opened(ctx, secret), as_json, job)


class _Questions:
    """Asks on a terminal, again if the station would refuse the answer; or takes the default."""

    def __init__(self, on_terminal: bool):
        self._on_terminal = on_terminal

    def __call__(
        self, words: str, given: str | None, default: str, check: Callable[[str], object] = str
    ) -> str:
        """Return `given`, or what was answered. check: raises Refusal for what will be refused."""
        if given is not None or not self._on_terminal:
            chosen = given or default
            check(chosen)  # before the next question
            return chosen

        def checked(answer: str) -> str:
            try:
                check(answer)
            except Refusal as why:
                raise typer.BadParameter(str(why)) from None
            return answer

        return typer.prompt(words, default=default, err=True, value_proc=checked)


def _terms(path: Path | None, ask: _Questions, price: str | None, currency: str | None) -> dict:
    from meter20.vending import tariff_list

    if path is not None:
        try:
            return tariff_list.read_terms(given_text.file_text(path))
        except given_text.Unreadable as why:
            raise Refusal(refusal.VALUE, f"{why}.") from None

    def of(unit: str, price: str) -> dict:
        return {"currency": unit, "steps": [{"price": price}]}

    unit = ask("Currency", currency, _CURRENCY, lambda unit: _check(of(unit, _PRICE)))
    return of(unit, ask("Price of a kWh", price, _PRICE, lambda price: _check(of(unit, price))))


def _check(terms: dict) -> None:
    from meter20.vending import fitting
    from meter20.vending.tariff import Tariff

    fitting.check_terms(Tariff.from_terms(terms))


def _founded(storage: "Storage") -> bool:
    """Say whether a station is in `storage`."""
    try:
        storage.check()
    except Refusal as why:
        if why.code != refusal.NO_DATABASE:
            raise
        return False
    return True


def _check_unfounded(ctx: typer.Context, storage: "Storage") -> None:
    """Raise Refusal if a station is here that was set up already.

    One without a supply group is of a `setup` that was cut short, or of `init`: it goes on.
    """
    from meter20.vending import supply_groups

    if not _founded(storage):
        return
    with looking(ctx) as session:
        groups = supply_groups.vending_keys(session)
    if groups:
        own = min(groups, key=lambda key: key.id)  # a fleet adds groups of its own
        raise Refusal(
            refusal.EXISTS,
            f"{storage.where} has a station already. Another meter: `meter20 vend meter add "
            f"NUMBER --sgc {own.sgc}`. Another station: --db FILE before `setup`.",
        )


@contextmanager
def _going_on(storage: "Storage") -> Iterator[None]:
    """Let a refusal of what comes after the station was made say that the station stands."""
    try:
        yield
    except Refusal as why:
        raise Unfinished(
            f"The station in {storage.where} was made, but it cannot sell yet: {why} "
            "`meter20 vend setup` goes on."
        ) from None


def _set_up(desk: "Desk", plan: _Plan, storage: "Storage", keyring: bool) -> Done:
    """Register tariff, group and meter, all or none."""
    from meter20.vending import meter_list, supply_groups, tariff_list
    from meter20.vending.vending_key import KeyTerms

    tariff_list.keep_tariff(desk, _TARIFF, plan.terms)
    key = supply_groups.add_group(desk, KeyTerms(plan.sgc), tariff=_TARIFF)
    meter = meter_list.add_meter(
        desk, meter_list.NewMeter(plan.meter, plan.sgc, customer=plan.customer)
    )
    if keyring:
        desk.module.note(desk.session, desk.actor, "keyring", "", _KEPT)
    stands = f"The station in {storage.where} can sell to meter {meter.drn}"
    data = {
        "database": storage.where, "station": plan.name, "tariff": _TARIFF,
        "terms": plan.terms, "group": supply_groups.key_facts(desk.session, key),
        "meter": meter_list.meter_facts(meter),
    }  # fmt: skip
    words = _words(plan, storage, key.label, meter.drn)
    return Done(stands, data, words, "`meter20 vend meter list` shows it.")


def _words(plan: _Plan, storage: "Storage", label: str, drn: str) -> str:
    steps = plan.terms["steps"]
    price = f"{steps[0]['price']} {plan.terms['currency']} a kWh" if len(steps) == 1 else (
        json.dumps(steps)
    )  # fmt: skip
    return "\n".join([
        f"Station       {plan.name}, in {storage.where}",
        f"Supply group  {plan.sgc}, key {label}",
        f"Tariff        {_TARIFF}: {price}",
        f"Meter         {drn}",
        "",
        f"Next: meter20 sim --meter {drn}{plan.db}",
        f"and, in another terminal: meter20 vend{plan.db} credit {drn} --money 200",
    ])  # fmt: skip


@keyring_app.command("keep")
def keyring_keep(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Keep the passphrase in the keyring of the system, and ask for it no more."""
    storage = database(ctx)
    storage.check()
    kept_passphrase.check()
    secret = options(ctx).secret()

    def job(desk: "Desk") -> Done:
        desk.module.note(desk.session, desk.actor, "keyring", "", _KEPT)
        stands = f"The audit log says that {_KEPT}"
        return replace(
            _done(_KEPT), stands=stands, file_first=True,
            last=lambda: kept_passphrase.keep(storage, secret),
        )  # fmt: skip

    do(opened(ctx, secret), as_json, job)


@keyring_app.command("forget")
def keyring_forget(ctx: typer.Context, as_json: AsJson = False) -> None:
    """Take the passphrase out of the keyring of the system, and ask for it again."""
    storage = database(ctx)
    storage.check()
    kept_passphrase.forget(storage)
    hand_over(as_json, _done("the keyring of the system has no passphrase of this station"))


def _done(words: str) -> Done:
    stands = words[0].upper() + words[1:]
    again = "`meter20 vend audit show` tells of it."
    return Done(stands, {"keyring": words}, f"{stands}.", again)
