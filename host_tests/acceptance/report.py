"""The table of results, case by case, as text, JSON and HTML; and the tester's own tokens."""

import contextlib
import html
import json
import re
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

ROWS: pytest.StashKey = pytest.StashKey()
#: The decoder keys of the tester's meters, in hexadecimal. They may be real: nothing shows them.
KEYS: pytest.StashKey = pytest.StashKey()

PASSED, FAILED, NOT_APPLICABLE = "passed", "FAILED", "not applicable"
_NOTE_MAX = 200
_PART_MIN = 6  # digits of a key that nobody would find by chance


@dataclass(frozen=True)
class Row:
    """What came of one case. note: why it failed or cannot be tried, "" if it passed."""

    group: str
    case: str
    result: str
    note: str


@dataclass(frozen=True)
class Owned:
    """One step of a tester's own file: a token, and what must become of it."""

    name: str
    meter: dict
    digits: tuple
    expect: tuple
    amounts_wh: tuple


def note(item, made) -> None:
    """Keep the outcome of the pytest report `made` as a row of the table."""
    if made.when == "teardown" and made.passed:
        return
    if made.when == "setup" and made.passed:
        return
    result = {"passed": PASSED, "failed": FAILED}.get(made.outcome, NOT_APPLICABLE)
    why = ""
    if made.skipped:
        why = made.longrepr[2] if isinstance(made.longrepr, tuple) else str(made.longrepr)
        why = why.removeprefix("Skipped: ").removeprefix("not applicable: ")
    elif made.failed:
        crash = getattr(made.longrepr, "reprcrash", None)
        why = (crash.message if crash else str(made.longrepr)).splitlines()[0]
    why = _without(why, item.config.stash[KEYS])
    mark = item.get_closest_marker("group")
    case = item.name.removeprefix("test_").replace("_", " ").replace("[", ": ").rstrip("]")
    row = Row(mark.args[0] if mark else "", case, result, why[:_NOTE_MAX])
    item.config.stash[ROWS].append(row)


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
        f"{row.group:10} {row.case:{wide}}  {row.result}" + (f": {row.note}" if row.note else "")
        for row in rows
    ]
    return "\n".join([*lines, f"body {body}: {_counts(rows)}"])


def as_json(rows, body: str) -> str:
    """Return the table as JSON: {"body", "counts", "cases": [{group, case, result, note}]}."""
    counts = dict(Counter(row.result for row in rows))
    table = {"body": body, "counts": counts, "cases": [asdict(row) for row in rows]}
    return json.dumps(table, indent=1)


def as_html(rows, body: str) -> str:
    """Return the table as a page that needs nothing else."""
    colours = {PASSED: "#dfd", FAILED: "#fbb", NOT_APPLICABLE: "#eee"}
    lines = [
        f'<tr style="background:{colours[row.result]}">'
        + "".join(f"<td>{html.escape(cell)}</td>" for cell in asdict(row).values())
        + "</tr>"
        for row in rows
    ]
    head = "<tr><th>group<th>case<th>result<th>note</tr>"
    title = html.escape(f"Acceptance of a meter20 on body {body}")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f"<h1>{title}</h1><p>{html.escape(_counts(rows))}</p>"
        f"<table border=1 cellpadding=4>{head}{''.join(lines)}</table></html>"
    )


def owned(file: Path) -> list:
    """Return the steps in a tester's file, see README.md beside this one. Raises ValueError."""
    steps = []
    for number, meter in enumerate(json.loads(file.read_text(encoding="utf-8"))["meters"], 1):
        tokens = meter["tokens"]
        steps.append(
            Owned(
                meter.get("name", f"meter {number}"),
                meter["provision"],
                tuple(token["digits"] for token in tokens),
                tuple(token["expect"] for token in tokens),
                tuple(token.get("amount_wh") for token in tokens),
            )
        )
    return steps


def _counts(rows):
    counts = Counter(row.result for row in rows)
    return ", ".join(f"{counts[name]} {name}" for name in (PASSED, FAILED, NOT_APPLICABLE))
