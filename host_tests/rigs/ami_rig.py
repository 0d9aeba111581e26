"""A head-end with a station and emulated meters, in one process and in simulated time.

Between worker and meters is a carrier that loses, doubles, delays, reorders and forges; the
meters take what arrives by their own MQTT. `Cuts` ends a worker at any of its calls to the
database, its carrier and its ears, as a kill would.
"""

from queue import SimpleQueue
from random import Random

from models import broker as brokers
from sqlalchemy import event, func, select
from sts import drn as sts_drn

from meter20.ami import purchases
from meter20.ami.carriers import MQTT, Answer, Awake
from meter20.ami.mqtt_carrier import answer_of
from meter20.ami.outbox import Outbox
from meter20.ami.purchases import Order
from meter20.ami.routes import keep_mqtt
from meter20.ami.worker import Worker
from meter20.bodies import EmulatedBody
from meter20.vending import meter_list, rekey, supply_groups
from meter20.vending.models import Meter, Purchase, Slip
from meter20.vending.station import Station
from meter20.vending.vending_key import KeyTerms

SGC = "123456"
_BROKER = {"do": "mqtt", "host": "broker", "report_s": 0}


class Killed(BaseException):
    """The worker's process ended here."""


class Cuts:
    """Counts the calls of a worker; the one numbered `at` is never made. 0: all are made."""

    def __init__(self, storage):
        self.at = self.count = 0
        self.works = False  # else it is the test that calls
        event.listen(storage._engine, "before_cursor_execute", lambda *_: self.call())
        self._dialect = storage._engine.dialect  # sales end their transactions past SQLAlchemy
        self._commit, self._dialect.do_commit = self._dialect.do_commit, self._committed

    def _committed(self, connection):
        self.call()
        self._commit(connection)

    def call(self):
        if self.at and self.works:
            self.count += 1
            if self.count == self.at:
                self.at = 0
                raise Killed


class House:
    """An emulated meter, and the broker that leads to it."""

    def __init__(self, record):
        self.broker = brokers.Broker()
        self.body = EmulatedBody(outside={"network": self.broker})
        assert self.body.request(**record["request"])["ok"]
        assert self.body.request(**_BROKER)["ok"]
        self.on, self.lost = True, False  # lost: nothing comes through to it
        self._told = 0
        self.live(2)

    def live(self, seconds=1):
        for _ in range(10 * seconds):
            self.body.sim.pass_time(100)

    def take(self, digits):
        """The broker delivers a token, now or when the meter is on again."""
        if not self.lost:
            self.broker.send_token(digits.encode())

    def results(self):
        """Live for a while; return the payloads that came since the last time."""
        if not self.on:
            return []
        self.live()
        told = self.broker.told("result")
        new, self._told = told[self._told :], len(told)
        return new

    @property
    def credit_wh(self):
        return self.body.request(do="read")["credit_wh"]


class Chaos:
    """A carrier, see carriers.Carrier. harm: how much goes wrong, 0 for nothing, up to 1.

    ears: the queues of the workers, each of which hears all that arrives.
    """

    ready = True

    def __init__(self, houses, random, harm=0.0, cuts=None):
        self.houses, self.random, self.harm, self.cuts = houses, random, harm, cuts
        self.ears, self._waiting = [], []

    def send(self, parcel):
        if self.cuts:
            self.cuts.call()
        self._post(self.houses[parcel.drn].take, parcel.digits)
        if self._bad(0.1):
            self._forge(parcel)

    def close(self):
        pass

    def move(self):
        """Deliver what waits, in any order, and some of it later; let the meters live."""
        waiting, self._waiting = self._waiting, []
        if self.harm:
            self.random.shuffle(waiting)
        for deliver, content in waiting:
            if self._bad(0.3):
                self._waiting.append((deliver, content))
            else:
                deliver(content)
        for drn, house in self.houses.items():
            for payload in house.results():
                self._post(self._tell, answer_of(drn, payload.encode()))

    def _post(self, deliver, content):
        copies = 0 if self._bad(0.3) else 2 if self._bad(0.2) else 1
        self._waiting += [(deliver, content)] * copies

    def _tell(self, heard):
        for ear in self.ears:
            ear.put(heard)

    def _forge(self, parcel):
        """Say what others could who have a login of their own at the broker, but not this one."""
        other = self.random.choice(list(self.houses))
        if other != parcel.drn:
            self._tell(Answer(other, parcel.digits, "Accept"))
        self._tell(Answer(parcel.drn, "0" * 20, "Accept"))
        self._tell(Answer("99999999999", parcel.digits, "Accept"))
        self._tell(Awake(parcel.drn))
        assert answer_of(other, b'{"token": 7, "result": []}') is None

    def _bad(self, chance):
        return self.random.random() < chance * self.harm


