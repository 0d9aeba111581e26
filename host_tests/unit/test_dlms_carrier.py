"""DLMS on a whole meter: tokens, their status, passwords, tables, connections, and bad octets."""

import unittest

import board
from account import state as meter_state
from account.carrier import MANUAL, REMOTE
from account.outcome import Outcome
from carriers import dlms_status
from carriers.dlms_request import DlmsPart
from data import meters
from dlms import axdr
from flash_chip import FlashChip, RamImage
from meter.app import App
from models import dlms_lines
from models.dlms_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, Client
from parts import Clock
from service_port.lines import Refused
from sts import results

GATEWAY, LOAD, HISTORY = "0.0.19.40.0.255", "1.0.99.1.0.255", "0.0.99.15.0.255"
TOKEN = meters.TOKEN_100_WH
WRONG = [TOKEN[:19] + digit for digit in "0123456"]
DENIED, TEMPORARY = 3, 2
KEYS = {  # test keys
    "do": "dlms",
    "system_title": "4d32300000000007",
    "encryption_key": "".join(["%02x" % octet for octet in ENCRYPTION_KEY]),
    "authentication_key": "".join(["%02x" % octet for octet in AUTHENTICATION_KEY]),
    "password": PASSWORD.decode(),
}


class Case(unittest.TestCase):
    def setUp(self):
        self.chip = FlashChip(RamImage(board.FLASH_SIZE))
        self.begin()
        self.ports.store.commit(meter_state.to_bytes(meters.state()))
        self.begin()
        self.part.answer(KEYS, 0)

    def begin(self):
        """Power comes."""
        self.network, self.serial = dlms_lines.Network(), dlms_lines.Line()
        self.clock = Clock()
        self.ports = board.ports(
            self.chip, self.clock, network=self.network, crypto=dlms_lines.Crypto(),
            serial=self.serial,
        )  # fmt: skip
        self.app = App(self.ports, 0)
        self.part = DlmsPart(self.app, self.ports)

    def wait(self, duration_ms):
        self.clock.now_ms += duration_ms
        self.app.step(self.clock.now_ms)

    def say(self, apdu, client):
        """Say `apdu` over TCP; return the answer."""
        return dlms_lines.over_tcp(self, apdu, client)

    def management(self):
        """Return a Client that has proved who it is."""
        client = Client(self.say, counter=self.part.carrier.shared.counters.received)
        self.assertEqual(client.gmac(), (0, 14, True))
        return client

    def enter(self, client, digits):
        """Return (ACTION-result, status code, data) once the token was entered."""
        done = client.act(115, GATEWAY, 1, axdr.octets(digits.encode()))[0]
        self.wait(10)
        return (done,) + self.status(client)

    def status(self, client):
        answer = client.ask(b"\xc0\x01\xc1\x00\x73\x00\x00\x13\x28\x00\xff\x06\x00")
        self.assertEqual(answer[4:7], b"\x02\x02\x16")
        return answer[7], answer[10]

    def described(self, client):
        return [text.decode() for text in client.get(115, GATEWAY, 4)[1]]


