"""How much memory a whole meter takes on a board, and whether it grows: `make memory`.

The program of `rp2_pico`, with its drivers, its display, its key pad and its store, runs on the
emulated chip in MicroPython's 32-bit unix port, whose objects are as large as an RP2040's. It
runs for a month of emulated time, twice:

* `frozen`: its bytecode is executed where it lies, in a ROM image, as in a frozen build, and the
  list of its names, which a frozen build has in ROM as well, is taken off. What else is in ROM
  there - constants, tables of functions - is in the heap here: a frozen build needs less still.
* `.mpy files`: they are read into the heap, as from a board's file system.

The heap is 192 kB and what the emulation itself takes, which is weighed first. The limits stand
beside their names below; a meter that passes one makes this fail.

    make memory CAMPAIGN_ARGS='--days 30'
"""

import argparse
import contextlib
import io
import shutil
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from mpremote.romfs import make_romfs

from campaigns.long_run import counted
from campaigns.memory_story import COMMISSIONING, Story
from meter20 import DEVICE_ROOT
from meter20.board import boards, mpy

BOARD = "rp2_pico"
HEAP = 192 * 1024  # bytes, for the meter alone
FROZEN, FILES = "frozen", ".mpy files"

#: The most that may be in use after boot, bytes.
#: 60 kB is the goal as frozen, 100 kB that of .mpy files, see docs/memory.md.
BOOT_LIMITS = {FROZEN: 56_000, FILES: 100_000}
#: By how much the end of any day may lie above the end of the first, bytes; what is left of it is
#: the log of the last events, which fills up. From the 13th day on the first is the 13th.
GROWTH_LIMIT = 512
#: Days until milliseconds pass 2^30: from then on each that is kept is an object, of 16 bytes.
_SMALL_DAYS = (1 << 30) // 86_400_000

_BOOTS, _OTHER_HEAP = 9, 4144  # see median_boot; bytes
#: Of MicroPython's pools of names: entries of the first, bytes of each pool and of an entry. Each
#: pool is twice as large as the one before.
_POOL, _POOL_BYTES, _ENTRY_BYTES = 10, 24, 7

_INSIDE = Path(__file__).parents[1] / "on_unix32"
_CHIP = DEVICE_ROOT / "host_tests" / "chip"
_ABOUT = DEVICE_ROOT / "boards" / BOARD / "about.py"
_FLASH = DEVICE_ROOT / "boards" / "common" / "rp2_frozen" / "meter_flash.py"


@dataclass
class Run:
    """Bytes in use, largest piece free at the end, and the books.

    emulation: already taken off. spread: between the lowest and the highest of several boots.
    """

    emulation: int = 0
    boot: int = 0
    spread: int = 0
    days: list[int] = field(default_factory=list)
    results: Counter = field(default_factory=Counter)
    credit_wh: int = 0
    total_wh: int = 0
    largest_free: int = 0

    @property
    def growth(self) -> int:
        spans = self.days[:_SMALL_DAYS], self.days[_SMALL_DAYS:]
        return max(max(span) - span[0] for span in spans if span)


def pools(names: int) -> int:
    """Return the bytes of the pools that hold so many `names`."""
    size, total = _POOL, 0
    while names > 0:
        total += _POOL_BYTES + _ENTRY_BYTES * size
        names -= size
        size *= 2
    return total


def read(printed: str, frozen: bool) -> Run:
    """Return the Run that month.py printed; of a `frozen` meter the names are in ROM."""
    run = Run()
    names = []  # how many MicroPython knew: before the meter was read, once it had booted
    for line in printed.splitlines():
        what, *values = line.split(" ")
        if what == "boot":
            run.boot, run.emulation = int(values[0]), int(values[1])
        elif what == "day":
            run.days.append(int(values[1]))
        elif what == "reply":
            run.results[values[0]] += 1
        elif what == "read":
            run.credit_wh, run.total_wh = int(values[0]), int(values[1])
        elif what == "qstr":
            names.append(int(values[2].strip("n_qstr=,")))
        elif line.startswith(" No. of 1-blocks"):
            run.largest_free = 16 * int(line.rpartition(" ")[2])
    before, after = names
    # The meter would have had pools of its own, or none at all; what the two share is larger.
    run.emulation += pools(after) - pools(before) - (0 if frozen else pools(after - before))
    run.boot -= run.emulation
    run.days = [used - run.emulation for used in run.days]
    return run


def faults(name: str, run: Run, story: Story) -> list[str]:
    """Return, in words, what is wrong with `run`."""
    wrong = []
    if run.boot > BOOT_LIMITS[name]:
        wrong.append(f"{run.boot} bytes after boot, at most {BOOT_LIMITS[name]}")
    if run.growth > GROWTH_LIMIT:
        wrong.append(f"grew by {run.growth} bytes, at most {GROWTH_LIMIT}")
    if run.credit_wh + run.total_wh != story.sold_wh:
        wrong.append(f"{story.sold_wh} Wh sold, {run.credit_wh} left, {run.total_wh} used")
    wrong += [
        f"{run.results[result]} tokens with {result}, not {count}"
        for result, count in story.results.items()
        if run.results[result] != count
    ]
    return [f"{name}: {words}" for words in wrong]


