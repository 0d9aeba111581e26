"""The targets of fuzzing: each takes bytes and raises if a rule is broken.

A target is a module of this folder with `case(data: bytes)`, which Hypothesis and atheris both
drive, and `almost(chance)`, which makes input that is good or nearly, as its encoder makes it.
"""

import importlib
from collections import namedtuple

#: cases: of the campaign. max_len: most bytes of one.
Target = namedtuple("Target", ("name", "what", "cases", "max_len"))

#: The slow ones first: of them fewer, too.
ALL = (
    Target("store", "store loader: every store, state and notes", 40_000, 1200),
    Target("entry", "token entry: keypad and every carrier", 90_000, 400),
    Target("port", "service port: bytes, lines, requests", 60_000, 6000),
    Target("mqtt", "MQTT: what a broker sends", 100_000, 1200),
    Target("station", "vending station: orders, imports, registrations", 30_000, 4000),
    Target("provisioning", "provisioning record: file, tool, meter", 200_000, 4000),
    Target("batch", "batches: token decode, encode, key derive", 550_000, 4000),
    Target("screens", "strangers' text on terminals", 35_000, 4000),
)
NAMES = tuple(target.name for target in ALL)

#: Packages of which atheris sees each branch.
WATCHED = (
    "sts",
    "account",
    "journal",
    "supply",
    "panel",
    "meter",
    "service_port",
    "store",
    "carriers",
    "drivers",
    "ports",
    "meter20",
    "body",
    "parts",
    "flash_chip",
    "board",
)
#: Not these: ciphers and checksums branch as their data do, which tells nothing.
UNWATCHED = (
    "sts.ea07_sta", "sts.ea11_misty1", "sts.crc", "meter20.vending.misty1_encrypt",
    "meter20.vending.sta_encrypt",
)  # fmt: skip
#: Nor these by a target that only starts from them, and from many slots.
STARTS_FROM = {"port": ("store.slot_store", "store.nor_slots", "flash_chip")}


def module(name: str):
    """Return the module of target `name`, with `case` and `almost`."""
    return importlib.import_module("fuzz." + name)
