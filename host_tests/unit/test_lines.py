import unittest

from service_port.lines import LINE_MAX, Lines, Refused, _escaped, accepted, integer, keys, written

ENDS = (b"\n", b"\r", b"\r\n")
TEXTS = [b"one", b"", b"two", b"{}", b"", b""]


class ReplyTest(unittest.TestCase):
    def test_what_a_terminal_would_obey_is_written_as_an_escape(self):
        for char, escape in (("\x1f", "\\u001f"), (" ", " "), ("~", "~"), ("\x7f", "\\u007f")):
            self.assertEqual(_escaped(char), escape)

    def test_a_character_of_more_than_16_bits_is_written_as_two_escapes(self):
        for char, escape in (("\uffff", "\\uffff"), (chr(0x10000), "\\ud800\\udc00")):
            self.assertEqual(_escaped(char), escape)

    def test_a_text_is_the_escapes_of_its_characters_one_by_one(self):
        texts = ["", "kWh", "a b~", 'say "x"', "back\\slash", "\x7f", "\t", "\x00", "\n\r\b\f"]
        texts += ["\xe9t\xe9", "\u20ac 5", chr(0x1F600), "end\x7f", "/", "<&>'"]
        for text in texts:
            one_by_one = '"' + "".join([_escaped(char) for char in text]) + '"'
            self.assertEqual(written(text), one_by_one)


class IntegerTest(unittest.TestCase):
    def test_a_number_at_either_end_is_taken_and_one_beyond_is_refused_with_both_ends(self):
        for number in (2, 9):
            self.assertEqual(integer({"n": number}, "n", 2, 9), number)
        for number in (1, 10, "5", True, None, 5.0):
            try:
                integer({"n": number}, "n", 2, 9)
                raise AssertionError("taken: %r" % number)
            except Refused as refused:
                self.assertEqual(refused.code, "bad_request")
                self.assertEqual(refused.message, "n: a whole number from 2 to 9 is needed")


class KeysTest(unittest.TestCase):
    def test_a_thousand_keys_are_taken_and_one_more_is_refused(self):
        self.assertEqual(keys({"keys": "5" * 1000}), "5" * 1000)
        try:
            keys({"keys": "5" * 1001})
            raise AssertionError("taken")
        except Refused as refused:
            self.assertEqual(refused.message, "keys: more than 1000")


class IdTest(unittest.TestCase):
    def test_an_id_of_200_characters_comes_back_and_a_longer_one_does_not(self):
        self.assertTrue('"id": "%s"' % ("x" * 200) in accepted({"id": "x" * 200}, []))
        self.assertTrue('"id": -7' in accepted({"id": -7}, []))
        for other in ("x" * 201, True, None, 1.5, [1], {"a": 1}):
            self.assertFalse('"id"' in accepted({"id": other}, []))


class LinesTest(unittest.TestCase):
    def test_lines_end_in_lf_cr_or_both(self):
        for end in ENDS:
            self.assertEqual(Lines().feed(end.join(TEXTS) + end), TEXTS, end)

    def test_ends_may_change_from_line_to_line(self):
        self.assertEqual(
            Lines().feed(b"a\rb\r\nc\nd\n\re\r\r\nf\n"),
            [b"a", b"b", b"c", b"d", b"", b"e", b"", b"f"],
        )

    def test_pieces_in_which_the_bytes_come_do_not_matter(self):
        for end in ENDS:
            data = end.join(TEXTS) + end
            for size in (1, 2, 3):
                lines, got = Lines(), []
                for at in range(0, len(data), size):
                    got += lines.feed(data[at : at + size]) + lines.feed(b"")
                self.assertEqual(got, TEXTS, (end, size))

    def test_line_that_ends_in_cr_is_not_waited_for(self):
        lines = Lines()
        self.assertEqual(lines.feed(b"one\r"), [b"one"])
        self.assertEqual(lines.feed(b"\n"), [])
        self.assertEqual(lines.feed(b"\n"), [b""])
        self.assertEqual(lines.feed(b"tw"), [])
        self.assertEqual(lines.feed(b"o\r"), [b"two"])

    def test_end_of_a_line_does_not_count_to_its_length(self):
        longest = b"x" * LINE_MAX
        for end in ENDS:
            lines = Lines()
            self.assertEqual(lines.feed(longest + end + longest + b"x" + end), [longest, None])
            self.assertEqual(lines.feed(b"y" + end), [b"y"])


if __name__ == "__main__":
    unittest.main()
