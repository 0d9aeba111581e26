#!/usr/bin/env bash
# ejabberd, as a broker, gives a subscriber one message of QoS 1 at a time: the next one comes after the acknowledgement.
#
# Packages: ejabberd 23.01-1 and Erlang 25.2.3 of Debian 12, unpacked into the temporary folder after an apt-get update; paho-mqtt
# 2.2.0 from PyPI.
# Expected: what waits is sent at once, up to some window, and acknowledged as it is taken, as other brokers do.
# Seen: of four messages one comes while none is acknowledged, marked as a duplicate in a session that was kept. The others follow
# one by one. So a subscriber gets no more than one message in the time that a packet takes there and back: 20 a second at 50 ms.
# In meter20: one subscription of the head-end hears all meters. docs/scale.md says to put it beside such a broker.
set -euo pipefail
cd "$(mktemp -d)"
here=$PWD
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check paho-mqtt==2.2.0
mkdir debs root
cd debs
apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances ejabberd \
  | grep -E '^erlang-' | sort -u | xargs apt-get download -qq ejabberd=23.01-1 libyaml-0-2 libexpat1 2>/dev/null
for deb in *.deb; do dpkg-deb -x "$deb" ../root; done
cd ..
erlang=$here/root/usr/lib/erlang
libraries=$here/root/usr/lib/x86_64-linux-gnu
port=$(env/bin/python -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')

cat > ejabberd.yml <<YML
hosts: [localhost]
listen:
  - {port: $port, ip: "127.0.0.1", module: mod_mqtt}
auth_method: [anonymous]
anonymous_protocol: login_anon
allow_multiple_connections: true
modules:
  mod_mqtt: {}
YML
libs=$(find "$libraries" "$erlang/lib" -maxdepth 2 -name ebin | tr '\n' ' ')
export HOME=$here ROOTDIR=$erlang EMU=beam PROGNAME=erl
BINDIR=$(echo "$erlang"/erts-*/bin)
export BINDIR LD_LIBRARY_PATH=$libraries
# shellcheck disable=SC2086  # each folder is an argument
"$BINDIR/erlexec" -noinput -pa $libs -mnesia dir "\"$here/spool\"" \
  -ejabberd config "\"$here/ejabberd.yml\"" log_path "\"$here/ejabberd.log\"" -s ejabberd > erlang.txt 2>&1 &
broker=$!
trap 'kill $broker' EXIT

cat > try.py <<'TRY'
import queue
import sys
import time

from paho.mqtt import client as paho

PORT = int(sys.argv[1])


def connected(name, clean):
    client = paho.Client(paho.CallbackAPIVersion.VERSION2, name, clean_session=clean, manual_ack=True)
    client.username_pw_set("head-end@localhost", "word")
    client.told, client.came = queue.Queue(), queue.Queue()
    client.on_connect = client.on_subscribe = lambda *_: client.told.put(None)
    client.on_message = lambda _c, _d, message: client.came.put(message)
    for _ in range(60):
        try:
            client.connect("127.0.0.1", PORT)
            break
        except OSError:
            time.sleep(1)
    client.loop_start()
    client.told.get(timeout=20)
    return client


def arrived(client):
    """Return what comes, until nothing comes for two seconds."""
    messages = []
    while True:
        try:
            messages.append(client.came.get(timeout=2))
        except queue.Empty:
            return messages


def tell(what, messages):
    print(what, *(f"{m.payload.decode()}{' again' if m.dup else ''}" for m in messages))


meters = connected("meters", True)
listener = connected("listener", False)
listener.subscribe("meter/+/result", 1)
listener.told.get(timeout=20)
for number in range(4):
    meters.publish(f"meter/{number}/result", f"{number}", 1).wait_for_publish(20)
first = arrived(listener)
tell("none acknowledged:", first)
listener.ack(first[0].mid, 1)
tell("one acknowledged:", arrived(listener))
listener.disconnect()
listener.loop_stop()
for number in range(4, 6):
    meters.publish(f"meter/{number}/result", f"{number}", 1).wait_for_publish(20)
listener = connected("listener", False)
for _ in range(5):
    (message,) = came = arrived(listener)
    tell("after the acknowledgement:", came)
    listener.ack(message.mid, 1)
TRY
env/bin/python try.py "$port" | tee found.txt

grep -qx "none acknowledged: 0" found.txt
grep -qx "one acknowledged: 1" found.txt
[ "$(grep -c "after the acknowledgement: [1-5]" found.txt)" = 5 ]
echo "as stated: one message at a time"