def image(folder: Path) -> Path:
    """Return the ROM image of `folder`, made beside it."""
    made = folder.with_suffix(".romfs")
    with contextlib.redirect_stdout(io.StringIO()):
        made.write_bytes(make_romfs(str(folder), mpy_cross=False))
    return made


def build(folder: Path) -> dict:
    """Compile emulation and meter into `folder`; return {name of a run: its meter}."""
    chip, files, place = folder / "chip", folder / "files", folder / "place"
    sources = {chip: [*_CHIP.glob("*.py"), _ABOUT, _INSIDE / "month.py"], place: [_FLASH]}
    architecture = boards.find(BOARD).architecture
    said = [
        mpy.compiled(source, source.name, architecture, target / f"{source.stem}.mpy")
        for target, found in sources.items() for source in found
    ]  # fmt: skip
    if wrong := [words for words in said if words]:
        raise ValueError("\n".join(wrong))
    for target in (files, place):
        mpy.build(BOARD, target)
    image(chip)
    # Once: a run that starts while another copies it would read an empty program.
    shutil.copy(_INSIDE / "start.py", folder)
    return {FROZEN: image(place), FILES: files}


def started(meter: Path) -> list[str]:
    """Return start.py, which `build` put beside `meter`, and its arguments: names in that folder.

    They lie in the heap: whole paths would make the figures those of one machine's folder.
    """
    beside = [meter.with_suffix(kind).name for kind in (".flash", ".txt")]
    return ["start.py", "chip.romfs", meter.name, *beside]


def play(micropython: Path, heap: int, meter: Path, lines) -> Run:
    """Return the Run of a story of `lines` on `meter` with `heap` bytes. Raises ValueError.

    What its flash holds is kept beside it. Each tenth day is told on stderr.
    """
    names = started(meter)
    (meter.parent / names[-1]).write_text("\n".join([*lines, ""]))
    printed = []
    with subprocess.Popen(
        [micropython.absolute(), "-X", f"heapsize={heap}", *names], cwd=meter.parent,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as port:  # fmt: skip
        for line in port.stdout:
            printed.append(line)
            if line.startswith("day ") and line.split()[1].endswith("0"):
                print(f"{meter.name}: {line}", end="", file=sys.stderr)
    if port.returncode or not any(line.startswith("end ") for line in printed):
        raise ValueError(f"exit code {port.returncode}\n{''.join(printed[-40:])}")
    return read("".join(printed), frozen=meter.suffix == ".romfs")


def median_boot(micropython: Path, meter: Path) -> Run:
    """Return the Run with the median of what is in use after `_BOOTS` boots of `meter`.

    Each has a heap of another size. The collector keeps whatever a word on the stack may point
    to, and weighs the emulation with that error as well: one boot may be some 600 bytes off.
    """
    runs = [
        play(micropython, 4 * HEAP + _OTHER_HEAP * number, meter, ()) for number in range(_BOOTS)
    ]
    runs.sort(key=lambda run: run.boot)
    median = runs[_BOOTS // 2]
    median.spread = runs[-1].boot - runs[0].boot
    return median


def table(runs: dict, days: int) -> str:
    """Return the figures of `runs`, {name: Run}, for people."""
    lines = [f"{BOARD}, {days} days, heap of {HEAP} bytes; bytes in use, without the emulation:"]
    lines.append(f"{'':12}{'boot':>9}{'spread':>8}{'limit':>9}{'day 1':>9}{f'day {days}':>9}"
                 f"{'growth':>8}{'largest free':>14}{'emulation':>11}")  # fmt: skip
    lines += [
        f"{name:12}{run.boot:9}{run.spread:8}{BOOT_LIMITS[name]:9}{run.days[0]:9}{run.days[-1]:9}"
        f"{run.growth:8}{run.largest_free:14}{run.emulation:11}"
        for name, run in runs.items()
    ]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description="memory of a whole meter, over a month")
    parser.add_argument("micropython", type=Path)
    parser.add_argument("--days", type=counted, default=30)
    chosen = parser.parse_args()
    meters = build(DEVICE_ROOT / "build" / "memory")
    story = Story(chosen.days)

    def month(meter):
        meter.with_suffix(".flash").unlink(missing_ok=True)
        play(chosen.micropython, 4 * HEAP, meter, COMMISSIONING)
        booted = median_boot(chosen.micropython, meter)
        run = play(chosen.micropython, HEAP + booted.emulation, meter, story.lines)
        run.boot, run.spread = booted.boot, booted.spread
        return run

    with ThreadPoolExecutor() as pool:
        runs = dict(zip(meters, pool.map(month, meters.values()), strict=True))
    print(table(runs, chosen.days))
    wrong = [words for name, run in runs.items() for words in faults(name, run, story)]
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
