"""The vending desk of the page: registers meters, sells, and hands out tokens that teach.

Its books lie in memory, and are gone with the page. It holds no key: it asks the box. Money is in
cents, energy in Wh; times are TIDs from 2014. Runs on MicroPython and on CPython.
"""

from box import BASE_YEAR, EA, KT, Box, Held
from sts import amount, digits, kinds, tid

from meter20.vending import amounts

DRN, NEIGHBOUR_DRN, _IIN = "12345678903", "12345678986", "600727"
_SGC, _OTHER_SGC, _TI = "123456", "654321", 1
_KEN = {1: 110, 2: 140}  # by the key revision
_CENTS_PER_KWH, _TAX_PERCENT = 200, 15
_FREE_TENTHS = 50
_DAY = 1440
_OLD = 43_200  # minutes before the meter was made

_MANAGEMENT = {
    "power_limit": (kinds.POWER_LIMIT, 2500),
    "clear_credit": (kinds.CLEAR_CREDIT, 0),
    "clear_tamper": (kinds.CLEAR_TAMPER, 0),
}

#: Tokens that the desk hands out, by name.
OFFERED = (
    "free", "neighbour", "old", "other_group", "expired", "key_change", "power_limit",
    "clear_credit", "clear_tamper",
)  # fmt: skip


class Desk:
    """A desk of its own box. slips: what it handed out, newest last."""

    _SLIPS_MAX = 50

    def __init__(self):
        self.box = Box()
        self.held = Held(DRN, _IIN, _SGC, 1, _TI, _KEN[1])
        self._neighbour = Held(NEIGHBOUR_DRN, _IIN, _SGC, 1, _TI, _KEN[1])
        self._other_group = Held(DRN, _IIN, _OTHER_SGC, 1, _TI, _KEN[1])
        self._last_tid = self._made = 0
        self.slips = []
        self._whats = {}

    def what(self, entered: str):
        """Return the name of the slip that these digits stand on, None for others."""
        return self._whats.get(entered)

    def register(self, minute: int) -> dict:
        """Return the request that provisions the meter, which was made a day before `minute`."""
        self._made = minute - _DAY
        held = self.held
        return {
            "do": "provision",
            "drn": held.drn,
            "iin": held.iin,
            "sgc": held.sgc,
            "ti": "%02d" % held.ti,
            "krn": held.krn,
            "kt": KT,
            "ken": held.ken,
            "ea": EA,
            "decoder_key": self.box.provisioning_key(held),
            "manufactured": self._made,
            "imp_per_kwh": 1000,
            "power_limit_w": 0,
        }

    def buy(self, cents: int, minute: int) -> dict:
        """Return the slip of a sale. Raises ValueError for less than 0.1 kWh, or too much."""
        whole = 100 + _TAX_PERCENT
        tax = (cents * _TAX_PERCENT + whole // 2) // whole
        tenths = (cents - tax) * 10 // _CENTS_PER_KWH
        if tenths < 1:
            raise ValueError("too little")
        slip = self._credit("sale", self.held, tenths, self._tid(minute))
        slip["cents"], slip["tax_cents"] = cents, tax
        return slip

    def hand_out(self, what: str, minute: int) -> dict:
        """Return the slip of a token of OFFERED. Raises ValueError for another name."""
        if what not in OFFERED:
            raise ValueError("no such token: " + what)
        if what == "key_change":
            return self._key_change()
        if what in _MANAGEMENT:
            kind, value = _MANAGEMENT[what]
            field = amounts.to_field(value)
            return self._slip(what, self.held, kind, self._tid(minute), {"value": field})
        if what == "old":
            return self._credit(what, self.held, _FREE_TENTHS, self._made - _OLD)
        if what == "expired":
            return self._credit(what, self.held, _FREE_TENTHS, self.held.ken + 1 << 16)
        held = {"neighbour": self._neighbour, "other_group": self._other_group}
        return self._credit(what, held.get(what, self.held), _FREE_TENTHS, self._tid(minute))

    def _tid(self, minute):
        """Return the TID of a token issued now: no two of this desk are the same."""
        self._last_tid = max(minute, self._last_tid + 1)
        if self._last_tid % _DAY == 1:  # 00:01 is reserved
            self._last_tid += 1
        return self._last_tid

    def _credit(self, what, held, tenths, issued):
        field = amounts.to_field(tenths)
        slip = self._slip(what, held, kinds.ELECTRICITY, issued, {"amount_field": field})
        slip["wh"] = amount.from_field(field) * 100
        return slip

    def _slip(self, what, held, kind, issued, fields):
        fields["rnd"], fields["tid"] = self.box.answers * 7 & 15, issued
        return self._keep(what, held, kind, [self.box.token(held, kind, fields)], issued)

    def _key_change(self):
        held = self.held
        krn = 3 - held.krn
        new = Held(held.drn, held.iin, held.sgc, krn, held.ti, _KEN[krn])
        found = self.box.key_change(held, new)
        self.held = new
        return self._keep("key_change", held, kinds.KEY_1, found, None)

    def _keep(self, what, held, kind, found, issued):
        slip = {
            "what": what,
            "kind": kind,
            "drn": held.drn,
            "sgc": held.sgc,
            "krn": held.krn,
            "tokens": [digits.grouped(each) for each in found],
            "issued": None if issued is None else "%04d-%02d-%02d %02d:%02d" % tid.date(
                issued, BASE_YEAR
            ),
        }  # fmt: skip
        for each in found:
            self._whats[each] = what
        self.slips.append(slip)
        for each in self.slips[: -self._SLIPS_MAX]:
            for grouped in each["tokens"]:
                self._whats.pop(digits.clean(grouped), None)
        del self.slips[: -self._SLIPS_MAX]
        return slip
