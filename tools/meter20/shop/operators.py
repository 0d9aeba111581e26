"""What operators do: log in, look at meters and tokens, change keys, read the day's report."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from meter20.ami import purchases
from meter20.pos.waits import Limit, Waits, address_of
from meter20.shop import accounts, charts, overview, pages, visitors
from meter20.shop.customers import PAGES, TheSeller
from meter20.vending import day_report, meter_list, refusal, rekey, supply_groups
from meter20.vending.refusal import Refusal
from meter20.vending.report_models import MeterReport

BASE = "/operators"
_AT_ONCE = 20  # key change sets for one click
_LATEST = 10  # purchases of a meter
#: Wrong passwords, for a name and from an address.
NAMES, ADDRESSES = Limit("name", 3, 2, 300), Limit("from", 3, 2, 300)
_LOGIN: dict = {303: {"description": "To the next page, or to the log-in"}}
router = APIRouter(
    prefix=BASE, default_response_class=HTMLResponse, responses=PAGES | _LOGIN
)  # fmt: skip
Code = Annotated[str, Form(max_length=100)]


class NobodyLoggedIn(Exception):
    """Somebody who has not logged in opened a page for operators."""


class NotThere(HTTPException):
    """The page, or what it would show, is not there. words: name of the text that says so."""

    def __init__(self, words: str):
        super().__init__(404)
        self.words = words


def operator(request: Request, at: TheSeller) -> str:
    """Return who has logged in; raises NobodyLoggedIn."""
    cookie = request.cookies.get(visitors.OPERATOR_COOKIE, "")
    with at.station.looking() as session:
        name = accounts.of(session, cookie, at.station.time())
    if name is None:
        raise NobodyLoggedIn
    return name


Operator = Annotated[str, Depends(operator)]


def _page(
    request: Request, template: str, who: str, status: int = 200, **values: object
) -> Response:
    code = visitors.form_code(request.cookies.get(visitors.OPERATOR_COOKIE, ""))
    return pages.page(request, template, status, who=who, code=code, **values)


@router.get("/login")
def login(request: Request, undone: bool = False) -> Response:
    """Ask who it is. undone: after a form that came too late."""
    wrong = "op.undone" if undone else ""
    return pages.page(request, "op_login.html", wrong=wrong, name="", who="")


@router.post("/login", status_code=303, response_class=RedirectResponse)
def log_in(
    request: Request,
    at: TheSeller,
    name: Annotated[str, Form(max_length=accounts.LONGEST_NAME)],
    password: Annotated[str, Form(max_length=200)],
    code: Code,
) -> Response:
    """Log an operator in; one who fails again and again must wait."""
    visitors.check_form(request, visitors.cookie_of(request), code)
    waits: Waits = request.app.state.waits
    tried = NAMES.of(name), ADDRESSES.of(address_of(request))
    waits.attempt(*tried)  # before the password is looked at: many at once are many
    with at.station.looking() as session:
        right = accounts.known(session, name, password)
    if not right:
        return pages.page(request, "op_login.html", 401, wrong="op.wrong", name=name, who="")
    waits.forget(*tried)
    with at.station.sharing() as session:
        cookie = accounts.begin(session, name, at.station.time())
    answer = RedirectResponse(f"{BASE}/meters", 303)
    visitors.put(request, answer, visitors.OPERATOR_COOKIE, cookie,
                 int(accounts.LASTS.total_seconds()))  # fmt: skip
    return answer


@router.post("/logout", status_code=303, response_class=RedirectResponse)
def log_out(request: Request, at: TheSeller, _who: Operator, code: Code) -> Response:
    """Log out: the cookie is good no more."""
    cookie = _checked(request, code)
    with at.station.sharing() as session:
        accounts.end(session, cookie)
    answer = RedirectResponse(f"{BASE}/login", 303)
    answer.delete_cookie(visitors.OPERATOR_COOKIE)
    return answer


@router.get("/meters")
def meters(
    request: Request,
    at: TheSeller,
    who: Operator,
    begins: Annotated[str, Query(max_length=13)] = "",
    after: Annotated[int, Query(ge=0, le=(1 << 31) - 1)] = 0,
) -> Response:
    """List meters: when each was heard last, its credit and load."""
    digits = "".join(char for char in begins if char.isdigit())
    with at.station.looking() as session:
        rows = overview.meters(session, digits, after)
    more = rows[-1][0].id if len(rows) == overview.PAGE else 0
    return _page(request, "op_meters.html", who, rows=rows, begins=digits, more=more)


@router.get("/meters/{number}")
def meter(
    request: Request, at: TheSeller, who: Operator,
    number: Annotated[str, Path(pattern=r"^[0-9]{11,13}$")],
) -> Response:  # fmt: skip
    """Show a meter: its load of a day, its events, its latest purchases. Shows no token."""
    now = at.station.time()
    with at.station.looking() as session:
        found = _found(session, number)
        report = session.get(MeterReport, found.id)
        load = overview.load(session, found, now)
        bought = purchases.latest(session, found, _LATEST)
    drawn = charts.bars(load, now)
    most = max((power for _, power in load), default=0)
    return _page(request, "op_meter.html", who, meter=found, report=report, bars=drawn,
                 state_of=overview.state_of, most=most, bought=bought, width=charts.WIDTH,
                 height=charts.HEIGHT)  # fmt: skip


@router.get("/rejected")
def rejected(request: Request, at: TheSeller, who: Operator) -> Response:
    """List tokens that meters did not take, with the reasons."""
    with at.station.looking() as session:
        rows = overview.rejected(session)
    return _page(request, "op_rejected.html", who, rows=rows)


@router.get("/keys")
def keys(request: Request, at: TheSeller, who: Operator) -> Response:
    """Show how far each supply group is on its way to its newest key."""
    return _keys(request, at, who, 200, "")


@router.post("/keys", status_code=303, response_class=RedirectResponse)
def change_keys(
    request: Request, at: TheSeller, who: Operator, code: Code,
    sgc: Annotated[str, Form(pattern=r"^[0-9]{6}$")],
    ea: Annotated[str, Form(pattern=r"^[0-9]{2}$")],
) -> Response:  # fmt: skip
    """Issue the key change tokens of the next meters of a group; the head-end brings them."""
    _checked(request, code)
    try:
        with at.desk(f"operator {who}") as desk:
            newest = supply_groups.find_key(desk.session, sgc, ea)
            to = rekey.NewKey(krn=newest.krn, base_date=newest.base_date)
            for drn in overview.behind(desk.session, newest, _AT_ONCE):
                purchases.bring(desk, rekey.change_key(desk, drn, to))
    except Refusal as why:
        if why.code in (refusal.DATABASE, refusal.BROKEN, refusal.CLOCK):
            raise
        return _keys(request, at, who, 400, str(why))
    return RedirectResponse(f"{BASE}/keys", 303)


@router.get("/report")
def report(
    request: Request, at: TheSeller, who: Operator,
    day: Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")] = "",
) -> Response:  # fmt: skip
    """Show the report of a day, in UTC."""
    try:
        moment = datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None
    except ValueError:
        raise NotThere("op.no_day") from None
    return _page(request, "op_report.html", who, report=day_report.of(at.station, moment))


def _keys(request: Request, at: TheSeller, who: str, status: int, wrong: str) -> Response:
    with at.station.looking() as session:
        found = overview.campaigns(session)
        waiting = {each.key: overview.unconfirmed(session, each) for each in found}
    return _page(request, "op_keys.html", who, status, campaigns=found, waiting=waiting,
                 wrong=wrong, at_once=_AT_ONCE)  # fmt: skip


def _found(session, number: str):
    try:
        return meter_list.find_meter(session, number, retired=True)
    except Refusal as why:
        if why.code not in (refusal.UNKNOWN, refusal.VALUE):
            raise
        raise NotThere("op.no_meters") from None


def _checked(request: Request, code: str) -> str:
    """Return the operator's cookie; raises ForeignForm for a form that is not of ours."""
    cookie = request.cookies.get(visitors.OPERATOR_COOKIE, "")
    visitors.check_form(request, cookie, code)
    return cookie
