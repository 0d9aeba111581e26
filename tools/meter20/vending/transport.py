"""Transport files: vending keys and their rules on the way from one station to another.

A JSON file that says which keys it holds; the keys and every rule are one AES-256-GCM text under
a transport secret, which is a passphrase or a shared key file and never the station's own.

Why not AES key wrap (RFC 3394): it takes keys of 16 bytes and more, a DKGA02 key has 8, and it
would leave the rules that travel with a key unprotected.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict

from meter20.vending import refusal, sealing
from meter20.vending.refusal import Refusal
from meter20.vending.vending_key import KEY_BYTES, KeyTerms

FORMAT = "meter20 supply groups 1"
_MALFORMED = (ValueError, KeyError, TypeError, RecursionError)


def sealed_file(entries: Sequence[tuple[KeyTerms, bytes]], secret: sealing.Secret) -> str:
    """Return a transport file with (terms, vending key) pairs, locked with `secret`."""
    lock = sealing.Lock.new(secret)
    header = {
        "format": FORMAT,
        "lock": lock.kind,
        "salt": lock.salt.hex(),
        "cost": lock.cost,
        "holds": [
            f"{terms.sgc} KRN {terms.krn} EA{terms.ea} {terms.base_date}" for terms, _ in entries
        ],
    }
    plain = json.dumps([asdict(terms) | {"key": key.hex()} for terms, key in entries]).encode()
    sealed = sealing.seal(lock.key(secret), plain, _about(header))
    return json.dumps(header | {"sealed": sealed.hex()}, indent=2) + "\n"


def opened_file(text: str, secret: sealing.Secret) -> list[tuple[KeyTerms, bytes]]:
    """Return the (terms, vending key) pairs of a file; raises Refusal if it does not open."""
    try:
        file = json.loads(text)
        sealed = bytes.fromhex(file.pop("sealed"))
        lock = sealing.Lock(file["lock"], bytes.fromhex(file["salt"]), int(file["cost"]))
        if file["format"] != FORMAT or lock.kind not in (sealing.PASSPHRASE, sealing.KEY_FILE):
            raise ValueError("another format")
    except (*_MALFORMED, AttributeError, OverflowError):
        raise Refusal(
            refusal.VALUE, "This is not a file of supply groups made by meter20."
        ) from None
    words = (
        f"The transport {secret.kind.replace('-', ' ')} does not open this file, or the file was "
        "altered on its way. It is the one chosen at export, not the station's own."
    )
    plain = sealing.unseal(lock.key(secret), sealed, _about(file), words, refusal.SECRET)
    try:
        return [_opened(entry) for entry in json.loads(plain)]
    except _MALFORMED:
        raise Refusal(
            refusal.VALUE, "The file opens, but this meter20 does not know what it holds."
        ) from None


def _opened(entry: dict) -> tuple[KeyTerms, bytes]:
    terms = dict(entry)
    key = bytes.fromhex(terms.pop("key"))
    made = KeyTerms(**terms)
    if len(key) != KEY_BYTES[made.dkga]:
        raise ValueError("a key of another size")
    return made, key


def _about(header: dict) -> bytes:
    return json.dumps(header, sort_keys=True).encode()
