"""Meter state: all that must outlive a power cut, as one value and one record.

Credit, TID memory and lock-out share the record, so a token is cancelled and
credited in the same commit or not at all. The record stays below 245 bytes, so
that with `slot_store.OVERHEAD` it fits one flash page of 256 and LittleFS keeps
it inline. Settings and history, which no credit depends on, have a record of
their own (journal.settings, journal.history).

    version u8 | drn 7 bytes BCD | imp_per_kwh u24 | key attributes 24
    register: credit i64, total u64, remainder u24, cost remainder u16, period u16, period Wh u32
    failures manual u8 | power limit u32 | unbalance limit u32 | tariff rate u16 | power fails u16
    last result u8 | flags u8 | status bits u8 | failures local u8, remote u8 | last token u32
    TIDs 3 bytes each

Version 1 had one count of failures, of keypad and cable, and no last token; it is read, too.

Pure domain: no ports, no clock, no I/O.
"""

import struct
from binascii import crc32, unhexlify
from collections import namedtuple

from micropython import const
from sts import decoder_key, drn, results, tid
from sts.decoder_key import DITK, DecoderKey, KeyAttributes

from account import carrier, flags, lockout
from account.register import CREDIT_MAX_CURRENCY, CREDIT_MAX_WH, EMPTY, Register

_VERSION = const(2)
_HEAD = "<B7sI24sqqIHHIBIIHHBBBBBI"
_HEAD_SIZE = const(86)  # bytes
_FIRST_VERSION_SIZE = const(80)
_FAILURES_AT = const(64)

#: drn: 11 or 13 digits, "" in factory state. imp_per_kwh: 1..100000 pulses a kWh.
Identity = namedtuple("Identity", ("drn", "imp_per_kwh"))

#: identity: Identity. key: KeyAttributes. register: Register. tids: the TID memory, see sts.tid.
#: failures: wrong tokens in a row of each carrier, see account.lockout. power_limit_w,
#: unbalance_limit_w: 0 for none. tariff_rate: as its token brought it. power_fails: restarts,
#: 0..65535. last_result: of sts.results.NAMES, "" for none. last_carrier: that brought it, of
#: account.carrier. last_token: check value of the token that was committed last, see
#: `check_value`, 0 for none. flags: see account.flags. tamper: it was detected and not cleared.
#: key_change: a set of key change tokens is incomplete. emergency: the customer called up
#: emergency credit.
#: in_currency: the credit is money; so it is never taken for energy if the tariff is lost,
#: which lies in another record.
_FIELDS = (
    "identity",
    "key",
    "register",
    "tids",
    "failures",
    "power_limit_w",
    "unbalance_limit_w",
    "tariff_rate",
    "power_fails",
    "last_result",
    "flags",
    "tamper",
    "key_change",
    "emergency",
    "in_currency",
    "last_carrier",
    "last_token",
)
MeterState = namedtuple("MeterState", _FIELDS)


def factory():
    """Return the state of a meter as it is made: no number, no key, no credit."""
    key = KeyAttributes(DecoderKey(bytes(16)), "11", "000000", "00", 0, DITK, 0)
    identity = Identity("", 1000)
    return MeterState(
        identity, key, EMPTY, (), lockout.NONE, 0, 0, 0, 0, "", flags.DEFAULT,
        False, False, False, False, carrier.MANUAL, 0,
    )  # fmt: skip


def changed(state, **changes):
    """Return `state` with some fields replaced. Raises TypeError for no field.

    MicroPython's namedtuple has no _replace.
    """
    fields = list(state)
    for name, value in changes.items():
        if name not in _FIELDS:
            raise TypeError("no field " + name)  # a misspelt one would change nothing
        fields[_FIELDS.index(name)] = value
    return MeterState(*fields)


def to_bytes(state) -> bytes:
    """Return `state` as a record."""
    register = state.register
    head = struct.pack(
        _HEAD, _VERSION, _bcd(state.identity.drn), state.identity.imp_per_kwh,
        decoder_key.to_bytes(state.key), register.credit, register.total_wh, register.remainder,
        register.cost_remainder, register.period, register.period_wh, state.failures[0],
        state.power_limit_w, state.unbalance_limit_w, state.tariff_rate, state.power_fails,
        _code(state.last_result), state.flags,
        state.tamper | state.key_change << 1 | state.emergency << 2 | state.in_currency << 3
        | state.last_carrier << 4,
        state.failures[1], state.failures[2], state.last_token,
    )  # fmt: skip
    return head + tid.pack(state.tids)


