"""Short codes: what `#` digits `#` shows.

One table; each code names a function from (view, last outcome) to a screen.
"""

from meter import screens


def screen(code: str, view, last):
    """Return the screen of short code `code`, digits, or None if there is no such code.

    view: meter.app.View. last: the last meter.meter.Outcome since power came, or None.
    """
    draw = _CODES.get(code)
    return draw(view, last) if draw else None


def _number(view, _last):
    return screens.message("Meter number", view.state.identity.drn or "none")


def _power(view, _last):
    return screens.message("Power now", "%d W" % view.watts)


def _last_token(view, last):
    amount = "+%s kWh" % screens.kwh(last.amount_wh) if last and last.amount_wh else ""
    return screens.message("Last token", view.state.last_result or "none", amount)


def _total(view, _last):
    return screens.message("Total used", screens.kwh(view.state.register.total_wh) + " kWh")


def _credit(view, _last):
    return screens.message("Credit", screens.kwh(view.state.register.credit_wh) + " kWh")


def _key(view, _last):
    key = view.state.key
    return ["SGC " + key.sgc, "KRN %d  KT %d" % (key.krn, key.kt), "TI " + key.ti, "EA " + key.ea]


def _power_fails(view, _last):
    return screens.message("Power fails", str(view.state.power_fails))


_CODES = {
    "0": _number,
    "1": _power,
    "2": _last_token,
    "3": _total,
    "4": _credit,
    "5": _key,
    "69": _power_fails,
    "078": _last_token,
}
