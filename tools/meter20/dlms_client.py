"""A person's DLMS client: reads a meter and enters tokens. A thin layer over dlms-cosem."""

# pyright: reportArgumentType=none, reportAttributeAccessIssue=none
# pyright: reportIncompatibleMethodOverride=none
# What dlms-cosem says of its types does not hold for its own.

import contextlib
import errno
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import structlog
from dlms import axdr
from dlms_cosem import cosem, enumerations, exceptions
from dlms_cosem.client import ActionError, DataResultError, DlmsClient, HLSError
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, SerialIO, TcpTransport
from dlms_cosem.security import (
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)
from serial import SerialException

from meter20.failure import Failure

PUBLIC, MANAGEMENT = 16, 1
_SERVER = 1
_KEY_OCTETS = 16
_SERIAL = "/"  # the first character of a serial port's name
_BITS = 4
_COUNTER = (1, "0.0.43.1.0.255", 2)
_ASSOCIATION = (15, "0.0.40.0.0.255", 2)
_GATEWAY = (115, "0.0.19.40.0.255")
_DESCRIPTIONS, _STATUS = 4, 6
_ACCEPTED = re.compile(rb"accepted, TID (\d{1,8}), ([a-z]+)")
_QUEUED = 8
_LOOKS = 100  # at the status of a token

#: token_status_code in words. Source: IEC 62056-6-2, token gateway.
STATUSES = {
    0: "no token yet", 3: "executed", 4: "format failure", 5: "authentication failure",
    6: "validation failure", 7: "execution failure", _QUEUED: "not processed yet",
}  # fmt: skip


class DlmsRefused(Failure):
    """The meter did not do it, or is not there; the text says why."""

    code = "dlms"


class _Tcp(BlockingTcpIO):
    def recv(self, amount: int = 1) -> bytes:
        """Return `amount` octets. The library's own waits for ever when the other side closes."""
        data = b""
        while len(data) < amount:
            assert self.tcp_socket
            try:
                part = self.tcp_socket.recv(amount - len(data))
            except OSError as failed:
                raise DlmsRefused(f"no answer: {failed}") from None
            if not part:
                raise DlmsRefused("the meter closed the connection")
            data += part
        return data


class Session:
    """An association that is open. See `session`."""

    def __init__(self, client: DlmsClient):
        self._client = client

    def objects(self) -> list[tuple[int, str, list[int]]]:
        """Return (class, logical name, attributes) of each object that this client sees."""
        return [
            (one[0], name(one[2]), [right[0] for right in one[3][0]])
            for one in self.read(*_ASSOCIATION)
        ]

    def read(self, cls: int, logical_name: str, attribute: int) -> Any:
        """Return an attribute: numbers, lists, bytes of strings, text of bits."""
        what = cosem.CosemAttribute(
            enumerations.CosemInterface(cls), cosem.Obis(*_octets(logical_name)), attribute
        )
        return value(self._client.get(what))

    def accepted(self) -> tuple[int, str] | None:
        """Return (TID, carrier) of when the token entered last, a used one, was accepted.

        None where the meter's history does not hold it. Source: docs/ami.md, attribute 4.
        """
        for text in self.read(*_GATEWAY, _DESCRIPTIONS):
            if found := _ACCEPTED.fullmatch(bytes(text)):
                return int(found[1]), found[2].decode()
        return None

    def enter(self, digits: str) -> tuple[int, int]:
        """Enter a token; return (token_status_code, number of the result)."""
        cls, logical_name = _GATEWAY
        method = cosem.CosemMethod(
            enumerations.CosemInterface(cls), cosem.Obis(*_octets(logical_name)), 1
        )
        self._client.action(method, axdr.octets(digits.encode()))
        for _ in range(_LOOKS):
            status, data = self.read(cls, logical_name, _STATUS)
            if status != _QUEUED:
                return status, int(data, 2)
        return _QUEUED, 0


