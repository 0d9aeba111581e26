"""A month with a meter, as on_unix32/month.py plays it, and what must come of it."""

import json
from collections import Counter

from data import meters, tokens

DAY_S = 86_400
TOKEN_WH = 9000  # a day; a little less than the load takes, so at times the credit is used up

_TID = 5_900_000  # of the first day's token
_SWITCH_TEST = "00000000000150997584"  # of the compliance suite
_TOO_OLD = meters.MANUFACTURED - 1
_PAGES = 8  # more than there are
_CODES = "0 1 2 3 4 5 6 7 9 47 99"
_NOT_JSON = '{"do":'
COMMISSION_WH = 2000

#: What is done to a new meter before it is restarted, and the days begin.
COMMISSIONING = (
    "say " + json.dumps({"do": "provision", **meters.PROVISION, "imp_per_kwh": 100}),
    "say " + json.dumps({"do": "token", "digits": tokens.credit(_TID, COMMISSION_WH // 100)}),
    "day 0",
)


class Story:
    """lines: the deeds of `days` days. results: {a token's result: how often}. sold_wh: credit."""

    def __init__(self, days: int):
        self.lines: list[str] = []
        self.results: Counter[str] = Counter()
        self.sold_wh = COMMISSION_WH
        self._key = meters.KEY
        self._said_s = 0
        for day in range(1, days + 1):
            self._day(day, _TID + 1440 * day)
        self._say({"do": "read"})

    def _day(self, day, tid):
        """A night, a morning of customers and mistakes, a day, an evening."""
        self._said_s = 0
        self._load(100, 6 * 3600)
        self._keys("*" * _PAGES, 60)
        for code in _CODES.split():
            self._keys("#" + code + "#", 5)
        self._keys("123C4567**", 60)
        self._guesses(5 if day % 5 == 0 else 1)
        self._load(400, 3600)
        self._credit(day, tid)
        self._refused(tid)
        self._management(day, tid + 10)
        self._load(1, 60)
        self.lines.append("unplug")
        self._keys("#4#", 60)
        self.lines.append("plug")
        self._load(400, 9 * 3600)
        self._service()
        self._load(1400, 3 * 3600)
        self._load(100, DAY_S - self._said_s)
        self.lines.append(f"day {day}")

    def _guesses(self, count):
        """Wrong tokens at the key pad; the fifth finds the meter locked. The wait is over soon."""
        for number in range(count):
            self._keys("%020d" % (1000 + number), 2 if number < 4 else 60)

    def _credit(self, day, tid):
        token = tokens.credit(tid, TOKEN_WH // 100, self._key)
        self.sold_wh += TOKEN_WH
        if day % 2:
            self._keys(token, 20)
        else:
            self._token(token, "Accept")
        self._token(token, "UsedError")

    def _refused(self, tid):
        self._token(tokens.credit(_TOO_OLD, 1, self._key), "OldError")
        self._token("1234", "FormatError")
        water = tokens.token("TransferCredit.water", self._key, tid=tid, amount_field=1)
        self._token(water, "FunctionError")
        self._token(_SWITCH_TEST, "Accept")
        self._wait(10)

    def _management(self, day, tid):
        """A limit now and then, which nobody reaches; every ten days another key."""
        if day % 10 == 3:
            limit = tokens.token("SetMaximumPowerLimit", self._key, tid=tid, value=9000)
            self._token(limit, "Accept")
        if day % 10 == 6:
            clear = tokens.token("ClearTamperCondition", self._key, tid=tid, value=0)
            self._token(clear, "Accept")
        if day % 10 == 1:  # on day 1: what a meter reads for it must not count as growth
            new = bytes([day]) * 16  # test key
            four = tokens.key_change(new, krn=1 + day // 10, under=self._key)
            for token, result in zip(four, ("1stKCT", "2ndKCT", "3rdKCT", "Accept"), strict=True):
                self._token(token, result)
            self._key = new

    def _service(self):
        for request in (
            {"do": "read", "id": 7},
            {"do": "keys", "keys": "*#3#"},
            {"do": "provision", **meters.PROVISION},
            {"do": "fly"},
        ):
            self._say(request)
        self.lines += ["say " + _NOT_JSON, "long 15", "long 16"]  # a line has 4096 bytes at most

    def _token(self, digits, result):
        self.results[result] += 1
        self._say({"do": "token", "digits": digits})

    def _say(self, request):
        self.lines.append("say " + json.dumps(request))

    def _keys(self, keys, then_s):
        self.lines.append("keys " + keys)
        self._wait(then_s)

    def _load(self, watts, then_s):
        self.lines.append(f"load {watts}")
        self._wait(then_s)

    def _wait(self, duration_s):
        """Wait; keys take their time beside it."""
        self._said_s += duration_s
        self.lines.append(f"wait {duration_s}")