class TokenTest(Case):
    def test_token_is_credited_once_and_the_status_says_so(self):
        client = self.management()
        self.assertEqual(self.enter(client, TOKEN), (0, 3, 1))
        self.assertEqual(self.app.meter.state.register.credit, 100)
        self.assertEqual(self.app.meter.state.last_carrier, REMOTE)
        self.assertEqual(self.enter(client, TOKEN), (0, 6, 12))
        self.assertEqual(client.get(115, GATEWAY, 2), (0, TOKEN.encode()))
        self.assertEqual(client.get(115, GATEWAY, 5), (0, 0))

    def test_used_token_is_described_by_what_the_history_holds_of_it(self):
        client = self.management()
        self.enter(client, TOKEN)
        self.assertEqual(self.described(client), ["STS token, 20 digits"])
        self.enter(client, TOKEN)
        told = "accepted, TID %d, remote" % meters.TOKEN_100_WH_TID
        self.assertEqual(self.described(client), ["STS token, 20 digits", told])
        self.app.notes.history = ()  # other purchases came since
        self.assertEqual(self.described(client), ["STS token, 20 digits"])

    def test_what_is_no_token_is_a_format_failure_and_costs_no_try(self):
        client = self.management()
        for digits in ("1234567890123456789", "9" * 20, "12345678901234567 90", "", "1" * 60):
            self.assertEqual(self.enter(client, digits), (0, 4, 8))
        self.assertEqual(self.app.meter.state.failures, (0, 0, 0))

    def test_wrong_tokens_lock_the_network_out_and_the_status_stays(self):
        client = self.management()
        for digits in WRONG[:3]:
            self.assertEqual(self.enter(client, digits), (0, 5, 15))
        self.assertEqual(self.enter(client, TOKEN), (TEMPORARY, 5, 15))
        self.assertEqual(self.app.front.lockout_s(self.clock.now_ms, MANUAL), 0)
        self.wait(11_000)
        self.assertEqual(self.enter(client, TOKEN), (0, 3, 1))

    def test_status_of_every_result_is_that_of_the_table(self):
        table = {
            3: (results.ACCEPT, results.KCT_1, results.KCT_2, results.KCT_3, results.KCT_4),
            4: (results.FORMAT,),
            5: (results.CRC, results.MFR_CODE),
            6: (results.OLD, results.USED, results.KEY_EXPIRED, results.DDTK),
            7: (results.OVERFLOW, results.KEY_TYPE, results.RANGE, results.FUNCTION,
                results.LOCKED_OUT),
        }  # fmt: skip
        client, seen = self.management(), []
        for code, names in table.items():
            for name in names:
                outcome = Outcome(name, "", 0, None, (), (), False, False)
                self.app.inbox.enter = lambda digits, turn, by, outcome=outcome: outcome
                self.assertEqual(
                    self.enter(client, TOKEN), (0, code, results.NAMES.index(name) + 1)
                )
                seen.append(name)
        self.assertEqual(sorted(seen), sorted(results.NAMES))

    def test_meter_without_a_number_and_key_takes_no_token_and_says_try_later(self):
        self.chip = FlashChip(RamImage(board.FLASH_SIZE))
        self.begin()
        self.part.answer(KEYS, 0)
        self.assertEqual(self.enter(self.management(), TOKEN), (TEMPORARY, 7, 0))

    def test_delivery_is_told_for_every_carrier(self):
        self.assertEqual([dlms_status.delivery(by) for by in range(3)], [2, 1, 0])


class WaitingTest(Case):
    """`enter` is answered once the token was judged."""

    def setUp(self):
        super().setUp()
        self.client = self.management()
        self.inbox = self.app.inbox
        self.judge = self.inbox.step
        self.inbox.step = lambda turn: 1000  # comes to no token

    def go_on(self):
        self.inbox.step = self.judge

    def hand_over(self, digits=TOKEN):
        """Say `enter` over TCP and get no answer; return the client."""
        client = self.client
        enter = b"\xc3\x01\xc1\x00\x73\x00\x00\x13\x28\x00\xff\x01\x01"
        sealed = client.seal(0xCB, enter + axdr.octets(digits.encode()))
        self.assertEqual(client.say(sealed, 1), b"")

    def answer(self):
        """Return what came over TCP since, opened: the status of the ACTION."""
        return self.client.opened(self.network.line.went[8:])[3]

    def local(self):
        client = Client(lambda apdu, address: dlms_lines.over_hdlc(self, apdu, address))
        self.wait(10)
        self.assertEqual(client.low(), (0, 0))
        return client

    def test_answer_comes_once_the_token_is_in_the_store(self):
        self.hand_over()
        self.wait(2000)
        self.assertEqual(self.network.line.went, b"")
        self.go_on()
        self.wait(1)
        stored = meter_state.from_bytes(self.ports.store.load())
        self.assertEqual(stored.register.credit, 100)
        self.wait(1)
        self.assertEqual(self.answer(), 0)
        self.assertEqual(self.status(self.client), (3, 1))

    def test_next_request_of_the_connection_waits_until_then(self):
        self.hand_over()
        again = self.client.seal(0xC8, b"\xc0\x01\xc1\x00\x73\x00\x00\x13\x28\x00\xff\x06\x00")
        self.assertEqual(self.client.say(again, 1), b"")
        self.go_on()
        self.wait(1)
        self.wait(1)
        first = self.network.line.went
        self.assertEqual(self.answer(), 0)
        self.wait(1)
        second = self.client.opened(self.network.line.went[len(first) + 8 :])
        self.assertEqual((second[7], second[10]), (3, 1))

    def test_other_line_reads_that_a_token_waits_and_enters_none(self):
        self.hand_over()
        local = self.local()
        self.assertEqual(self.status(local), (8, 0))
        token = axdr.octets(TOKEN.encode())
        self.assertEqual(local.act(115, GATEWAY, 1, token), (TEMPORARY, None))
        self.go_on()
        self.wait(1)
        self.wait(1)
        self.assertEqual(self.answer(), 0)

    def test_each_line_hears_of_its_own_token(self):
        self.hand_over()
        local = self.local()
        self.go_on()
        self.app.step(self.clock.now_ms)  # the token is judged, and its answer still on the way
        self.part.carrier._connection.step = lambda now_ms: False
        self.assertEqual(local.act(115, GATEWAY, 1, axdr.octets(WRONG[0].encode())), (0, None))
        self.assertEqual(self.status(local), (5, 15))
        del self.part.carrier._connection.step
        self.wait(1)
        self.assertEqual(self.answer(), 0)

    def test_token_that_the_meter_does_not_come_to_is_withdrawn_and_said_to_be(self):
        self.hand_over()
        self.wait(2900)
        self.assertEqual(self.network.line.went, b"")
        self.wait(100)
        self.assertEqual(self.answer(), TEMPORARY)
        self.go_on()
        self.wait(1000)
        self.assertEqual(self.app.meter.state.register.credit, 0)
        self.assertEqual(self.enter(self.client, TOKEN), (0, 3, 1))

    def test_token_that_the_store_does_not_take_is_said_not_to_be_taken(self):
        def refused(record):
            raise OSError

        self.go_on()
        commit, self.ports.store.commit = self.ports.store.commit, refused
        self.assertEqual(self.enter(self.client, TOKEN), (TEMPORARY, 7, 0))
        self.ports.store.commit = commit
        self.assertEqual(self.enter(self.client, TOKEN), (0, 3, 1))

    def test_token_of_a_client_that_went_away_is_judged_and_the_next_one_served(self):
        self.hand_over()
        self.network.line.close()
        self.wait(10)
        self.go_on()
        self.wait(10)
        self.assertEqual(self.app.meter.state.register.credit, 100)
        self.assertEqual(self.enter(self.management(), TOKEN), (0, 6, 12))


