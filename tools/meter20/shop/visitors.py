"""Visitors: the cookie by which one is known again, and the guard of forms against other sites.

A visitor is a random cookie, of which the database keeps a digest. A form carries a code that is
made of the cookie: a page of another site cannot read the cookie, so it cannot fill in the form.
"""

import hashlib
import hmac
import secrets

from fastapi import Request, Response

COOKIE, LANGUAGE_COOKIE, OPERATOR_COOKIE = "visitor", "language", "operator"
_OCTETS = 32
_LONGEST = 100
_YEAR_S = 365 * 86_400


class ForeignForm(Exception):
    """A form came from a strange page, or from a page of ours whose cookie is lost."""


def cookie_of(request: Request) -> str:
    """Return the visitor's cookie; a new one, which `remember` gives out, if there is none."""
    given = request.cookies.get(COOKIE, "")
    if not given or len(given) > _LONGEST:
        given = getattr(request.state, "new_visitor", "") or secrets.token_urlsafe(_OCTETS)
        request.state.new_visitor = given
    return given


def remember(request: Request, response: Response) -> None:
    """Give a new visitor the cookie, and keep the language that was chosen."""
    if new := getattr(request.state, "new_visitor", ""):
        put(request, response, COOKIE, new, _YEAR_S)
    if chosen := getattr(request.state, "chosen_language", ""):
        put(request, response, LANGUAGE_COOKIE, chosen, _YEAR_S)


def put(request: Request, response: Response, name: str, value: str, age_s: int) -> None:
    """Give out a cookie that no script and no other site's form gets."""
    response.set_cookie(
        name, value, max_age=age_s, path="/", httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip


def digest(cookie: str) -> str:
    """Return what the database keeps of a cookie."""
    return hashlib.sha256(cookie.encode(errors="replace")).hexdigest()


def form_code(cookie: str) -> str:
    """Return the code of forms for the visitor who has this cookie."""
    return hmac.digest(cookie.encode(errors="replace"), b"form", "sha256").hex()


def check_form(request: Request, cookie: str, code: str) -> None:
    """Raise ForeignForm unless a form was filled in on a page of ours."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignForm
    if not hmac.compare_digest(form_code(cookie).encode(), code.encode(errors="replace")):
        raise ForeignForm
