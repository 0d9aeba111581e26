"""What gurux-dlms sees of a meter. A program of its own, in an environment that has only that.

    python gurux_client.py tcp:PORT|hdlc:DEVICE none|lls|gmac TOKEN...

gmac: in ciphered messages. Prints what it found as one line of JSON; see run.py, which starts it.
"""

import datetime
import json
import os
import select
import socket
import sys

from gurux_dlms import GXByteBuffer, GXDateTime, GXReplyData
from gurux_dlms.enums import Authentication, DataType, InterfaceType, Security
from gurux_dlms.objects import (
    GXDLMSAssociationLogicalName,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSDisconnectControl,
    GXDLMSProfileGeneric,
    GXDLMSRegister,
    GXDLMSTokenGateway,
)
from gurux_dlms.secure import GXDLMSSecureClient

SECONDS = 20
KINDS = {"none": Authentication.NONE, "lls": Authentication.LOW, "gmac": Authentication.HIGH_GMAC}


class Tcp:
    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", int(port)), SECONDS)

    def write(self, data):
        self._socket.sendall(data)

    def read(self):
        return self._socket.recv(4096)


class Serial:
    def __init__(self, device):
        self._fd = os.open(device, os.O_RDWR | os.O_NOCTTY)

    def write(self, data):
        os.write(self._fd, data)

    def read(self):
        if not select.select([self._fd], [], [], SECONDS)[0]:
            raise TimeoutError
        return os.read(self._fd, 4096)


class Session:
    def __init__(self, line, mode, secrets):
        kind, _, where = line.partition(":")
        self.line = Tcp(where) if kind == "tcp" else Serial(where)
        interface = InterfaceType.WRAPPER if kind == "tcp" else InterfaceType.HDLC
        self.client = GXDLMSSecureClient(
            True, 16 if mode == "none" else 1, 1, KINDS[mode],
            secrets["password"] if mode == "lls" else None, interface,
        )  # fmt: skip
        ciphering = self.client.ciphering
        ciphering.systemTitle = b"GRX\0\0\0\0\x01"
        if mode == "gmac":
            ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            ciphering.blockCipherKey = bytes.fromhex(secrets["encryption_key"])
            ciphering.authenticationKey = bytes.fromhex(secrets["authentication_key"])
            ciphering.invocationCounter = secrets["counter"] + 1
        if interface == InterfaceType.HDLC:
            self.client.parseUAResponse(self.ask(self.client.snrmRequest()).data)
        self.client.parseAareResponse(self.ask(self.client.aarqRequest()).data)
        if mode == "gmac":
            reply = self.ask(self.client.getApplicationAssociationRequest())
            self.client.parseApplicationAssociationResponse(reply.data)

    def ask(self, messages):
        reply = GXReplyData()
        for message in messages if isinstance(messages, list) else [messages]:
            self._exchange(message, reply)
            while reply.isMoreData():
                self._exchange(self.client.receiverReady(reply), reply)
        if reply.error:
            raise Refused(reply.error)
        return reply

    def _exchange(self, message, reply):
        self.line.write(bytes(message))
        got = GXByteBuffer()
        got.set(self.line.read())
        while not self.client.getData(got, reply, GXReplyData()):
            got.set(self.line.read())

    def read(self, thing, index):
        return self.client.updateValue(
            thing, index, self.ask(self.client.read(thing, index)).value
        )


class Refused(Exception):
    pass


def plain(value):
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, bytes | bytearray):
        return value.hex()
    return value if isinstance(value, int | None) else str(value)


def refusal(call):
    """Return the number of a refusal, None if it was done."""
    try:
        call()
    except Refused as refused:
        return refused.args[0]
    return None


def values(session, things):
    found = {}
    for thing in things:
        if isinstance(thing, GXDLMSAssociationLogicalName | GXDLMSProfileGeneric):
            continue
        for index in thing.getAttributeIndexToRead(True):
            value = plain(session.read(thing, index))
            found[f"{int(thing.objectType)} {thing.logicalName} {index}"] = value
    return found


def profile(session, thing):
    session.read(thing, 3)
    session.read(thing, 2)
    found = {"rows": len(thing.buffer), "last": plain(thing.buffer[-1])}
    reply = session.ask(session.client.readRowsByEntry(thing, 10, 5))
    session.client.updateValue(thing, 2, reply.value)
    found["by_entry"] = len(thing.buffer)
    hours = [datetime.datetime(2026, 1, 1, hour, tzinfo=datetime.UTC) for hour in (1, 2)]
    reply = session.ask(session.client.readRowsByRange(thing, *[GXDateTime(one) for one in hours]))
    session.client.updateValue(thing, 2, reply.value)
    found["by_range"] = len(thing.buffer)
    return found


def enter(session, gateway, digits):
    method = session.client.method(gateway, 1, bytearray(digits.encode()), DataType.OCTET_STRING)
    refused = refusal(lambda: session.ask(method))
    session.read(gateway, 6)
    for _ in range(200):
        if int(gateway.statusCode) != 8:
            break
        session.read(gateway, 6)
    return [refused, int(gateway.statusCode), int(gateway.dataValue, 2)]


def orders(session, switch, register):
    client = session.client
    register.value = 0
    return {
        "open": refusal(lambda: session.ask(switch.remoteDisconnect(client))),
        "close": refusal(lambda: session.ask(switch.remoteReconnect(client))),
        "reset": refusal(lambda: session.ask(client.method(register, 1, 0, DataType.INT8))),
        "set": refusal(lambda: session.ask(client.write(session.data, 2))),
    }


def main(line, mode, *tokens):
    secrets = json.load(sys.stdin)
    session = Session(line, mode, secrets)
    things = session.client.parseObjects(
        session.ask(session.client.getObjectsRequest()).data, True
    )
    found = {"objects": sorted([int(one.objectType), one.logicalName] for one in things)}
    found["values"] = values(session, things)
    by_kind = {type(one): one for one in things}
    if mode != "none":
        found["load"] = profile(session, session_profile(things))
        session.data = by_kind[GXDLMSData]
        found["orders"] = orders(
            session, by_kind[GXDLMSDisconnectControl], by_kind[GXDLMSRegister]
        )
        found["enter"] = [enter(session, by_kind[GXDLMSTokenGateway], one) for one in tokens]
    else:
        found["enter"] = [enter_unseen(session, tokens[0])]
    found["clock"] = str(by_kind[GXDLMSClock].time)
    print(json.dumps(found))


def session_profile(things):
    return next(one for one in things if one.logicalName == "1.0.99.1.0.255")


def enter_unseen(session, digits):
    """Enter at a gateway that the object list does not show."""
    gateway = GXDLMSTokenGateway("0.0.19.40.0.255")
    method = session.client.method(gateway, 1, bytearray(digits.encode()), DataType.OCTET_STRING)
    return refusal(lambda: session.ask(method))


if __name__ == "__main__":
    main(*sys.argv[1:])
