"""What pydlms-client sees of a meter. A program of its own, in an environment that has only that.

    python pydlms_client.py tcp:PORT|hdlc:DEVICE none|lls|gmac TOKEN...

Prints what it found as one line of JSON; see run.py, which starts it.
"""

import json
import sys

from pydlms import DlmsClient, DlmsData, Mechanism, SecurityContext, ServiceError

GATEWAY = "0.0.19.40.0.255"


def client(line, mode, secrets):
    kind, _, where = line.partition(":")
    more = {"client_sap": 16 if mode == "none" else 1}
    if mode == "lls":
        more.update(mechanism=Mechanism.LLS, password=secrets["password"].encode())
    if mode == "gmac":
        security = SecurityContext(
            encryption_key=bytes.fromhex(secrets["encryption_key"]),
            authentication_key=bytes.fromhex(secrets["authentication_key"]),
            client_system_title=b"PYDLMS01",
            invocation_counter=secrets["counter"] + 1,
        )
        more.update(mechanism=Mechanism.HLS_GMAC, security=security)
    if kind == "tcp":
        return DlmsClient.tcp("127.0.0.1", int(where), **more)
    return DlmsClient.serial(where, **more)


def refusal(call):
    """Return the words of a refusal, None if it was done."""
    try:
        call()
    except ServiceError as refused:
        return str(refused)
    return None


def enter(session, digits):
    token = DlmsData.octet_string(digits.encode())
    refused = refusal(lambda: session.action(GATEWAY, 115, 1, token))
    for _ in range(200):
        status = session.get(GATEWAY, 115, 6)
        if status.value[0].value != 8:
            break
    return [refused, status.value[0].value, str(status.value[1].value)]


def main(line, mode, *tokens):
    secrets = json.load(sys.stdin)
    found = {}
    with client(line, mode, secrets) as session:
        view = session.get_association_view()
        found["objects"] = sorted([int(one.class_id), str(one.logical_name)] for one in view)
        found["clock"] = str(session.get_clock())
        if mode == "none":
            token = DlmsData.octet_string(tokens[0].encode())
            found["enter"] = [refusal(lambda: session.action(GATEWAY, 115, 1, token))]
        else:
            found["total"] = str(session.get_register("1.0.1.8.0.255"))
            rows = session.read_profile("1.0.99.1.0.255").rows
            found["load"] = {"rows": len(rows)}
            found["credit"] = session.get("0.0.19.10.0.255", 112, 2).value
            found["account"] = session.get("0.0.19.0.0.255", 111, 5).value
            name = DlmsData.octet_string(b"x")
            found["orders"] = {
                "open": refusal(lambda: session.action("0.0.96.3.10.255", 70, 1)),
                "close": refusal(lambda: session.action("0.0.96.3.10.255", 70, 2)),
                "set": refusal(lambda: session.set("0.0.42.0.0.255", 1, 2, name)),
            }
            found["enter"] = [enter(session, one) for one in tokens]
    print(json.dumps(found, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
