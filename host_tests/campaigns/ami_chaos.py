"""The campaign of the head-end with real servers: all of them are killed, at each state.

A fleet of meters buys over TLS from two bridged Mosquittos with the generated ACL; two head-ends
sell and send from one PostgreSQL. Meanwhile head-ends, brokers (mostly with their queues) and
database are killed with SIGKILL while purchases are in a chosen state, or while a head-end has
heard an answer and not yet committed it; connections are cut in the middle of a message; half of
the meters stand still for a while, and a few from begin to end. A stranger with the login of one
meter forges results for others, and others send old tokens and old results again, in any order.
Afterwards each purchase is credited exactly once or still open, and books and meters agree to the
Wh: they are compared however it ends. `make ami-chaos` runs it.

    python host_tests/campaigns/ami_chaos.py --meters 50 --purchases 500 [--buy-s 90] [--seed 1]
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random

from rigs.ami_disturbers import Disturbers
from rigs.ami_servers import PASSPHRASE, Servers
from sqlalchemy import func, select, text

from meter20.ami import routes
from meter20.ami.mqtt_carrier import Broker
from meter20.ami.purchases import CLOSED, CREDITED, ORDERED, SENT, VENDED
from meter20.fleet import books
from meter20.fleet.running import Fleet
from meter20.vending.models import Purchase, Route, Slip
from meter20.vending.refusal import Doubt, Refusal
from meter20.vending.sealing import Secret
from meter20.vending.station import Station
from meter20.vending.storage import Storage

_EVERY_S = 10.0  # between two lines of progress
_STATES = (ORDERED, VENDED, SENT, CLOSED)
_UNNOTED = "answered, and that not yet noted"
_SEE_S = 3.0  # for a purchase to be in the state at which somebody is killed
_HEAR_S = 12.0  # for a head-end to hear an answer
#: Who waits for a row, and has locked a purchase: a head-end that notes an answer.
_NOTING = text("""
    SELECT count(*) FROM pg_stat_activity AS who JOIN pg_locks AS has ON has.pid = who.pid
    WHERE who.wait_event_type = 'Lock' AND who.wait_event IN ('transactionid', 'tuple')
    AND has.relation = 'purchase'::regclass AND has.mode = 'RowShareLock' AND has.granted
