"""The campaign of the head-end: chaos between workers and meters, and a death at every call.

Messages are lost, doubled, delayed, reordered and forged, brokers lose queues, meters are off,
workers are killed at their calls. Afterwards each purchase is credited exactly once or still
pending, and books and meters agree to the Wh. `make ami-campaign` runs it, `make test` a little.

    make ami-campaign CAMPAIGN_ARGS='--purchases 10000 --meters 500 [--on sqlite] [--seed 1]'
"""

import argparse
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from rigs import postgresql
from rigs.ami_rig import HeadEnd
from rigs.stations import PASSPHRASE, Clock

from meter20.vending import sealing
from meter20.vending.sealing import Secret
from meter20.vending.storage import Storage

_ROUNDS_MAX = 100_000
_ORDERS = 50  # at once


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--purchases", type=int, default=300)
    asked.add_argument("--meters", type=int, default=20)
    asked.add_argument("--workers", type=int, default=3)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--on", choices=("sqlite", "postgresql"), help="one database alone")
    given = asked.parse_args()
    sealing.SCRYPT_COST = 2  # stations are opened anew after each kill
    good = [_on(kind, given) for kind in ("sqlite", "postgresql") if given.on in (None, kind)]
    sys.exit(not all(good))


def _on(kind, given):
    folder = Path(tempfile.mkdtemp(prefix="meter20-ami-"))
    with ExitStack() as held:
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        if kind == "sqlite":
            places = [str(folder / f"{name}.sqlite") for name in ("deaths", "chaos")]
        else:
            server = postgresql.Server()
            held.callback(server.stop)
            server.start()
            places = [server.database(name) for name in ("deaths", "chaos")]
        return _deaths(kind, places[0], folder) and _chaos(kind, places[1], folder, given)


def _opened(where, folder, *what, **more):
    storage = Storage(where, anchor=folder / "anchor")
    secret, clock = Secret.passphrase(PASSPHRASE), Clock(2026, 3, 10, 9, 30)
    (folder / "anchor").unlink(missing_ok=True)
    return HeadEnd(storage, secret, clock, *what, **more)


def _deaths(kind, where, folder):
    head_end = _opened(where, folder, 1)
    head_end.die_everywhere()
    print(f"{kind}: killed at each of {head_end.kills} calls: {head_end.check()}", flush=True)
    head_end.close()
    return True


def _chaos(kind, where, folder, given):
    began_s = time.monotonic()
    head_end = _opened(
        where, folder, given.meters, seed=given.seed, harm=1.0, workers=given.workers
    )  # fmt: skip
    left, rounds = given.purchases, 0
    while left or (head_end.open() and rounds < _ROUNDS_MAX):
        for _ in range(min(left, _ORDERS)):
            head_end.order(head_end.random.choice(head_end.drns), head_end.random.randint(1, 500))
        left -= min(left, _ORDERS)
        head_end.until_closed(5, head_end.trouble)
        rounds += 5
        if not left and rounds > given.purchases:
            head_end.calm()
    counts = head_end.check()
    took_s = time.monotonic() - began_s
    sends = sum(purchase.sends for purchase in head_end.all())
    print(f"{kind}: {given.purchases} purchases, {given.meters} meters, {given.workers} workers, "
          f"seed {given.seed}: {counts}; {sends} sendings, {head_end.kills} kills, "
          f"{took_s:.0f} s; books and meters agree")  # fmt: skip
    head_end.close()
    return head_end.open() == 0


if __name__ == "__main__":
    main()
