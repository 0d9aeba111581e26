"""Associations: who may begin one, what they may read and do, and that nothing is heard twice."""

import unittest

from dlms import axdr
from dlms.association import PDU_MAX
from dlms.secrets import Counters
from models.dlms_client import AUTHENTICATION_KEY, ENCRYPTION_KEY, PASSWORD, Client
from rigs import dlms_meter
from rigs.dlms_meter import FixedFacts, Kept

GATEWAY, TOTAL, LOAD = "0.0.19.40.0.255", "1.0.1.8.0.255", "1.0.99.1.0.255"
ITSELF = "0.0.40.0.0.255"
DIGITS = b"12345678901234567890"
DENIED, UNDEFINED, TEMPORARY, TYPE = 3, 4, 2, 12


class Case(unittest.TestCase):
    local = False

    def setUp(self):
        self.facts, self.kept = FixedFacts(), Kept()
        self.association = dlms_meter.made(self.facts, self.kept, self.local)
        self.said = []
        self.client = Client(self._say)

    def _say(self, apdu, client):
        answer = self.association.answer(apdu, client)
        self.said.append(answer)
        return answer


class PublicClientTest(Case):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.client.public(), (0, 0))

    def test_it_reads_name_number_counter_and_clock(self):
        get = self.client.get
        self.assertEqual(get(1, "0.0.42.0.0.255", 2), (0, b"M20TEST000000007"))
        self.assertEqual(get(1, "0.0.96.1.0.255", 2), (0, b"12345678903"))
        self.assertEqual(get(1, "0.0.43.1.0.255", 2), (0, 0))
        self.assertEqual(get(8, "0.0.1.0.0.255", 2)[1][:4], b"\x07\xea\x0b\x1d")

    def test_its_list_names_what_it_may_read_and_nothing_else(self):
        status, listed = self.client.get(15, ITSELF, 2)
        self.assertEqual(status, 0)
        self.assertEqual(sorted([entry[0] for entry in listed]), [1, 1, 1, 8, 15])

    def test_it_reads_no_consumption_and_enters_no_token(self):
        for cls, name in ((3, TOTAL), (7, LOAD), (115, GATEWAY), (112, "0.0.19.10.0.255")):
            self.assertEqual(self.client.get(cls, name, 2), (DENIED, None))
        self.assertEqual(self.client.act(115, GATEWAY, 1, axdr.octets(DIGITS)), (DENIED, None))
        self.assertEqual(self.facts.gateway.entered, [])