class HeadEnd:
    """A station of `count` meters with a route each, its workers and what lies between."""

    def __init__(self, storage, secret, clock, count, seed=1, harm=0.0, workers=1):
        self.storage, self.secret, self.clock = storage, secret, clock
        self.random = Random(seed)
        self.station = Station.found(storage, secret, "kiosk", "head-end", clock)
        self.drns = [_drn(n) for n in range(count)]
        self.houses = {drn: House(record) for drn, record in self._records()}
        self.cuts = Cuts(storage)
        self.chaos = Chaos(self.houses, self.random, harm, self.cuts)
        self.chaos.ears = [SimpleQueue() for _ in range(workers)]
        self.workers = [self.worker(ear) for ear in self.chaos.ears]
        self.kills = 0

    def _records(self):
        with self.station.desk() as desk:
            supply_groups.add_group(desk, KeyTerms(SGC))
            for drn in self.drns:
                meter_list.add_meter(desk, meter_list.NewMeter(drn, SGC))
        with self.station.desk() as desk:
            for drn in self.drns:
                keep_mqtt(desk, drn)
                yield drn, rekey.provision(desk, drn, rekey.Factory(), True, False)[0]

    def worker(self, ear):
        outbox = Outbox(random=self.random)
        return Worker(
            self.storage, {MQTT: self.chaos}, ear, outbox, self.station, self.clock
        )  # fmt: skip

    def order(self, drn, units):
        with self.storage.sharing() as session:
            made = purchases.place(session, Order(drn, units=units), self.clock())
            session.flush()
            return made.id

    def turn(self, number=0):
        """One turn of a worker; if it is killed there, another one takes its place."""
        self.cuts.works = True
        try:
            self.workers[number].turn()
        except Killed:
            self.cuts.works = False
            self.storage.close()  # its connections end with a process
            self.kills += 1
            ear = self.chaos.ears[number] = SimpleQueue()  # what it heard goes with it
            self.station = Station(self.storage, self.secret, "head-end", self.clock)
            self.workers[number] = self.worker(ear)
        self.cuts.works = False

    def round(self, seconds=15):
        """All workers have a turn, messages move, time passes."""
        for number in range(len(self.workers)):
            self.turn(number)
        self.chaos.move()
        self.clock.advance(seconds=seconds)

    def until_closed(self, rounds, disturb=lambda: None, steps_s=(5, 15, 60, 600)):
        """Let rounds pass until nothing is due any more; return how many purchases still are."""
        for _ in range(rounds):
            disturb()
            self.round(self.random.choice(steps_s))
            if not self.open():
                return 0
        return self.open()

    def die_everywhere(self, each=1):
        """Sell and send a purchase for each call of a worker, killed there; return how many.

        each: leave out all but each such call. Raises AssertionError if one stays open.
        """
        sold, hit = 0, True
        while hit:
            self.order(self.drns[0], 1 + sold)
            self.cuts.at, self.cuts.count = 1 + each * sold, 0
            for _ in range(3):
                self.round()
            hit, self.cuts.at = not self.cuts.at, 0
            assert self.until_closed(20) == 0
            sold += 1
        return sold

    def trouble(self):
        """Kill a worker soon, perhaps; let a broker lose its queue, and a meter go off or on."""
        if self.random.random() < 0.3:
            self.cuts.at, self.cuts.count = self.random.randint(1, 60), 0
        house = self.random.choice(list(self.houses.values()))
        house.broker.waiting.clear()
        house.on = self.random.random() < 0.7

    def calm(self):
        """From now on nothing goes wrong any more."""
        self.cuts.at, self.chaos.harm = 0, 0.0
        for house in self.houses.values():
            house.on = True

    def open(self):
        with self.storage.reading() as session:
            query = select(func.count()).where(Purchase.due_at.is_not(None))
            return session.scalar(query)

    def all(self):
        """Return every purchase, in order."""
        with self.storage.reading() as session:
            return list(session.scalars(select(Purchase).order_by(Purchase.id)))

    def check(self):
        """Compare books and meters; return {outcome: how many}. Raises AssertionError.

        Every purchase that is closed as credited is in its meter once; the others are not there.
        """
        bought, counts = dict.fromkeys(self.drns, 0), {}
        with self.storage.reading() as session:
            meters = {meter.id: meter.drn for meter in session.scalars(select(Meter))}
            refs = [ref for ref in session.scalars(select(Slip.ref)) if ref is not None]
            for purchase in session.scalars(select(Purchase)):
                slips = [ref for ref in refs if ref.endswith(purchase.code)]
                sold = purchase.slip_id is not None and purchase.units is not None
                assert len(slips) == sold, "one sale for ever"
                name = purchase.outcome or purchase.state
                counts[name] = counts.get(name, 0) + 1
                if purchase.outcome in (purchases.CREDITED, purchases.BY_HAND):
                    bought[meters[purchase.meter_id]] += 100 * (purchase.units or 0)
        pending = {drn for drn in self.drns if self._pending(drn)}
        for drn, house in self.houses.items():
            if drn not in pending:
                assert house.credit_wh == bought[drn], (drn, house.credit_wh, bought[drn])
            else:
                assert house.credit_wh >= bought[drn], drn
        assert self.station.verify().broken is None
        return counts

    def _pending(self, drn):
        with self.storage.reading() as session:
            query = select(Purchase).join(Meter).where(Meter.drn == drn)
            query = query.where(Purchase.state != purchases.CLOSED).limit(1)
            return session.scalar(query) is not None

    def close(self):
        self.storage.close()
        for house in self.houses.values():
            house.body.close()


def _drn(number):
    payload = "%010d" % (100_000_000 + number)
    return payload + sts_drn.check_digit(payload)
