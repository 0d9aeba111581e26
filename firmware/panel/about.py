"""About: the pages that the meter tells about itself when somebody turns to them.

A board reads them then. Pure domain: no ports, no clock, no I/O.
"""

from panel.screens import FIRMWARE, pages, total_used


def shown(view, page: int, rows: int):
    """Return page `page`, from 0, as a list of at most `rows` lines; None past the last."""
    state = view.state
    key = state.key
    if not state.identity.drn:
        return None
    whole = (
        ["Meter number", state.identity.drn, "Total used", total_used(view)],
        [
            "SGC " + key.sgc,
            "KRN %d  KT %d" % (key.krn, key.kt),
            "TI " + key.ti,
            "KEN %d" % key.ken,
        ],
        ["EA " + key.ea, FIRMWARE, "Power fails", str(state.power_fails)],
    )
    cut = [lines for screen in whole for lines in pages(screen, rows)]
    return cut[page] if page < len(cut) else None
