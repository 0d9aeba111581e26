"""The table of results, case by case, as text, JSON and HTML; and the tester's own tokens."""

import contextlib
import difflib
import html
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest
from sts import results

from meter20 import given_text

#: The decoder keys of the tester's meters, in hexadecimal. They may be real: nothing shows them.
KEYS: pytest.StashKey = pytest.StashKey()
_TOOK: pytest.StashKey = pytest.StashKey()

PASSED, FAILED, NOT_APPLICABLE = "passed", "FAILED", "not applicable"
#: A body that is slow leaves out lengthy cases; one that cannot be had here runs none.
LEFT_OUT, NOT_RUN = "not in the reduced set", "not run"
RESULTS = (PASSED, FAILED, NOT_APPLICABLE, LEFT_OUT, NOT_RUN)
_NOTE_MAX = 200
_PART_MIN = 6  # digits of a key that nobody would find by chance


@dataclass(frozen=True)
class Row:
    """What came of one case. note: why it failed or was not tried, "" if it passed."""

    group: str
    case: str
    result: str
    note: str
    seconds: float


@dataclass(frozen=True)
class Owned:
    """One step of a tester's own file: a token, and what must become of it."""

    name: str
    meter: dict
    digits: tuple
    expect: tuple
    amounts_wh: tuple


def row(item, made):
    """Return the outcome of the pytest report `made` as a row of the table, or None."""
    took = item.stash[_TOOK] = item.stash.get(_TOOK, 0.0) + made.duration
    if made.passed and made.when != "call":
        return None
    result = {"passed": PASSED, "failed": FAILED}.get(made.outcome, NOT_APPLICABLE)
    why = ""
    if made.skipped:
        why = made.longrepr[2] if isinstance(made.longrepr, tuple) else str(made.longrepr)
        why = why.removeprefix("Skipped: ")
        for one in (NOT_APPLICABLE, LEFT_OUT, NOT_RUN):
            if why.startswith(one + ": "):
                result, why = one, why.removeprefix(one + ": ")
    elif made.failed:
        crash = getattr(made.longrepr, "reprcrash", None)
        why = (crash.message if crash else str(made.longrepr)).splitlines()[0]
    why = _without(why, item.config.stash[KEYS])
    mark = item.get_closest_marker("group")
    case = item.name.removeprefix("test_").replace("_", " ").replace("[", ": ").rstrip("]")
    return Row(mark.args[0] if mark else "", case, result, why[:_NOTE_MAX], round(took, 1))


def hide_keys(made, keys) -> None:
    """Take `keys` out of the pytest report `made`: it shows the arguments of what failed."""
    if made.failed and _without(str(made.longrepr), keys) != str(made.longrepr):
        made.longrepr = _without(str(made.longrepr), keys)
    made.sections = [(name, _without(text, keys)) for name, text in made.sections]


def _without(text, keys):
    """Return `text` without `keys`, nor what pytest leaves of one when it shortens a line."""
    for key in keys:
        for size in range(len(key), _PART_MIN - 1, -1):
            parts = f"{re.escape(key[:size])}|{re.escape(key[-size:])}"
            text = re.sub(parts, "(key)", text, flags=re.IGNORECASE)
        with contextlib.suppress(ValueError):
            text = text.replace(repr(bytes.fromhex(key))[2:-1], "(key)")
    return text


def write(rows, body: str, folder: Path) -> list:
    """Write the table into `folder` in three forms; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    forms = {"acceptance.txt": text, "acceptance.json": as_json, "acceptance.html": as_html}
    for name, form in forms.items():
        (folder / name).write_text(form(rows, body) + "\n", encoding="utf-8")
    return [folder / name for name in forms]


def text(rows, body: str) -> str:
    """Return the table as lines of text."""
    wide = max(len(row.case) for row in rows)
    lines = [
        f"{row.group:10} {row.case:{wide}}  {row.seconds:6.1f} s  {row.result}"
        + (f": {row.note}" if row.note else "")
        for row in rows
    ]
    return "\n".join([*lines, summary(rows, body)])


def as_json(rows, body: str) -> str:
    """Return the table as JSON.

    {"body", "summary", "counts", "cases": [{group, case, result, note}], "seconds": [of each]}
    """
    cases = [asdict(row) for row in rows]
    table = {
        "body": body,
        "summary": summary(rows, body),
        "counts": dict(Counter(row.result for row in rows)),
        "seconds": [case.pop("seconds") for case in cases],
        "cases": cases,
    }
    return json.dumps(table, indent=1)


def as_html(rows, body: str) -> str:
    """Return the table as a page that needs nothing else."""
    colours = {PASSED: "#dfd", FAILED: "#fbb"}
    lines = [
        f'<tr style="background:{colours.get(row.result, "#eee")}">'
        + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in asdict(row).values())
        + "</tr>"
        for row in rows
    ]
    head = "<tr><th>group<th>case<th>result<th>note<th>seconds</tr>"
    title = html.escape(f"Acceptance of a meter20 on body {body}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{html.escape(summary(rows, body))}</p>"
        f"<table border=1 cellpadding=4>{head}{''.join(lines)}</table></html>"
    )


def summary(rows, body: str) -> str:
    """Return the line that says how it went: how many of each result, and how long it took."""
    counts = Counter(row.result for row in rows)
    if set(counts) == {NOT_RUN}:
        return f"{body}: not run, {rows[0].note}"
    shown = [f"{counts[one]} {one}" for one in RESULTS if counts[one] or one in RESULTS[:3]]
    return f"body {body}: {', '.join(shown)}, in {sum(row.seconds for row in rows):.0f} s"


def owned(file: Path) -> list:
    """Return the steps in a tester's file, see README.md beside this one. Raises ValueError."""
    meters = _of_kind(given_text.file_json(file), "meters", list, str(file))
    return [_steps(meter, f"{file}, meter {number}") for number, meter in enumerate(meters, 1)]


def _steps(meter, where):
    """Return what is done with one `meter` of a tester's file. Raises ValueError."""
    provision = _of_kind(meter, "provision", dict, where)
    tokens = _of_kind(meter, "tokens", list, where)
    for number, token in enumerate(tokens, 1):
        at = f"{where}, token {number}"
        _of_kind(token, "digits", str, at)
        if _of_kind(token, "expect", str, at) not in results.NAMES:
            near = difflib.get_close_matches(token["expect"], results.NAMES, 1)
            perhaps = f"; {near[0]}?" if near else ""
            raise ValueError(
                f"{at}: no meter answers {token['expect']!r}{perhaps} The results are "
                + ", ".join(results.NAMES)
            )
        if type(token.get("amount_wh", 0)) is not int:
            raise ValueError(f"{at}: amount_wh is not a whole number")
    return Owned(
        str(meter.get("name", where.rpartition(", ")[2])),
        provision,
        tuple(token["digits"] for token in tokens),
        tuple(token["expect"] for token in tokens),
        tuple(token.get("amount_wh") for token in tokens),
    )


def _of_kind(holder, name, kind, where):
    """Return the `name` of `holder`, a `kind`. Raises ValueError, which shows no value."""
    if not isinstance(holder, dict) or not isinstance(holder.get(name), kind):
        words = {dict: "an object", list: "a list", str: "a text"}[kind]
        raise ValueError(f"{where}: {name} is needed, {words}")
    return holder[name]
