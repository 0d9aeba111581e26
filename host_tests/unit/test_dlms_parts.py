"""A-XDR, GCM, HDLC and the TCP wrapper."""

import unittest

from dlms import axdr, gcm, hdlc
from dlms.secrets import Counters
from dlms.wrapper import Wrapper
from models import aes
from rigs.dlms_meter import Kept


class AxdrTest(unittest.TestCase):
    def test_numbers_read_back_as_they_were(self):
        for tag, value in (
            (axdr.I8, -128), (axdr.U8, 255), (axdr.I16, -2), (axdr.U16, 65535),
            (axdr.I32, -(1 << 31)),
            (axdr.U32, (1 << 32) - 1), (axdr.I64, -(1 << 63)), (axdr.U64, (1 << 64) - 1),
            (axdr.ENUM, 3), (axdr.BOOLEAN, 1),
        ):  # fmt: skip
            encoded = axdr.number(tag, value)
            self.assertEqual(axdr.take(encoded, 0), (value, len(encoded)))

    def test_number_that_does_not_fit_becomes_the_nearest(self):
        self.assertEqual(axdr.number(axdr.I32, 1 << 40), b"\x05\x7f\xff\xff\xff")
        self.assertEqual(axdr.number(axdr.I32, -(1 << 40)), b"\x05\x80\x00\x00\x00")
        self.assertEqual(axdr.number(axdr.U32, -1), b"\x06\x00\x00\x00\x00")

    def test_structures_and_strings_read_back(self):
        encoded = axdr.structure(axdr.octets(b"ab"), axdr.array([axdr.utf8("c")]), axdr.NULL)
        self.assertEqual(axdr.take(encoded, 0), ([b"ab", [b"c"], None], len(encoded)))

    def test_bits_begin_with_the_most_significant(self):
        self.assertEqual(axdr.bits(8, 0x80), b"\x04\x08\x80")
        self.assertEqual(axdr.bits(5, 1), b"\x04\x05\x08")

    def test_time_has_no_wildcards(self):
        encoded = axdr.date_time((2026, 11, 29, 12, 30, 5, 7))
        self.assertEqual(encoded, bytes((7, 0xEA, 11, 29, 7, 12, 30, 5, 0, 0, 0, 0)))

    def test_whatever_is_cut_short_too_deep_or_unknown_is_refused(self):
        good = axdr.structure(axdr.octets(b"abc"), axdr.number(axdr.U32, 7))
        for end in range(len(good)):
            self.assertRaises(ValueError, axdr.take, good[:end], 0)
        for bad in (
            b"\x02\x01" * 9,
            b"\x63\x00",
            b"\x09\x83\x00\x00\x01x",
            b"\x09\x80",
            b"\x01\xff",
        ):
            self.assertRaises(ValueError, axdr.take, bad, 0)


class GcmTest(unittest.TestCase):
    # Source: NIST, GCM test case 4.
    KEY = bytes.fromhex("feffe9928665731c6d6a8f9467308308")
    NONCE = bytes.fromhex("cafebabefacedbaddecaf888")
    AAD = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    PLAIN = bytes.fromhex(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    )
    SEALED = bytes.fromhex(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
        "5bc94fbc3221a5db94fae95a"
    )

    def setUp(self):
        self.gcm = gcm.Gcm(aes.encryptor(self.KEY))

    def test_published_case_is_sealed_and_opened(self):
        self.assertEqual(self.gcm.seal(self.NONCE, self.AAD, self.PLAIN), self.SEALED)
        self.assertEqual(self.gcm.opened(self.NONCE, self.AAD, self.SEALED), self.PLAIN)

    def test_anything_changed_is_not_opened(self):
        for at in range(0, len(self.SEALED), 7):
            changed = bytearray(self.SEALED)
            changed[at] ^= 1
            self.assertIsNone(self.gcm.opened(self.NONCE, self.AAD, bytes(changed)))
        self.assertIsNone(self.gcm.opened(self.NONCE, b"", self.SEALED))
        self.assertIsNone(self.gcm.opened(self.NONCE, self.AAD, self.SEALED[:-1]))
        self.assertIsNone(self.gcm.opened(self.NONCE, self.AAD, b"short"))

    def test_it_prints_no_key(self):
        self.assertEqual(repr(self.gcm), "Gcm(hidden)")


