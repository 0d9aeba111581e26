"""All of AMI on this machine, in a temporary folder: station, broker, head-end, meters.

The broker is iotcore, bound to 127.0.0.1. It knows no passwords and no ACL. The head-end, and what
sells to people, are the commands of meter20 themselves, each a process of its own.
"""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from meter20 import ending
from meter20.ami import mqtt_carrier
from meter20.fleet import books
from meter20.fleet.running import Fleet
from meter20.vending import refusal, sealing, supply_groups, tariff_list
from meter20.vending.refusal import Refusal
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

METERS = 3
_HERE = "127.0.0.1"
_OPERATOR = "demo"
_TARIFF = {"currency": "ZAR", "tax_percent": "15", "steps": [{"price": "2.00"}]}
_BUY_S = 300.0
_REPORT_S = 10
_END_S = 15.0
_UP_S = 120.0


class Showcase:
    """What runs. seller: the command that sells to people, with its arguments, except the port.

    fleet: the meters. address: of the seller. A context manager: nothing of it is left at its
    end. Raises Refusal.
    """

    def __init__(self, seller: list[str], port: int):
        self._held = ExitStack()
        try:
            self._begin(seller, port)
        except BaseException:
            self._held.close()
            raise

    def __enter__(self) -> "Showcase":
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def _begin(self, seller: list[str], port: int) -> None:
        self.port = _free(port)
        self.folder = Path(self._held.enter_context(TemporaryDirectory(prefix="meter20-demo-")))
        self.broker_port = self._broker()
        request = {"do": "mqtt", "host": _HERE, "port": self.broker_port, "report_s": _REPORT_S}
        storage, station = self._station()
        specs = [spec for some in books.enrol(station, METERS, request) for spec in some]
        self.drns = [spec.drn for spec in specs]
        self._run("ami", "run", "--mqtt", f"mqtt://{_HERE}:{self.broker_port}")
        sells = self._run(*seller, "--port", str(self.port))
        self.address = f"http://{_HERE}:{self.port}"
        self._await(sells, seller[0])
        listener = mqtt_carrier.Broker(_HERE, self.broker_port)
        self.fleet = self._held.enter_context(Fleet(storage, specs, 1, listener, _BUY_S))

    def _broker(self) -> int:
        try:
            import iotcore  # pyright: ignore[reportMissingImports]  an extra
        except ModuleNotFoundError:
            words = "There is no broker for the demo here: pip install 'meter20[demo]'."
            raise Refusal(refusal.STATE, words) from None
        port = _free(0)
        with ending.deaf_children():
            broker = iotcore.Broker(port=port, listen=_HERE)
            broker.start()
        self._held.callback(broker.stop)
        return port

    def _station(self) -> tuple[Storage, Station]:
        key_file, where = self.folder / "key", self.folder / "station.sqlite"
        sealing.new_key_file(key_file)
        storage = Storage(str(where))
        self._held.callback(storage.close)
        secret = sealing.Secret.key_file(key_file)
        station = Station.found(storage, secret, "Demo station", _OPERATOR)
        with station.desk() as desk:
            tariff_list.keep_tariff(desk, "home", _TARIFF)
            supply_groups.add_group(desk, KeyTerms(books.SGC), tariff="home")
        self.options = {"METER20_DB": str(where), "METER20_KEY_FILE": str(key_file)}
        return storage, station

    def _run(self, *arguments: str) -> subprocess.Popen:
        with open(self.folder / f"{arguments[0]}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "meter20.cli", *arguments],
                env=os.environ | self.options, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C is for this process, which then ends that one
            )  # fmt: skip
        self._held.callback(_end, process)
        return process

    def _await(self, seller: subprocess.Popen, name: str) -> None:
        """Wait until the seller takes connections. Raises Refusal if it does not."""
        until_s = time.monotonic() + _UP_S
        while time.monotonic() < until_s and seller.poll() is None:
            try:
                socket.create_connection((_HERE, self.port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        said = (self.folder / f"{name}.log").read_text(errors="replace").strip().splitlines()
        why = f" It said: {said[-1]}" if said else ""
        raise Refusal(refusal.STATE, f"`meter20 {name}` does not answer.{why}")


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(_END_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free(port: int) -> int:
    """Return `port`, or any that is free for 0. Raises Refusal if it is taken."""
    try:
        with socket.create_server((_HERE, port)) as free:
            return free.getsockname()[1]
    except OSError as error:
        raise Refusal(
            refusal.VALUE, f"Cannot listen at {_HERE}:{port}: {error.strerror}."
        ) from None
