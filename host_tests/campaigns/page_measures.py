"""Measures the classroom page in Chromium: first use, a key at 3600x, the pace, and memory.

page_measures.py [--minutes N] [--starts N]
"""

import argparse
import os
import statistics
import time
from pathlib import Path

from browser import chromium, meter_page

_KEYS = 20
_SAMPLE_MIN = 5

_KEY_MS = """async () => {
  const lcd = document.getElementById("lcd");
  const began = performance.now();
  const seen = new Promise((go) => {
    new MutationObserver((_, watcher) => { watcher.disconnect(); go(performance.now()); })
      .observe(lcd, {childList: true, characterData: true, subtree: true});
  });
  document.querySelector("#keypad button").click();
  return await seen - began;
}"""

_SUPPLY = """async () => {
  const sold = await meter20.ask({do: "buy", cents: 100000000});
  for (const key of sold.tokens[0].replaceAll(" ", "")) await meter20.ask({do: "key", key});
}"""


def first_use(browser, address):
    """Return (seconds until the meter runs, bytes transferred), from a cold cache."""
    visit = chromium.Visit(browser, **chromium.DESKTOP)
    sizes = []
    visit.context.on("response", lambda answer: sizes.append(len(answer.body())))
    began = time.perf_counter()
    meter_page.ready(visit.page, address)
    seconds = time.perf_counter() - began
    visit.close()
    return seconds, sum(sizes)


def key_times(page):
    """Return the milliseconds from a key to the display, while time runs at 3600x."""
    found = []
    for _ in range(_KEYS):
        page.click('[data-speed="3600"]')
        page.wait_for_timeout(300)
        found.append(page.evaluate(_KEY_MS))
        page.keyboard.press("c")
        page.wait_for_timeout(200)
    return found


def renderer_kb():
    """Return the resident memory of the largest renderer that this process started, in kB."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
            command = (status.parent / "cmdline").read_bytes()
        except OSError:
            continue
        kb = int(facts.get("VmRSS", "0 kB").split()[0])
        parents[int(facts["Pid"])] = (int(facts["PPid"]), kb, b"--type=renderer" in command)

    def ours(pid):
        while pid in parents and pid != os.getpid():
            pid = parents[pid][0]
        return pid == os.getpid()

    return max(kb for pid, (_, kb, is_page) in parents.items() if is_page and ours(pid))


def watch(page, minutes):
    """Print the memory of the page and its pace now, after a minute, and then every 5 minutes."""
    began = time.monotonic()
    for minute in [0, 1, *range(_SAMPLE_MIN, minutes + 1, _SAMPLE_MIN)]:
        time.sleep(max(0, began + minute * 60 - time.monotonic()))
        print(f"{minute:3} min  {page.locator('#clock').inner_text()}  {renderer_kb():,} kB  "
              f"{page.locator('#pace').inner_text()}", flush=True)  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--starts", type=int, default=5)
    given = parser.parse_args()
    with meter_page.served() as address, chromium.browser() as browser:
        starts = [first_use(browser, address) for _ in range(given.starts)]
        seconds = ", ".join(f"{each:.2f}" for each, _ in starts)
        print(f"first use, cold: {seconds} s; {starts[0][1]:,} bytes")
        visit = chromium.Visit(browser, **chromium.DESKTOP)
        page = meter_page.ready(visit.page, address)
        times = key_times(page)
        print(f"a key at 3600x: median {statistics.median(times):.0f} ms, worst {max(times):.0f}")
        page.evaluate(_SUPPLY)
        page.locator("#appliances button").nth(2).click()
        page.click('[data-speed="3600"]')
        watch(page, given.minutes)
        visit.close()


if __name__ == "__main__":
    main()
