"""The card that lies beside a meter, and the table of its signals: beeps and lights.

Short codes, tunes and times come from the firmware's own tables, the keys from the README. What a
name of those tables means to a customer stands here, and nowhere else. `make card` writes
docs/card.html, one side of A6, and the tables in docs/signals.md; `make test` refuses what is not
fresh.
"""

import re
from html import escape
from pathlib import Path

from meter.supervisor import PERIOD_MS
from panel import beeper, short_codes

from meter20 import DEVICE_ROOT

CARD = DEVICE_ROOT / "docs" / "card.html"
SIGNALS = DEVICE_ROOT / "docs" / "signals.md"
BEGIN, END = "<!-- made by `make card` -->", "<!-- end of what is made -->"

#: Tune of panel.beeper: when it sounds.
TUNES = {
    "KEY": "a key was taken",
    "ACCEPT": "the meter took the token",
    "REJECT": "the meter refused the token; the display says why",
    "LOW_CREDIT": "credit is low; again and again until there is more, see `#123nn#`",
    "DROPPED": "half an entry, or half a key change, was dropped: nobody went on with it",
    "SELF_TEST": "a meter without a number has started, or `#70#` was asked",
}

#: Light: (signal of the board, what it does, what that means).
LIGHTS = (
    ("status_led", f"changes every {PERIOD_MS // 1000} s", "the meter is well"),
    (
        "status_led",
        "stays on or off",
        "the meter has no power, starts, or stopped: it restarts itself",
    ),
    ("pulse_led", "changes now and then", "energy is used; the quicker, the more"),
    ("pulse_led", "stays on or off", "nothing is used, or the supply is off"),
)

#: Name in panel.short_codes: what its screen shows.
SHOWN = {
    "number": "meter number",
    "power": "power now",
    "amount": "last amount",
    "total": "total used",
    "credit": "credit",
    "key": "SGC, TI, KRN, KT, EA",
    "ken": "key expiry number KEN",
    "days": "days that the credit lasts",
    "token": "last token",
    "tid": "TID of the last token",
    "sgc": "supply group SGC",
    "ti": "tariff index TI",
    "krn": "key revision KRN",
    "fails": "power fails",
    "faults": "faults",
    "alarm": "minutes between two alarms",
    "low": "level of the low-credit alarm",
    "result": "last result",
    "event": "last event",
}
_OLDER = {
    "amount": "amounts before that",
    "token": "tokens before that",
    "event": "events before that",
}

#: Code that does something: what.
DONE = {
    short_codes.EMERGENCY: "emergency credit, where there is one",
    short_codes.SELF_TEST: "self test of display, buzzer and parts",
    short_codes.LOW_CREDIT + "nn": "warn below nn kWh",
    short_codes.ALARM + "nn": "alarm every nn minutes, 00 never",
}

_HIGH_HZ = 1400
_LONG_MS = 200


def sound(tune) -> str:
    """Return how `tune`, of panel.beeper, sounds: "low, low, low and long"."""
    tones = [(hz, ms) for hz, ms in tune if hz]
    words = [
        ("high" if hz >= _HIGH_HZ else "low") + " and long" * (ms > _LONG_MS) for hz, ms in tones
    ]
    return ", ".join(words)


def tunes() -> dict:
    """Return {name: tune} of all that the beeper plays."""
    return {name: tune for name, tune in vars(beeper).items() if name.isupper() and tune}


def codes() -> list[tuple[str, str]]:
    """Return (code, or codes, what it shows or does), in the order of the firmware's table."""
    found: list[tuple[str, str]] = []
    for line in short_codes.COMMON.strip().splitlines():
        code, kind, number = (line + " ").split(" ")[:3]
        if number in ("", "1"):
            found.append((f"#{code}#", SHOWN[kind]))
        elif number == "2":
            found.append((f"#{code}#", _OLDER[kind]))
        else:
            first = found[-1][0].split(" ")[0]
            found[-1] = (f"{first} to #{code}#", _OLDER[kind])
    return found + [(f"#{code}#", what) for code, what in DONE.items()]


def key_rows() -> list[list[str]]:
    """Return the rows of the table of keys in the README: key, in an entry, otherwise."""
    text = (DEVICE_ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## The keys of the meter\n\n")[2]
    rows = section.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def signals() -> str:
    """Return the tables of beeps and lights, in Markdown."""
    beeps = [("you hear", "it means"), ("---", "---")]
    beeps += [(sound(tune), TUNES[name]) for name, tune in tunes().items()]
    lights = [("light", "it", "it means"), ("---", "---", "---"), *LIGHTS]
    made = ["\n".join("| " + " | ".join(row) + " |" for row in rows) for rows in (beeps, lights)]
    return "\n\n".join(made)


def _table(title: str, rows) -> str:
    lines = [
        "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>" for row in rows
    ]
    return f"<h2>{escape(title)}</h2>\n<table>\n" + "\n".join(lines) + "\n</table>\n"


def _inline(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<b>\1</b>", escape(text, quote=False))


def card() -> str:
    """Return the card as a page of HTML that prints on one side of A6."""
    names = {"status_led": "status", "pulse_led": "pulses"}
    tables = (
        ("Keys: in an entry, and otherwise", key_rows()),
        ("Short codes", [(f"`{code}`", what) for code, what in codes()]),
        ("Beeps", [(sound(tune), TUNES[name]) for name, tune in tunes().items()]),
        ("Lights", [(names[light], does, means) for light, does, means in LIGHTS]),
    )
    return _PAGE.replace("TABLES", "".join(_table(*table) for table in tables))


_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>meter20: card</title>
<style>
@page { size: 105mm 148mm; margin: 4mm }
body { font: 6pt/1.2 sans-serif; margin: 0; width: 97mm; column-count: 2; column-gap: 3mm }
h1 { font-size: 9pt; margin: 0; column-span: all }
p { margin: 0 0 1mm; column-span: all }
h2 { font-size: 7pt; margin: 1.2mm 0 .4mm; break-after: avoid }
table { border-collapse: collapse; width: 100% }
td { border-top: .1mm solid #999; padding: .25mm 1mm .25mm 0; vertical-align: top }
td:first-child { white-space: nowrap }
</style>
<h1>meter20</h1>
<p>Type the 20 digits of a token: the last one enters it. Each token works once.</p>
TABLES</html>
"""


def files() -> dict[Path, str]:
    """Return {file: text} of all that is made here."""
    text = SIGNALS.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return {CARD: card(), SIGNALS: f"{head}{BEGIN}\n\n{signals()}\n\n{END}{tail}"}


if __name__ == "__main__":
    for _file, _text in files().items():
        _file.write_text(_text, encoding="utf-8")