class KeysTest(Case):
    def test_no_reply_and_no_object_shows_a_key(self):
        for shown in (
            str(self.part.answer({"do": "dlms"}, 0)),
            str(self.part._record), repr(self.part._record), repr(self.part._record.keys),
            str(self.part._record.keys), repr(self.part.carrier._secrets),
        ):  # fmt: skip
            for secret in (KEYS["encryption_key"], KEYS["authentication_key"], KEYS["password"]):
                self.assertFalse(secret in shown)
            self.assertFalse(str(ENCRYPTION_KEY) in shown)

    def test_bad_keys_are_refused_and_the_old_ones_stay(self):
        for name, value in (
            ("encryption_key", "00"), ("authentication_key", "x" * 32), ("password", "short"),
            ("password", "long" * 9), ("password", "eight\x00\x00\x00"), ("port", 0),
            ("system_title", 7),
        ):  # fmt: skip
            request = dict(KEYS)
            request[name] = value
            self.assertRaises(Refused, self.part.answer, request, 0)
        self.management()

    def test_keys_outlive_a_power_cut_and_no_counter_comes_twice(self):
        self.management()
        sent = self.part.carrier.shared.counters.next_sent()
        self.begin()
        self.assertTrue(self.part.carrier.shared.counters.next_sent() > sent)
        self.management()

    def test_new_keys_do_not_begin_the_counters_anew(self):
        self.management()
        before = self.part.carrier.shared.counters.next_sent()
        self.part.answer(KEYS, 0)
        self.assertTrue(self.part.carrier.shared.counters.next_sent() > before)

    def test_shut_port_gives_keys_once(self):
        part = DlmsPart(self.app, self.ports, shut=True)
        self.assertRaises(Refused, part.answer, KEYS, 0)


class PasswordTest(Case):
    def setUp(self):
        super().setUp()
        self.client = Client(self._say)

    def _say(self, apdu, client):
        return dlms_lines.over_hdlc(self, apdu, client)

    def low(self, password=PASSWORD):
        self.wait(10)
        return self.client.low(password)

    def test_right_password_opens_the_line_and_its_tokens_are_local(self):
        self.assertEqual(self.low(), (0, 0))
        self.assertEqual(self.enter(self.client, TOKEN), (0, 3, 1))
        self.assertEqual(self.client.get(115, GATEWAY, 5), (0, 1))

    def test_wrong_passwords_make_everybody_wait_longer_each_time(self):
        for _ in range(3):
            self.assertEqual(self.low(b"guessed 1"), (1, 13))
        self.assertEqual(self.low(), (1, 13))
        self.wait(10_000)
        self.assertEqual(self.low(b"guessed 2"), (1, 13))
        self.wait(10_000)
        self.assertEqual(self.low(), (1, 13))
        self.wait(10_000)
        self.assertEqual(self.low(), (0, 0))
        self.assertEqual(self.low(b"guessed 3"), (1, 13))
        self.assertEqual(self.low(), (0, 0))

    def test_power_cut_gives_no_free_guess(self):
        for _ in range(3):
            self.low(b"guessed 1")
        self.begin()
        self.assertEqual(self.low(), (1, 13))
        self.wait(10_001)
        self.assertEqual(self.low(), (0, 0))