def from_bytes(record: bytes):
    """Return the state that `to_bytes` made; `record` is trusted, its slot has a crc.

    Raises ValueError if it was written by a version of the firmware that this one
    does not know, or holds what no meter can be in.
    """
    if record[0] == 1:
        record = _second_version(record)
    if record[0] != _VERSION or len(record) < _HEAD_SIZE:
        raise ValueError("record of version %d" % record[0])
    (
        _version, number, imp_per_kwh, key, credit, total_wh, remainder, cost_remainder, period,
        period_wh, manual, power_limit_w, unbalance_limit_w, tariff_rate, power_fails,
        last_result, flag_bits, status, local, remote, last_token,
    ) = struct.unpack(_HEAD, record[:_HEAD_SIZE])  # fmt: skip
    if last_result > len(results.NAMES):
        raise ValueError("unknown result")
    found = MeterState(
        Identity(_digits(number), imp_per_kwh),
        decoder_key.from_bytes(key),
        Register(credit, total_wh, remainder, cost_remainder, period, period_wh),
        tid.unpack(record[_HEAD_SIZE:]),
        (manual, local, remote),
        power_limit_w,
        unbalance_limit_w,
        tariff_rate,
        power_fails,
        results.NAMES[last_result - 1] if last_result else "",
        flag_bits,
        bool(status & 1),
        bool(status & 2),
        bool(status & 4),
        bool(status & 8),
        status >> 4 & 3,
        last_token,
    )
    _check(found)
    return found


def check_value(digits: str) -> int:
    """Return a number by which a token of these `digits` is known again, 1 to 2^32 - 1."""
    return crc32(digits.encode()) or 1


def check_identity(identity):
    """Raise ValueError, in words, unless `identity` can be a meter's."""
    if not drn.drn_ok(identity.drn):
        raise ValueError("drn: not 11 or 13 digits with a right check digit")
    if not 1 <= identity.imp_per_kwh <= 100_000:
        raise ValueError("imp_per_kwh: not 1 to 100000")


def check_key(key):
    """Raise ValueError, in words that do not show the key, unless `key` can be a meter's."""
    if decoder_key.KEY_SIZES.get(key.ea) != len(key.decoder_key.octets):
        raise ValueError("decoder_key: EA 07 has 16 hex digits, EA 11 has 32")
    for name, value, low, high in (
        ("sgc", int(key.sgc), 0, 999_999),
        ("ti", int(key.ti), 0, 99),
        ("krn", key.krn, 1, 9),
        ("kt", key.kt, 0, 3),
        ("ken", key.ken, 0, 255),
    ):
        if not low <= value <= high:
            raise ValueError("%s: not %d to %d" % (name, low, high))


def _check(state):
    """Raise ValueError unless a meter can be in `state`."""
    if state.identity.drn:
        check_identity(state.identity)
        check_key(state.key)
    register, tids = state.register, state.tids
    credit_max = CREDIT_MAX_CURRENCY if state.in_currency else CREDIT_MAX_WH
    if abs(register.credit) > credit_max or register.total_wh < 0:
        raise ValueError("register")
    if len(tids) > tid.CAPACITY or list(tids) != sorted(tids):
        raise ValueError("TID memory")
    if state.last_carrier not in carrier.ALL:
        raise ValueError("carrier")


def _second_version(record):
    failures = record[_FAILURES_AT : _FAILURES_AT + 1]
    head, rest = record[1:_FIRST_VERSION_SIZE], record[_FIRST_VERSION_SIZE:]
    return bytes([_VERSION]) + head + failures + bytes(5) + rest


def _code(result):
    return results.NAMES.index(result) + 1 if result else 0


def _bcd(digits):
    """Return up to 14 decimal digits as 7 bytes, the rest filled with nibbles F."""
    return unhexlify((digits + "f" * 14)[:14])


def _digits(bcd):
    return "".join("%02x" % octet for octet in bcd).replace("f", "")
