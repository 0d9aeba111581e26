#!/usr/bin/env bash
# iotcore sends a retained message to the first subscription of a session, and nothing to the same subscription made again.
#
# Packages: iotcore 0.4.0, a broker, and paho-mqtt 2.2.0, both from PyPI.
# Expected: each SUBSCRIBE brings what is retained, also where the session has that subscription, by MQTT 3.1.1 (3.8.4).
# Seen: it comes once. A program that keeps its session and subscribes again after it was away, to learn how things stand, hears
# nothing until they change.
# In meter20: head-end and listeners begin a new session with each connection, and so hear which meters are there.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check iotcore==0.4.0 paho-mqtt==2.2.0

cat > try.py <<'TRY'
import queue
import sys

from iotcore import Broker
from paho.mqtt import client as paho

PORT = int(sys.argv[1])


def heard(client):
    """Return how many messages a subscription to all states brings within two seconds."""
    before = client.heard
    client.subscribe("meter/+/state", 1)
    client.granted.get(timeout=10)
    try:
        client.granted.get(timeout=2)
    except queue.Empty:
        return client.heard - before


def on_message(client, _data, _message):
    client.heard += 1


def session(clean):
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, "listener", clean_session=clean)
    client.heard, client.granted = 0, queue.Queue()
    client.on_message = on_message
    client.on_subscribe = lambda *_: client.granted.put(None)
    client.connect("127.0.0.1", PORT)
    client.loop_start()
    return client


def end(client):
    client.disconnect()
    client.loop_stop()


with Broker(port=PORT, listen="127.0.0.1"):
    meter = session(True)
    meter.publish("meter/7/state", "online", 1, retain=True).wait_for_publish(10)
    end(meter)
    for what, clean in (("a new session", True), ("a kept session", False), ("the kept one again", False)):
        listener = session(clean)
        print(f"{what}: {heard(listener)}, the same subscription again: {heard(listener)}")
        end(listener)
TRY
port=$(env/bin/python -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
env/bin/python try.py "$port" | tee found.txt

grep -qx "a new session: 1, the same subscription again: 0" found.txt
grep -qx "a kept session: 1, the same subscription again: 0" found.txt
grep -qx "the kept one again: 0, the same subscription again: 0" found.txt
echo "as stated: what is retained comes once a session"
