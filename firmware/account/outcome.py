"""Outcome: what the meter decided about one token, as a namedtuple."""

from collections import namedtuple

#: result: of sts.results. kind: of sts.kinds, "" if it could not be read.
#: amount: credit added, in Wh or, from a currency token, in 10^-5 currency units. tid: None for a
#: token without one. tests: for an accepted test/display token the tests to run. missing: for a
#: key change token the sections that are still to come.
#: is_test: it was a test/display token, accepted or not. another_set: a key change token that
#: contradicts those entered before it, which were dropped: it begins another set.
Outcome = namedtuple(
    "Outcome", ("result", "kind", "amount", "tid", "tests", "missing", "is_test", "another_set")
)


def plain(result: str, kind: str = ""):
    """Return the Outcome of a token that brings no more than a `result`."""
    return Outcome(result, kind, 0, None, (), (), False, False)
