"""`meter20 token` and `meter20 key` in batches: a line in, a line out, whatever it is."""

import json

import pytest
from rigs.token_command import (
    ATTRIBUTES,
    DECODED,
    FIELDS,
    GENERATED,
    KEY,
    KEYED,
    ODD,
    TOKEN,
    answers,
    batch,
    run,
)
from sts import kinds


class TestVectorsInBatches:
    def test_every_token_is_decoded(self):
        lines = [
            {"token": vector["token"], "ea": vector["ea"], "key": vector.get("decoder_key")}
            for vector in GENERATED
        ]
        wanted = [
            {name: vector[name] for name in ("class", "subclass", "kind", "fields")}
            | {"crc_ok": True}
            for vector in GENERATED
        ]
        assert batch("token", "decode", lines=lines) == (0, wanted)

    def test_every_token_is_encoded(self):
        lines = [
            {
                "kind": vector["kind"],
                "ea": vector["ea"],
                "key": vector.get("decoder_key"),
                "fields": vector["fields"],
            }
            for vector in GENERATED
        ]
        wanted = [{"token": vector["token"]} for vector in GENERATED]
        assert batch("token", "encode", lines=lines) == (0, wanted)

    def test_every_key_is_derived(self):
        wanted = [{"decoder_key": vector["decoder_key"]} for vector in KEYED]
        assert batch("key", "derive", lines=[vector["key"] for vector in KEYED]) == (0, wanted)


class TestBatch:
    def test_bad_line_is_answered_on_its_own_line_and_the_run_goes_on(self):
        good = {"token": TOKEN, "ea": "11", "key": KEY}
        lines = [json.dumps(good), "nonsense", "", "[1]", "[" * 100000, json.dumps(good)]
        result = run("token", "decode", "--batch", lines="\n".join(lines))
        assert result.exit_code == 1
        found = answers(result)
        assert [found[0], found[5]] == [DECODED, DECODED]
        assert [answer["error"] for answer in found[1:5]] == ["value"] * 4

    def test_line_that_is_not_utf_8_is_a_bad_line(self):
        result = run("token", "decode", "--batch", lines=b"\xc3\n{}\n")
        assert [answer["ok"] for answer in answers(result)] == [False] * 2

    def test_nothing_in_gives_nothing_out(self):
        result = run("token", "decode", "--batch", lines="")
        assert (result.exit_code, result.stdout) == (0, "")

    def test_wrong_checksum_is_an_answer_and_a_failure(self):
        line = {"token": TOKEN, "ea": "11", "key": "00" * 16}
        result = run("token", "decode", "--batch", lines=[line])
        assert result.exit_code == 1
        assert answers(result) == [
            {"class": 0, "subclass": None, "kind": None, "fields": {}, "crc_ok": False}
        ]

    def test_algorithm_and_key_of_the_command_line_hold_for_lines_without(self):
        other = {"token": "67540125520408448957", "ea": "07", "key": "e653341f9d5bf36f"}
        result = run(
            "token", "decode", "--batch", "--ea", "11", lines=[{"token": TOKEN}, other],
            env={"METER20_DECODER_KEY": KEY},
        )  # fmt: skip
        assert [answer["crc_ok"] for answer in answers(result)] == [True, True]

    def test_a_line_may_bring_tables(self):
        line = {"ea": "07", "key": "0abc12def3456789", "tables": ODD}
        fields = {"rnd": 11, "tid": 1698595, "amount_field": 256}
        request = {**line, "kind": kinds.ELECTRICITY, "fields": fields}
        encoded = answers(run("token", "encode", "--batch", lines=[request]))[0]
        assert encoded == {"token": "69555511020264082979"}
        decoded = answers(run("token", "decode", "--batch", lines=[{**line, **encoded}]))[0]
        assert decoded["fields"] == fields

    @pytest.mark.parametrize(
        "change, words",
        [
            ({"token": None}, "'token' is missing"),
            ({"token": 59386323472137426967}, "'token' must be text"),
            ({"token": "5938"}, "FormatError"),
            ({"token": "9" * 20}, "FormatError"),
            ({"ea": None}, "'ea' is missing"),
            ({"ea": "09"}, "07 or 11"),
            ({"ea": 11}, "'ea' must be text"),
            ({"key": None}, "'key' is missing"),
            ({"key": KEY[:-2]}, "32 hexadecimal digits, not 30"),
            ({"key": KEY[:-1] + "x"}, "hexadecimal"),
            ({"key": [1]}, "'key' must be"),
            ({"tables": ODD}, "only EA07"),
            ({"ea": "07", "tables": [1]}, "'tables' must be"),
            ({"ea": "07", "tables": {**ODD, "s1": None}}, "'tables' must be"),
            ({"ea": "07", "tables": {**ODD, "s2": ["a"] * 16}}, "'tables' must be"),
            ({"ea": "07", "tables": {**ODD, "p": [0] * 64}}, "table p must hold"),
        ],
    )
    def test_refusal_of_a_line_to_decode_names_no_key(self, change, words):
        line = {"token": TOKEN, "ea": "11", "key": KEY, **change}
        result = run("token", "decode", "--batch", lines=[line])
        assert result.exit_code == 1
        assert words in answers(result)[0]["message"]
        assert KEY[:8] not in result.output

    @pytest.mark.parametrize(
        "change, words",
        [
            ({"kind": None}, "'kind' is missing"),
            ({"kind": ["x"]}, "'kind' must be text"),
            ({"kind": "x"}, "unknown kind"),
            ({"fields": None}, "'fields' must be"),
            ({"fields": {"rnd": 5}}, "lacks the field"),
            ({"fields": {**FIELDS, "tid": -1}}, "0 to 16777215"),
            ({"fields": {**FIELDS, "more": 1}}, "has no field 'more'"),
            ({"key": "00"}, "32 hexadecimal digits, not 2"),
            ({"key": None}, "'key' is missing"),
        ],
    )
    def test_refusal_of_a_line_to_encode(self, change, words):
        line = {"kind": kinds.ELECTRICITY, "ea": "11", "key": KEY, "fields": FIELDS, **change}
        result = run("token", "encode", "--batch", lines=[line])
        assert (result.exit_code, words in answers(result)[0]["message"]) == (1, True)

    @pytest.mark.parametrize(
        "change, words",
        [
            ({"vk": None}, "'vk' is missing"),
            ({"vk": "00"}, "40 hexadecimal digits, not 2"),
            ({"vk": "zz"}, "hexadecimal"),
            ({"sgc": 1.5}, "'sgc' must be text"),
            ({"sgc": -1}, "6 digits"),
            ({"krn": "one"}, "'krn' must be a whole number"),
            ({"krn": True}, "'krn' must be a whole number"),
            ({"base_date": 2001}, "1993, 2014 or 2035"),
            ({"pan": None}, "'pan' is missing"),
            ({"pan": None, "iin": "600727"}, "'iain' is missing"),
            ({"pan": None, "iin": "600727", "iain": "12345678904"}, "check digit"),
            ({"pan": "x"}, "MeterPAN"),
        ],
    )
    def test_refusal_of_a_line_to_derive(self, change, words):
        result = run("key", "derive", "--batch", lines=[{**ATTRIBUTES, **change}])
        assert (result.exit_code, words in answers(result)[0]["message"]) == (1, True)

    def test_numbers_may_stand_for_digits_and_digits_for_numbers(self):
        line = {**ATTRIBUTES, "sgc": 123457, "ti": 1, "krn": "1", "kt": "2", "base_date": "1993"}
        assert answers(run("key", "derive", "--batch", lines=[line])) == [{"decoder_key": KEY}]
