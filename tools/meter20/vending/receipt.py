"""Receipts: what the customer gets, as JSON, as text and as a page to print.

A receipt is plain data made from a slip; how it looks is decided here and nowhere else. Tokens
are grouped by four digits. The printed page carries the first token as a QR code (all digits,
nothing else), and every form says that these are no real tokens.
"""

import textwrap
from datetime import datetime
from functools import lru_cache
from html import escape
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from msgspec import Struct, structs
from sts.digits import grouped

from meter20.vending import station_time, tid_clock
from meter20.vending.decimal_text import kwh
from meter20.vending.models import Slip, Token
from meter20.vending.slips import KEY_CHANGE, REHEARSAL, VOID, ZONE

if TYPE_CHECKING:
    from segno import QRCode

MARK = "TEST KEYS - not a real token"
REHEARSAL_MARK = f"{MARK} - REHEARSAL: somebody set the time of issue"
_COLUMN = 24  # of the names, if none is longer
_NARROW = 32  # columns of paper of 58 mm
_KEY_CHANGE_TODO = """\
What to do:
1. Enter every older token first: the meter refuses it afterwards.
2. Enter all {} tokens below, in their order, within 10 minutes: the meter forgets a part of a set.
3. Compare KRN and TI on the meter with this receipt: #5# shows them."""
_PAGE = Path(__file__).parent / "receipt.html"


class Receipt(Struct, frozen=True):
    """One receipt. Money in cents, energy in 0.1 kWh; tokens: (label, kind, digits)."""

    number: int
    time: str
    operation: str
    station: str
    actor: str
    state: str
    meter: dict[str, str]
    currency: str
    paid_cents: int
    units: int
    lines: list[list]  # (words, cents) of each
    tokens: list[tuple[str, str, str]]
    note: str
    copy: int
    zone: str
    rehearsal: bool
    ref: str
    minutes: list[tuple[int, int] | None]  # (TID, base date) of each token that has one

    @classmethod
    def of(cls, slip: Slip, station: str) -> "Receipt":
        """Return the receipt of a slip that was flushed. A void slip shows no token."""
        meter = dict(slip.about)
        zone = meter.pop(ZONE, station_time.DEFAULT_ZONE)
        rehearsal = meter.pop(REHEARSAL, None) is not None
        return cls(
            number=slip.id,
            time=slip.issued_at,
            operation=slip.operation,
            station=station,
            actor=slip.actor,
            state=slip.state,
            meter=meter,
            currency=slip.currency,
            paid_cents=slip.paid_cents,
            units=slip.units,
            lines=slip.lines,
            tokens=[]
            if slip.state == VOID
            else [(token.label, token.kind, token.digits) for token in slip.tokens],
            note=slip.note,
            copy=slip.prints - 1,
            zone=zone,
            rehearsal=rehearsal,
            ref=slip.ref or "",
            minutes=[] if slip.state == VOID else [_minute(token) for token in slip.tokens],
        )

    @property
    def mark(self) -> str:
        """Return what stands on every receipt: that its tokens are no real ones."""
        return REHEARSAL_MARK if self.rehearsal else MARK

    @property
    def local_time(self) -> str:
        """Return the time of issue in the zone whose months and days count."""
        return _local(self.time, self.zone)

    def data(self) -> dict:
        """Return the receipt for `--json`: money and energy as decimal text."""
        fields = structs.asdict(self)
        del fields["minutes"]
        fields |= {
            "paid": money(self.paid_cents),
            "kwh": kwh(self.units),
            "lines": [{"text": words, "amount": money(cents)} for words, cents in self.lines],
            "tokens": [
                {"label": label, "kind": kind, "digits": digits} | _dated(minute)
                for (label, kind, digits), minute in zip(self.tokens, self.minutes, strict=True)
            ],
            "local_time": self.local_time,
            "mark": self.mark,
        }
        return fields

    def rows(self) -> list[tuple[str, str]]:
        """Return what stands above the tokens, as (name, value)."""
        rows = [("Receipt", f"{self.number}" + (f", copy {self.copy}" if self.copy else ""))]
        rows += [
            ("Time (UTC)", self.time.replace("T", " ").rstrip("Z")),
            (f"Time ({self.zone})", self.local_time),
            ("Station", self.station),
        ]
        if self.zone == station_time.DEFAULT_ZONE:
            del rows[2]
        rows += [("Operator", self.actor), *self.meter.items()]
        if self.ref:
            rows.append(("Reference", self.ref))
        if self.state == VOID:
            rows.append(("State", "VOID"))
        rows += [(words, f"{money(cents)} {self.currency}") for words, cents in self.lines]
        if self.lines:
            rows.append(("Paid", f"{money(self.paid_cents)} {self.currency}"))
        return rows

    def text(self) -> str:
        """Return the receipt as lines of text, for a terminal or a narrow printer."""
        above = self.rows()
        width = max(_COLUMN, *(len(name) for name, _ in above))
        rows = [f"{name:<{width}} {value}" for name, value in above]
        return "\n".join([self.mark, *rows, *self.notes(), "", *self._tokens(), "", self.mark])

    def narrow(self) -> str:
        """Return the receipt for paper of 58 mm: 32 columns, nothing wider."""
        rows = [_narrow_row(name, value) for name, value in self.rows()]
        text = [self.mark, *rows, *self.notes(), "", *self._tokens(""), "", self.mark]
        return "\n".join(_folded(line) for part in text for line in part.split("\n"))

    def notes(self) -> list[str]:
        """Return what stands below the sums: what this is, and what the customer must do."""
        todo = _KEY_CHANGE_TODO.format(len(self.tokens)) if self.operation == KEY_CHANGE else ""
        return [line for line in (self.note, todo) if line]

    def _tokens(self, indent: str = "    ") -> list[str]:
        return [
            f"{label}\n{indent}{grouped(digits)}" + _issued("\n" + indent, minute)
            for (label, _, digits), minute in zip(self.tokens, self.minutes, strict=True)
        ]

    def page(self, narrow: bool = False) -> str:
        """Return the receipt as an HTML page to print, complete in one file.

        narrow: for paper of 58 mm, else of 80 mm or a sheet.
        """
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n"
            for name, value in self.rows()
        )
        return Template(_PAGE.read_text(encoding="utf-8")).substitute(
            mark=escape(self.mark),
            title=escape(f"Receipt {self.number}"),
            operation=escape(self.operation),
            rows=rows,
            tokens="".join(
                _token(label, digits, _issued("", minute))
                for (label, _, digits), minute in zip(self.tokens, self.minutes, strict=True)
            ),
            note="<br>\n".join(escape(line) for note in self.notes() for line in note.split("\n")),
            paper="58mm" if narrow else "auto",
            width="50mm" if narrow else "80mm",
            size="10pt" if narrow else "12pt",
            digits="11pt" if narrow else "15pt",
        )