@contextlib.contextmanager
def session(where: str, secrets: dict[str, str], password: bool = False) -> Iterator[Session]:
    """Open an association with the meter at `where`, HOST:PORT or a serial port for HDLC.

    secrets: encryption_key, authentication_key, password, as the service port takes them; without
    any it is the public client. password: say the password instead of proving the keys; on a
    serial line alone. Raises DlmsRefused.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        counter = 0
        if secrets and not password:
            with _opened(_client(where, PUBLIC, NoSecurityAuthentication())) as public:
                counter = Session(public).read(*_COUNTER)
        with _opened(_management(where, secrets, password, counter)) as client:
            yield Session(client)
    except (ActionError, DataResultError, HLSError) as refused:
        raise DlmsRefused(f"the meter refused: {refused or 'the keys are not its own'}") from None
    except exceptions.LocalDlmsProtocolError:
        raise DlmsRefused("the meter refused: wrong keys, or not for this client") from None
    except exceptions.DlmsClientException:  # whose words are names of enumerations
        raise DlmsRefused(
            "the meter refused: wrong keys, or a wrong password, or a meter without DLMS keys"
        ) from None
    except exceptions.CommunicationError:
        raise DlmsRefused(f"{where}: nobody answers there") from None
    except (OSError, SerialException) as failed:
        raise DlmsRefused(f"{where}: {_reason(failed)}") from None


def load_secrets(file: Path | None) -> dict[str, str]:
    """Return what `file`, the JSON of a `dlms` request, holds. Raises DlmsRefused."""
    import json

    if file is None:
        return {}
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return {name: str(found[name]) for name in found}
    except OSError as failed:
        raise DlmsRefused(f"{file} cannot be read: {failed.strerror}") from None
    except (ValueError, TypeError):
        raise DlmsRefused(f"{file}: not the JSON of a dlms request") from None


def _reason(failed: Exception) -> str:
    """Return why a file or a line failed, as the system says it; a library puts more around."""
    for each in (failed, failed.__context__):
        if each is not None and each.args and isinstance(each.args[0], int):
            if each.args[0] in (errno.ENOTTY, errno.EISDIR):
                return "it is no serial port"
            return os.strerror(each.args[0])
    return str(failed)


def name(octets: bytes) -> str:
    """Return 6 octets as a logical name: 1.0.1.8.0.255."""
    return ".".join(str(octet) for octet in octets)


def value(data: bytes) -> Any:
    """Return what A-XDR `data` holds; of bits a text of 0 and 1. Raises ValueError."""
    return _taken(bytes(data), 0)[0]


def _taken(data, at):
    tag = axdr.octet(data, at)
    if tag in (axdr.ARRAY, axdr.STRUCTURE):
        count, at = axdr.take_length(data, at + 1)
        parts = []
        for _ in range(count):
            part, at = _taken(data, at)
            parts.append(part)
        return parts, at
    if tag == _BITS:
        count, at = axdr.take_length(data, at + 1)
        octets = axdr.part(data, at, (count + 7) // 8)
        return "".join(f"{octet:08b}" for octet in octets)[:count], at + len(octets)
    return axdr.take(data, at)


@contextlib.contextmanager
def _opened(client):
    """The library leaves the line open after an exception."""
    try:
        client.connect()
        client.associate()
        yield client
        client.release_association()
    finally:
        with contextlib.suppress(Exception):  # it is over either way; the first error counts
            client.transport.io.disconnect()


def _client(where, address, authentication, **more):
    if where.startswith(_SERIAL):
        transport = HdlcTransport(address, _SERVER, SerialIO(where))
    else:
        host, _, port = where.rpartition(":")
        if not host or not port.isdigit():
            raise DlmsRefused(f"{where}: HOST:PORT or the name of a serial port is needed")
        transport = TcpTransport(address, _SERVER, _Tcp(host, int(port)))
    return DlmsClient(transport=transport, authentication=authentication, **more)


def _management(where, secrets, password, counter):
    if not secrets:
        return _client(where, PUBLIC, NoSecurityAuthentication())
    if password:
        secret = secrets.get("password", "").encode()
        if not secret:
            raise DlmsRefused("the file of the keys has no password")
        return _client(where, MANAGEMENT, LowLevelSecurityAuthentication(secret))
    return _client(
        where, MANAGEMENT, HighLevelSecurityGmacAuthentication(),
        encryption_key=_key(secrets, "encryption_key"),
        authentication_key=_key(secrets, "authentication_key"),
        client_initial_invocation_counter=counter + 1,
    )  # fmt: skip


def _key(secrets, name):
    try:
        key = bytes.fromhex(secrets[name])
    except (KeyError, ValueError):
        key = b""
    if len(key) != _KEY_OCTETS:
        raise DlmsRefused(f"{name} in the file of the keys: {2 * _KEY_OCTETS} hexadecimal "
                          "digits are needed")  # fmt: skip
    return key


def _octets(logical_name):
    parts = logical_name.split(".")
    if len(parts) != 6 or not all(part.isdigit() and int(part) < 256 for part in parts):
        raise DlmsRefused(f"{logical_name}: not a logical name such as 1.0.1.8.0.255")
    return [int(part) for part in parts]