class TablesTest(Case):
    def test_load_has_a_row_each_quarter_once_the_clock_is_set(self):
        for _ in range(20):
            self.wait(60_000)
        self.assertEqual(self.part.carrier.shared.tables.load.count(), 0)
        self.app.clock.set(2026, 11, 29, 10, 14, 0)
        for _ in range(120):
            self.wait(30_000)
        status, rows = self.management().get(7, LOAD, 2)
        self.assertEqual(status, 0)
        self.assertEqual([row[0][5:8] for row in rows], [
            b"\x0a\x0f\x00", b"\x0a\x1e\x00", b"\x0a\x2d\x00", b"\x0b\x00\x00"
        ])  # fmt: skip
        self.begin()
        self.assertEqual(self.part.carrier.shared.tables.load.count(), 4)

    def test_clock_set_back_by_days_forgets_rows_of_false_times(self):
        self.app.clock.set(2036, 1, 1, 0, 0, 0)
        self.wait(10_000)
        self.wait(900_000)
        self.assertEqual(self.part.carrier.shared.tables.load.count(), 2)
        self.app.clock.set(2026, 1, 1, 0, 0, 0)
        self.wait(10_000)
        self.assertEqual(self.part.carrier.shared.tables.load.count(), 1)

    def test_tokens_of_every_carrier_are_in_the_history(self):
        self.app.clock.set(2026, 11, 29, 10, 0, 0)
        self.wait(10)
        self.app.front.enter(TOKEN, self.clock.now_ms)
        self.wait(10)
        client = self.management()
        self.enter(client, TOKEN)
        self.assertEqual(self.part.carrier.shared.tables.tokens.count(), 2)
        for place, status, delivery, amount in ((0, (3, 1), 2, 100), (1, (6, 12), 0, 0)):
            self.assertEqual(
                self.part.carrier.shared.tables.tokens.row(place)[1],
                [dlms_status.encoded(status), axdr.number(axdr.ENUM, delivery),
                 axdr.number(axdr.I32, amount)],
            )  # fmt: skip
        self.assertEqual(client.get(7, HISTORY, 7), (0, 2))


class ConnectionTest(Case):
    def test_one_connection_at_a_time_and_who_says_nothing_is_cut_off(self):
        first, second = self.network.connect(), self.network.connect()
        self.wait(100)
        self.assertTrue(second in self.network.waiting)
        for _ in range(61):
            first.came += b"\x00"
            self.wait(1000)
        self.assertEqual(first.state, "closed")
        self.wait(1)
        self.assertFalse(second in self.network.waiting)

    def test_many_requests_at_once_are_answered_one_a_step(self):
        get = b"\xc0\x01\xc1\x00\x01\x00\x00\x60\x01\x00\xff\x02\x00"
        client = Client(self.say)
        self.assertEqual(client.public(), (0, 0))
        answer, line = 8 + len(client.ask(get)), self.network.line
        line.came, line.went = (b"\x00\x01\x00\x10\x00\x01\x00\x0d" + get) * 100, b""
        for number in range(1, 101):
            self.wait(1)
            self.assertEqual(len(line.went), number * answer)

    def test_nonsense_ends_the_connection_and_the_meter_goes_on(self):
        line = self.network.connect()
        line.came += b"GET / HTTP/1.1\r\n\r\n"
        self.wait(10)
        self.wait(10)
        self.assertEqual(line.state, "closed")
        self.management()

    def test_bug_that_a_stranger_meets_costs_the_connection_and_not_the_supply(self):
        client = self.management()
        self.enter(client, TOKEN)

        def broken(apdu, address):
            raise KeyError

        self.part.carrier._connection._codec._association.answer = broken
        self.assertEqual(client.say(b"\xc0\x01\xc1", 1), b"")
        self.wait(10)
        self.assertEqual(self.part.carrier.bugs, 1)
        self.assertIsNone(self.app.fault)
        self.assertTrue(self.app.front.relay_closed)
        self.management()

    def test_counter_that_cannot_be_kept_is_not_said(self):
        def refused(record):
            raise OSError

        self.part._record._store.commit = refused
        client = Client(self.say, counter=self.part.carrier.shared.counters.received)
        client.prove = lambda challenge: False
        self.assertEqual(client.gmac()[:2], (None, b""))
        self.assertIsNone(self.app.fault)

    def test_meter_without_keys_says_who_it_is_and_nothing_else(self):
        self.chip = FlashChip(RamImage(board.FLASH_SIZE))
        self.begin()
        self.assertIsNone(self.part.carrier)
        self.part = DlmsPart(self.app, self.ports, port=4059)
        client = Client(self.say)
        self.assertEqual(client.public(), (0, 0))
        self.assertEqual(client.get(1, "0.0.96.1.0.255", 2), (0, b""))
        self.assertEqual(client.get(3, "1.0.1.8.0.255", 2), (DENIED, None))
        self.assertEqual(client.gmac()[0], 1)


if __name__ == "__main__":
    unittest.main()
