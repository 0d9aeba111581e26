"""Decoder keys from vending keys.

A decoder key belongs to one meter (or, for a common key, to a group) under one
supply group code, tariff index, key revision and key type; with DKGA04 also to
one base date and encryption algorithm. No message holds a key.

| DKGA | vending key | decoder key | rests on |
| --- | --- | --- | --- |
| 02 | 8 bytes, DES | 8 bytes, EA07 | vectors; for KT 3 only a description |
| 03 | 16 bytes, 3DES | 8 bytes, EA07 | a description only: **no vector** confirms it |
| 04 | 20 bytes, HMAC-SHA-256 | 8 or 16 bytes, EA07 or EA11 | vectors |

DKGA01 is not here: its body was never published. KT 3 under DKGA04 is not here either: it is
not known whether the meter number takes part there.

Source: IEC 62055-41, decoder key generation; NIST SP 800-108.
"""

import hashlib
import hmac

from sts import drn
from sts.decoder_key import DCTK, DITK, KEY_SIZES
from sts.tid import BASE_YEARS

from meter20.vending.sizes import VENDING_KEYS

_PAN_SIZE = 18
_PANS_KEPT = 1 << 12
_right_pans = set()  # that were looked at: a sale takes as long for that as for its encryption


def decoder_key(  # noqa: PLR0913, PLR0917  a key has that many attributes
    dkga: str,
    ea: str,
    vk: bytes,
    sgc: str,
    ti: str,
    krn: int,
    kt: int,
    base_date: int | None,
    pan: str,
) -> bytes:
    """Return the decoder key of the meter `pan`, most significant byte first.

    dkga, ea: "02", "03" or "04", and "07" or "11"; EA11 goes with DKGA04 only.
    vk: the vending key of this supply group and key revision.
    sgc, ti: 6 and 2 digits. krn: 1 to 9. kt: 1 DDTK, 2 DUTK, 3 DCTK.
    base_date: 1993, 2014 or 2035; only DKGA04 looks at it.
    pan: the 18-digit MeterPAN.
    Raises ValueError, in words, for anything else.
    """
    _check(dkga, ea, vk)
    _check_attributes(sgc, ti, krn, kt)
    _check_pan(pan)
    if dkga == "04":
        return _dkga04(ea, vk, sgc, ti, krn, kt, base_date, pan)
    if kt == DCTK:  # common to the group: the number of the meter does not take part
        iin = drn.split_pan(pan)[0]
        pan = iin + "0" * (_PAN_SIZE - len(iin))
    pan_block = bytes.fromhex(pan[1:17])  # digits are packed two to a byte
    control_block = bytes.fromhex(f"{kt}{sgc}{ti}{krn}FFFFFF")
    data = _xor(pan_block, control_block)
    if dkga == "02":
        return _xor(_des(vk * 3, data), data, vk)  # one key three times makes DES of 3DES
    return _xor(_des(vk + vk[:8], data), data)


def _dkga04(ea, vk, sgc, ti, krn, kt, base_date, pan):
    if type(base_date) is not int or base_date not in BASE_YEARS:
        raise ValueError("base date must be 1993, 2014 or 2035")
    if kt == DCTK:
        raise ValueError("how DKGA04 makes a common key (KT 3) is not known")
    size = KEY_SIZES[ea]
    label = f"\x04\x0204\x02{str(base_date)[2:]}\x02{ea}\x02{ti}"  # a length before each item
    context = f"\x04\x06{sgc}\x01{kt}\x01{krn}\x12{pan}"
    data = f"{label}\x00{context}".encode() + (size * 8).to_bytes(4, "big")
    return hmac.new(vk, data, hashlib.sha256).digest()[:size]


def _des(key, block):
    # Here: DKGA04 is all that the page with MicroPython can do, and it takes no DES.
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, modes

    encryptor = Cipher(TripleDES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def _xor(first, *others):
    number = int.from_bytes(first, "big")
    for other in others:
        number ^= int.from_bytes(other, "big")
    return number.to_bytes(len(first), "big")


def _check(dkga, ea, vk):
    if dkga not in VENDING_KEYS:
        raise ValueError("DKGA must be 02, 03 or 04")
    if ea not in KEY_SIZES:
        raise ValueError("encryption algorithm must be 07 or 11")
    if ea == "11" and dkga != "04":
        raise ValueError("EA11 takes keys of DKGA04 only")
    if len(vk) != VENDING_KEYS[dkga]:
        raise ValueError(f"DKGA{dkga} takes a vending key of {VENDING_KEYS[dkga]} bytes")


def _check_pan(pan):
    if pan in _right_pans:
        return
    if not drn.pan_ok(pan):
        raise ValueError("not a MeterPAN: 18 digits, a known IIN and two right check digits")
    if len(_right_pans) >= _PANS_KEPT:
        _right_pans.clear()
    _right_pans.add(pan)


def _check_attributes(sgc, ti, krn, kt):
    if not _is_number(sgc, 6):
        raise ValueError("supply group code must be 6 digits")
    if not _is_number(ti, 2):
        raise ValueError("tariff index must be 2 digits")
    if type(krn) is not int or not 1 <= krn <= 9:
        raise ValueError("key revision number must be 1 to 9")
    if kt == DITK:
        raise ValueError("an initialisation key (KT 0) is not made from a vending key")
    if type(kt) is not int or not 1 <= kt <= 3:
        raise ValueError("key type must be 1, 2 or 3")


def _is_number(text, length):
    return isinstance(text, str) and len(text) == length and not text.strip("0123456789")
