"""docs/errors.md has every error of the command line, with exit code, cause, cure and messages."""

import pytest

from meter20 import error_list
from meter20.exit_codes import BOARDS, ERRORS, Code

#: Made in words of click or of the system, or by hand: no call that the source is searched for.
ELSEWHERE = {
    "aborted": "cli/answers.py",
    "interrupted": "cli/answers.py",
    "system": "cli/answers.py",
    "anchor": "cli/vend_backup.py",
}
#: Modules that hand on the error of another, in more words.
HANDED_ON = {
    "board/fixture.py", "cli/kept_passphrase.py", "cli/outcome.py", "vending/sealing.py",
}  # fmt: skip


@pytest.fixture(scope="module")
def made():
    return list(error_list.everywhere())


def test_document_is_current(made):
    current = error_list.document(made)
    assert error_list.PATH.read_text(encoding="utf-8") == current, "make errors"


def test_every_error_that_is_made_has_a_cause_and_a_cure(made):
    assert [one for one in made if one.code and one.code not in ERRORS] == []
    handed_on = {one.place.partition(":")[0] for one in made if one.code is None}
    assert handed_on == HANDED_ON
    for word, error in ERRORS.items():
        assert error.cause.endswith(".") and error.cure.endswith("."), word


def test_every_error_of_the_list_is_made_somewhere(made):
    assert set(ERRORS) == {one.code for one in made} - {None} | set(ELSEWHERE)
    for word, module in ELSEWHERE.items():
        assert f'"{word}"' in (error_list.TOOLS / module).read_text(encoding="utf-8")


def test_error_without_a_cause_is_found_whatever_makes_it(tmp_path):
    (tmp_path / "one.py").write_text(
        "class Worse(Failure):\n    code = 'worse'\n"
        "def do(what):\n    words = f'no {what}'\n"
        "    raise Refusal('odd', words) if what else Worse('it ' + what)\n"
        "    raise Refusal('odd', 'so', f'take {what}')\n"
        "class Refusal(Failure):\n    pass\n"
    )
    found = {(one.code, one.message) for one in error_list.everywhere(tmp_path)}
    assert found == {("odd", "no ..."), ("odd", "so take ..."), ("worse", "it ...")}


def test_every_trouble_with_a_board_has_a_code_of_its_own():
    boards = {word: error.exit_code for word, error in ERRORS.items() if error.exit_code in BOARDS}
    assert boards == {code.name.lower(): code for code in Code if code in BOARDS}
