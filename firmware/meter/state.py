"""Meter state: all that must outlive a power cut, as one value and one record.

Credit, TID memory and lock-out share the record, so a token is cancelled and
credited in the same commit or not at all. The record stays below 246 bytes, so
that with `slot_store.OVERHEAD` it fits one flash page of 256 and LittleFS keeps
it inline.

    version u8 | drn 7 bytes BCD | imp_per_kwh u24 | key attributes 24
    credit_wh i64 | total_wh u64 | remainder u24 | failures u8 | power limit u32
    power fails u16 | last result u8 | TIDs 3 bytes each

Pure domain: no ports, no clock, no I/O.
"""

import struct
from collections import namedtuple

from micropython import const
from sts import decoder_key, results, tid
from sts.decoder_key import DITK, DecoderKey, KeyAttributes

from meter.register import EMPTY, Register

_VERSION = const(1)
_HEAD = "<B7sI24sqqIBIHB"
_HEAD_SIZE = const(64)  # bytes

#: drn: 11 or 13 digits, "" in factory state. imp_per_kwh: 1..100000 pulses a kWh.
Identity = namedtuple("Identity", ("drn", "imp_per_kwh"))

#: identity: Identity. key: KeyAttributes. register: Register. tids: the TID memory, see sts.tid.
#: failures: wrong tokens in a row. power_limit_w: maximum power, 0 for none. power_fails:
#: restarts, 0..65535. last_result: of sts.results.NAMES, "" for none.
_FIELDS = (
    "identity",
    "key",
    "register",
    "tids",
    "failures",
    "power_limit_w",
    "power_fails",
    "last_result",
)
MeterState = namedtuple("MeterState", _FIELDS)


def factory():
    """Return the state of a meter as it is made: no number, no key, no credit."""
    key = KeyAttributes(DecoderKey(bytes(16)), "11", "000000", "00", 0, DITK, 0)
    return MeterState(Identity("", 1000), key, EMPTY, (), 0, 0, 0, "")


def changed(state, **changes):
    """Return `state` with some fields replaced. (MicroPython's namedtuple has no _replace.)"""
    return MeterState(*[changes.get(name, getattr(state, name)) for name in _FIELDS])


def to_bytes(state) -> bytes:
    """Return `state` as a record."""
    register = state.register
    head = struct.pack(
        _HEAD, _VERSION, _bcd(state.identity.drn), state.identity.imp_per_kwh,
        decoder_key.to_bytes(state.key), register.credit_wh, register.total_wh,
        register.remainder, state.failures, state.power_limit_w, state.power_fails,
        _code(state.last_result),
    )  # fmt: skip
    return head + tid.pack(state.tids)


def from_bytes(record: bytes):
    """Return the state that `to_bytes` made; `record` is trusted, its slot has a crc.

    Raises ValueError if it was written by a version of the firmware that this one
    does not know.
    """
    (
        version, drn, imp_per_kwh, key, credit_wh, total_wh, remainder, failures, power_limit_w,
        power_fails, last_result,
    ) = struct.unpack(_HEAD, record[:_HEAD_SIZE])  # fmt: skip
    if version != _VERSION:
        raise ValueError("record of version %d" % version)
    return MeterState(
        Identity(_digits(drn), imp_per_kwh),
        decoder_key.from_bytes(key),
        Register(credit_wh, total_wh, remainder),
        tid.unpack(record[_HEAD_SIZE:]),
        failures,
        power_limit_w,
        power_fails,
        results.NAMES[last_result - 1] if last_result else "",
    )


def _code(result):
    return results.NAMES.index(result) + 1 if result else 0


def _bcd(digits):
    """Return up to 14 decimal digits as 7 bytes, the rest filled with nibbles F."""
    return bytes(int((digits + "f" * 14)[i : i + 2], 16) for i in range(0, 14, 2))


def _digits(bcd):
    return "".join("%02x" % octet for octet in bcd).replace("f", "")
