"""The searcher of `rigs.leaks` finds a key in every form, and none where there is none."""

import base64
import json
import struct
from array import array

import pytest
from rigs.leaks import leaks

KEY = bytes.fromhex("8d3b51e2c06f9a47b81d7ef02495ac63")  # test key
BACKWARDS = KEY[::-1]
WORDS = struct.unpack(">4I", KEY)

FORMS = {
    "hex": KEY.hex(),
    "HEX": KEY.hex().upper(),
    "hex with spaces": KEY.hex(" "),
    "hex with colons": KEY.hex(":", 2),
    "hex with 0x": ", ".join(f"0x{octet:02X}" for octet in KEY),
    "hex backwards": BACKWARDS.hex(),
    "decimal": str(int.from_bytes(KEY, "big")),
    "decimal of the other order": str(int.from_bytes(KEY, "little")),
    "base64": base64.b64encode(KEY).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(KEY).decode(),
    "base64 inside": base64.b64encode(b"x" + KEY + b"yz").decode(),
    "base64 further inside": base64.b64encode(b"xx" + KEY).decode(),
    "base64 backwards": base64.b64encode(BACKWARDS).decode(),
    "raw bytes": b"..." + KEY + b"...",
    "raw bytes backwards": BACKWARDS,
    "repr": repr({"key": KEY}),
    "repr of text": repr(KEY.decode("latin-1")),
    "bytearray": repr(bytearray(KEY)),
    "json": json.dumps(KEY.decode("latin-1")),
    "list": repr(list(KEY)),
    "list backwards": repr(list(BACKWARDS)),
    "part of a list": repr(list(KEY[6:10])),
    "words as the cipher holds them": repr(array("H", struct.unpack(">8H", KEY))),
    "words of the other order": repr(array("H", struct.unpack("<8H", KEY))),
    "sections of a key change": repr({"krn": 1, "nkho": WORDS[0]}),
    "a section in hex": f"{WORDS[2]:08X}",
}


@pytest.mark.parametrize("form", FORMS)
def test_key_is_found_as(form):
    said = FORMS[form]
    padding = b" 17 " if isinstance(said, bytes) else " 17 "
    assert leaks(padding + said + padding, KEY)


def test_every_key_is_looked_for():
    other = bytes.fromhex("5e91d0c3b72f8a64")  # test key
    assert leaks(other.hex(), KEY, other) == ["hex of key 2", "word 0 in hex of key 2",
                                              "word 1 in hex of key 2"]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345678901234567890" * 100,
        json.dumps(
            {"digits": "59386323472137426967", "credit_wh": 25_600, "tids": list(range(50))}
        ),
        BACKWARDS[:3].hex() + KEY[:3].hex(),
    ],
)
def test_what_holds_no_key_is_clear(text):
    assert leaks(text, KEY) == []
