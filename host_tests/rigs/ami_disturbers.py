"""Others at the broker of a head-end: they forge, and send again what was sent before.

A stranger has the login of one meter, and tells what other meters are said to have answered. Some
have the logins of other meters and repeat what these answered earlier, and one has the login of
the head-end and repeats tokens. All of it in any order, and twice.
"""

import json

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from sqlalchemy import func, select

from meter20.ami import purchases
from meter20.vending.models import Purchase

_REPEATERS = 8
_KEPT = 50  # results of a meter that can be repeated
_SOME = 6


class Disturbers:
    """All of them. foreign: what the stranger heard of others, which must be nothing."""

    def __init__(self, held, servers, passwords, random):
        self._servers, self._random = servers, random
        self._held, self._results = held, {}
        self.foreign = []
        self._drns = list(passwords)
        self._stranger = self._drns[0]
        self._forger = self._client(self._stranger, passwords[self._stranger], self._overheard,
                                    ["#", "meter20/+/token", "meter20/+/result"])  # fmt: skip
        self._doubler = self._client(*servers.login, self._heard, ["meter20/+/result"])
        chosen = random.sample(self._drns[1:], min(_REPEATERS, len(self._drns) - 1))
        self._repeaters = {drn: self._client(drn, passwords[drn], None, []) for drn in chosen}
        self.sent_again = self.forged = self.repeated = 0

    def facts(self):
        """Return what they did, and heard."""
        return {"tokens_sent_again": self.sent_again, "results_sent_again": self.repeated,
                "results_forged": self.forged, "heard_of_others": len(self.foreign)}  # fmt: skip

    def _client(self, user, password, heard, topics):
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"other-{user}")
        client.username_pw_set(user, password)
        client.tls_set(str(self._servers.authority.with_suffix(".pem")))
        client.on_connect = lambda *_: [client.subscribe(topic, 1) for topic in topics]
        if heard:
            client.on_message = lambda _client, _userdata, message: heard(message)
        client.reconnect_delay_set(1, 2)
        client.connect_async("127.0.0.1", self._servers.brokers[0].port)
        client.loop_start()
        self._held.callback(client.loop_stop)
        return client

    def _overheard(self, message):
        if message.topic.split("/")[1] != self._stranger:
            self.foreign.append(message.topic)

    def _heard(self, message):
        kept = self._results.setdefault(message.topic.split("/")[1], [])
        kept.append(message.payload)
        del kept[:-_KEPT]

    def disturb(self, storage):
        """Send tokens and results again, and forge results of tokens that are under way."""
        again, open_ = self._tokens(storage)
        for drn, digits in again * 2:
            self._doubler.publish(f"meter20/{drn}/token", digits, qos=1)
            self.sent_again += 1
        for drn, digits in [*open_, (self._random.choice(self._drns), "0" * 20)]:
            if drn != self._stranger:
                told = json.dumps({"token": digits, "result": "Accept"})
                self._forger.publish(f"meter20/{drn}/result", told, qos=1)
                self.forged += 1
        for drn, client in self._repeaters.items():
            kept = self._results.get(drn, [])
            for payload in self._random.choices(kept, k=2) if kept else []:
                client.publish(f"meter20/{drn}/result", payload, qos=1)
                self.repeated += 1

    def _tokens(self, storage):
        """Return (meter, digits) of some that were sold, and of some that are under way."""
        with storage.reading() as session:
            sold = select(Purchase).where(Purchase.slip_id.is_not(None))
            some = sold.order_by(func.random()).limit(_SOME)
            under_way = sold.where(Purchase.due_at.is_not(None)).limit(_SOME // 2)
            return tuple(
                [(purchases.facts(session, row)["meter"], each["digits"])
                 for row in session.scalars(query) for each in purchases.tokens(session, row)]
                for query in (some, under_way)
            )  # fmt: skip
