"""The command line of a campaign: how much, which seed, how many processes."""

import argparse
import multiprocessing
import sys
import time


def counted(text: str) -> int:
    """Return a number of 1 and more, for argparse, which says what is wrong with any other."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 10**12):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of 1 and more")
    return int(text)


def main(doc: str, unit: str, count: int, every: int, campaign, report):
    """Run `campaign`(count, seed, processes, progress), print its `report`, exit 0 if it is well.

    doc: of the module. unit: what is counted. every: units, at least, between two lines of
    progress. campaign returns what report takes, and calls progress with the units done and, if it
    likes, with words on how it goes.
    """
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--" + unit, type=counted, default=count, dest="count")
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--processes", type=counted, default=multiprocessing.cpu_count())
    asked = parser.parse_args()
    began, told = time.monotonic(), 0

    def progress(done, words=""):
        nonlocal told
        if done - told >= every:
            told = done
            rate = done / (time.monotonic() - began)
            print(f"{done:12,} {unit}, {rate:,.0f} a second{words}", file=sys.stderr, flush=True)

    found = campaign(asked.count, asked.seed, asked.processes, progress)
    print(
        f"{asked.count:,} {unit}, seed {asked.seed}, {asked.processes} processes, "
        f"{time.monotonic() - began:,.0f} s"
    )
    sys.exit(0 if report(found) else 1)
