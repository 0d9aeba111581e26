"""The commands that the death campaign runs: all that change the books, and what they write."""

from dataclasses import dataclass, field

from rigs.stations import DRN, SGC

from campaigns.death_places import (
    EMPTY,
    IN_DEBT,
    OLD_TABLES,
    OPERATOR,
    STATION,
    TAMPERED,
    UNUSED_SGC,
)

_OTHER_METER = "03000000004"


@dataclass(frozen=True)
class Command:
    """One command of `meter20 vend`, or of another `tool`.

    files: what it writes, by kind, see _CHECKS. start: the station that it begins with.
    exit_code: of a run that nothing disturbs.
    """

    name: str
    arguments: str
    files: dict[str, str] = field(default_factory=dict)
    start: str = STATION
    changes: bool = True
    exit_code: int = 0
    tool: str = "vend"


_PAGE = {"page.html": "page"}
COMMANDS = [
    Command("credit", f"credit {DRN} --money 200 --html page.html", _PAGE),
    Command("credit in JSON", f"credit {DRN} --kwh 7 --ref A-1 --json --html page.html", _PAGE),
    Command("manage", f"manage power-limit {DRN} 5000 --html page.html --json", _PAGE),
    Command("test", "test 0"),
    Command("key change", f"key-change {DRN} --ti 2 --html page.html", _PAGE),
    Command("provision", f"provision {DRN} --out record.json --json", {"record.json": "record"}),
    Command("provision direct", f"provision {DRN} --direct --out record.json",
            {"record.json": "record"}),
    Command("receipt", "receipt 1 --html page.html", _PAGE),
    Command("reverse, delivered", "reverse 1 --delivered --reason mistake --json"),
    Command("reverse, undelivered", "reverse 1 --undelivered --reason mistake"),
    Command("batch", "batch --chunk 2 orders.jsonl", exit_code=1),  # one order is none
    Command("group add", "group add --sgc 654321 --json"),
    Command("group limit", f"group limit {SGC} --max-token-kwh 5"),
    Command("group import", "group import groups.json"),
    Command("group export", f"group export {SGC} --out out.json", {"out.json": "export"}),
    Command("meter add", f"meter add {_OTHER_METER} --sgc {SGC} --json"),
    Command("tariff add", "tariff add other tariff.json"),
    Command("new passphrase", "passphrase"),
    Command("new key file", "passphrase --new-key-file new.key", {"new.key": "key"}),
    Command("init", "init --name kiosk", start=EMPTY),
    Command("init with a key file", "init --name kiosk --new-key-file new.key",
            {"new.key": "key"}, start=EMPTY),
    Command("clock zone", "clock zone Africa/Johannesburg"),
    Command("clock accept", "clock accept --json"),
    Command("clock back", "clock back --reason mistake"),
    Command("group retire", f"group retire {UNUSED_SGC} --krn 1"),
    Command("audit accept", "audit accept --reason mistake --json", start=TAMPERED),
    Command("audit verify", "audit verify", start=TAMPERED, changes=False, exit_code=1),
    Command("upgrade", "upgrade", start=OLD_TABLES),
    Command("upgrade of what is new", "upgrade --json", changes=False),
    Command("backup", "backup safe.backup", {"safe.backup": "backup"}, changes=False),
    Command("restore", "restore kept.backup --json", start=EMPTY),
    Command("order", f"order {DRN} 200 --money --ref A-2 --json", tool="ami"),
    Command("judge", "judge 1 credited --reason seen", tool="ami"),
    Command("setup", "setup --customer Søren --json", start=EMPTY),
    Command("setup with a keyring", "setup --keyring", {"keyring.json": "keyring"}, start=EMPTY),
    Command("keyring keep", "keyring keep --json", {"keyring.json": "keyring"}),
    Command("pay", f"pay {IN_DEBT} --money 12.50 --html page.html", _PAGE),
    Command("meter edit", f"meter edit {DRN} --customer Thandi --json"),
    Command("meter retire", f"meter retire {DRN} --reason broken"),
    Command("meter on a line", f"meters {DRN} --dlms 127.0.0.1:4059 --keys dlms.json", tool="ami"),
    Command("operator add", "operator add naledi --json", tool="shop"),
    Command("operator remove", f"operator remove {OPERATOR}", tool="shop"),
    Command("meter on a network", f"meters {DRN} --mqtt", tool="ami"),
    Command("carriers key", "carriers-key --out carriers.key", {"carriers.key": "carriers key"},
            tool="ami"),
    Command("point of sale", "client add shop --name Søren --json", tool="pos"),
]  # fmt: skip
