"""docs/service-port.md says what the port does: session, requests, results, reasons, errors."""

import re
import subprocess
import sys
from pathlib import Path

from sts import results
from supply import decision

import meter20

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "service-port.md").read_text(encoding="utf-8")


def section(title):
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title):
    return re.findall(r"^\| `([^`]+)`", section(title), flags=re.MULTILINE)


def test_session_goes_as_it_is_shown():
    talk = re.search(r"```text\n(.*?)```", section("A session"), flags=re.DOTALL)
    lines = talk[1].splitlines()
    sent = [line[2:] for line in lines if line.startswith("> ")]
    shown = [line[2:] for line in lines if line.startswith("< ")]
    done = subprocess.run(
        [sys.executable, "-m", "meter20.cli", "serve", "--stdio"], input="\n".join(sent) + "\n",
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == shown
    assert len(shown) == 13


def test_every_error_of_meter_and_fixture_is_listed():
    raised = set()
    for folder in ("firmware", "boards"):
        for file in (meter20.DEVICE_ROOT / folder).rglob("*.py"):
            raised |= set(re.findall(r'Refused\(\s*"(\w+)"', file.read_text(encoding="utf-8")))
    assert len(raised) > 10
    assert raised == set(first_column("Errors"))


def test_every_request_is_listed():
    asked = set()
    for name in (
        "firmware/service_port/service.py",
        "firmware/carriers/office.py",
        "boards/sim/body.py",
    ):
        text = (meter20.DEVICE_ROOT / name).read_text(encoding="utf-8")
        asked |= set(re.findall(r'"(\w+)": self\.(?:_\w+|clock)\b', text))
    assert {"read", "token", "provision", "arm_cut", "clock"} <= asked
    assert asked == set(first_column("Requests"))


def test_every_result_is_listed():
    listed = " ".join(first_column("Results")) + " 2ndKCT 3rdKCT 4thKCT"
    assert [name for name in results.NAMES if name not in listed] == []


def test_every_reason_of_the_load_switch_is_listed():
    reasons = {value for name, value in vars(decision).items() if name.isupper()}
    assert reasons == set(first_column("The state")) - {"relay_reason"}


def test_links_lead_somewhere():
    for link in re.findall(r"\]\(([^)#]+)", DOCUMENT):
        assert (ROOT / "docs" / link).exists(), link
