"""The acceptance suite gives the same table, case by case, on CPython and on MicroPython."""

import json
import subprocess
import sys

import pytest

BODIES = ("emulated", "virtual")


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Return {body: what its acceptance.json holds}; both run at once."""
    folders = {body: tmp_path_factory.mktemp(body) for body in BODIES}
    suite = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider",
             "host_tests/acceptance"]  # fmt: skip
    runs = [
        subprocess.Popen(
            [*suite, "--body", body, "--report", str(folder)], stdout=subprocess.DEVNULL
        )
        for body, folder in folders.items()
    ]
    for run in runs:
        run.wait(300)
    return {
        body: json.loads((folder / "acceptance.json").read_text())
        for body, folder in folders.items()
    }


@pytest.mark.xdist_group("acceptance tables")
def test_tables_are_equal_case_by_case(tables, note):
    emulated, virtual = (tables[body]["cases"] for body in BODIES)
    assert [case["case"] for case in emulated] == [case["case"] for case in virtual]
    for here, there in zip(emulated, virtual):
        assert here == there
    note(f"acceptance: {len(emulated)} cases, the same on {' and '.join(BODIES)}")


@pytest.mark.xdist_group("acceptance tables")
def test_every_case_applies_and_passes_on_emulated_bodies(tables):
    for body in BODIES:
        assert set(tables[body]["counts"]) == {"passed"}, body


@pytest.mark.xdist_group("acceptance tables")
def test_table_is_written_in_three_forms(tables, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "host_tests/acceptance/test_rules.py",
         "-k", "once", "--report", str(tmp_path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = (tmp_path / "acceptance.txt").read_text()
    assert "replay     a token counts once" in text
    assert "body emulated: " in text and "0 FAILED" in text
    assert text.splitlines()[0] in done.stdout
    assert "<td>a token counts once</td>" in (tmp_path / "acceptance.html").read_text()
