"""Receipts: what the customer gets, as JSON, as text and as a page to print.

A receipt is plain data made from a slip; how it looks is decided here and nowhere else. Tokens
are grouped by four digits. The printed page carries the first token as a QR code (all digits,
nothing else), and every form says that these are no real tokens.
"""

from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from sts.digits import grouped

from meter20.vending import station_time
from meter20.vending.models import Slip
from meter20.vending.slips import REHEARSAL, VOID, ZONE

MARK = "TEST KEYS - not a real token"
REHEARSAL_MARK = f"{MARK} - REHEARSAL: somebody set the time of issue"
_COLUMN = 24  # of the names, if none is longer
_PAGE = Path(__file__).parent / "receipt.html"


@dataclass(frozen=True)
class Receipt:
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
    lines: list[tuple[str, int]]
    tokens: list[tuple[str, str, str]]
    note: str
    copy: int
    zone: str
    rehearsal: bool
    ref: str

    @classmethod
    def of(cls, slip: Slip, station: str) -> "Receipt":
        """Return the receipt of a slip that was flushed. A void slip shows no token."""
        return cls(
            number=slip.id,
            time=slip.issued_at,
            operation=slip.operation,
            station=station,
            actor=slip.actor,
            state=slip.state,
            meter={k: v for k, v in slip.about.items() if k not in (ZONE, REHEARSAL)},
            currency=slip.currency,
            paid_cents=slip.paid_cents,
            units=slip.units,
            lines=[(words, cents) for words, cents in slip.lines],
            tokens=[]
            if slip.state == VOID
            else [(token.label, token.kind, token.digits) for token in slip.tokens],
            note=slip.note,
            copy=slip.prints - 1,
            zone=slip.about.get(ZONE, station_time.DEFAULT_ZONE),
            rehearsal=REHEARSAL in slip.about,
            ref=slip.ref or "",
        )

    @property
    def mark(self) -> str:
        """Return what stands on every receipt: that its tokens are no real ones."""
        return REHEARSAL_MARK if self.rehearsal else MARK

    @property
    def local_time(self) -> str:
        """Return the time of issue in the zone whose months and days count."""
        return station_time.local(datetime.fromisoformat(self.time), self.zone)

    def data(self) -> dict:
        """Return the receipt for `--json`: money and energy as decimal text."""
        return vars(self) | {
            "paid": money(self.paid_cents),
            "kwh": f"{self.units / 10:.1f}",
            "lines": [{"text": words, "amount": money(cents)} for words, cents in self.lines],
            "tokens": [
                {"label": label, "kind": kind, "digits": digits}
                for label, kind, digits in self.tokens
            ],
            "local_time": self.local_time,
            "mark": self.mark,
        }

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
        tokens = [f"{label}\n    {grouped(digits)}" for label, _, digits in self.tokens]
        note = [self.note] if self.note else []
        return "\n".join([self.mark, *rows, *note, "", *tokens, "", self.mark])

    def page(self) -> str:
        """Return the receipt as an HTML page to print, complete in one file."""
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>\n"
            for name, value in self.rows()
        )
        return Template(_PAGE.read_text(encoding="utf-8")).substitute(
            mark=escape(self.mark),
            title=escape(f"Receipt {self.number}"),
            operation=escape(self.operation),
            rows=rows,
            tokens="".join(_token(label, digits) for label, _, digits in self.tokens),
            note=escape(self.note),
        )


def summary(slip: Slip) -> dict:
    """Return one line of the history, its names as in `Receipt.data`.

    The token itself is shown by a reprint only.
    """
    return {
        "number": slip.id,
        "time": slip.issued_at,
        "meter": slip.meter.drn if slip.meter else "any",
        "operation": slip.operation,
        "state": slip.state,
        "paid": f"{money(slip.paid_cents)} {slip.currency}".strip() if slip.lines else "",
        "tokens": slip.tokens[0].label if len(slip.tokens) == 1 else f"{len(slip.tokens)} tokens",
    }


def money(cents: int) -> str:
    """Return cents as a decimal text."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _token(label: str, digits: str) -> str:
    import segno

    code = segno.make(digits, micro=False, error="m").svg_inline(scale=4, border=4)
    return (
        f'<section class="token"><h2>{escape(label)}</h2>\n'
        f'<p class="digits">{grouped(digits)}</p>\n{code}</section>\n'
    )
