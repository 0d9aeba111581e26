"""The vending station of the story: it is opened in a temporary folder, sells, and closes.

Its keys are known to everybody and its clock stands, so the story is the same every time. Only
the four random bits of a credit token differ.
"""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sts import kinds

from meter20.vending import (
    meter_list,
    refusal,
    rekey,
    sales,
    sealing,
    supply_groups,
    tariff_list,
    token_request,
)
from meter20.vending.encoder import encode
from meter20.vending.models import Slip
from meter20.vending.receipt import Receipt
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.token_request import TokenRequest
from meter20.vending.vending_key import KeyTerms

METER = "12345678903"
_SUPPLY_GROUP = "123456"
#: The vending key of the compliance suites, and another. TEST KEYS: everybody has them.
_KEYS = {
    1: "abababababababab949494949494949401234567",
    2: "000102030405060708090a0b0c0d0e0f10111213",
}
_TARIFF = {"currency": "ZAR", "tax_percent": "15", "steps": [{"price": "2.00"}]}
_NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
_STATION, _OPERATOR = "Corner shop", "demo"


@dataclass(frozen=True)
class Papers:
    """What the station hands out, in this order.

    request: what provisions the meter. next_sale: sold under the key that key_change brings.
    makers_token: not the station's; made with the key in `request`.
    """

    request: dict
    sale: Receipt
    key_change: Receipt
    next_sale: Receipt
    makers_token: str


def papers() -> Papers:
    """Return what a new station sells for a new meter; nothing of the station remains.

    Raises Refusal.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="meter20-demo-") as folder:
            return _sold(Path(folder))
    except OSError as error:
        raise Refusal(refusal.DATABASE, f"no folder for the vending station: {error}") from None


def _sold(folder: Path) -> Papers:
    key_file = folder / "key"
    sealing.new_key_file(key_file)  # a passphrase would cost Scrypt's time
    storage = Storage(str(folder / "station.sqlite"))
    secret = sealing.Secret.key_file(key_file)
    station = Station.found(storage, secret, _STATION, _OPERATOR, lambda: _NOW)
    try:
        with station.desk() as desk:
            tariff_list.keep_tariff(desk, "home", _TARIFF)
            for krn, key in _KEYS.items():
                terms = KeyTerms(_SUPPLY_GROUP, krn=krn)
                supply_groups.add_group(desk, terms, tariff="home", key_hex=key)
            meter_list.add_meter(desk, meter_list.NewMeter(METER, _SUPPLY_GROUP, krn=1))
        with station.desk() as desk:
            record, _ = rekey.provision(desk, METER, rekey.Factory(), direct=True)
        return Papers(
            record["request"],
            _receipt(station, lambda desk: _sale(desk, 230)),
            _receipt(
                station, lambda desk: rekey.change_key(desk, METER, rekey.NewKey(krn=2, ti=7))
            ),
            _receipt(station, lambda desk: _sale(desk, 23)),
            _made_with(record["request"]),
        )
    finally:
        storage.close()


def _sale(desk, zar) -> Slip:
    return sales.credit(desk, sales.CreditOrder(METER, money=zar * 100))


def _receipt(station, ask) -> Receipt:
    with station.desk() as desk:
        slip = ask(desk)
    return Receipt.of(slip, station.name)


def _made_with(request) -> str:
    """Return a token that is right in all but the station that made it."""
    wish = TokenRequest(kinds.ELECTRICITY, request["manufactured"] + 60, 1000, rnd=0)
    fields, _ = token_request.body(wish)
    return encode(wish.kind, request["ea"], bytes.fromhex(request["decoder_key"]), fields)
