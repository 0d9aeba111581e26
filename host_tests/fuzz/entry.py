"""Target: token entry. Keys, tokens and text from every carrier, over restarts and broken parts.

A case is a meter, and what is done to it.
"""

from account import carrier
from account import state as meter_state
from account.meter import NotProvisioned
from account.register import with_credit
from account.state import Identity
from data import meters
from fuzz import feed as feeds
from fuzz import oracle, tokens
from fuzz.feed import Feed
from journal import notes, settings
from meter.app import App
from parts import Clock, SimBuzzer, SimDisplay, SimKeypad, SimLoadSwitch, SimPulses
from ports.keypad import KEYS
from ports.record_store import StoreFailed
from rigs.whole_meter import ports
from service_port.service import Service
from sts import tid

_CREDIT_WH = 100
_OPERATIONS_MAX = 16
_KEYS_MAX = 12
_PAUSES_MS = (0, 1, 150, 1000, 10_000, 29_999, 30_000, 600_000)
_DISPLAYS = ((20, 4), (16, 2), (16, 4))
_STEPS = ((0, 250_000),)  # a price, 2.50 a kWh


class _Bench:
    """A meter on stores in RAM, and what a person or a wire can do to it."""

    def __init__(self, feed):
        self.columns, self.rows = feed.pick(_DISPLAYS)
        self.ea = feed.pick(("11", "11", "07"))
        steps = feed.pick(((), (), _STEPS))
        profile = feed.pick(settings.PROFILES)
        identity = Identity(meters.DRN, feed.pick((1000, 1000, 1, 100_000)))
        self.clock = Clock()
        self.store, self.cold = meters.RamStore(), meters.RamStore()
        self.store.record = meter_state.to_bytes(_state(identity, self.ea, bool(steps)))
        notes.Notes(self.cold).configure(
            settings.changed(
                settings.default(), profile=profile, steps=steps, emergency_wh=feed.pick((0, 500))
            )
        )
        self.boot()

    def boot(self):
        clock = self.clock = Clock()
        self.keypad = SimKeypad()
        self.app = App(
            ports(
                store=self.store, notes=self.cold, pulses=SimPulses(clock), keypad=self.keypad,
                display=SimDisplay(self.columns, self.rows), buzzer=SimBuzzer(),
                load_switch=SimLoadSwitch(),
            ), 0,
        )  # fmt: skip
        self.service = Service(self.app)
        self.app.step(0)

    def wait(self, duration_ms):
        """Let time pass, in two steps."""
        self.clock.now_ms += duration_ms // 2
        self.app.step(self.clock.now_ms)
        if duration_ms:
            self.clock.now_ms += duration_ms - duration_ms // 2
            self.app.step(self.clock.now_ms)

    def press(self, keys):
        """Press keys as fast as the keypad can hold them."""
        self.keypad.press(keys)
        self.wait(0)

    def enter(self, text):
        try:
            self.app.front.enter(text, self.clock.now_ms, carrier.REMOTE)
        except (NotProvisioned, StoreFailed):
            pass  # documented

    def ask(self, text):
        """Enter `text` at the service port."""
        line = '{"do":"token","digits":"%s"}' % text
        told = self.service.reply(line.encode("utf-8", "surrogatepass"), self.clock.now_ms)
        oracle.reply(told.encode(), _SECRETS)


def case(data: bytes):
    """Do to a meter what `data` says; raise AssertionError if a rule is broken."""
    feed = Feed(data)
    bench = _Bench(feed)
    with oracle.watching(_CREDIT_WH if not bench.app.meter.state.in_currency else 0) as books:
        for _ in range(_OPERATIONS_MAX):
            if not feed.left:
                break
            _OPERATIONS[feed.number() % len(_OPERATIONS)](bench, feed)
            bench.store.fails = bench.cold.fails = False
            _check(bench, books)
        bench.boot()
        _check(bench, books)


def almost(chance) -> bytes:
    """Return a case of tokens that are good, or nearly."""
    made = chance.randbytes(6)
    for _ in range(chance.choice((1, 2, 2, 4, 12))):
        operation = chance.choice(list(_MADE))
        made += feeds.number(operation) + _MADE[operation](chance)
    return feeds.spoilt(made, chance) if chance.random() < 0.2 else made


def _check(bench, books):
    app = bench.app
    assert app.fault is None, app.fault
    books.check(app.meter)
    oracle.lines(app.front.lines, bench.columns, bench.rows)
    assert bench.keypad.read() is None, "a key was left"


def _state(identity, ea, in_currency):
    state = meter_state.changed(
        meter_state.factory(), identity=identity, key=tokens.key(ea),
        tids=tid.filled(meters.MANUFACTURED), in_currency=in_currency,
    )  # fmt: skip
    credit = 0 if in_currency else _CREDIT_WH
    return meter_state.changed(state, register=with_credit(state.register, credit))


def _keys(bench, feed):
    for octet in feed.take(feed.number() % _KEYS_MAX):
        bench.press(KEYS[octet & 15])


def _pause(bench, feed):
    bench.wait(feed.pick(_PAUSES_MS))


def _by_keypad(bench, feed):
    bench.press(tokens.token(feed, bench.ea))


def _by_wire(bench, feed):
    bench.enter(tokens.token(feed, bench.ea))


def _by_port(bench, feed):
    bench.ask(tokens.token(feed, bench.ea))


def _text(bench, feed):
    bench.enter(feed.text())


def _text_by_port(bench, feed):
    bench.ask(feed.text())


def _use(bench, feed):
    bench.app._ports.pulses.train(feed.number() << feed.pick((0, 0, 0, 8, 22)), 0)
    bench.wait(feed.pick(_PAUSES_MS))


def _cut(bench, _feed):
    bench.boot()


def _while_the_store_fails(bench, feed):
    bench.store.fails, bench.cold.fails = feed.pick(((True, False), (True, True), (False, True)))
    feed.pick((_by_keypad, _by_wire, _by_port))(bench, feed)


_OPERATIONS = (
    _keys, _pause, _by_keypad, _by_wire, _by_port, _text, _text_by_port, _use, _cut,
    _while_the_store_fails,
)  # fmt: skip
_SECRETS = tuple(secret.hex() for secret in tokens.KEYS.values())

#: How `almost` makes what each operation takes, by its number.
_MADE = {
    0: lambda chance: feeds.block(chance.randbytes(chance.randrange(12))),
    1: lambda chance: chance.randbytes(1),
    2: tokens.described,
    3: tokens.described,
    4: tokens.described,
    5: lambda chance: feeds.text(feeds.awkward_text(chance)),
    6: lambda chance: feeds.text(feeds.awkward_text(chance)),
    7: lambda chance: chance.randbytes(3),
    8: lambda chance: b"",
    9: lambda chance: chance.randbytes(2) + tokens.described(chance),
}
