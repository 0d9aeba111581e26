"""The campaign of the head-end with real servers: all of them are killed, again and again.

A fleet of meters buys over TLS from a Mosquitto with the generated ACL; two head-ends sell and
send from one PostgreSQL. Meanwhile head-ends, broker (mostly with its queues lost) and database
are killed with SIGKILL, and half of the meters stand still for a while. A stranger with the login
of one meter forges results for all others, and somebody with the head-end's login sends old and
new tokens again in any order. Afterwards each purchase is credited exactly once or still open,
and books and meters agree to the Wh. `make ami-chaos` runs it.

    python host_tests/campaigns/ami_chaos.py --meters 50 --seconds 600 [--buy-s 90] [--seed 1]
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from rigs import postgresql
from rigs.ports import free_port
from sqlalchemy import func, select

from meter20.ami import broker_config, routes
from meter20.ami.mqtt_carrier import Broker
from meter20.fleet import books
from meter20.fleet.running import Fleet
from meter20.vending.models import Purchase, Slip
from meter20.vending.refusal import Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage

_PASSPHRASE = "correct horse battery"
_HEAD_ENDS = 2
_SETTLE_S = 900  # at the end, until nothing is open any more


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--meters", type=int, default=20)
    asked.add_argument("--seconds", type=int, default=240)
    asked.add_argument("--purchases", type=int, default=10_000, help="buy no more than these")
    asked.add_argument("--buy-s", type=float, default=60)
    asked.add_argument("--seed", type=int, default=1)
    with ExitStack() as held:
        good = Chaos(held, asked.parse_args()).run()
    sys.exit(not good)


class Servers:
    """The parts that are killed. kills: how often each was."""

    def __init__(self, held, folder):
        self._folder = folder
        self.port = free_port()
        self.kills = {}
        self.database = postgresql.Server()
        held.callback(self.database.stop)
        self.database.start()
        self.url = self.database.database("chaos")
        os.environ.update(METER20_DB=self.url, METER20_PASSPHRASE=_PASSPHRASE,
                          XDG_DATA_HOME=str(folder / "data"))  # fmt: skip
        self._mosquitto = None
        self.head_ends = []
        held.callback(self.end)

    def start_broker(self):
        config = self._folder / "broker" / "mosquitto.conf"
        if os.geteuid() == 0 and "user root" not in config.read_text():
            config.write_text(config.read_text() + "user root\n")
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        self._mosquitto = _begun([program, "-c", config])

    def kill_broker(self, lose):
        self._count("broker, its queues lost" if lose else "broker")
        _kill(self._mosquitto)
        if lose:
            (self._folder / "broker" / "mosquitto.db").unlink(missing_ok=True)
        time.sleep(1)
        self.start_broker()

    def start_head_ends(self):
        while len(self.head_ends) < _HEAD_ENDS:
            self.head_ends.append(self._head_end())

    def _head_end(self):
        password = (self._folder / "broker" / "head-end.password").read_text().strip()
        url = f"mqtts://head-end@127.0.0.1:{self.port}?ca={self._folder}/broker/ca.der"
        command = [sys.executable, "-m", "meter20.cli", "ami", "run", "--mqtt", url]
        return _begun([*command, "--retry-s", "2"], METER20_MQTT_PASSWORD=password)

    def kill_head_end(self, random):
        self._count("head-end")
        at = random.randrange(_HEAD_ENDS)
        _kill(self.head_ends[at])
        self.head_ends[at] = self._head_end()

    def mind_head_ends(self):
        """Start those again that ended by themselves, as a service manager does."""
        for at, process in enumerate(self.head_ends):
            if process.poll() is not None:
                self._count("head-end that gave up")
                self.head_ends[at] = self._head_end()

    def kill_database(self):
        self._count("database")
        self.database.kill()
        time.sleep(1)
        self.database.start()

    def _count(self, what):
        self.kills[what] = self.kills.get(what, 0) + 1

    def end(self):
        for process in (*self.head_ends, self._mosquitto):
            if process is not None:
                _kill(process)


class Chaos:
    """The campaign."""

    def __init__(self, held, given):
        self.given, self.random = given, Random(given.seed)
        self.folder = Path(tempfile.mkdtemp(prefix="meter20-chaos-"))
        held.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.servers = servers = Servers(held, self.folder)
        self.storage = Storage(servers.url)
        held.callback(self.storage.close)
        self.station = Station.found(
            self.storage, Secret.passphrase(_PASSPHRASE), "chaos", "campaign"
        )  # fmt: skip
        asked = {"do": "mqtt", "host": "127.0.0.1", "port": servers.port, "tls": True}
        asked["report_s"] = 60
        specs = [spec for some in books.enrol(self.station, given.meters, asked) for spec in some]
        with self.station.looking() as session:
            passwords = routes.passwords(session, self.station.module.carriers_key)
        broker = self.folder / "broker"
        broker_config.write(broker, "127.0.0.1", passwords, servers.port)
        servers.start_broker()
        servers.start_head_ends()
        self.drns = [spec.drn for spec in specs]
        login = "head-end", (broker / "head-end.password").read_text().strip()
        listener = Broker("127.0.0.1", servers.port, *login, broker / "ca.der")
        self.fleet = held.enter_context(Fleet(self.storage, specs, 2, listener, given.buy_s))
        stranger = self.drns[0]
        self.heard = []
        self.stranger = self._client(held, stranger, passwords[stranger], ["#", "meter20/+/token"])
        self.doubler = self._client(held, *login, [])
        self.sent_again = self.forged = self.paused_until_s = 0
        self.paused = None
        self.slowest_s = 0.0

    def _client(self, held, user, password, topics):
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"other-{user}")
        client.username_pw_set(user, password)
        client.tls_set(str(self.folder / "broker" / "ca.pem"))
        client.on_connect = lambda *_: [client.subscribe(topic, 1) for topic in topics]
        client.on_message = lambda _c, _u, message: self.heard.append(message.topic)
        client.reconnect_delay_set(1, 2)
        client.connect_async("127.0.0.1", self.servers.port)
        client.loop_start()
        held.callback(client.loop_stop)
        return client

    def run(self):
        began_s = time.monotonic()
        while time.monotonic() - began_s < self.given.seconds:
            self.fleet.turn(1.0)
            self.fleet.buys = self._ordered() < self.given.purchases
            self._harm()
            self.servers.mind_head_ends()
        self.fleet.buys = False
        self._wake()
        self._settle()
        return self._judge(time.monotonic() - began_s)

    def _ordered(self):
        try:
            with self.storage.reading() as session:
                return session.scalar(select(func.count()).select_from(Purchase))
        except Refusal:
            return 0

    def _open(self):
        with self.storage.reading() as session:
            query = select(func.count()).where(Purchase.due_at.is_not(None))
            return session.scalar(query)

    def _harm(self):
        random, servers = self.random, self.servers
        if random.random() < 0.06:
            servers.kill_head_end(random)
        if random.random() < 0.02:
            servers.kill_broker(lose=random.random() < 0.7)
        if random.random() < 0.02:
            servers.kill_database()
        if self.paused is None and random.random() < 0.02:
            self.paused = random.choice(self.fleet._processes._processes).pid
            self.paused_until_s = time.monotonic() + random.uniform(5, 60)
            os.kill(self.paused, signal.SIGSTOP)
            servers._count("half of the meters stood still")
        if self.paused and time.monotonic() > self.paused_until_s:
            self._wake()
        with suppress(Refusal, psycopg.Error):
            self._disturb()

    def _wake(self):
        if self.paused:
            os.kill(self.paused, signal.SIGCONT)
        self.paused = None

    def _disturb(self):
        """Send tokens again, and forge results of tokens that are under way, or of none."""
        from meter20.ami import purchases

        with self.storage.reading() as session:
            query = select(Purchase).where(Purchase.slip_id.is_not(None))
            rows = list(session.scalars(query.order_by(func.random()).limit(6)))
            again = [(purchases.facts(session, row)["meter"], each["digits"])
                     for row in rows for each in purchases.tokens(session, row)]  # fmt: skip
            open_ = session.scalars(query.where(Purchase.due_at.is_not(None)).limit(3))
            forged = [(purchases.facts(session, row)["meter"], each["digits"])
                      for row in open_ for each in purchases.tokens(session, row)]  # fmt: skip
        for drn, digits in again * 2:
            self.doubler.publish(f"meter20/{drn}/token", digits, qos=1)
            self.sent_again += 1
        for drn, digits in [*forged, (self.random.choice(self.drns), "0" * 20)]:
            if drn != self.drns[0]:
                told = json.dumps({"token": digits, "result": "Accept"})
                self.stranger.publish(f"meter20/{drn}/result", told, qos=1)
                self.forged += 1

    def _settle(self):
        """Let everything run undisturbed until nothing is open, or for so long."""
        until_s = time.monotonic() + _SETTLE_S
        while time.monotonic() < until_s:
            self.fleet.turn(2.0)
            self.servers.mind_head_ends()
            with suppress(Refusal):
                if not self._open():
                    return

    def _judge(self, took_s):
        ended = self.fleet.end()
        doubled = self._sold_twice()
        foreign = [topic for topic in self.heard if topic.split("/")[1] != self.drns[0]]
        good = not (ended["differ"] or ended["stopped"] or doubled or foreign)
        good = good and self.station.verify().broken is None
        print(json.dumps({
            "seed": self.given.seed, "meters": self.given.meters, "seconds": round(took_s),
            "purchases": ended["purchases"], "kills": self.servers.kills,
            "sent_again": self.sent_again, "forged": self.forged,
            "kwh": ended["credited_wh"] / 1000, "sends": self._sends(),
            "differ": ended["differ"], "stopped": ended["stopped"], "sold_twice": doubled,
            "heard_of_others": len(foreign), "good": good,
        }, indent=1))  # fmt: skip
        return good

    def _sends(self):
        with self.storage.reading() as session:
            return int(session.scalar(select(func.sum(Purchase.sends))) or 0)

    def _sold_twice(self):
        """Return how many purchases have not exactly the slip that they say."""
        with self.storage.reading() as session:
            refs = {}
            for ref in session.scalars(select(Slip.ref).where(Slip.ref.is_not(None))):
                refs[ref] = refs.get(ref, 0) + 1
            rows = session.scalars(select(Purchase))
            return sum(refs.get(f"purchase {row.code}", 0) != (row.slip_id is not None)
                       for row in rows)  # fmt: skip


def _begun(command, **environment):
    return subprocess.Popen(
        [str(part) for part in command], env=os.environ | environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _kill(process):
    process.kill()
    process.wait()


if __name__ == "__main__":
    main()
