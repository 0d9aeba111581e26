"""Times the meter's work, on CPython and on MicroPython, and the station's: `make bench`.

Medians, on this machine.
"""

import json
import os
import statistics
import time
from collections.abc import Callable

from campaigns import vend_bench
from meter20.bodies import EmulatedBody
from meter20.virtual.node import VirtualBody

PROVISION = (
    b'{"do":"provision","drn":"00000000000","iin":"600727","sgc":"123457","ti":"01","krn":1,"kt":2,'
    b'"ken":255,"ea":"11","decoder_key":"f94b6ed353c3bfdb113e2d3a7ea3c41d","manufactured":1,'
    b'"imp_per_kwh":1000,"power_limit_w":0}'
)

WORK = {
    "read": (b'{"do":"read"}', 200),
    "token, EA11": (b'{"do":"token","digits":"59386323472137426967"}', 50),
    "20 keys": (b'{"do":"keys","keys":"12345678901234567890"}', 20),
    "an hour": (b'{"do":"advance","seconds":3600}', 3),
    "10^6 pulses in an hour": (b'{"do":"pulses","count":1000000,"over_s":3600}', 3),
}


def emulated() -> Callable[[bytes], bytes]:
    """Return a function that asks a meter on CPython."""
    return EmulatedBody().exchange


def median_ms(exchange, line, times):
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        exchange(line)
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def main():
    began = time.perf_counter()
    with VirtualBody() as virtual:
        virtual.exchange(b'{"do":"read"}')
        print(f"{'virtual board starts':24}{1000 * (time.perf_counter() - began):32.0f} ms")
        bodies = {"CPython": emulated(), "MicroPython": virtual.exchange}
        for exchange in bodies.values():
            assert json.loads(exchange(PROVISION))["ok"]
        for name, (line, times) in WORK.items():
            columns = [
                f"{body} {median_ms(exchange, line, times):8.2f} ms"
                for body, exchange in bodies.items()
            ]
            print(f"{name:24}{columns[0]:>20}{columns[1]:>26}")
    print(*vend_bench.lines(), sep="\n")
    print(f"({os.cpu_count()} cores, load {os.getloadavg()[0]:.1f})")


if __name__ == "__main__":
    main()
