"""A shop that is open, beside a head-end that can be killed: real processes and real sockets."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import uvicorn

from meter20.pos.serving import server_of
from meter20.shop import app
from meter20.vending import meter_list, rekey, supply_groups, tariff_list
from meter20.vending.station import Station
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms
from rigs.stations import DRN, SGC, TARIFF

WAIT_S = 60


def station_in(folder, secret):
    """Return a station with a tariff and one meter, on SQLite, at the present time."""
    station = Station.found(Storage(str(folder / "station.sqlite")), secret, "kiosk", "thandi")
    with station.desk() as desk:
        tariff_list.keep_tariff(desk, "home", TARIFF)
        supply_groups.add_group(desk, KeyTerms(SGC), "town", "home")
        meter_list.add_meter(desk, meter_list.NewMeter(DRN, SGC))
    return station


def provisioning(station):
    """Return the request that makes a new meter this station's DRN."""
    with station.desk() as desk:
        return rekey.provision(desk, DRN, rekey.Factory(), True, False)[0]["request"]


@contextlib.contextmanager
def served(station):
    """Serve the shop of a station; gives its address."""
    server: uvicorn.Server
    application = app.made(station, ending=lambda: server.should_exit)
    server = server_of(application, None, None)
    server.config.port = 0
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    (listening,) = server.servers[0].sockets
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(WAIT_S)


class HeadEnd:
    """`meter20 ami run --send-only`, as a person starts it. A context manager."""

    def __init__(self, station, *options):
        where = str(station._storage.path)
        self._command = [sys.executable, "-m", "meter20.cli", "ami", "--db", where, "run",
                         "--send-only", "--retry-s", "1", *options]  # fmt: skip
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"}
        )

    def kill(self):
        self._process.kill()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


def until(is_so):
    """Wait until `is_so()`."""
    until_s = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.02)
