"""`meter20 token` and `meter20 key`, as someone at a terminal or a program uses them."""

import json

import pytest
from rigs.token_command import (
    ATTRIBUTES,
    DECODED,
    FIELDS,
    KEY,
    ODD,
    SHOWN,
    TOKEN,
    VK,
    answers,
    run,
)
from sts import kinds


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

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("token", "decode", TOKEN, "--key", KEY[:-1]),
             "EA11 has 32 hexadecimal digits, not 31"),
            (("token", "decode", TOKEN, "--ea", "07", "--key", KEY),
             "16 hexadecimal digits, not 32"),
            (("token", "explain", TOKEN, "--key", "00"), "EA 07 has 16 hex digits, EA 11 has 32"),
            (("key", "derive", "--pan", ATTRIBUTES["pan"], "--vk", "00"),
             "for DKGA04 has 40 hexadecimal digits, not 2"),
        ],
    )  # fmt: skip
    def test_key_of_a_wrong_length_is_answered_in_the_digits_that_were_typed(
        self, arguments, words
    ):
        refused = run(*arguments)
        assert (refused.exit_code, words in refused.stderr) == (1, True)

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
        assert "--key must be hexadecimal" in run("token", "decode", TOKEN, "--key", "zz").stderr


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