class ManagementClientTest(Case):
    def setUp(self):
        super().setUp()
        self.assertEqual(self.client.gmac(), (0, 14, True))

    def test_it_reads_registers_account_and_gateway(self):
        get = self.client.get
        self.assertEqual(get(3, TOTAL, 2), (0, 1234567))
        self.assertEqual(get(3, TOTAL, 3), (0, [0, 30]))
        self.assertEqual(get(111, "0.0.19.0.0.255", 5), (0, 25600))
        self.assertEqual(get(112, "0.0.19.10.0.255", 2), (0, 25600))
        self.assertEqual(get(115, GATEWAY, 1)[0], 0)

    def test_token_goes_to_the_meter_as_it_came(self):
        self.assertEqual(self.client.act(115, GATEWAY, 1, axdr.octets(DIGITS)), (0, None))
        self.assertEqual(self.facts.gateway.entered, [DIGITS])
        self.assertEqual(self.client.get(115, GATEWAY, 2), (0, DIGITS))

    def test_token_that_cannot_be_taken_now_is_told_so(self):
        self.facts.gateway.busy = True
        answer = self.client.act(115, GATEWAY, 1, axdr.octets(DIGITS))
        self.assertEqual(answer, (TEMPORARY, None))

    def test_token_of_another_type_is_refused(self):
        answer = self.client.act(115, GATEWAY, 1, axdr.number(axdr.U32, 5))
        self.assertEqual(answer, (TYPE, None))

    def test_nothing_can_be_set(self):
        for cls, name in (
            (112, "0.0.19.10.0.255"),
            (3, TOTAL),
            (70, "0.0.96.3.10.255"),
            (8, "0.0.1.0.0.255"),
        ):
            what = cls.to_bytes(2, "big") + _name(name) + b"\x02\x00"
            answer = self.client.ask(b"\xc1\x01\xc1" + what + axdr.number(axdr.I32, 9999999))
            self.assertEqual(answer, b"\xc5\x01\xc1\x03")

    def test_switch_and_credit_take_no_orders(self):
        for cls, name, methods in (
            (70, "0.0.96.3.10.255", (1, 2)), (111, "0.0.19.0.0.255", (1, 2, 3)),
            (112, "0.0.19.10.0.255", (1, 2, 3)), (3, TOTAL, (1,)), (7, LOAD, (1, 2)),
        ):  # fmt: skip
            for method in methods:
                answer = self.client.act(cls, name, method, axdr.number(axdr.I32, 1000))
                self.assertEqual(answer, (DENIED, None))

    def test_what_there_is_not_is_undefined(self):
        self.assertEqual(self.client.get(3, "1.0.2.8.0.255", 2), (UNDEFINED, None))
        self.assertEqual(self.client.get(4, TOTAL, 2), (UNDEFINED, None))
        self.assertEqual(self.client.act(3, "1.0.2.8.0.255", 1), (UNDEFINED, None))

    def test_profile_of_a_thousand_rows_comes_in_blocks_that_fit(self):
        status, rows = self.client.get(7, LOAD, 2)
        self.assertEqual((status, len(rows)), (0, 1000))
        self.assertEqual([row[1] for row in rows], list(range(1000, 2000)))
        self.assertTrue(max([len(answer) for answer in self.said]) <= PDU_MAX)

    def test_profile_is_read_as_it_is_sent_and_not_before(self):
        what = (7).to_bytes(2, "big") + _name(LOAD) + b"\x02\x00"
        self.client.ask(b"\xc0\x01\xc1" + what)
        self.assertTrue(self.facts.load.read < 20)

    def test_profile_is_read_by_entries(self):
        rows = self.client.get(7, LOAD, 2, _entries(10, 12))[1]
        self.assertEqual([row[1] for row in rows], [1009, 1010, 1011])
        self.assertEqual(len(self.client.get(7, LOAD, 2, _entries(999, 0))[1]), 2)
        self.assertEqual(self.client.get(7, LOAD, 2, _entries(2000, 3000))[1], [])

    def test_profile_is_read_by_a_range_of_time(self):
        first, last = (2026, 1, 1, 1, 0, 0, 4), (2026, 1, 1, 2, 0, 0, 4)
        rows = self.client.get(7, LOAD, 2, _range(first, last))[1]
        self.assertEqual([row[1] for row in rows], [1004, 1005, 1006, 1007, 1008])
        self.assertEqual(self.client.get(7, LOAD, 2, _range(last, first))[1], [])

    def test_range_is_told_in_any_time_zone(self):
        """Clients on a computer in Johannesburg, New York or Kathmandu ask for the same hour."""
        for first, last, to_utc in (
            ((2026, 1, 1, 3, 0, 0, 4), (2026, 1, 1, 4, 0, 0, 4), -120),
            ((2025, 12, 31, 20, 0, 0, 3), (2025, 12, 31, 21, 0, 0, 3), 300),
            ((2026, 1, 1, 6, 45, 0, 4), (2026, 1, 1, 7, 45, 0, 4), -345),
            ((2026, 1, 1, 1, 0, 0xFF, 4), (2026, 1, 1, 2, 0, 0xFF, 4), -0x8000),  # not specified
        ):
            rows = self.client.get(7, LOAD, 2, _range(first, last, to_utc))[1]
            self.assertEqual([row[1] for row in rows], [1004, 1005, 1006, 1007, 1008])

    def test_columns_that_a_selection_names_come_alone(self):
        times, totals = (8, "0.0.1.0.0.255", 2), (3, TOTAL, 2)
        first, last = (2026, 1, 1, 1, 0, 0, 4), (2026, 1, 1, 1, 15, 0, 4)
        get = self.client.get
        both, single = [2, 2], [1, 1]
        for selection, cells in (
            (_entries(5, 6, 1, 0), both), (_entries(5, 6, 0, 0), both),
            (_entries(5, 6, 2, 0), single), (_entries(5, 6, 2, 2), single),
            (_range(first, last, columns=[times, totals]), both),
            (_range(first, last, columns=[totals]), single),
        ):  # fmt: skip
            rows = get(7, LOAD, 2, selection)[1]
            self.assertEqual([len(row) for row in rows], cells)
            self.assertEqual([row[-1] for row in rows], [1004, 1005])
        self.assertEqual(len(get(7, LOAD, 2, _range(first, last, columns=[times]))[1][0][0]), 12)
        for wrong in (
            _entries(5, 6, 3, 0), _entries(5, 6, 2, 1),
            _range(first, last, columns=[(3, TOTAL, 3)]),
        ):  # fmt: skip
            self.assertEqual(get(7, LOAD, 2, wrong), (TYPE, None))

    def test_status_of_the_account_has_the_bits_that_clients_know(self):
        """In credit is the first bit, low credit the second, out of credit the seventh."""
        what = (111).to_bytes(2, "big") + _name("0.0.19.0.0.255") + b"\x04\x00"
        for credit, low, bits in (
            (25600, 5000, 0b10000000), (4999, 5000, 0b11000000), (0, 0, 0b00000010),
            (-100, 5000, 0b01000010),
        ):  # fmt: skip
            self.facts.credit, self.facts.low_credit = lambda c=credit: c, lambda w=low: w
            self.assertEqual(self.client.ask(b"\xc0\x01\xc1" + what)[-3:], bytes((4, 8, bits)))

    def test_selection_of_another_form_is_refused(self):
        for selection in (b"\x01\x03\x00", b"\x01\x02\x09\x01a", b"\x01\x01\x02\x01\x00"):
            self.assertEqual(self.client.get(7, LOAD, 2, selection), (TYPE, None))

    def test_several_attributes_come_in_one_answer(self):
        one = (3).to_bytes(2, "big") + _name(TOTAL) + b"\x02\x00"
        none = (3).to_bytes(2, "big") + _name("1.0.2.8.0.255") + b"\x02\x00"
        answer = self.client.ask(b"\xc0\x03\xc1\x02" + one + none)
        self.assertEqual(
            answer, b"\xc4\x03\xc1\x02\x00" + axdr.number(axdr.U32, 1234567) + b"\x01\x04"
        )

    def test_block_out_of_turn_is_refused(self):
        answer = self.client.ask(b"\xc0\x02\xc1\x00\x00\x00\x05")
        self.assertEqual(answer[-2:], b"\x01\x13")

    def test_message_heard_before_is_refused(self):
        what = (3).to_bytes(2, "big") + _name(TOTAL) + b"\x02\x00"
        sealed = self.client.seal(0xC8, b"\xc0\x01\xc1" + what)
        self.assertEqual(self.association.answer(sealed, 1)[0], 0xCC)
        self.assertEqual(self.association.answer(sealed, 1)[0], 0xD8)

    def test_message_in_the_clear_is_refused(self):
        what = (3).to_bytes(2, "big") + _name(TOTAL) + b"\x02\x00"
        self.assertEqual(self.association.answer(b"\xc0\x01\xc1" + what, 1), b"\xd8\x01\x02")

    def test_message_changed_anywhere_is_refused_and_moves_no_counter(self):
        what = (115).to_bytes(2, "big") + _name(GATEWAY) + b"\x01\x01" + axdr.octets(DIGITS)
        sealed = self.client.seal(0xCB, b"\xc3\x01\xc1" + what)
        for at in range(1, len(sealed)):
            changed = bytearray(sealed)
            changed[at] ^= 0x40
            self.association.answer(bytes(changed), 1)
        self.assertEqual(self.facts.gateway.entered, [])
        self.assertEqual(self.association.answer(sealed, 1)[0], 0xCF)
        self.assertEqual(self.facts.gateway.entered, [DIGITS])

    def test_no_answer_holds_a_key(self):
        self.client.get(15, ITSELF, 2)
        self.client.get(7, LOAD, 2)
        for answer in self.said:
            for secret in (ENCRYPTION_KEY, AUTHENTICATION_KEY, PASSWORD):
                self.assertFalse(secret in answer)

    def test_client_of_another_address_gets_nothing(self):
        what = (3).to_bytes(2, "big") + _name(TOTAL) + b"\x02\x00"
        sealed = self.client.seal(0xC8, b"\xc0\x01\xc1" + what)
        self.assertEqual(self.association.answer(sealed, 16), b"\xd8\x01\x02")

    def test_release_ends_it(self):
        self.assertEqual(self.association.answer(b"\x62\x03\x80\x01\x00", 1)[0], 0x63)
        self.assertEqual(self.association.answer(b"\xc0\x01\xc1", 1), b"\xd8\x01\x02")


