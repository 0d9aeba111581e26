"""A real Mosquitto for tests, and a head-end that speaks through it. CPython only."""

import json
import os
import signal
import socket
import subprocess
import time

from data import meters, tokens

from rigs import programs

WAIT_S = 60
_DRN = meters.DRN


class Mosquitto:
    """A broker of its own on a port of its own; its sessions outlive it. A context manager.

    certificate: a file with its certificate and key, for TLS.
    """

    def __init__(self, folder, users=(), certificate=None):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        lines = [
            f"listener {self.port} 127.0.0.1",
            "persistence true",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "autosave_on_changes true",
            "user root" if os.geteuid() == 0 else "",
            "allow_anonymous " + ("false" if users else "true"),
        ]
        if certificate:
            lines += [f"certfile {certificate}", f"keyfile {certificate}"]
        if users:
            passwords = folder / "passwords"
            passwords.touch(0o600)
            for user, password in users:
                program = programs.found("mosquitto_passwd", "mosquitto")
                subprocess.run([program, "-b", passwords, user, password], check=True)
            lines.append(f"password_file {passwords}")
        self._config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            [programs.found("mosquitto", "mosquitto"), "-c", self._config],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._await_port()

    def _await_port(self):
        until_s = time.monotonic() + WAIT_S
        while time.monotonic() < until_s:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise AssertionError("mosquitto does not listen")

    def kill(self):
        self._process.kill()
        self._process.wait()

    def freeze(self):
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class HeadEnd:
    """Sends tokens, and hears results in a session that the broker keeps. A context manager."""

    def __init__(self, broker, *login):
        self._broker, self._login = broker, login
        self._heard = []
        self._process = subprocess.Popen(
            [
                *self._command("mosquitto_sub"),
                *("-c", "-i", "head-end", "-t", f"meter20/{_DRN}/result"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        os.set_blocking(self._process.stdout.fileno(), False)

    def _command(self, program):
        address = ("-h", "127.0.0.1", "-p", str(self._broker.port), "-q", "1")
        return programs.found(program, "mosquitto-clients"), *address, *self._login

    def send(self, *payloads, retained=False):
        topic = f"meter20/{_DRN}/token"
        lines = "".join(payload + "\n" for payload in payloads)
        command = [*self._command("mosquitto_pub"), "-t", topic, "-l", *("-r",) * retained]
        subprocess.run(command, input=lines.encode(), check=True, timeout=WAIT_S)

    def results(self):
        """Return {token: its results, in order}."""
        while data := self._process.stdout.read():
            self._heard.append(data)
        told = {}
        whole = b"".join(self._heard).rpartition(b"\n")[0]  # a line may be on its way
        for line in whole.splitlines():
            result = json.loads(line)
            told.setdefault(result["token"], []).append(result["result"])
        return told

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()


def made(number):
    """Return token `number`, of 10 kWh."""
    return tokens.credit(meters.MANUFACTURED + 1000 + number)
