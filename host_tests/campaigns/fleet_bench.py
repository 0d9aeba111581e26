"""What a meter of a fleet costs: N meters at a real Mosquitto that report, without a station.

    python -m campaigns.fleet_bench 10000 [--seconds 180] [--report-s 60] [--processes 2]

Prints a line of JSON every 10 s: processor time a minute and memory of each meter, how late the
latest turn was, and the reports that were heard at the broker.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

from rigs.mosquitto import Mosquitto
from sts import drn as sts_drn

from meter20.ami.mqtt_carrier import Broker
from meter20.fleet.ear import Ear
from meter20.fleet.processes import Processes
from meter20.fleet.street import Spec
from meter20.samples import PROVISION

_EVERY_S = 10.0


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("meters", type=int)
    asked.add_argument("--seconds", type=int, default=180)
    asked.add_argument("--report-s", type=int, default=60)
    asked.add_argument("--processes", type=int, default=2)
    given = asked.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="meter20-bench-") as folder,
        Mosquitto(Path(folder)) as broker,
    ):
        _measure(given, broker.port)


def _measure(given, port):
    asked = {"do": "mqtt", "host": "127.0.0.1", "port": port, "report_s": given.report_s}
    specs = [_spec(number, asked) for number in range(given.meters)]
    ear = Ear(Broker("127.0.0.1", port), specs[0].drn, specs[-1].drn)
    processes = Processes(specs, given.processes, "", 0)
    began_s, heard = time.monotonic(), 0
    try:
        while time.monotonic() - began_s < given.seconds:
            total = processes.turn(_EVERY_S)
            new, heard = ear.reports - heard, ear.reports
            print(json.dumps({
                "seconds": round(time.monotonic() - began_s), "meters": total.meters,
                "online": total.connected, "late_ms": total.late_ms,
                "reports_a_minute": round(new * 60 / _EVERY_S),
                "cpu_ms_a_minute_and_meter": round(total.cpu_ms_a_minute, 2),
                "kib_a_meter": round(total.memory_kib / max(1, total.meters), 1),
            }), flush=True)  # fmt: skip
    finally:
        processes.kill()
        ear.close()


def _spec(number, asked):
    payload = f"99{number:08}"
    drn = payload + sts_drn.check_digit(payload)
    return Spec(drn, {**PROVISION, "do": "provision", "drn": drn}, asked | {"user": drn})


if __name__ == "__main__":
    main()