""")
_ASLEEP = 5  # meters that stand still from begin to end
_EACH_ASLEEP = 4  # purchases for each of them
_RELAYED = 10  # each so many-th meter is behind the relay
_AWAY = (Refusal, Doubt)


def main():
    asked = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    asked.add_argument("--meters", type=int, default=20)
    asked.add_argument("--purchases", type=int, default=200, help="buy so many, and no more")
    asked.add_argument("--seconds", type=int, default=3600, help="buy for so long at the most")
    asked.add_argument("--settle-s", type=int, default=900, help="undisturbed, at the end")
    asked.add_argument("--buy-s", type=float, default=70)
    asked.add_argument("--kill-s", type=float, default=12, help="between two kills, in the mean")
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--report", type=Path, help="a file for the report, too")
    with ExitStack() as held:
        good = Chaos(held, asked.parse_args()).run()
    sys.exit(not good)


class Chaos:
    """The campaign."""

    def __init__(self, held, given):
        self.given, self.random = given, Random(given.seed)
        folder = Path(tempfile.mkdtemp(prefix="meter20-chaos-"))
        held.callback(shutil.rmtree, folder, ignore_errors=True)
        self.servers = servers = Servers(held, folder)
        self.storage = Storage(servers.url)
        held.callback(self.storage.close)
        self.station = Station.found(
            self.storage, Secret.passphrase(PASSPHRASE), "chaos", "campaign"
        )  # fmt: skip
        specs, passwords = self._meters()
        servers.start(passwords)
        listener = Broker("127.0.0.1", servers.brokers[0].port, *servers.login, servers.authority)
        self.asleep = [spec.drn for spec in specs[-_ASLEEP:]]
        self.fleet, self.sleepers = (
            held.enter_context(Fleet(self.storage, some, count, listener, buy_s))
            for some, count, buy_s in (
                (specs[:-_ASLEEP], 2, given.buy_s), (specs[-_ASLEEP:], 1, 0)
            )
        )  # fmt: skip
        self.others = Disturbers(held, servers, passwords, self.random)
        self.states, self.late_ms, self.stopped = {}, 0, {}
        self.turns = self._all_turns()
        self.began_s = time.monotonic()

    def _meters(self):
        """Register the meters, half of them at each broker; return them and their passwords."""
        asked = {"do": "mqtt", "host": "127.0.0.1", "tls": True, "report_s": 60}
        wanted = self.given.meters + _ASLEEP
        specs = [spec for some in books.enrol(self.station, wanted, asked) for spec in some]
        with self.station.looking() as session:
            passwords = routes.passwords(session, self.station.module.carriers_key)
        ports = [broker.port for broker in self.servers.brokers]
        for at, spec in enumerate(specs):
            port = ports[at % 2] if at % _RELAYED else self.servers.relay.port
            specs[at] = replace(spec, mqtt=spec.mqtt | {"port": port})
        return specs, passwords

    def _all_turns(self):
        """Yield each kill with each state, in any order, again and again."""
        servers = self.servers
        kills = servers.kill_head_end, servers.kill_broker, servers.kill_database
        pairs = list(product(kills, (*_STATES, _UNNOTED)))
        while True:
            self.random.shuffle(pairs)
            yield from pairs

    # -- what happens ----------------------------------------------------------------------------

    def run(self):
        self._put_to_sleep()
        while not self._bought() and self._seconds < self.given.seconds:
            self._turn(1.0)
            if self.random.random() * self.given.kill_s < 1:
                self._harm()
            with suppress(*_AWAY):
                self.others.disturb(self.storage)
        self.fleet.buys = False
        self._wake()
        disturbed_s, until_s = self._seconds, self._seconds + self.given.settle_s
        while self._seconds < until_s and self._open():
            self._turn(2.0)
        return self._judge(round(disturbed_s))

    @property
    def _seconds(self):
        return time.monotonic() - self.began_s

    def _put_to_sleep(self):
        """Let the sleepers come to the broker, order for them, and let them stand still."""
        while self.sleepers.turn(1.0).connected < _ASLEEP:
            self._turn(1.0)
        self._stop(self.sleepers, "a few meters stood still throughout")
        for _ in range(_EACH_ASLEEP):
            books.order(self.storage, [(drn, 7) for drn in self.asleep])

    def _turn(self, most_s):
        then = int(self._seconds / _EVERY_S)
        self.late_ms = max(self.late_ms, self.fleet.turn(most_s).late_ms)
        self.servers.mind_head_ends()
        for process, wake_s in list(self.stopped.items()):
            if wake_s is not None and self._seconds > wake_s:
                os.kill(process, signal.SIGCONT)
                del self.stopped[process]
        with suppress(*_AWAY):
            self.states = self._counted()
        if int(self._seconds / _EVERY_S) > then:
            told = {"seconds": round(self._seconds), "late_ms": self.late_ms,
                    "kills": sum(self.servers.kills.values()), **self.states}  # fmt: skip
            print(json.dumps(told), flush=True)
            self.late_ms = 0

    def _counted(self):
        with self.storage.reading() as session:
            query = select(Purchase.state, Purchase.outcome, func.count())
            rows = session.execute(query.group_by(Purchase.state, Purchase.outcome))
            return {outcome or state: count for state, outcome, count in rows}

    def _bought(self):
        return sum(self.states.values()) >= self.given.purchases

    def _open(self):
        return sum(self.states.get(state, 0) for state in _STATES[:-1])

    # -- what is done to them --------------------------------------------------------------------

    def _harm(self):
        kind = self.random.random()
        if kind < 0.15:
            self.servers.relay.cut()
        elif kind < 0.25:
            self._pause_half()
        else:
            kill, state = next(self.turns)
            if state == _UNNOTED:
                self._harm_before_it_is_noted(kill)
            else:
                seen = self._seen(state)
                self._killed(kill(self.random), state, seen)

    def _killed(self, who, state, seen):
        self.servers.count(f"{who} {f'when one was {state}' if seen else 'at any time'}")

    def _harm_before_it_is_noted(self, kill):
        """Kill while a head-end has heard an answer, and has not committed what it notes of it.

        To note it, the head-end changes the row of the meter's route, which is held here.
        """
        who, seen = "", False
        with suppress(*_AWAY), self.storage.sharing() as session:
            session.scalars(select(Route).order_by(Route.meter_id).with_for_update()).all()
            seen = self._is_so(self._noting, _HEAR_S)
            who = kill(self.random)
        self._killed(who or kill(self.random), _UNNOTED, seen)

    def _noting(self):
        self._turn(0.1)  # the meters go on buying
        with self.storage.reading() as session:
            return session.scalar(_NOTING) > 0

    def _seen(self, state):
        """Wait until a purchase is in `state`, or has just come there; say whether one is."""
        before = self.states.get(CREDITED, 0)

        def is_there():
            now = self._counted()
            return now.get(state, 0) or (state == CLOSED and now.get(CREDITED, 0) > before)

        return self._is_so(is_there, _SEE_S)

    def _is_so(self, look, most_s):
        """Look for so long whether something is so."""
        until_s = self._seconds + most_s
        while self._seconds < until_s:
            with suppress(*_AWAY):
                if look():
                    return True
            time.sleep(0.02)
        return False

    def _pause_half(self):
        if len(self.stopped) == 1:  # the sleepers alone
            wake_s = self._seconds + self.random.uniform(5, 60)
            self._stop(self.fleet, "half of the meters stood still for a while", wake_s)

    def _stop(self, fleet, what, wake_s=None):
        process = self.random.choice(fleet._processes._processes).pid
        os.kill(process, signal.SIGSTOP)
        self.stopped[process] = wake_s
        self.servers.count(what)

    def _wake(self):
        for process in self.stopped:
            os.kill(process, signal.SIGCONT)
        self.stopped = {}

    # -- what became of it -----------------------------------------------------------------------

    def _judge(self, disturbed_s):
        ends = [fleet.end() for fleet in (self.fleet, self.sleepers)]
        differ = [line for end in ends for line in end["differ"]]
        stopped = {drn: fault for end in ends for drn, fault in end["stopped"].items()}
        doubled, log = self._sold_twice(), self.station.verify().broken
        good = not (differ or stopped or doubled or self.others.foreign) and log is None
        told = {
            "seed": self.given.seed, "meters": self.given.meters + _ASLEEP,
            "seconds": round(self._seconds), "disturbed_s": disturbed_s,
            "purchases": self._counted(), "kills": dict(sorted(self.servers.kills.items())),
            "gave_up": self.servers.gave_up, "connections_cut": self.servers.relay.cuts,
            **self.others.facts(),
            "sends": self._sends(), "compared": sum(end["compared"] for end in ends),
            "kwh": sum(end["credited_wh"] for end in ends) / 1000, "differ": differ,
            "stopped": stopped, "sold_twice": doubled, "audit_log_whole": log is None,
            "good": good,
        }  # fmt: skip
        text = json.dumps(told, indent=1) + "\n"
        print(text, end="", flush=True)
        if self.given.report:
            self.given.report.write_text(text)
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
            rows = session.execute(select(Purchase.code, Purchase.slip_id))
            return sum(refs.get(f"purchase {code}", 0) != (slip is not None)
                       for code, slip in rows)  # fmt: skip


if __name__ == "__main__":
    main()
