"""Pages: templates, filled in, in the visitor's language. No page runs a script of its own."""

import re
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from sts.digits import grouped

from meter20.shop import texts, visitors
from meter20.vending import receipt, typed_lines

_FOLDER = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined,
    trim_blocks=True, lstrip_blocks=True,
)  # fmt: skip
#: What a line of a quote or a receipt is called.
LINES = {
    typed_lines.DEBT: "line.debt", typed_lines.FIXED: "line.fixed",
    typed_lines.CHARGE_TAX: "line.charge_tax", typed_lines.ENERGY_TAX: "line.energy_tax",
    typed_lines.STEP: "line.step", typed_lines.CREDIT: "line.credit",
    typed_lines.FREE: "line.free", typed_lines.CARRIED_OVER: "line.carried_over",
    typed_lines.CARRIED_ON: "line.carried_on",
}  # fmt: skip

#: What a meter reports of its load switch, the reason of that, and its events.
REPORTED = {
    "open": "reported.open", "closed": "reported.closed",
    "credit": "reported.credit", "emergency_credit": "reported.emergency_credit",
    "friendly_hours": "reported.friendly_hours", "no_credit": "reported.no_credit",
    "not_provisioned": "reported.not_provisioned", "tamper": "reported.tamper",
    "disconnected": "reported.disconnected", "overload": "reported.overload",
    "overload_lock": "reported.overload_lock", "test": "reported.test",
    "store_fault": "reported.store_fault", "fault": "reported.fault",
    "Restart": "reported.restart", "Memory repaired": "reported.repaired",
    "Memory failed": "reported.store_fault", "Tamper": "reported.tamper",
    "Locked out": "reported.lock_out", "Overload": "reported.overload",
    "New key": "reported.new_key", "Settings lost": "reported.settings_lost",
}  # fmt: skip


def language_of(request: Request) -> str:
    """Return the language that a visitor chose: now, before, or by its browser."""
    given = request.query_params.get("lang", "")
    if given in texts.LANGUAGES:
        request.state.chosen_language = given
        return given
    kept = request.cookies.get(visitors.LANGUAGE_COOKIE, "")
    if kept in texts.LANGUAGES:
        return kept
    return texts.chosen(request.headers.get("accept-language", ""))


def part(request: Request, template: str, **values: object) -> str:
    """Return a template as text, for a page or a part of one."""
    language = language_of(request)
    return _ENVIRONMENT.get_template(template).render(
        t=partial(texts.text, language), lang=language, languages=_languages(request),
        money=lambda cents, currency="": _money(language, cents, currency),
        kwh=lambda units: f"{texts.decimal(language, units, 1)} kWh",
        energy=lambda wh: texts.decimal(language, wh, 3),
        rate=lambda value, places: _short(texts.decimal(language, value, places)),
        written=partial(texts.written, language), reported=partial(_reported, language),
        line_name=LINES.__getitem__, grouped=grouped, qr=_qr, when=_when, **values,
    )  # fmt: skip


def page(request: Request, template: str, status: int = 200, **values: object) -> HTMLResponse:
    """Return a template as an answer; visitors are known again by it."""
    values = {"code": visitors.form_code(visitors.cookie_of(request))} | values
    answer = HTMLResponse(part(request, template, **values), status)
    visitors.remember(request, answer)
    return answer


def failed(request: Request, status: int, words: str, **values: object) -> HTMLResponse:
    """Return a page that says why there is no other; words: name of a text."""
    operators = request.url.path.startswith("/operators")
    template = "op_failed.html" if operators else "failed.html"
    return page(request, template, status, words=words, values=values, who="")


def _languages(request: Request) -> list[tuple[str, str]]:
    """Return (language, address of this page in it); after a form, of the first page."""
    others = {name: value for name, value in request.query_params.items() if name != "lang"}
    path = request.url.path if request.method == "GET" else "/"
    return [(each, f"{path}?{urlencode(others | {'lang': each})}") for each in texts.LANGUAGES]


def _money(language: str, cents: int, currency: str) -> str:
    return f"{texts.decimal(language, cents, 2)} {currency}".strip()


def _reported(language: str, word: str | None) -> str:
    """Return what a meter said of itself; a word that is not known as the meter said it."""
    return texts.text(language, REPORTED[word]) if word in REPORTED else word or ""


def _short(decimal: str) -> str:
    """Return a decimal without zeros at its end, but with two places at least."""
    return re.sub(r"(?<=\d\d)0+$", "", decimal) if re.search(r"[.,]\d{3,}$", decimal) else decimal


def _qr(digits: str, words: str) -> Markup:
    """Return a token as a QR code: all digits, nothing else. words: what it is, for who asks."""
    code = receipt.qr_code(digits)
    return Markup(code.svg_inline(border=4, title=words, omitsize=True))  # it escapes the title


def _when(time: str | None) -> str:
    """Return a time of the books as people read it, in UTC; "" for none."""
    return time[:16].replace("T", " ") + " UTC" if time else ""
