"""`meter20 token` and `meter20 key`, as someone at a terminal or a program uses them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sts import kinds
from typer.testing import CliRunner

from meter20.cli.main import app

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vectors.json").read_text(encoding="utf-8")
)["vectors"]
GENERATED = [vector for vector in VECTORS if vector["type"] == "generate"]
KEYED = [vector for vector in VECTORS if vector.get("key")]

KEY = "f94b6ed353c3bfdb113e2d3a7ea3c41d"
TOKEN = "59386323472137426967"
FIELDS = {"rnd": 5, "tid": 5871660, "amount_field": 1}
DECODED = {
    "class": 0,
    "subclass": 0,
    "kind": "TransferCredit.electricity",
    "fields": FIELDS,
    "crc_ok": True,
}
SHOWN = DECODED | {"date": "2025-03-01 13:00"}  # counted from 2014
VK = "abababababababab949494949494949401234567"
ATTRIBUTES = {
    "dkga": "04",
    "ea": "11",
    "vk": VK,
    "sgc": "123457",
    "ti": "01",
    "krn": 1,
    "kt": 2,
    "base_date": 1993,
    "pan": "600727000000000009",
}
ODD = {
    "s1": [(7 * i + 3) % 16 for i in range(16)],
    "s2": [(5 * i + 11) % 16 for i in range(16)],
    "p": [(27 * i + 13) % 64 for i in range(64)],
}


def run(*arguments, lines=None, **options):
    text = lines if isinstance(lines, str | bytes | None) else "\n".join(map(json.dumps, lines))
    return CliRunner().invoke(app, [str(part) for part in arguments], input=text, **options)


def answers(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def batch(*command, lines):
    """Run `command` --batch as a process of its own; return (exit code, answers)."""
    done = subprocess.run(
        [sys.executable, "-c", "from meter20.cli.main import app; app()", *command, "--batch"],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


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
            ({"key": KEY[:-2]}, "16 bytes"),
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
            ({"key": "00"}, "16 bytes"),
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
            ({"vk": "00"}, "20 bytes"),
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


class TestOneByOne:
    def test_decode_shows_a_table(self):
        result = run("token", "decode", "5938 6323-4721 3742 6967", "--key", KEY)
        assert result.exit_code == 0
        for text in ("TransferCredit.electricity", "2025-03-01 13:00", "0.1 kWh", "right"):
            assert text in result.stdout

    def test_decode_in_json_with_the_date(self):
        result = run("token", "decode", TOKEN, "--key", KEY, "--json", "--base-date", "1993")
        assert answers(result) == [{**DECODED, "date": "2004-03-01 13:00"}]

    def test_digits_may_come_in_groups_as_they_are_printed(self):
        groups = [TOKEN[at : at + 4] for at in range(0, 20, 4)]
        assert answers(run("token", "decode", *groups, "--key", KEY, "--json")) == [SHOWN]

    @pytest.mark.parametrize(
        "typed, words",
        [
            (TOKEN[:-1], "not 19"),
            (TOKEN + "0", "not 21"),
            (TOKEN[:-1] + "x", "nothing else"),
            ("73786976294838206464", "more than the 66 bits"),
        ],
    )
    def test_what_is_no_token_is_told_why(self, typed, words):
        result = run("token", "decode", typed, "--key", KEY)
        assert (result.exit_code, words in result.stderr) == (1, True)

    @pytest.mark.parametrize("columns", ["40", "80", "200"])
    def test_names_of_kinds_are_never_cut(self, columns):
        result = run("token", "kinds", env={"COLUMNS": columns})
        assert "…" not in result.stdout
        assert columns == "40" or all(row[3] in result.stdout for row in kinds.TABLE)

    def test_wrong_checksum_is_refused_with_the_reason(self):
        result = run("token", "decode", TOKEN, "--key", "00" * 16)
        assert result.exit_code == 1
        assert "CRCError" in result.stderr

    @pytest.mark.parametrize(
        "token, meaning",
        [
            ("56493153725450313471", "all tests"),
            ("00000000000150997584", "test 1"),
            ("01153484454694514832", "test 18"),
        ],
    )
    def test_tests_need_no_key_and_are_named(self, token, meaning):
        result = run("token", "decode", token)
        assert (result.exit_code, meaning in result.stdout) == (0, True)

    @pytest.mark.parametrize(
        "kind, fields, meaning",
        [
            (kinds.POWER_LIMIT, ("tid=9", "value=0x8000"), "180224 W"),
            (kinds.GAS, ("tid=9", "amount_field=256"), "25.6 m3"),
            (kinds.GAS_CURRENCY, ("se=8", "tid=9", "amount_field=0x60a9"), "-0.99994 currency"),
            (kinds.KEY_2, ("kenlo=15", "ti=1", "nklo=255"), "000000ff, part of the new key"),
        ],
    )
    def test_what_is_encoded_is_explained(self, kind, fields, meaning):
        options = [part for field in fields for part in ("--field", field)]
        encoded = run("token", "encode", kind, "--key", KEY, *options)
        assert encoded.exit_code == 0
        decoded = run("token", "decode", encoded.stdout.strip(), "--key", KEY)
        assert meaning in decoded.stdout

    def test_encode_prints_groups_of_four(self):
        options = [part for name in FIELDS for part in ("-f", f"{name}={FIELDS[name]}")]
        result = run("token", "encode", kinds.ELECTRICITY, "--key", KEY, *options)
        assert result.stdout == "5938 6323 4721 3742 6967\n"
        result = run("token", "encode", kinds.ELECTRICITY, "--key", KEY, *options, "--json")
        assert answers(result) == [{"token": TOKEN}]

    def test_derive(self):
        options = ("--sgc", "123457", "--base-date", "1993", "--vk", VK)
        result = run("key", "derive", *options, "--pan", ATTRIBUTES["pan"])
        assert (result.exit_code, result.stdout) == (0, KEY + "\n")
        result = run("key", "derive", *options, "--iin", "600727", "--drn", "0" * 11, "--json")
        assert answers(result) == [{"decoder_key": KEY}]

    def test_kinds_are_listed(self):
        assert "Set4thSectionDecoderKey" in run("token", "kinds").stdout
        assert len(answers(run("token", "kinds", "--json"))[0]["kinds"]) == len(kinds.TABLE)

    def test_tables_come_from_a_file(self, tmp_path):
        path = tmp_path / "tables.json"
        path.write_text(json.dumps(ODD), encoding="utf-8")
        result = run(
            "token", "decode", "69555511020264082979", "--json",
            "--ea", "07", "--key", "0abc12def3456789", "--tables", path,
        )  # fmt: skip
        assert answers(result)[0]["fields"]["tid"] == 1698595

    def test_refusal_in_json(self):
        result = run("token", "decode", "123", "--key", KEY, "--json")
        assert (result.exit_code, answers(result)[0]["error"]) == (1, "value")

    @pytest.mark.parametrize(
        "arguments",
        [
            ("token", "decode"),
            ("token", "decode", TOKEN, "--batch"),
            ("token", "decode", TOKEN),
            ("token", "decode", TOKEN, "--key", KEY, "--base-date", "2000"),
            ("token", "decode", TOKEN, "--key", KEY, "--tables", "/nowhere"),
            ("token", "decode", "--batch", "--key", "-"),
            ("token", "encode"),
            ("token", "encode", kinds.ELECTRICITY),
            ("token", "encode", kinds.ELECTRICITY, "--key", KEY, "-f", "tid"),
            ("token", "encode", kinds.ELECTRICITY, "--key", KEY, "-f", "tid=x"),
            ("key", "derive"),
            ("key", "derive", "--vk", VK, "--sgc", "123457", "--base-date", "1993"),
            ("token", "explode"),
        ],
    )
    def test_wrong_usage_ends_with_2(self, arguments):
        assert run(*arguments).exit_code == 2


class TestSecrets:
    def test_key_may_come_from_the_environment(self):
        result = run("token", "decode", TOKEN, "--json", env={"METER20_DECODER_KEY": KEY})
        assert answers(result) == [SHOWN]
        options = ("--sgc", "123457", "--base-date", "1993", "--pan", ATTRIBUTES["pan"])
        result = run("key", "derive", *options, env={"METER20_VENDING_KEY": VK})
        assert result.stdout == KEY + "\n"

    def test_key_may_come_from_a_line_of_input(self):
        result = run("token", "decode", TOKEN, "--json", "--key", "-", lines=KEY + "\n")
        assert answers(result) == [SHOWN]

    @pytest.mark.parametrize("bad", ["c0ffee", "c0ffee" * 5 + "zz", "c0ffee" * 20])
    @pytest.mark.parametrize(
        "arguments",
        [
            ("token", "decode", TOKEN, "--key"),
            ("token", "encode", kinds.TIME, "-f", "tid=1", "-f", "amount_field=1", "--key"),
            ("key", "derive", "--sgc", "123457", "--base-date", "1993",
             "--pan", ATTRIBUTES["pan"], "--vk"),
        ],
    )  # fmt: skip
    def test_refused_key_is_not_echoed(self, arguments, bad):
        result = run(*arguments, bad)
        assert result.exit_code == 1
        assert "c0ffee" not in result.output + result.stderr

    def test_key_of_the_environment_is_not_in_the_help(self):
        result = run("token", "decode", "--help", env={"METER20_DECODER_KEY": KEY})
        assert KEY not in result.output

    def test_what_is_missing_is_named_as_it_is_typed(self):
        assert "--key is missing" in run("token", "decode", TOKEN).stderr
        assert "--vk is missing" in run("key", "derive").stderr
        for given in ((), ("--iin", "600727"), ("--drn", "0" * 11)):
            refused = run("key", "derive", "--vk", VK, "--sgc", "123457", *given)
            assert refused.exit_code == 2
            assert "give --pan, or --iin and --drn" in refused.stderr
        assert "--key must be bytes" in run("token", "decode", TOKEN, "--key", "zz").stderr


class TestEnergyAndTime:
    def test_token_of_so_many_kwh_issued_then(self):
        made = run("token", "encode", "--kwh", "25.6", "--at", "2026-11-29T10:00", "--key", KEY)
        token = made.stdout.strip()
        read = answers(run("token", "decode", token, "--key", KEY, "--json"))[0]
        assert (read["date"], read["fields"]["amount_field"]) == ("2026-11-29 10:00", 256)

    def test_time_and_fields_may_be_mixed(self):
        options = ("-f", "amount_field=5", "--at", "2040-01-02T00:00", "--base-date", "2035")
        made = run("token", "encode", kinds.TIME, *options, "--key", KEY)
        read = run("token", "decode", made.stdout.strip(), "--key", KEY, "--base-date", "2035")
        assert "2040-01-02 00:00" in read.stdout

    @pytest.mark.parametrize(
        ("options", "code", "words"),
        [
            (("--kwh", "abc"), 1, "--kwh"),
            (("--kwh", "9999999999"), 1, "amount"),
            (("--kwh", "1", "--at", "1999-01-01"), 1, "31.9 years"),
            (("--kwh", "1", "--at", "soon"), 2, "is not a time"),
            ((kinds.TIME, "--kwh", "1"), 2, "--kwh is for"),
            (("--kwh", "1", "--base-date", "2001"), 2, "--base-date must be"),
        ],
    )
    def test_what_cannot_be_is_refused_in_words(self, options, code, words):
        done = run("token", "encode", *options, "--key", KEY)
        assert (done.exit_code, words in " ".join(done.stderr.split())) == (code, True)


class TestExplain:
    def said(self, *arguments):
        done = run("token", "explain", *arguments, "--key", KEY, "--json")
        assert done.exit_code == 0, done.output
        return {step["step"]: step["text"] for step in answers(done)[0]["steps"]}

    def test_good_token(self):
        said = self.said(TOKEN)
        assert said["issued"] == "2025-03-01 13:00, counted from 2014"
        assert said["field amount_field"] == "1: 0.1 kWh"
        assert said["decision"] == "Accept"

    def test_foreign_token_ends_with_the_two_reasons(self):
        done = run("token", "explain", "25453597494250138964", "--key", KEY)
        assert done.stdout.splitlines()[-1].endswith("another key, or a wrong digit")

    def test_token_that_the_meter_took_before(self):
        assert self.said(TOKEN, "--after", TOKEN)["decision"] == "UsedError"
        assert self.said(TOKEN, "--ken", "5")["decision"] == "KeyExpiredError"

    def test_rounds_of_the_cipher_are_shown_if_asked_for(self):
        plain = run("token", "explain", TOKEN, "--key", KEY).stdout.splitlines()
        shown = run("token", "explain", TOKEN, "--key", KEY, "--rounds").stdout.splitlines()
        rounds = [line for line in shown if line.startswith("round ")]
        assert [line for line in shown if line not in rounds] == plain
        assert len(rounds) == 8
        decrypted = next(line for line in plain if line.startswith("decrypted"))
        assert rounds[-1].split()[-1] == decrypted.split()[-1]

    def test_key_that_no_meter_takes_is_refused_and_not_shown(self):
        done = run("token", "explain", TOKEN, "--key", "c0ffee")
        assert done.exit_code == 1
        assert "c0ffee" not in done.output

    def test_token_of_class_1_needs_no_key(self):
        assert (
            "decision             Accept" in run("token", "explain", "00000000000150997584").stdout
        )
