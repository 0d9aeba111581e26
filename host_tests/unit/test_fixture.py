"""The fixture on its emulated chip: every request moves the right pins at the right time."""

import json
import unittest

import chips
from drivers.rp2_pulse_counter import Rp2PulseCounter
from fixture import Fixture
from hands import PINS, Hands
from machine import Pin
from world import WORLD, Level, Train

_US = 1000  # nanoseconds
_MS = 1_000_000
_SETTLED_NS = 20 * _US  # from an edge of the clean train to that of the pin to the meter, at most


class Desk:
    """A fixture with nothing connected but resistors. edges(signal): its edges so far.

    contact, pulse_led, status_led: the levels that the meter gives.
    """

    def __init__(self, keys=Hands.keys):
        WORLD.start(chips.of("rp2_pico"))
        self.contact, self.pulse_led, self.status_led = Level(1), Level(0), Level(0)
        for signal in ("contact", "pulse_led", "status_led"):
            WORLD.connect(PINS[signal], getattr(self, signal))
        board = Hands()
        board.keys = keys
        self.fixture = Fixture(board)
        self._edges = {}
        for signal in ("pulse_clean", "pulse_out", "supply", "key_off"):
            self._listen(signal)

    def _listen(self, signal):
        edges = self._edges[signal] = []
        WORLD.wire(PINS[signal]).listeners.append(
            lambda _pin, output, time_ns: edges.append((time_ns, output))
        )

    def edges(self, signal):
        """Return [(time_ns, level or None)] of what the fixture drove."""
        return self._edges[signal]

    def level(self, signal):
        return WORLD.wire(PINS[signal]).output

    def address(self, signal):
        return sum([WORLD.wire(pin).output << bit for bit, pin in enumerate(PINS[signal])])

    def advance(self, duration_ms):
        """Let the program run for so long."""
        until_ns = WORLD.now_ns + duration_ms * _MS
        while WORLD.now_ns < until_ns:
            due_ms = self.fixture.step(WORLD.now_ns // _MS)
            WORLD.advance_ns(min(due_ms * _MS, until_ns - WORLD.now_ns))

    def ask(self, do, **fields):
        request = json.dumps(dict(fields, do=do)).encode()
        return json.loads(self.fixture.reply(request, WORLD.now_ns // _MS))


class PulseTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()

    def train(self, **fields):
        reply = self.desk.ask("pulses", **fields)
        self.assertEqual(reply.get("message"), None)
        self.desk.advance(reply["takes_ms"] + 1)
        return self.desk.edges("pulse_out")

    def test_each_edge_of_a_train_stands_where_it_was_ordered(self):
        for low_us, period_us in ((30_000, 100_000), (10_000, 20_000), (10, 20), (6000, 12_001)):
            self.setUp()
            edges = self.train(count=7, low_us=low_us, period_us=period_us)
            self.assertEqual(len(edges), 14)
            first_ns = edges[0][0]
            self.assertTrue(first_ns < _SETTLED_NS)
            for number, (time_ns, level) in enumerate(edges):
                pulse, rises = number // 2, number % 2
                self.assertEqual(level, None if rises else 0)
                wanted_us = pulse * period_us + rises * low_us
                self.assertEqual(time_ns - first_ns, wanted_us * _US)

    def test_bounce_is_where_it_was_ordered_and_then_the_level_is_steady(self):
        edges = self.train(count=3, low_us=12_000, period_us=30_000, bounces=4, bounce_us=250)
        self.assertEqual(len(edges), 3 * 2 * (1 + 2 * 4))
        first_ns = edges[0][0]
        for number, (time_ns, level) in enumerate(edges):
            switching, within = number // 9, number % 9
            wanted_us = switching // 2 * 30_000 + switching % 2 * 12_000 + within * 250
            self.assertEqual(time_ns - first_ns, wanted_us * _US)
            self.assertEqual(level, None if (switching + within) % 2 else 0)

    def test_fixture_counts_what_it_made_and_says_when_it_is_over(self):
        self.assertEqual(
            self.desk.ask("pulses", count=50, low_us=5000, period_us=20_000)["ok"], True
        )
        self.desk.advance(410)
        read = self.desk.ask("read")
        self.assertEqual((read["pulses_running"], read["pulses_made"]), (True, 21))
        self.assertEqual(self.desk.ask("pulses", count=1)["error"], "busy")
        self.desk.advance(600)
        read = self.desk.ask("read")
        self.assertEqual((read["pulses_running"], read["pulses_made"]), (False, 50))
        self.train(count=2)
        self.assertEqual(self.desk.ask("read")["pulses_made"], 2)

    def test_stop_ends_a_train_and_leaves_the_line_alone(self):
        self.desk.ask("pulses", count=50, low_us=50_000, period_us=100_000)
        self.desk.advance(220)
        self.assertEqual(self.desk.level("pulse_out"), 0)
        self.assertTrue(self.desk.ask("stop")["ok"])
        self.assertEqual(self.desk.level("pulse_out"), None)
        before = len(self.desk.edges("pulse_out"))
        self.desk.advance(500)
        self.assertEqual(len(self.desk.edges("pulse_out")), before)
        read = self.desk.ask("read")
        self.assertEqual((read["pulses_running"], read["pulses_made"]), (False, 3))
        self.assertEqual(len(self.train(count=4)), before + 8)

    def test_meters_counter_counts_every_train_exactly(self):
        trains = (
            {"count": 500, "low_us": 10_000, "period_us": 20_000},
            {"count": 300, "low_us": 10_000, "period_us": 20_000, "bounces": 9, "bounce_us": 249},
            {"count": 200, "low_us": 5_500, "period_us": 20_000},
            {"count": 200, "low_us": 14_500, "period_us": 20_000},
            {"count": 100, "low_us": 30_000, "period_us": 61_003, "bounces": 2, "bounce_us": 1200},
        )
        for train in trains:
            self.setUp()
            edges_ns = [time_ns + 30 * _MS for time_ns, _level in self.train(**train)]
            WORLD.start(chips.of("rp2_pico"))
            WORLD.connect(22, Train(edges_ns))
            counter = Rp2PulseCounter(0, Pin(22, Pin.IN, Pin.PULL_UP))
            WORLD.advance_ns(edges_ns[-1] + 50 * _MS)
            self.assertEqual(counter.take(), train["count"])

    def test_trains_that_cannot_be_are_refused_in_words(self):
        for fields in (
            {},
            {"count": 0},
            {"count": -1},
            {"count": 1.5},
            {"count": "9"},
            {"count": 1, "low_us": 9},
            {"count": 1, "low_us": 100, "period_us": 105},
            {"count": 1, "low_us": 100, "period_us": 50},
            {"count": 1, "bounces": 1},
            {"count": 1, "low_us": 1000, "period_us": 9000, "bounces": 10, "bounce_us": 50},
            {"count": 1, "period_us": 1 << 31},
        ):
            reply = self.desk.ask("pulses", **fields)
            self.assertEqual((reply["ok"], reply["error"]), (False, "bad_request"))
            self.assertTrue(reply["message"])
        self.desk.advance(100)
        self.assertEqual(self.desk.edges("pulse_out"), [])


class KeyTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()

    def contacts(self):
        """Return a list that fills with (off, row, column) whenever the contact changes."""
        seen, desk = [], self.desk
        WORLD.wire(PINS["key_off"]).listeners.append(
            lambda _pin, off, _time: seen.append(
                (off, desk.address("row_address"), desk.address("column_address"))
            )
        )
        return seen

    def test_each_key_joins_its_row_and_column_for_as_long_as_ordered(self):
        for pad, columns in (("123A456B789C*0#D", 4), ("123456789*0#", 3)):
            self.desk = Desk(pad)
            seen = self.contacts()
            reply = self.desk.ask("keys", keys=pad, hold_ms=30, gap_ms=20)
            self.assertEqual(reply["takes_ms"], 50 * len(pad))
            self.desk.advance(reply["takes_ms"] + 100)
            wanted = []
            for key in range(len(pad)):
                wanted += [(0, key // columns, key % columns), (1, key // columns, key % columns)]
            self.assertEqual(seen, wanted)
            times = [time_ns // _MS for time_ns, _ in self.desk.edges("key_off")]
            self.assertEqual(times, [t for n in range(len(pad)) for t in (50 * n, 50 * n + 30)])
            self.assertEqual(self.desk.ask("read")["keys_left"], 0)

    def test_new_keys_wait_until_the_last_are_done_and_stop_lets_go(self):
        self.desk.ask("keys", keys="123", hold_ms=1000)
        self.desk.advance(500)
        self.assertEqual(self.desk.level("key_off"), 0)
        self.assertEqual(self.desk.ask("keys", keys="4")["error"], "busy")
        self.assertEqual(self.desk.ask("read")["keys_left"], 3)
        self.desk.ask("stop")
        self.assertEqual((self.desk.level("key_off"), self.desk.ask("read")["keys_left"]), (1, 0))
        self.desk.advance(3000)
        self.assertEqual(len(self.desk.edges("key_off")), 2)

    def test_keys_that_the_pad_does_not_have_are_refused(self):
        desk = Desk("123456789*0#")
        for fields in (
            {},
            {"keys": 7},
            {"keys": "12E"},
            {"keys": "A"},
            {"keys": "1", "hold_ms": 0},
        ):
            self.assertEqual(desk.ask("keys", **fields)["error"], "bad_request")
        desk.advance(200)
        self.assertEqual(desk.edges("key_off"), [])


class SupplyTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()

    def test_supply_is_on_from_the_first_moment_and_switches_when_told(self):
        self.assertEqual(self.desk.level("supply"), 1)
        self.desk.ask("supply", on=False)
        self.desk.advance(2000)
        read = self.desk.ask("read")
        self.assertEqual((self.desk.level("supply"), read["supply"], read["on_ms"]), (0, "off", 0))
        self.assertEqual(self.desk.ask("cut")["error"], "supply_off")
        self.desk.ask("supply", on=True)
        self.desk.advance(300)
        read = self.desk.ask("read")
        self.assertEqual((self.desk.level("supply"), read["supply"]), (1, "on"))
        self.assertTrue(260 <= read["on_ms"] <= 300)

    def test_supply_that_was_off_for_a_moment_only_began_anew(self):
        self.desk.advance(1000)
        self.assertTrue(self.desk.ask("read")["on_ms"] > 900)
        self.desk.ask("supply", on=False)
        WORLD.advance_ns(_MS)
        self.desk.ask("supply", on=True)
        self.desk.advance(100)
        self.assertTrue(self.desk.ask("read")["on_ms"] <= 100)

    def test_cut_comes_after_the_time_and_ends_after_the_time(self):
        began_ns = WORLD.now_ns
        self.desk.ask("cut", delay_us=1_234_567, dark_ms=250)
        self.desk.advance(1000)
        self.assertEqual(self.desk.ask("read")["cut_armed"], True)
        self.desk.advance(1000)
        (off_ns, low), (on_ns, high) = self.desk.edges("supply")
        self.assertEqual((low, high), (0, 1))
        self.assertTrue(0 <= off_ns - began_ns - 1_234_567 * _US <= 5 * _US)
        self.assertEqual(on_ns - off_ns, 250 * _MS)
        read = self.desk.ask("read")
        self.assertEqual((read["cut_armed"], read["supply"]), (False, "on"))
        self.assertTrue(480 <= read["on_ms"] <= 520)

    def test_cut_comes_so_long_after_the_pulse_of_that_number(self):
        self.desk.ask("cut", after="pulse", count=17, delay_us=2500, dark_ms=20)
        self.desk.advance(1)
        self.desk.ask("pulses", count=40, low_us=10_000, period_us=25_000)
        self.desk.advance(1100)
        fell_ns = [time_ns for time_ns, level in self.desk.edges("pulse_clean") if level == 0]
        off_ns = self.desk.edges("supply")[0][0]
        self.assertTrue(0 <= off_ns - fell_ns[16] - 2500 * _US <= 2 * _US)
        self.assertEqual(len(self.desk.edges("supply")), 2)
        self.assertEqual(len(fell_ns), 40)

    def test_cut_comes_so_long_after_the_key_of_that_number(self):
        self.desk.ask("cut", after="key", count=3, delay_us=40_000)
        self.desk.advance(1)
        self.desk.ask("keys", keys="1234")
        self.desk.advance(1000)
        pressed_ns = [time_ns for time_ns, off in self.desk.edges("key_off") if off == 0]
        ((off_ns, _low),) = self.desk.edges("supply")
        self.assertTrue(0 <= off_ns - pressed_ns[2] - 40_000 * _US <= 2 * _US)
        self.assertEqual(self.desk.ask("read")["supply"], "off")

    def test_stop_disarms_a_cut(self):
        self.desk.ask("cut", delay_us=500_000)
        self.desk.ask("stop")
        self.desk.advance(1000)
        self.assertEqual(self.desk.edges("supply"), [])
        self.assertEqual(self.desk.ask("read")["cut_armed"], False)

    def test_orders_that_cannot_be_are_refused(self):
        for do, fields in (
            ("cut", {"after": "noon"}),
            ("cut", {"after": 7}),
            ("cut", {"after": "key", "count": 0}),
            ("cut", {"delay_us": -1}),
            ("cut", {"dark_ms": 0}),
            ("supply", {}),
            ("supply", {"on": 1}),
        ):
            self.assertEqual(self.desk.ask(do, **fields)["error"], "bad_request")
        self.assertEqual((self.desk.level("supply"), self.desk.edges("supply")), (1, []))


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()

    def change(self, level, *levels):
        """Let `level` take these values for a millisecond each, the last for longer."""
        for value in levels:
            WORLD.settle()
            level.level = value
            self.desk.advance(1)
        self.desk.advance(20)

    def test_contact_is_read_and_its_closings_are_counted_without_their_bounce(self):
        self.desk.advance(20)
        read = self.desk.ask("read")
        self.assertEqual((read["relay"], read["relay_closings"]), ("open", 0))
        self.change(self.desk.contact, 0, 1, 0, 1, 0)
        read = self.desk.ask("read")
        self.assertEqual((read["relay"], read["relay_closings"]), ("closed", 1))
        self.change(self.desk.contact, 1, 0, 1)
        self.change(self.desk.contact, 0)
        self.assertEqual(self.desk.ask("read")["relay_closings"], 2)

    def test_lamps_are_read_and_how_often_they_went_out(self):
        self.desk.advance(20)
        self.assertEqual(self.desk.ask("read")["pulse_led_falls"], 0)
        self.change(self.desk.pulse_led, 1)
        for level in (1, 0, 1, 0):
            self.change(self.desk.status_led, level)
        read = self.desk.ask("read")
        self.assertEqual((read["pulse_led"], read["status_led"]), (True, False))
        self.assertEqual((read["pulse_led_falls"], read["status_led_falls"]), (0, 2))


class LineTest(unittest.TestCase):
    def test_whatever_comes_gets_one_error_reply_and_moves_nothing(self):
        desk = Desk()
        for line, error in (
            (b"hello", "bad_json"),
            (b"\xff\xfe", "bad_json"),  # half an object is none before 1.26: not asked here
            (b"[" * 2000, "bad_json"),
            (b"[7]", "bad_request"),
            (b"{}", "bad_request"),
            (b'{"do":7}', "bad_request"),
            (b'{"do":"fly"}', "unknown_request"),
            (b'{"do":"token","digits":"1"}', "unknown_request"),
            (None, "line_too_long"),
        ):
            reply = json.loads(desk.fixture.reply(line, 0))
            self.assertEqual((reply["ok"], reply["error"]), (False, error))
        for signal in ("pulse_out", "supply", "key_off"):
            self.assertEqual(desk.edges(signal), [])

    def test_help_lists_every_request(self):
        self.assertEqual(
            Desk().ask("help")["requests"],
            ["cut", "help", "keys", "pulses", "read", "stop", "supply"],
        )

    def test_id_comes_back_and_the_fixture_says_that_it_is_one(self):
        reply = Desk().ask("read", id=7)
        self.assertEqual((reply["id"], reply["ok"], reply["fixture"]), (7, True, "1"))
        self.assertEqual(Desk().ask("fly", id="a")["id"], "a")


if __name__ == "__main__":
    unittest.main()
