#!/usr/bin/env bash
# iotcore sends a message that a meter did not acknowledge again as a new one: with another packet identifier, and not as a duplicate.
#
# Packages: iotcore 0.4.0, a broker, and paho-mqtt 2.2.0, both from PyPI.
# Expected: a client that comes back to its session gets what it did not acknowledge with the same packet identifiers and with
# DUP set, as MQTT 3.1.1 has it (4.4, 3.3.1.1).
# Seen: of four tokens with QoS 1 the first was acknowledged. The other three come again without DUP, counted anew from 1, so
# the identifier of the token that was acknowledged is now another token's.
# In meter20: neither DUP nor an identifier decides. The meter acknowledges what is in its flash, and a token counts once by its TID.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check iotcore==0.4.0 paho-mqtt==2.2.0

cat > try.py <<'TRY'
import queue
import socket

import iotcore
from paho.mqtt import client as paho

with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]


def connected(name, clean):
    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2, name, clean_session=clean, manual_ack=True
    )
    client.got, client.subscribed = queue.Queue(), queue.Queue()
    client.on_message = lambda _client, _data, message: client.got.put(message)
    client.on_subscribe = lambda *_: client.subscribed.put(None)
    client.connect("127.0.0.1", PORT)
    client.loop_start()
    return client


def taken(client, count):
    return [client.got.get(timeout=10) for _ in range(count)]


def tell(when, messages):
    for each in messages:
        print(f"{when}: {each.payload.decode()}, identifier {each.mid}, DUP {int(each.dup)}")


with iotcore.Broker(port=PORT, listen="127.0.0.1"):
    meter, sender = connected("meter", False), connected("sender", True)
    meter.subscribe("token", 1)
    meter.subscribed.get(timeout=10)
    for token in "ABCD":
        sender.publish("token", token, 1).wait_for_publish(10)
    first = taken(meter, 4)
    tell("first", first)
    meter.ack(first[0].mid, 1)
    meter.disconnect()
    meter.loop_stop()
    again = connected("meter", False)
    tell("again", taken(again, 3))
    for client in (again, sender):
        client.disconnect()
        client.loop_stop()
TRY
env/bin/python try.py | tee found.txt

grep -qx "first: A, identifier 1, DUP 0" found.txt
grep -qx "first: D, identifier 4, DUP 0" found.txt
grep -qx "again: B, identifier 1, DUP 0" found.txt
grep -qx "again: D, identifier 3, DUP 0" found.txt
echo "as stated: what was sent before comes as new"