def summary(slip: Slip, corrected_by: int | None = None) -> dict:
    """Return one line of the history, its names as in `Receipt.data`.

    corrected_by: the reversal that took it back, if there is one.

    The token itself is shown by a reprint only.
    """
    return {
        "number": slip.id,
        "time": slip.issued_at,
        "meter": slip.meter.drn if slip.meter else "any",
        "operation": slip.operation,
        "state": slip.state,
        "corrects": slip.corrects,
        "corrected_by": corrected_by,
        "paid": f"{money(slip.paid_cents)} {slip.currency}".strip() if slip.lines else "",
        "tokens": _named(slip),
    }


def _named(slip: Slip) -> str:
    if not slip.tokens:
        return ""
    return slip.tokens[0].label if len(slip.tokens) == 1 else f"{len(slip.tokens)} tokens"


def money(cents: int) -> str:
    """Return cents as a decimal text."""
    if cents < 0:
        return f"-{money(-cents)}"
    return f"{cents // 100}.{cents // 10 % 10}{cents % 10}"


@lru_cache  # a batch has many receipts of one time
def _local(time: str, zone: str) -> str:
    return station_time.local(datetime.fromisoformat(time), zone)


def _minute(token: Token) -> tuple[int, int] | None:
    if token.tid is None or token.base_date is None:
        return None
    return token.tid, token.base_date


def _dated(minute: tuple[int, int] | None) -> dict:
    """Return TID and date of a token for `--json`; {} for a token that has none."""
    return {} if minute is None else {"tid": minute[0], "issued": _date(*minute)}


def _issued(before: str, minute: tuple[int, int] | None) -> str:
    return "" if minute is None else f"{before}TID {minute[0]}, {_date(*minute)}"


def _date(tid: int, base_date: int) -> str:
    return tid_clock.text(tid_clock.minute(tid, base_date))


def _narrow_row(name: str, value: str) -> str:
    """Return a row whose value stands at the right, below its name if both do not fit."""
    if len(name) + 1 + len(value) <= _NARROW:
        return f"{name}{value:>{_NARROW - len(name)}}"
    return f"{name}\n{value:>{_NARROW}}"


def _folded(line: str) -> str:
    return "\n".join(textwrap.wrap(line, _NARROW, drop_whitespace=False)) if line else line


def qr_code(digits: str) -> "QRCode":
    """Return the QR code of a token: all its digits, nothing else.

    It is no Micro QR code, which is what 20 digits are otherwise: many readers find none there.
    """
    import segno

    return segno.make(digits, micro=False, error="m")


def _token(label: str, digits: str, issued: str) -> str:
    code = qr_code(digits).svg_inline(scale=4, border=4)
    return (
        f'<section class="token"><h2>{escape(label)}</h2>\n'
        f'<p class="digits">{grouped(digits)}</p>\n<p>{escape(issued)}</p>\n{code}</section>\n'
    )
