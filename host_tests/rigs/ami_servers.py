"""The real servers of a head-end, to be killed: PostgreSQL, two bridged Mosquittos, two head-ends.

The first broker has the configuration of `meter20 ami broker-config` and a login for the bridge;
the second one has a copy of it, and the bridge of docs/scale.md. Each head-end has a broker of its
own. The way to the first broker that some use leads through a relay, which cuts.
"""

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time

from meter20.ami import broker_config
from rigs import postgresql, programs
from rigs.ports import free_port
from rigs.relay import Relay

PASSPHRASE = "correct horse battery"
_QOS = {"token": 1, "result": 1, "state": 1, "registers": 0, "events": 0}


class Broker:
    """A Mosquitto with the configuration in `folder`, at `port`."""

    def __init__(self, folder, port):
        self.folder, self.port, self._process = folder, port, None

    def start(self):
        config = self.folder / "mosquitto.conf"
        if os.geteuid() == 0 and "user root" not in config.read_text():
            config.write_text(config.read_text() + "user root\n")
        program = programs.found("mosquitto", "mosquitto")
        self._process = _begun([program, "-c", config])

    def kill(self, lose):
        """End it at once; lose: what it kept, too."""
        _kill(self._process)
        if lose:
            (self.folder / "mosquitto.db").unlink(missing_ok=True)

    def end(self):
        if self._process is not None:
            _kill(self._process)


class Servers:
    """All of them. kills: how often each was killed, by what it was and when.

    gave_up: the last words of head-ends that ended by themselves.
    """

    def __init__(self, held, folder):
        self.kills, self.gave_up, self._said = {}, [], {}
        self.database = postgresql.Server()
        held.callback(self.database.stop)
        self.database.start()
        self.url = self.database.database("chaos")
        os.environ.update(METER20_DB=self.url, METER20_PASSPHRASE=PASSPHRASE,
                          XDG_DATA_HOME=str(folder / "data"))  # fmt: skip
        names = ("broker", "bridged")
        self.brokers = [Broker(folder / name, free_port()) for name in names]
        self.relay = Relay(self.brokers[0].port)
        held.callback(self.relay.close)
        self.head_ends = []
        held.callback(self._end)

    @property
    def authority(self):
        return self.brokers[0].folder / "ca.der"

    @property
    def login(self):
        """The name and the password of the head-end."""
        password = (self.brokers[0].folder / "head-end.password").read_text().strip()
        return broker_config.HEAD_END, password

    def start(self, passwords):
        """Write what the brokers need, and start them and the head-ends."""
        first, second = self.brokers
        broker_config.write(first.folder, "127.0.0.1", passwords, first.port)
        word = secrets.token_urlsafe(18)
        _add(first.folder / "passwords", f"bridge:{broker_config._hashed(word)}\n")
        _add(first.folder / "acl", "\nuser bridge\ntopic readwrite meter20/#\n")
        shutil.copytree(first.folder, second.folder)
        config = (first.folder / "mosquitto.conf").read_text()
        config = config.replace(str(first.folder), str(second.folder))
        config = config.replace(f"listener {first.port}", f"listener {second.port}")
        (second.folder / "mosquitto.conf").write_text(config + bridge(first, word))
        for broker in self.brokers:
            broker.start()
        while len(self.head_ends) < len(self.brokers):
            self.head_ends.append(self._head_end(len(self.head_ends)))

    def _head_end(self, at):
        name, password = self.login
        port = self.relay.port if at == 0 else self.brokers[at].port
        url = f"mqtts://{name}@127.0.0.1:{port}?ca={self.authority}"
        command = [sys.executable, "-m", "meter20.cli", "ami", "run", "--mqtt", url]
        self._said[at] = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the process
        command += ["--retry-s", "5"]
        return _begun(command, self._said[at], METER20_MQTT_PASSWORD=password)

    def _restart(self, at):
        self._said[at].close()
        self.head_ends[at] = self._head_end(at)

    def kill_head_end(self, random):
        """Kill one of them or both, and start them again; return which."""
        both = random.random() < 0.4
        chosen = range(len(self.head_ends)) if both else [random.randrange(len(self.head_ends))]
        for at in chosen:
            _kill(self.head_ends[at])
        for at in chosen:
            self._restart(at)
        return "both head-ends" if both else "a head-end"

    def kill_broker(self, random):
        """Kill one of them or both, mostly with its queues; return which."""
        both, lose = random.random() < 0.4, random.random() < 0.7
        chosen = self.brokers if both else [random.choice(self.brokers)]
        for broker in chosen:
            broker.kill(lose)
        time.sleep(1)
        for broker in chosen:
            broker.start()
        return f"{'both brokers' if both else 'a broker'}{' with the queues' * lose}"

    def kill_database(self, _random):
        self.database.kill()
        time.sleep(1)
        self.database.start()
        return "the database"

    def mind_head_ends(self):
        """Start those again that ended by themselves, as a service manager does."""
        for at, process in enumerate(self.head_ends):
            if process.poll() is not None:
                self.count("a head-end gave up")
                said = self._said[at]
                said.seek(0)
                self.gave_up.append(re.sub(r"postgresql\S+ ", "", said.read().decode()).strip())
                self._restart(at)

    def count(self, what):
        self.kills[what] = self.kills.get(what, 0) + 1

    def _end(self):
        for process in self.head_ends:
            _kill(process)
        for file in self._said.values():
            file.close()
        for broker in self.brokers:
            broker.end()


def bridge(to, password):
    """Return the lines by which a broker, too, has what the meters and head-ends of `to` say."""
    topics = [f"topic meter20/+/{name} both {qos}" for name, qos in _QOS.items()]
    return "\n".join([
        "connection meter20",
        f"address 127.0.0.1:{to.port}",
        f"bridge_cafile {to.folder}/ca.pem",
        "remote_username bridge",
        f"remote_password {password}",
        "notifications false",
        "restart_timeout 1 5",
        *topics,
        "",
    ])  # fmt: skip


def _add(path, text):
    path.write_text(path.read_text() + text)


def _begun(command, said=subprocess.DEVNULL, **environment):
    return subprocess.Popen(
        [str(part) for part in command], env=os.environ | environment,
        stdout=subprocess.DEVNULL, stderr=said,
    )  # fmt: skip


def _kill(process):
    process.kill()
    process.wait()
