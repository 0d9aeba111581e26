"""Tokens of our own encoder for the meter of `data.meters`, and for its next key."""

from data import meters
from meter20.vending.encoder import encode

NEW_KEY = bytes.fromhex("000102030405060708090a0b0c0d0e0f")  # test key


def token(kind, key=meters.KEY, **fields):
    if "tid" in fields and kind != "TransferCredit.electricity_currency":
        fields = {"rnd": 5, **fields}
    return encode(kind, "11", key, fields)


def credit(tid, tenths=100, key=meters.KEY):
    return token("TransferCredit.electricity", key, tid=tid, amount_field=tenths)


def key_change(key=NEW_KEY, krn=2, ti=7, ken=255, sgc=654321, ro=0, kt=2, under=meters.KEY):
    """Return the four tokens that bring `key` to a meter that has the key `under`."""
    word = [int.from_bytes(key[at : at + 4], "big") for at in range(0, 16, 4)]
    first = {"kenho": ken >> 4, "krn": krn, "ro": ro, "kct3": 0, "kt": kt, "nkho": word[0]}
    return [
        token("Set1stSectionDecoderKey", under, **first),
        token("Set2ndSectionDecoderKey", under, kenlo=ken & 15, ti=ti, nklo=word[3]),
        token("Set3rdSectionDecoderKey", under, sgclo=sgc & 0xFFF, nkmo2=word[1]),
        token("Set4thSectionDecoderKey", under, sgcho=sgc >> 12, nkmo1=word[2]),
    ]
