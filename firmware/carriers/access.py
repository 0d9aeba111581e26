"""How the meter reaches its network: Wi-Fi and broker, as provisioned. One record.

    version u8 | port u16 | flags u8 | report u16 | host | user | password | Wi-Fi: name | password

Each text has its length, u8, before it. The passwords lie in clear in the record, like a key. No
reply, no message and no repr holds them.

Pure: no ports, no clock, no I/O.
"""

import struct

from micropython import const

_VERSION = const(1)
_HEAD = "<BHBH"
_HEAD_SIZE = const(6)
_TLS, _CLEAN = const(1), const(2)
RECORD_MAX = const(240)  # bytes
REPORT_MAX_S = const(0xFFFF)

_FIELDS = (
    "host", "port", "tls", "clean", "report_s", "user", "password", "wifi_name", "wifi_password",
)  # fmt: skip
#: Most bytes of each text. Host and port are as ports.network.Network.open takes them.
LONGEST = {"host": 64, "user": 32, "password": 64, "wifi_name": 32, "wifi_password": 63}


class Access:
    """host: of the broker, "" for none. tls: whether it must prove who it is. clean: whether it
    is to forget the meter at the end of a connection. report_s: seconds between two reports of the
    registers, 0 for none. wifi_name: "" for none."""

    host, port, tls, clean, report_s, user = "", 1883, False, False, 900, ""
    password = wifi_name = wifi_password = ""

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)

    def changed(self, **values):
        """Return this with some fields replaced. Raises ValueError, in words without a secret."""
        new = Access(**dict([(name, values.get(name, getattr(self, name))) for name in _FIELDS]))
        for name, longest in LONGEST.items():
            if len(getattr(new, name).encode()) > longest:
                raise ValueError("%s: more than %d bytes" % (name, longest))
        if not 1 <= new.port <= 0xFFFF:
            raise ValueError("port: not 1 to 65535")
        if not 0 <= new.report_s <= REPORT_MAX_S:
            raise ValueError("report_s: not 0 to %d" % REPORT_MAX_S)
        if len(to_bytes(new)) > RECORD_MAX:
            raise ValueError("names and passwords: more than the record holds")
        return new


def to_bytes(access) -> bytes:
    """Return `access` as a record."""
    flags = access.tls * _TLS | access.clean * _CLEAN
    head = struct.pack(_HEAD, _VERSION, access.port, flags, access.report_s)
    texts = [getattr(access, name).encode() for name in _FIELDS if name in LONGEST]
    return head + b"".join([bytes([len(text)]) + text for text in texts])


def from_bytes(record: bytes):
    """Return the Access that `to_bytes` made. Raises ValueError."""
    if len(record) < _HEAD_SIZE or record[0] != _VERSION:
        raise ValueError("record of another version")
    _version, port, flags, report_s = struct.unpack(_HEAD, record[:_HEAD_SIZE])
    values = {"port": port, "report_s": report_s}
    values["tls"], values["clean"] = bool(flags & _TLS), bool(flags & _CLEAN)
    at = _HEAD_SIZE
    for name in _FIELDS:
        if name in LONGEST:
            end = at + 1 + (record[at] if at < len(record) else 0)
            if end > len(record):
                raise ValueError("record cut short")
            values[name] = str(record[at + 1 : end], "utf-8")
            at = end
    return Access().changed(**values)
