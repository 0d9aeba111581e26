"""Target: `--batch` of `meter20 token decode`, `token encode` and `key derive`.

A case is a command and what stands on its standard input.
"""

import contextlib
import io
import json
import sys

import typer
from fuzz import feed as feeds
from fuzz import tokens
from fuzz.feed import Feed
from sts import decoder, digits, kinds

from meter20 import given_text
from meter20.cli import batch_lines, key, request_fields, token
from meter20.vending import refusal
from meter20.vending.encoder import encode

_VENDING_KEYS = {
    "02": bytes(range(8)),
    "03": bytes(range(16)),
    "04": bytes(range(20)),
}  # test keys
_TABLES = {"s1": list(range(16)), "s2": list(range(15, -1, -1)), "p": list(range(64))}


def case(data: bytes):
    """Run a batch as `data` says; raise AssertionError if an answer is not what it must be."""
    feed = Feed(data)
    command, job, good, check = feed.pick(_COMMANDS)
    asked = feed.rest()
    code, said = _run(job, good, asked)
    answers = [json.loads(line) for line in said.splitlines()]
    lines = list(given_text.lines(io.BytesIO(asked)))
    assert len(answers) == len(lines), "a line without an answer, or an answer too many"
    for line, answer in zip(lines, answers):
        if "error" in answer:
            assert answer == {"ok": False, "error": refusal.VALUE, "message": answer["message"]}
            assert answer["message"], command
            _check_secret(line, answer["message"])
        else:
            check(json.loads(line), answer)
    refused = any("error" in answer or not good(answer) for answer in answers)
    assert code == (1 if refused else 0)


def almost(chance) -> bytes:
    """Return lines of which most can be answered."""
    command = chance.randrange(len(_COMMANDS))
    lines = []
    for _ in range(chance.choice((1, 1, 2, 5))):
        request = _MADE[command](chance)
        for _ in range(chance.choice((0, 0, 0, 1, 2))):
            name = chance.choice([*request, "tables", "x"])
            request[name] = chance.choice(_WRONG)(chance, request.get(name))
        line = json.dumps(request, ensure_ascii=chance.random() < 0.5)
        lines.append(line.encode("utf-8", "surrogatepass"))
    content = b"\n".join(lines) + b"\n"
    return bytes([command]) + (feeds.spoilt(content, chance) if chance.random() < 0.2 else content)


def _run(job, good, asked):
    """Return (exit code, standard output) of a batch."""
    output = io.StringIO()
    stdin, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(asked))
    try:
        with contextlib.redirect_stdout(output):
            batch_lines.answer_lines(job, {}, good)
    except typer.Exit as ended:
        return ended.exit_code, output.getvalue()
    finally:
        sys.stdin = stdin


def _check_secret(line, words):
    """No message holds a key that somebody gave."""
    try:
        asked = json.loads(line)
    except (TypeError, ValueError, RecursionError):  # unreadable, or no JSON
        return
    for name in ("key", "vk"):
        secret = asked.get(name) if isinstance(asked, dict) else None
        if isinstance(secret, str) and len(secret) >= 16 and _only_key(asked, name, secret):
            assert secret not in words, "a key in a message"


def _only_key(asked, name, secret):
    return not any(secret in str(value) for other, value in asked.items() if other != name)


def _check_decoded(asked, answer):
    """What was read, encoded again, is the same token."""
    assert set(answer) == {"class", "subclass", "kind", "fields", "crc_ok"}
    typed = digits.clean(asked["token"])
    assert digits.split(digits.parse(typed))[0] == answer["class"]
    if not answer["crc_ok"] or answer["kind"] is None:
        assert answer["fields"] == {}
        return
    under = (None, None) if answer["class"] == 1 else (asked["ea"], bytes.fromhex(asked["key"]))
    tables = None if answer["class"] == 1 else request_fields.tables(asked)
    assert encode(answer["kind"], *under, answer["fields"], tables) == typed


def _check_encoded(asked, answer):
    """What was written can be read."""
    assert set(answer) == {"token"}
    cipher = ea = None
    token_ = digits.parse(answer["token"])
    if digits.split(token_)[0] != 1:
        ea = asked["ea"]
        cipher = decoder.cipher(ea, bytes.fromhex(asked["key"]), request_fields.tables(asked))
    read = decoder.decode(token_, cipher, ea)
    assert (read.crc_ok, read.kind) == (True, asked["kind"])
    assert read.fields == {"reserved": 0, **asked["fields"]} or read.fields == asked["fields"]


def _check_derived(asked, answer):
    assert set(answer) == {"decoder_key"}
    assert len(bytes.fromhex(answer["decoder_key"])) == {"07": 8, "11": 16}[asked["ea"]]
    assert answer["decoder_key"] not in asked["vk"].lower()


def _decode_made(chance):
    ea = chance.choice(("11", "07"))
    made = tokens.token(Feed(tokens.described(chance)), ea)
    return {"token": made, "ea": ea, "key": tokens.KEYS[ea].hex()}


def _encode_made(chance):
    ea = chance.choice(("11", "07"))
    _class, _subclass, _ea, kind, layout = chance.choice(kinds.TABLE)
    fields = {name: chance.getrandbits(bits) for name, bits in layout}
    return {"kind": kind, "ea": ea, "key": tokens.KEYS[ea].hex(), "fields": fields}


def _derive_made(chance):
    dkga = chance.choice(("02", "03", "04", "04"))
    return {
        "dkga": dkga, "ea": chance.choice(("07", "11")) if dkga == "04" else "07",
        "vk": _VENDING_KEYS[dkga].hex(), "sgc": "123457", "ti": "01",
        "krn": chance.randint(1, 9), "kt": chance.randint(1, 3),
        "base_date": chance.choice((1993, 2014, 2035)), "pan": "600727000000000009",
    }  # fmt: skip


def _part_wrong(chance, value):
    if isinstance(value, dict) and value:
        name = chance.choice(list(value))
        return {**value, name: chance.choice((None, -1, 1 << 44, True, "1", 1.0, 0))}
    return value[:-1] if isinstance(value, str) else None


_WRONG = (
    _part_wrong,
    _part_wrong,
    lambda chance, value: chance.choice(("04", "07", "11", "02")),
    lambda chance, value: chance.choice((None, 0, -1, 1 << 64, 10**300, 1.5, True, [], {}, 1e400)),
    lambda chance, value: feeds.awkward_text(chance),
    lambda chance, value: f" {value}-",
    lambda chance, value: _TABLES,
    lambda chance, value: {**_TABLES, "p": chance.choice(([], [0] * 64, [64] * 64, None, "x"))},
)

_MADE = (_decode_made, _encode_made, _derive_made)
_COMMANDS = (
    ("decode", token.decoded, lambda answer: answer["crc_ok"], _check_decoded),
    ("encode", token.encoded, bool, _check_encoded),
    ("derive", key.derived, bool, _check_derived),
)
