"""A meter and a broker: tokens in, results, registers and events out. In simulated time."""

import json
import unittest

from account.carrier import LOCAL, REMOTE
from carriers.link import TURN_OCTETS
from data import meters
from models import broker as brokers
from rigs.net_meter import BROKER, Meter

TOKEN = meters.TOKEN_100_WH.encode()
WRONG = TOKEN[:19] + b"0"
_SECTORS = 4  # of state, history, events and outbox, each erased once at the most


def meter(broker):
    made = Meter(broker, state=meters.state())
    assert made.ask(BROKER)["ok"]
    return made


class MqttTest(unittest.TestCase):
    def setUp(self):
        self.broker = brokers.Broker()
        self.meter = meter(self.broker)
        self.meter.run(3)

    def test_meter_says_that_it_is_there_and_what_it_counts(self):
        self.assertTrue(self.meter.ask(b'{"do":"mqtt"}')["connected"])
        self.assertEqual(self.broker.told("state"), ["online"])
        registers = json.loads(self.broker.told("registers")[0])
        self.assertEqual((registers["credit_wh"], registers["relay"]), (0, "open"))
        self.assertEqual(self.broker.logins, [("meter", "a secret")])

    def test_token_is_credited_and_its_result_told_after_the_commit(self):
        self.broker.send_token(TOKEN)
        self.meter.run(1)
        told = json.loads(self.broker.told("result")[0])
        self.assertEqual(told, {"token": TOKEN.decode(), "result": "Accept", "amount_wh": 100})
        self.assertEqual((self.meter.credit, self.broker.waiting), (100, []))
        self.assertEqual(self.meter.app.meter.state.last_carrier, REMOTE)
        self.assertEqual(json.loads(self.broker.told("registers")[-1])["credit_wh"], 100)

    def test_line_whose_owner_tells_of_news_is_looked_at_as_often_as_it_says(self):
        self.broker.connection.look_ms = 60_000
        for _ in range(7):  # what was under way before
            rest_ms = self.meter.app.step(self.meter.clock.now_ms)
            self.meter.clock.now_ms += rest_ms
        self.assertEqual(rest_ms, 1000)
        self.broker.send_token(TOKEN)
        for _ in range(5):  # the owner steps it now, and goes on while something is under way
            self.assertTrue(self.meter.app.step(self.meter.clock.now_ms) <= 1000)
            self.meter.clock.now_ms += 20
        self.assertEqual(self.meter.results(), ["Accept"])

    def test_token_sent_again_counts_once(self):
        for _ in range(3):
            self.broker.send_token(TOKEN)
            self.meter.run(1)
        self.assertEqual(self.meter.results(), ["Accept", "UsedError", "UsedError"])
        self.assertEqual(self.meter.credit, 100)

    def test_used_token_is_told_with_what_the_history_holds_of_it(self):
        self.meter.ask(b'{"do":"token","digits":"%s"}' % TOKEN)
        self.broker.send_token(TOKEN)
        self.meter.run(1)
        used = json.loads(self.broker.told("result")[0])
        wanted = {"token": TOKEN.decode(), "result": "UsedError", "amount_wh": 100}
        wanted.update(accepted_tid=meters.TOKEN_100_WH_TID, accepted_by="local")
        self.assertEqual(used, wanted)
        self.meter.app.notes.history = ()  # other purchases came since
        self.broker.send_token(TOKEN)
        self.meter.run(1)
        self.assertFalse("accepted_tid" in json.loads(self.broker.told("result")[1]))

    def test_many_tokens_that_wait_are_taken_one_after_the_other_and_none_is_lost(self):
        sent = [b"%020d" % (int(TOKEN) ^ n << 3) for n in range(40)]
        self.meter.app.meter.lockout_ms = lambda *_: 0  # wrong tokens, and all of them looked at
        for payload in sent:
            self.broker.send_token(payload)
        self.meter.run(60)
        told = [json.loads(result)["token"].encode() for result in self.broker.told("result")]
        self.assertEqual(told, sent)

    def test_a_step_takes_few_octets_one_token_and_few_places_of_flash(self):
        most, chip = {}, self.meter.chip
        tokens = []
        enter, receive = self.meter.app.meter.enter, self.broker.connection.receive

        def entered(digits, now_ms, by):
            tokens.append(digits)
            return enter(digits, now_ms, by)

        def received(most):
            octets.append(receive(most))
            return octets[-1]

        self.meter.app.meter.enter = entered
        self.broker.connection.receive = received
        for _ in range(40):
            self.broker.send_token(TOKEN)
        self.broker.send_token(b"7" * 5000)
        for _ in range(1000):
            octets, before, known = [], sum(chip.erases), len(tokens)
            self.meter.clock.now_ms += 20
            self.meter.app.step(self.meter.clock.now_ms)
            for what, count in (
                ("octets", sum([len(part) for part in octets])),
                ("tokens", len(tokens) - known),
                ("sectors", sum(chip.erases) - before),
            ):
                most[what] = max(most.get(what, 0), count)
        self.assertEqual(self.broker.waiting, [])
        self.assertEqual(most["octets"], TURN_OCTETS)
        self.assertEqual(most["tokens"], 1)
        self.assertTrue(most["sectors"] <= _SECTORS)

    def test_grouped_digits_are_a_token_and_other_text_is_none(self):
        self.broker.send_token(b"5938 6323 4721 3742 6967")
        self.meter.run(1)
        for payload in (b"", b"12", b"1" * 21, b"credit 5", b"{}", b"\xff" * 20, b"9" * 20):
            self.broker.send_token(payload)
            self.meter.run(8)
        self.assertEqual(self.meter.results()[0], "Accept")
        self.assertEqual(set(self.meter.results()[1:]), {"FormatError"})
        self.assertEqual((self.meter.credit, self.broker.waiting[:0]), (100, []))

    def test_wrong_tokens_lock_the_network_alone(self):
        for _ in range(4):
            self.broker.send_token(WRONG)
            self.meter.run(1)
        self.assertEqual(self.meter.results(), ["CRCError"] * 3 + ["LockedOut"])
        front, now_ms = self.meter.app.front, self.meter.clock.now_ms
        self.assertEqual(front.enter(TOKEN.decode(), now_ms, LOCAL).result, "Accept")

    def test_registers_are_told_each_quarter_of_an_hour(self):
        before = len(self.broker.told("registers"))
        self.meter.run(3600, 200)
        self.assertEqual(len(self.broker.told("registers")) - before, 4)

    def test_events_are_told_when_there_are_new_ones_and_once(self):
        for _ in range(3):
            self.broker.send_token(WRONG)
            self.meter.run(1)
        told = [json.loads(payload)["events"] for payload in self.broker.told("events")]
        self.assertEqual([event["event"] for event in told[-1]], ["Locked out", "Restart"])
        self.meter.cut()
        self.meter.run(60)
        again = [json.loads(payload)["events"] for payload in self.broker.told("events")]
        self.assertEqual(
            [event["event"] for event in again[-1]], ["Restart", "Locked out", "Restart"]
        )
        self.assertEqual(len(again), len(told) + 1)

    def test_line_that_breaks_is_opened_again_later_and_later(self):
        for _ in range(3):
            self.broker.connection.close()
            self.meter.run(3)
            self.assertTrue(self.meter.ask(b'{"do":"mqtt"}')["connected"])
        self.broker.silent = True
        before = self.broker.connection
        self.meter.run(400, 100)  # the ping gets no answer
        self.assertFalse(self.meter.ask(b'{"do":"mqtt"}')["connected"])
        self.assertTrue(self.broker.connection is not before)
        self.broker.silent = False
        self.meter.run(600, 100)
        self.assertTrue(self.meter.ask(b'{"do":"mqtt"}')["connected"])

    def test_no_link_is_no_connection_and_the_meter_goes_on(self):
        self.broker.link = False
        self.meter.run(5)
        self.assertFalse(self.meter.ask(b'{"do":"mqtt"}')["connected"])
        self.broker.link = True
        self.meter.run(10)
        self.assertTrue(self.meter.ask(b'{"do":"mqtt"}')["connected"])

    def test_way_that_fails_is_told_by_a_word(self):
        self.assertEqual(self.failed(), "")
        for word in ("untrusted", "other_name", "tls", ""):
            self.broker.ending = word
            self.broker.connection.close()
            self.broker.nobody = True
            self.meter.run(400, 100)
            self.assertEqual(self.failed(), word or "unreachable")
            self.broker.ending, self.broker.nobody = "", False
            self.meter.run(600, 100)
            self.assertEqual(self.failed(), "")
        self.broker.connection.close()
        self.meter.run(0.1)
        self.assertEqual(self.failed(), "lost")
        self.broker.link = False
        self.meter.run(1)
        self.assertEqual(self.failed(), "no_link")
        self.broker.link = True
        self.meter.run(10)
        self.assertEqual(self.failed(), "")

    def test_tls_without_a_certificate_to_believe_is_told_by_a_word(self):
        self.meter.ask(BROKER[:-1] + b',"tls":true}')
        self.meter.run(3)
        self.assertEqual(self.failed(), "no_authority")

    def failed(self):
        return self.meter.ask(b'{"do":"mqtt"}')["failed"]

    def test_wrong_password_for_a_day_is_tried_again_seldom_and_then_taken(self):
        self.broker.code = 4
        self.broker.connection.close()
        self.meter.run(86_400, 5000)
        self.assertEqual(self.meter.ask(b'{"do":"mqtt"}')["refused"], 4)
        self.assertTrue(180 <= len(self.broker.logins) <= 320, len(self.broker.logins))
        self.broker.code = 0
        self.broker.send_token(TOKEN)
        self.meter.run(500)
        self.assertEqual(self.meter.results(), ["Accept"])

    def test_packet_that_is_too_large_is_left_out_and_the_next_is_taken(self):
        self.broker.send_token(b"7" * 5000)
        self.broker.send_token(TOKEN)
        self.meter.run(10)
        self.assertEqual((self.meter.results(), self.meter.credit), (["Accept"], 100))
        self.assertEqual(self.broker.waiting, [])

    def test_result_that_nobody_acknowledged_is_told_again(self):
        self.broker.send_token(TOKEN)
        while not self.meter.credit:
            self.meter.run(0.02)
        self.broker.silent = True
        self.meter.run(1)
        self.broker.silent = False
        self.broker.connection.close()
        self.meter.cut()
        self.meter.run(5)
        self.assertEqual(self.meter.results(), ["Accept"])

    def test_password_is_in_no_reply_and_outlives_a_restart(self):
        replies = [BROKER, b'{"do":"mqtt"}', b'{"do":"read"}', b'{"do":"mqtt","host":5}']
        for line in replies:
            told = self.meter.service.reply(line, self.meter.clock.now_ms)
            self.assertEqual(told.find("a secret"), -1)
        self.meter.cut()
        self.meter.run(5)
        self.assertEqual(self.broker.logins[-1], ("meter", "a secret"))

    def test_meter_whose_port_is_shut_is_told_its_broker_and_wifi_once(self):
        shut = Meter(brokers.Broker(), state=meters.state(), shut=True)
        wifi = b'{"do":"wifi","name":"shop","password":"a word"}'
        for line in (BROKER, wifi):
            self.assertTrue(shut.ask(line)["ok"])
            self.assertEqual(shut.ask(line)["error"], "already_provisioned")

    def test_meter_without_a_number_leaves_the_broker_alone(self):
        lone = Meter(brokers.Broker())
        self.assertTrue(lone.ask(BROKER)["ok"])
        lone.run(5)
        self.assertIsNone(lone.broker.connection)

    def test_names_that_are_too_long_are_refused_and_change_nothing(self):
        for field in ("host", "user", "password"):
            line = '{"do":"mqtt","host":"h","%s":"%s"}' % (field, "x" * 65)
            told = self.meter.ask(line.replace('"host":"h",', "", field == "host").encode())
            self.assertEqual(told["error"], "bad_request")
        self.assertEqual(self.meter.ask(b'{"do":"mqtt"}')["host"], "broker")

    def test_wifi_is_stored_and_its_password_is_in_no_reply(self):
        told = self.meter.service.reply(b'{"do":"wifi","name":"shop","password":"a word"}', 0)
        self.assertEqual(json.loads(told), {"ok": True, "name": "shop", "up": True})
        self.meter.cut()
        self.assertEqual(self.meter.ask(b'{"do":"wifi"}')["name"], "shop")


if __name__ == "__main__":
    unittest.main()
