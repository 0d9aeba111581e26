"""Whoever holds only a meter cannot make tokens: what is in a meter, and what is not.

A meter holds its own decoder key and nothing else: no vending key, no derivation, no encryptor.
Read out of its flash, that key makes tokens for this one meter and no other.
"""

import ast
import re

import pytest
from rigs.stations import DRN, SGC, read

import meter20
from meter20.vending import meter_list, rekey, sales
from meter20.vending.sales import CreditOrder

FIRMWARE = sorted((meter20._HERE.parents[1] / "firmware").rglob("*.py"))
BOARDS = sorted((meter20._HERE.parents[1] / "boards").rglob("*.py"))
TOKEN_ENCRYPTION = re.compile(r"^_?(encrypt|encipher|derive|encode)(_|$)", re.IGNORECASE)
VENDING_ONLY = {"hmac", "cryptography", "meter20", "ssl", "cryptolib", "ucryptolib"}
#: Drivers that seal what goes over a network: AES and TLS make no token.
OF_NETWORKS = {"board_crypto": {"cryptolib"}, "socket_network": {"ssl"}}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FIRMWARE + BOARDS, ids=lambda path: path.stem)
def test_meter_defines_no_encryptor(path):
    """Firmware decodes: a function that would make a token has no place in it."""
    defined = [
        node.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    assert not [name for name in defined if TOKEN_ENCRYPTION.match(name)]


@pytest.mark.parametrize("path", FIRMWARE, ids=lambda path: path.stem)
def test_meter_imports_nothing_of_the_vending_side(path):
    imported = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            imported |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module.split(".")[0])
    assert imported & VENDING_ONLY == OF_NETWORKS.get(path.stem, set())


@pytest.mark.parametrize("path", FIRMWARE, ids=lambda path: path.stem)
def test_meter_mentions_no_vending_key(path):
    text = path.read_text(encoding="utf-8").lower()
    assert not re.search(r"\b(vudk|vddk|vcdk|dkga0\d)\b|vending_key", text)


def test_key_of_one_meter_reads_no_token_of_another(station):
    """Two meters of one supply group: what the first's key opens, the second's does not."""
    other = "11111111115"
    with station.desk() as desk:
        meter_list.add_meter(desk, meter_list.NewMeter(other, SGC))
        first, _ = rekey.provision(desk, DRN, rekey.Factory(), direct=True)
        second, _ = rekey.provision(desk, other, rekey.Factory(), direct=True)
    keys = [record["request"]["decoder_key"] for record in (first, second)]
    with station.desk() as desk:
        token = sales.credit(desk, CreditOrder(DRN, units=10)).tokens[0]
    assert [read(token.digits, "11", key).crc_ok for key in keys] == [True, False]


def test_only_the_security_module_derives_and_encrypts():
    """The boundary in code: no other module of the station imports a function that makes keys
    or tokens. Tables of sizes and tests are no such thing.
    """
    vending = meter20._HERE / "vending"
    makers = ("meter20.vending.derivation", "meter20.vending.encoder")
    users = {
        path.stem
        for path in vending.glob("*.py")
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom)
        and node.module in makers
        and any(name.name.islower() for name in node.names)
    }
    assert users == {"security_module"}


def test_what_the_service_port_tells_of_a_meter_holds_no_key():
    from meter20.bodies import EmulatedBody, open_store

    key = "00112233445566778899aabbccddeeff"
    with EmulatedBody(open_store(None)) as body:
        body.request(
            do="provision", drn=DRN, iin="600727", sgc=SGC, ti="01", krn=1, kt=2, ken=255,
            ea="11", decoder_key=key, manufactured=6_000_000, imp_per_kwh=1000,
        )  # fmt: skip
        said = str(body.request(do="read")).lower()
    assert key not in said
    assert repr(bytes.fromhex(key)) not in said
