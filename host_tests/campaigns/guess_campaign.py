"""The guess campaign: random tokens through the real decoder and acceptance rules.

No lock-out stands in the way, and no guess changes the meter for the next. How many are
accepted must lie in the 99.9 % band of the model, guessing.py. `make guess-campaign`
runs 2 * 10^7 of them, `make test` a few. The same seed gives the same tokens, whatever the
number of processes.

    make guess-campaign CAMPAIGN_ARGS='--tokens 20000000 --seed 20 --processes 2'
"""

import multiprocessing
import random
from collections import Counter, namedtuple

from account import requested_tests
from data import meters
from sts import decoder, digits, kinds, results
from sts.decoder_key import DecoderKey

from campaigns import long_run
from campaigns.guessing import CLASS_0, UNIFORM, band, chances, newer_share

CHUNK = 50_000
_CLASS_BITS = 3 << 27
_KEY_07 = DecoderKey(bytes.fromhex("0abc12def3456789"))  # test key

#: A part of the campaign. share: of all tokens.
Part = namedtuple("Part", ("name", "ea", "how", "share"))

PARTS = (
    Part("EA11, class 0", "11", CLASS_0, 0.70),
    Part("EA11, uniform", "11", UNIFORM, 0.15),
    Part("EA07, class 0", "07", CLASS_0, 0.10),
    Part("EA07, uniform", "07", UNIFORM, 0.05),
)


def meter_of(ea: str):
    """Return a meter without credit whose key is of `ea`."""
    key = meters.key() if ea == "11" else meters.key(ea="07", decoder_key=_KEY_07)
    return meters.meter(key=key)


def guess(chance: random.Random, how: str) -> str:
    """Return 20 digits."""
    if how == UNIFORM:
        return "%020d" % chance.randrange(10**20)
    return digits.text(chance.getrandbits(66) & ~_CLASS_BITS)


def outcome(meter, entered: str) -> tuple:
    """Return (class or None, kind, result) of a token, as Meter.enter decides; change nothing.

    test_guess_campaign holds it to `enter`.
    """
    token = digits.parse(entered)
    if token is None:
        return None, "", results.FORMAT
    class_ = digits.split(token)[0]
    if class_ == 1:
        decoded = decoder.decode(token, None, meter.state.key.ea)
        result, kind, _tests = requested_tests.requested(decoded, meter.state.identity.drn, 1)
        return class_, kind, result
    if class_ == 3:
        return class_, "", results.FUNCTION
    decoded = meter.reader.decode(token)
    if not decoded.crc_ok:
        return class_, "", results.CRC
    judged = meter.reader.judged(decoded, 0)[1]
    return class_, judged.kind, judged.result


def run_chunk(job) -> tuple:
    """Return (part, Counter of outcomes) of one chunk. job: (part, number, tokens, seed)."""
    part, number, tokens, seed = job
    chance = random.Random(f"{seed}/{part.name}/{number}")
    meter = meter_of(part.ea)
    return part, Counter(outcome(meter, guess(chance, part.how)) for _ in range(tokens))


def jobs(tokens: int, seed: int) -> list:
    """Return the chunks of a campaign of `tokens` in all, slow parts first."""
    made = []
    for part in sorted(PARTS, key=lambda part: part.ea):
        left = round(tokens * part.share)
        while left > 0:
            made.append((part, len(made), min(CHUNK, left), seed))
            left -= CHUNK
    return made


def tally(found: Counter) -> dict:
    """Return how often each event of guessing.chances is among the outcomes `found`."""
    counts = dict.fromkeys(("credit", "management", "key section", "authentic"), 0)
    for (class_, kind, result), count in found.items():
        if class_ not in (0, 2) or result == results.CRC:
            continue
        counts["authentic"] += count
        if result == results.ACCEPT:
            counts["credit" if kind == kinds.ELECTRICITY else "management"] += count
        elif result in (results.KCT_1, results.KCT_2, results.KCT_3, results.KCT_4):
            counts["key section"] += count
    return counts


def verdicts(part: Part, found: Counter) -> list:
    """Return (event, count, expected, (low, high), whether it fits) by event."""
    model = chances(part.how, newer_share(meters.MANUFACTURED), part.ea)
    made = []
    for event, count in tally(found).items():
        expected = float(model[event] * sum(found.values()))
        low, high = band(expected)
        made.append((event, count, expected, (low, high), low <= count <= high))
    return made


def campaign(tokens: int, seed: int, processes: int, progress=None) -> dict:
    """Return {part: Counter of outcomes} of `tokens` guesses."""
    found = {part: Counter() for part in PARTS}
    work = jobs(tokens, seed)
    with multiprocessing.Pool(processes) as pool:
        done = 0
        for part, counter in pool.imap_unordered(run_chunk, work):
            found[part] += counter
            done += sum(counter.values())
            if progress:
                progress(done)
    return found


def report(found: dict) -> bool:
    """Print histograms and verdicts; return whether every count lies in its band."""
    fits = True
    for part, counter in found.items():
        print(f"{part.name}: {sum(counter.values()):,} tokens")
        by_result = Counter()
        for (_class, _kind, result), count in counter.items():
            by_result[result] += count
        for result, count in by_result.most_common():
            print(f"    {result:16}{count:12,}")
        for event, count, expected, (low, high), fit in verdicts(part, counter):
            fits = fits and fit
            word = "inside" if fit else "OUTSIDE"
            print(f"    {event:12} {count:6} of {expected:9.2f} expected, {word} {low}..{high}")
    return fits


if __name__ == "__main__":
    long_run.main(__doc__, "tokens", 20_000_000, 1_000_000, campaign, report)