class BeginningTest(Case):
    def test_before_it_there_is_no_service(self):
        what = (3).to_bytes(2, "big") + _name(TOTAL) + b"\x02\x00"
        self.assertEqual(self.association.answer(b"\xc0\x01\xc1" + what, 16), b"\xd8\x01\x02")

    def test_password_is_refused_on_a_network(self):
        self.assertEqual(self.client.low(), (1, 11))

    def test_management_without_a_secret_is_refused(self):
        self.client.address = 1
        answer = self.client._begin(1, b"\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01\x01", _INITIATE)
        self.assertEqual(answer[0], 1)

    def test_until_the_proof_there_is_no_service(self):
        self.client.prove = lambda challenge: True
        self.client.gmac()
        self.assertEqual(self.client.get(3, TOTAL, 2), (b"\xd8\x01\x02", None))
        self.assertEqual(self.client.act(115, GATEWAY, 1, axdr.octets(DIGITS))[0], b"\xd8\x01\x02")
        self.assertEqual(self.facts.gateway.entered, [])

    def test_wrong_proof_ends_it(self):
        right = self.client.prove
        self.client.prove = lambda challenge: right(b"another challenge")
        self.assertEqual(self.client.gmac(), (0, 14, False))
        self.assertEqual(self.association.state, 0)

    def test_after_a_restart_the_client_must_pass_the_counter_that_is_told(self):
        self.assertEqual(self.client.gmac(), (0, 14, True))
        self.association = dlms_meter.made(self.facts, self.kept)
        self.client.sealed = False
        self.assertEqual(self.client.gmac()[0], None)
        self.client.public()
        told = self.client.get(1, "0.0.43.1.0.255", 2)[1]
        self.client.counter = told
        self.assertEqual(self.client.gmac(), (0, 14, True))

    def test_meter_without_secrets_knows_only_the_public_client(self):
        self.association = dlms_meter.made(self.facts, with_secrets=False)
        self.assertEqual(self.client.gmac()[0], 1)
        self.client.sealed = False
        self.assertEqual(self.client.public(), (0, 0))

    def test_nothing_that_arrives_raises(self):
        self.client.gmac()
        seed = 1
        for good in (
            b"\x60\x1d\xa1\x09\x06\x07\x60\x85\x74\x05\x08\x01\x01\xbe\x10\x04\x0e" + _INITIATE,
            self.said[0],
        ):
            for _ in range(400):
                seed = seed * 69069 + 1 & 0xFFFFFF
                bad = bytearray(good)
                bad[seed % len(bad)] = seed >> 8 & 0xFF
                self.association.answer(bytes(bad[: len(bad) - seed % 3]), 1 + seed % 2 * 15)
        self.assertEqual(self.facts.gateway.entered, [])


