"""What dlms-cosem sees of a meter. A program of its own, in an environment that has only that.

    python dlms_cosem_client.py tcp:PORT|hdlc:DEVICE none|lls|gmac TOKEN...

Prints what it found as one line of JSON; see run.py, which starts it.
"""

import datetime
import json
import logging
import sys

import structlog

structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

from dlms_cosem import cosem, enumerations, utils  # noqa: E402
from dlms_cosem.client import ActionError, DataResultError, DlmsClient  # noqa: E402
from dlms_cosem.cosem.capture_object import CaptureObject  # noqa: E402
from dlms_cosem.cosem.selective_access import RangeDescriptor  # noqa: E402
from dlms_cosem.io import BlockingTcpIO, HdlcTransport, SerialIO, TcpTransport  # noqa: E402
from dlms_cosem.parsers import AssociationObjectListParser, ProfileGenericBufferParser  # noqa: E402
from dlms_cosem.security import (  # noqa: E402
    HighLevelSecurityGmacAuthentication,
    LowLevelSecurityAuthentication,
    NoSecurityAuthentication,
)
from dlms_cosem.time import datetime_from_bytes  # noqa: E402

KIND = enumerations.CosemInterface
CLOCK = cosem.CosemAttribute(KIND.CLOCK, cosem.Obis(0, 0, 1, 0, 0), 2)
TOTAL = cosem.CosemAttribute(KIND.REGISTER, cosem.Obis(1, 0, 1, 8, 0), 2)
LOAD = cosem.CosemAttribute(KIND.PROFILE_GENERIC, cosem.Obis(1, 0, 99, 1, 0), 2)
GATEWAY = cosem.Obis(0, 0, 19, 40, 0)
BIT_STRING = 4


def client(line, mode, secrets):
    kind, _, where = line.partition(":")
    address = 16 if mode == "none" else 1
    if kind == "tcp":
        transport = TcpTransport(address, 1, BlockingTcpIO("127.0.0.1", int(where)))
    else:
        transport = HdlcTransport(address, 1, SerialIO(where))
    if mode == "none":
        return DlmsClient(transport=transport, authentication=NoSecurityAuthentication())
    if mode == "lls":
        secret = secrets["password"].encode()
        return DlmsClient(
            transport=transport, authentication=LowLevelSecurityAuthentication(secret)
        )
    return DlmsClient(
        transport=transport,
        authentication=HighLevelSecurityGmacAuthentication(),
        encryption_key=bytes.fromhex(secrets["encryption_key"]),
        authentication_key=bytes.fromhex(secrets["authentication_key"]),
        client_system_title=b"DCO\0\0\0\0\x01",
        client_initial_invocation_counter=secrets["counter"] + 1,
    )


def refusal(call):
    """Return the words of a refusal, None if it was done."""
    try:
        said = call()
    except (ActionError, DataResultError) as refused:
        return str(refused)
    return None if said is None else getattr(said, "result", said).__str__()


def plain(data):
    """Return a value; of what the library cannot decode its octets."""
    try:
        value = utils.parse_as_dlms_data(data)
    except Exception:
        return data.hex()
    return value.hex() if isinstance(value, bytes | bytearray) else value


def profile(session):
    parser = ProfileGenericBufferParser([CLOCK, TOTAL], 15)
    rows = parser.parse_bytes(session.get(LOAD))
    hours = [datetime.datetime(2026, 1, 1, hour, tzinfo=datetime.UTC) for hour in (1, 2)]
    by_range = RangeDescriptor(CaptureObject(CLOCK, 0), *hours)
    found = {"rows": len(rows), "last": [str(rows[-1][0].value), rows[-1][1].value]}
    found["by_range"] = len(parser.parse_bytes(session.get(LOAD, by_range)))
    return found


def enter(session, digits):
    method = cosem.CosemMethod(KIND.TOKEN_GATEWAY, GATEWAY, 1)
    data = bytes((9, len(digits))) + digits.encode()
    refused = refusal(lambda: session.action(method, data))
    for _ in range(200):
        status = session.get(cosem.CosemAttribute(KIND.TOKEN_GATEWAY, GATEWAY, 6))
        if status[3] != 8:
            break
    assert (status[:3], status[4:6]) == (b"\x02\x02\x16", bytes((BIT_STRING, 8))), status.hex()
    return [refused, status[3], status[6]]


def orders(session):
    switch = cosem.Obis(0, 0, 96, 3, 10)
    kind = KIND.DISCONNECT_CONTROL
    name = cosem.CosemAttribute(KIND.DATA, cosem.Obis(0, 0, 42, 0, 0), 2)
    zero = b"\x0f\x00"
    return {
        "open": refusal(lambda: session.action(cosem.CosemMethod(kind, switch, 1), zero)),
        "close": refusal(lambda: session.action(cosem.CosemMethod(kind, switch, 2), zero)),
        "reset": refusal(
            lambda: session.action(cosem.CosemMethod(KIND.REGISTER, TOTAL.instance, 1), zero)
        ),
        "set": refusal(lambda: session.set(name, b"\x09\x01x")),
    }


def main(line, mode, *tokens):
    secrets = json.load(sys.stdin)
    found = {}
    with client(line, mode, secrets).session() as session:
        listed = session.get(
            cosem.CosemAttribute(KIND.ASSOCIATION_LN, cosem.Obis(0, 0, 40, 0, 0), 2)
        )
        things = AssociationObjectListParser.parse_bytes(listed)
        found["objects"] = sorted(
            [int(one.interface), one.logical_name.to_string(separator=".")] for one in things
        )
        found["values"] = {
            f"{int(one.interface)} {one.logical_name.to_string(separator='.')} {index}": plain(
                session.get(cosem.CosemAttribute(one.interface, one.logical_name, index))
            )
            for one in things
            if int(one.interface) not in (7, 15)
            for index in one.attribute_access_rights
        }
        found["clock"] = str(datetime_from_bytes(utils.parse_as_dlms_data(session.get(CLOCK)))[0])
        if mode == "none":
            method = cosem.CosemMethod(KIND.TOKEN_GATEWAY, GATEWAY, 1)
            token = b"\x09\x14" + tokens[0].encode()
            found["enter"] = [refusal(lambda: session.action(method, token))]
        else:
            found["load"] = profile(session)
            found["orders"] = orders(session)
            found["enter"] = [enter(session, one) for one in tokens]
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
