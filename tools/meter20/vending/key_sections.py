"""The tokens of a key change: which section of the new key each carries, and what else.

Pure, and runs on MicroPython too. The key travels in 32-bit sections: for EA07 NKHO and NKLO, with
a third token for the supply group code where the meter takes one; for EA11 NKHO, NKLO, NKMO2,
NKMO1 in this order.

Source: IEC 62055-41, Set1st- to Set4thSectionDecoderKey.
"""

from sts import kinds


def sections(new, key: bytes, roll_over: bool, count: int) -> list:
    """Return (kind, fields) of the `count` tokens that carry `key`.

    new: has ea, ken, ti, and vending_key with sgc, krn and kt; a vending_key.MeterKey has.
    """
    words = [int.from_bytes(key[at : at + 4], "big") for at in range(0, len(key), 4)]
    row, sgc = new.vending_key, int(new.vending_key.sgc)
    first = {
        "kenho": new.ken >> 4,
        "krn": row.krn,
        "ro": int(roll_over),
        "kct3": int(count == 3),
        "kt": row.kt,
        "nkho": words[0],
    }
    second = {"kenlo": new.ken & 15, "ti": new.ti, "nklo": words[-1]}
    parts = [(kinds.KEY_1, first), (kinds.KEY_2, second)]
    if new.ea == "11":
        parts.append((kinds.KEY_3, {"sgclo": sgc & 0xFFF, "nkmo2": words[1]}))
        parts.append((kinds.KEY_4, {"sgcho": sgc >> 12, "nkmo1": words[2]}))
    elif count == 3:
        parts.append((kinds.KEY_3, {"sgc": sgc, "reserved": 0}))
    return parts