class LocalLineTest(Case):
    local = True

    def test_password_opens_it_and_a_wrong_one_does_not(self):
        self.assertEqual(self.client.low(b"wrong-password"), (1, 13))
        self.assertEqual(self.client.low(b""), (1, 13))
        self.assertEqual(self.client.low(), (0, 0))
        self.assertEqual(self.client.get(3, TOTAL, 2), (0, 1234567))

    def test_counters_stay_when_the_line_breaks(self):
        self.client.gmac()
        before = Counters(self.kept).next_sent()
        self.association.drop()
        self.assertTrue(before > 0)
        self.assertEqual(self.association.state, 0)


_INITIATE = b"\x01\x00\x00\x00\x06\x5f\x1f\x04\x00\x00\x12\x15\x02\x00"


def _name(name):
    return bytes([int(part) for part in name.split(".")])


def _entries(first, last, first_column=1, last_column=0):
    return b"\x01\x02" + axdr.structure(
        axdr.number(axdr.U32, first), axdr.number(axdr.U32, last),
        axdr.number(axdr.U16, first_column), axdr.number(axdr.U16, last_column),
    )  # fmt: skip


def _range(first, last, to_utc=0, columns=()):
    zone = (to_utc & 0xFFFF).to_bytes(2, "big") + b"\x00"
    times = [axdr.octets(axdr.date_time(time)[:9] + zone) for time in (first, last)]
    named = axdr.array([_column(*column) for column in columns])
    clock = _column(8, "0.0.1.0.0.255", 2)
    return b"\x01\x01" + axdr.structure(clock, times[0], times[1], named)


def _column(cls, name, index):
    return axdr.structure(
        axdr.number(axdr.U16, cls), axdr.octets(_name(name)),
        axdr.number(axdr.I8, index), axdr.number(axdr.U16, 0),
    )  # fmt: skip


if __name__ == "__main__":
    unittest.main()
