#!/usr/bin/env bash
# amqtt sends no message again that a client did not acknowledge, and keeps none for a client without a login that is away.
#
# Packages: amqtt 0.12.1, a broker, and paho-mqtt 2.2.0, both from PyPI.
# Expected: to a session that the broker keeps belong the messages of QoS 1 that were not acknowledged, and those that came
# while the client was away, however it logged in. Source: MQTT 3.1.1, 3.1.2.4 and 4.4.
# Seen: all four tokens are acknowledged to their sender, and the session is present. Without a login none arrives; with one all
# do, as if they were retained. What the client did not acknowledge does not come again by its next connection, with login or without.
# In meter20: the head-end sends a token until the meter answers; whoever sends tokens otherwise must do so, too. docs/scale.md
# says which brokers were tried.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check amqtt==0.12.1 paho-mqtt==2.2.0

cat > try.py <<'TRY'
import asyncio
import queue
import sys
from pathlib import Path

from amqtt.broker import Broker
from paho.mqtt import client as paho
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

PORT = int(sys.argv[1])
PLUGINS = "amqtt.plugins.authentication."
Path("passwords").write_text(f"meter:{PasswordHash((Argon2Hasher(),)).hash('word')}\n")


def connected(login, name, clean=False):
    """Return a client that acknowledges nothing by itself, and the flag "session present"."""
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, clean_session=clean, manual_ack=True)
    if login:
        client.username_pw_set("meter", "word")
    client.told, client.came = queue.Queue(), queue.Queue()
    client.on_connect = lambda _c, _d, flags, *_: client.told.put(flags.session_present)
    client.on_subscribe = lambda *_: client.told.put(None)
    client.on_message = lambda _c, _d, message: client.came.put(message)
    client.connect("127.0.0.1", PORT)
    client.loop_start()
    return client, client.told.get(timeout=20)


def arrived(client):
    """Return what comes, until nothing comes for three seconds."""
    messages = []
    while True:
        try:
            messages.append(client.came.get(timeout=3))
        except queue.Empty:
            return messages


def away(client):
    client.disconnect()
    client.loop_stop()


def story(login):
    meter, _ = connected(login, "meter-7")
    meter.subscribe("meter/7/token", 1)
    meter.told.get(timeout=20)
    away(meter)
    sender, _ = connected(login, "sender", clean=True)
    for number in range(4):
        sender.publish("meter/7/token", f"away {number}", 1).wait_for_publish(20)
    meter, present = connected(login, "meter-7")
    kept = arrived(meter)
    for message in kept:
        meter.ack(message.mid, message.qos)
    retained = sum(message.retain for message in kept)
    yield f"sent while away: 4, session present: {present}, arrived: {len(kept)}, marked as retained: {retained}"
    for number in range(2):
        sender.publish("meter/7/token", f"here {number}", 1).wait_for_publish(20)
    here = len(arrived(meter))
    away(meter)
    meter, present = connected(login, "meter-7")
    yield f"not acknowledged: {here}, session present: {present}, sent again: {len(arrived(meter))}"
    away(meter)
    away(sender)


async def serve(login):
    plugin = {"FileAuthPlugin": {"password_file": "passwords"}} if login else {"AnonymousAuthPlugin": {"allow_anonymous": True}}
    broker = Broker({
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{PORT}"}},
        "plugins": {PLUGINS + name: options for name, options in plugin.items()},
    })
    await broker.start()
    lines = await asyncio.to_thread(lambda: list(story(login)))
    await broker.shutdown()
    return lines


for login in (False, True):
    for line in asyncio.run(serve(login)):
        print("with a login:" if login else "without a login:", line)
TRY
port=$(env/bin/python -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
env/bin/python try.py "$port" 2> log.txt | tee found.txt

grep -qx "without a login: sent while away: 4, session present: True, arrived: 0, marked as retained: 0" found.txt
grep -qx "without a login: not acknowledged: 2, session present: True, sent again: 0" found.txt
grep -qx "with a login: sent while away: 4, session present: True, arrived: 4, marked as retained: 4" found.txt
grep -qx "with a login: not acknowledged: 2, session present: True, sent again: 0" found.txt
echo "as stated: nothing comes again"
