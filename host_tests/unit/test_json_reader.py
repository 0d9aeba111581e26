import unittest

from data.json_texts import NO_JSON
from service_port.json_reader import NotJson, read

JSON = (
    (b"{}", {}),
    (b"[]", []),
    (b" \t\r{ } \r", {}),
    (b'{"id":1}', {"id": 1}),
    (b'{ "a" : [ 1 , 2 ] , "b" : { "c" : null } }', {"a": [1, 2], "b": {"c": None}}),
    (b'{"":{"":[]}}', {"": {"": []}}),
    (b"[[],[[]],{}]", [[], [[]], {}]),
    (b"true", True),
    (b"false", False),
    (b"null", None),
    (b"0", 0),
    (b"-0", 0),
    (b"-17", -17),
    (b"1073741824", 1 << 30),
    (b"-9223372036854775809", -(1 << 63) - 1),
    (b"9" * 400, 10**400 - 1),
    (b'""', ""),
    (b'"a\x7f"', "a\x7f"),
    (b'"\\"\\\\\\/\\b\\f\\n\\r\\t"', '"\\/\b\f\n\r\t'),
    (b'"a\\u0041\\u00e9\\u00E9z"', "aA\xe9\xe9z"),
    (b'"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"', "\xe9\u20ac\U0001f600"),
    (b'"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"', "\ud7ff\ue000\U0010ffff"),
    (b'"\\ud83d\\ude00"', "\U0001f600"),
    (b'"\\u0000"', "\x00"),
)


class JsonReaderTest(unittest.TestCase):
    def refusal(self, data):
        try:
            return "read as %r" % (read(data),)
        except NotJson as wrong:
            return str(wrong)

    def test_what_is_no_json_is_refused(self):
        for data in NO_JSON:
            self.assertEqual(self.refusal(data), "not a line of JSON in UTF-8", data)

    def test_what_is_json_is_read(self):
        for data, value in JSON:
            self.assertEqual(read(data), value, data)
            self.assertTrue(type(read(data)) is type(value), data)

    def test_beginning_of_json_is_no_json(self):
        data = b'{"do":"token","digits":"1\\u00e9\\n","x":[-1.5e+3,true,null,{}]}'
        read(data)
        for end in range(len(data)):
            self.assertEqual(self.refusal(data[:end]), "not a line of JSON in UTF-8", data[:end])

    def test_number_that_is_not_whole_is_none(self):
        for data in (
            b"1.0",
            b"-0.5",
            b"1e5",
            b"1E-5",
            b"1.5e+0",
            b"1e400",
            b"1" + b"0" * 400 + b".0",
        ):
            self.assertIsNone(read(data))

    def test_half_of_a_pair_is_read_as_it_is(self):
        text = read(b'"\\ud800\\ud83d\\ude00\\udc00\\ud83dx\\ud83d\\u0041"')
        codes = [ord(char) for char in text]
        self.assertEqual(codes, [0xD800, 0x1F600, 0xDC00, 0xD83D, 0x78, 0xD83D, 0x41])

    def test_name_that_stands_twice_is_refused(self):
        for data in (
            b'{"do":"read","do":"token"}',
            b'{"a":{"b":1,"b":1}}',
            b'{"a":1,"\\u0061":1}',
        ):
            self.assertEqual(self.refusal(data), "a name stands twice")
        self.assertEqual(read(b'[{"a":1},{"a":{"a":2}}]'), [{"a": 1}, {"a": {"a": 2}}])

    def test_a_hundred_lists_within_each_other_are_read_and_no_more(self):
        read(b"[" * 100 + b"1" + b"]" * 100)
        read(b'{"a":' * 100 + b"1" + b"}" * 100)
        read(b"[" + b"[]," * 500 + b"[]]")
        for data in (b"[" * 101 + b"1" + b"]" * 101, b"[" * 4000, b'[{"a":' * 51):
            self.assertEqual(self.refusal(data), "nested too deep")


if __name__ == "__main__":
    unittest.main()