class CountersTest(unittest.TestCase):
    def test_no_counter_comes_twice_whenever_the_power_goes(self):
        kept, sent = Kept(), []
        for turn in range(5):
            counters = Counters(kept)
            sent += [counters.next_sent() for _ in range(700 * turn)]
        self.assertEqual(len(set(sent)), len(sent))
        self.assertTrue(kept.writes < 12)

    def test_received_counter_must_rise_and_after_a_restart_pass_all_before(self):
        kept = Kept()
        counters = Counters(kept)
        self.assertTrue(counters.accept_received(5))
        self.assertFalse(counters.accept_received(5))
        self.assertFalse(counters.accept_received(4))
        self.assertTrue(counters.accept_received(6))
        again = Counters(kept)
        self.assertFalse(again.accept_received(7))
        self.assertTrue(again.received >= 6)
        self.assertTrue(again.accept_received(again.received + 1))

    def test_counter_that_cannot_be_kept_is_not_used(self):
        class Broken(Kept):
            def save(self, sent, received):
                raise OSError

        counters = Counters(Broken())
        self.assertRaises(OSError, counters.next_sent)
        self.assertRaises(OSError, counters.accept_received, 1)
        self.assertEqual(counters.received, 0)

    def test_last_counter_is_the_last(self):
        kept = Kept()
        kept.kept = (0xFFFFFFFE, 0xFFFFFFFE)
        counters = Counters(kept)
        self.assertEqual(counters.next_sent(), 0xFFFFFFFF)
        self.assertRaises(OSError, counters.next_sent)
        self.assertTrue(counters.accept_received(0xFFFFFFFF))
        self.assertFalse(counters.accept_received(0xFFFFFFFF))


def fed(codec, data):
    """Feed `data`, and nothing until all of it had its turn; return all that is to be sent."""
    out = codec.feed(data)
    while codec.busy:
        out += codec.feed(b"")
    return out


class WrapperTest(unittest.TestCase):
    HEAD = b"\x00\x01\x00\x10\x00\x01\x00\x03"

    def setUp(self):
        self.asked = []
        self.wrapper = Wrapper(self)
        self.known = True

    def answer(self, apdu, client):
        self.asked.append((apdu, client))
        return self.later()

    def later(self):
        return b"!" + self.asked[-1][0] if self.known else None

    def test_requests_come_in_any_pieces_and_several_at_once(self):
        stream = (self.HEAD + b"abc") * 3
        out = b"".join([self.wrapper.feed(stream[at : at + 1]) for at in range(len(stream))])
        self.assertFalse(self.wrapper.busy)
        out += fed(self.wrapper, stream)
        self.assertEqual(self.asked, [(b"abc", 16)] * 6)
        self.assertEqual(out, b"\x00\x01\x00\x01\x00\x10\x00\x04!abc" * 6)

    def test_request_to_another_server_gets_no_answer(self):
        self.assertEqual(self.wrapper.feed(b"\x00\x01\x00\x10\x00\x02\x00\x01x"), b"")
        self.assertEqual(self.asked, [])

    def test_answer_that_is_not_known_keeps_the_next_request_waiting(self):
        self.known = False
        stream = self.HEAD + b"abc" + self.HEAD[:3] + b"\x11" + self.HEAD[4:] + b"def"
        for more in (stream, b"", self.HEAD + b"ghi"):
            self.assertEqual(self.wrapper.feed(more), b"")
            self.assertTrue(self.wrapper.busy)
        self.assertEqual(self.asked, [(b"abc", 16)])
        self.known = True
        answers = [b"\x00\x01\x00\x01\x00%c\x00\x04!" % client for client in (16, 17, 16)]
        said = b"".join([answers[0], b"abc", answers[1], b"def", answers[2], b"ghi"])
        self.assertEqual(fed(self.wrapper, b""), said)
        self.assertEqual(len(self.asked), 3)

    def test_one_call_answers_one_request(self):
        answers = []
        self.wrapper.feed(self.HEAD)
        stream = b"abc" + (self.HEAD + b"abc") * 2
        while stream or self.wrapper.busy:
            answers.append(self.wrapper.feed(stream))
            stream = b""
        self.assertEqual([len(answer) for answer in answers], [12] * 3)

    def test_what_is_no_wrapper_or_endless_breaks_the_connection(self):
        for head in (b"\x00\x02\x00\x10\x00\x01\x00\x03", b"\x00\x01\x00\x10\x00\x01\xff\xff"):
            wrapper = Wrapper(self)
            self.assertEqual(wrapper.feed(head), b"")
            self.assertTrue(wrapper.broken)


