"""Plays sessions of each origin on every body: `emulated`, `virtual` and an emulated RP2040.

    METER20_UF2=RPI_PICO.uf2 PYTHONPATH=host_tests python -m campaigns.replay_pico [ORIGIN ...]

The sessions are made here: at the sim, through `serve`, in the page (which needs Chromium), and by
cases of the acceptance suite. Each takes some minutes on the emulated RP2040.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from acceptance import bodies, test_rules
from browser import chromium, meter_page
from data import meters
from rigs import sim_session

from meter20 import samples
from meter20.bodies import EmulatedBody
from meter20.session import Recorder

_COMMAND = (sys.executable, "-m", "meter20.cli")
_CASES = (
    test_rules.test_a_token_counts_once,
    test_rules.test_credit_runs_out_to_the_pulse,
    test_rules.test_a_token_counts_once_whatever_carries_it,
    test_rules.test_a_token_counts_once_across_a_restart,
)


def sim(file):
    """A token typed at the sim, a stove that uses it up, and a power cut."""
    body = EmulatedBody()
    recorder = Recorder(body, "emulated")
    sim_session.play(recorder, body, watts=6000, turns=65, turn_ms=1000, after_ms=5000)
    recorder.write(file)


def serve(file):
    """Requests of each kind at `meter20 serve`, some of which no meter understands."""
    requests = [
        {"do": "provision", **meters.PROVISION, "power_limit_w": 2000},
        *({"do": "token", "digits": each.digits} for each in samples.ALL),
        {"do": "read", "id": 1},
        {"do": "keys", "keys": "#4#"},
        {"do": "pulses", "count": 20, "over_s": 10},
        {"do": "live", "watts": 4000, "ms": 40_000, "slice_ms": 250},
        {"do": "tokn"},
        {"do": "power_cut"},
        {"do": "explain", "digits": samples.CREDIT.digits},
        {"do": "help"},
    ]
    sent = "".join(json.dumps(each) + "\n" for each in requests) + "nonsense\n"
    command = [*_COMMAND, "serve", "--stdio", "--session", str(file)]
    subprocess.run(command, input=sent, text=True, stdout=subprocess.DEVNULL, check=True)


_PLAYED_IN_THE_PAGE = """async () => {
  const slip = await meter20.ask({do: "hand_out", what: "free"});
  for (const key of slip.tokens[0].replaceAll(" ", "")) await meter20.ask({do: "key", key});
  await meter20.ask({do: "switch", name: "stove", on: true});
}"""


def page(file):
    """A token in the classroom page, the stove at 60x for a while, and a power cut."""
    with meter_page.served() as address, chromium.browser() as browser:
        visit = chromium.Visit(browser, **chromium.DESKTOP)
        at = meter_page.ready(visit.page, address)
        at.evaluate(_PLAYED_IN_THE_PAGE)
        at.click('[data-speed="60"]')
        at.wait_for_timeout(500)
        at.click('[data-speed="1"]')
        at.click("#power-cut")
        at.locator("#case:not(.dark)").wait_for()
        with at.expect_download() as download:
            at.click("#keep")
        download.value.save_as(file)
        visit.close()


def acceptance(file):
    """Cases of the acceptance suite at one meter, as a case that fails writes its session."""
    meter = bodies.opened("emulated")
    meter.provision(**meters.PROVISION)
    for case in _CASES:
        case(meter)
    bodies.RECORDERS[-1].write(file)


ORIGINS = {each.__name__: each for each in (sim, serve, page, acceptance)}


def main(wanted) -> int:
    """Play the sessions of `wanted`, of ORIGINS; return how many bodies answered otherwise."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in wanted:
            file = Path(folder) / f"{name}.jsonl"
            ORIGINS[name](file)
            for body in ("emulated", "virtual", "rp2040"):
                began_s = time.monotonic()
                done = subprocess.run(
                    [*_COMMAND, "replay", str(file), "--body", body], check=False
                )
                print(f"{name} on {body}: {time.monotonic() - began_s:.0f} s", flush=True)
                failed += done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ORIGINS) != 0)