class HdlcTest(unittest.TestCase):
    SNRM = b"\x7e\xa0\x07\x03\x21\x93\x0f\x01\x7e"

    def setUp(self):
        self.asked, self.dropped, self.reply = [], 0, b"ok"
        self.link = hdlc.Hdlc(self)

    def answer(self, apdu, client):
        self.asked.append((apdu, client))
        return self.reply

    def later(self):
        return self.reply

    def drop(self):
        self.dropped += 1

    def _frame(self, control, info=b"", segment=False):
        head = b"\x03\x21" + bytes((control,))
        size = len(head) + 4 + (len(info) + 2 if info else 0)
        head = bytes((0xA0 | (8 if segment else 0) | size >> 8, size & 255)) + head
        body = head + (hdlc.check(head) + info if info else b"")
        return b"\x7e" + body + hdlc.check(body) + b"\x7e"

    def _say(self, *arguments):
        return self.link.feed(self._frame(*arguments))

    def test_published_frame_of_a_client_is_answered_with_the_limits(self):
        self.assertEqual(self._frame(0x93), self.SNRM)
        answer = self.link.feed(self.SNRM)
        self.assertEqual(answer[5], 0x73)
        self.assertTrue(b"\x81\x80\x12\x05\x01\x80\x06\x01\x80" in answer)
        self.assertEqual(self.dropped, 1)

    def test_request_is_answered_and_repeated_when_asked_again(self):
        self._say(0x93)
        first = self._say(0x10, b"\xe6\xe6\x00ask")
        self.assertEqual(self.asked, [(b"ask", 16)])
        self.assertTrue(b"\xe6\xe7\x00ok" in first)
        self.assertEqual(self._say(0x10, b"\xe6\xe6\x00ask"), first)
        self.assertEqual(len(self.asked), 1)

    def test_answer_that_is_not_known_comes_once_it_is_and_its_request_counts_once(self):
        self._say(0x93)
        self.reply = None
        request = self._frame(0x10, b"\xe6\xe6\x00ask")
        for more in (request, b"", request, self.SNRM):
            self.assertEqual(self.link.feed(more), b"")
            self.assertTrue(self.link.busy)
        self.reply = b"ok"
        answer = fed(self.link, b"")
        self.assertEqual(answer.count(b"\xe6\xe7\x00ok"), 2)  # asked twice, told twice
        self.assertTrue(answer.endswith(self.link.feed(self.SNRM)))  # and the link began anew
        self.assertEqual((len(self.asked), self.dropped), (1, 3))

    def test_long_request_and_long_answer_come_in_segments(self):
        self._say(0x93)
        self.reply = bytes(range(250)) + bytes(100)
        self.assertEqual(self._say(0x10, b"\xe6\xe6\x00" + b"a" * 100, True)[5] & 0x0F, 1)
        answer = self._say(0x12, b"b" * 100)
        self.assertEqual(self.asked, [(b"a" * 100 + b"b" * 100, 16)])
        got = answer[8:-3]
        for received in (1, 2):
            self.assertTrue(answer[1] & 8)
            answer = self._say(0x11 | received << 5)
            got += answer[8:-3]
        self.assertFalse(answer[1] & 8)
        self.assertEqual(got, b"\xe6\xe7\x00" + self.reply)

    def test_frames_in_pieces_with_rubbish_between_are_found(self):
        stream = b"\x00\x7e\x7e" + self.SNRM + b"rubbish\x7e\xa0" + self._frame(0x53)
        out = b"".join([fed(self.link, stream[at : at + 1]) for at in range(len(stream))])
        out += self.link.feed(self._frame(0x53))
        self.assertEqual(out[5], 0x73)
        self.assertTrue(out.endswith(self.link.feed(self._frame(0x53))))

    def test_damaged_frames_and_other_servers_get_no_answer(self):
        for at in range(1, len(self.SNRM) - 1):
            damaged = bytearray(self.SNRM)
            damaged[at] ^= 0x10
            self.assertEqual(hdlc.Hdlc(self).feed(bytes(damaged)), b"")
        self.assertEqual(self.dropped, 0)

    def test_before_a_link_there_is_no_service(self):
        self.assertEqual(self._say(0x10, b"\xe6\xe6\x00ask")[5], 0x1F)
        self.assertEqual(self.asked, [])

    def test_endless_segments_end_the_link(self):
        self._say(0x93)
        for turn in range(20):
            answer = self._say(0x10 | (turn & 7) << 1, b"x" * 100, True)
            if answer[5] == 0x1F:
                return
        self.fail("a request without end was kept")


if __name__ == "__main__":
    unittest.main()
