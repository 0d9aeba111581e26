"""The published point-of-sale test pack, by newman, against a station set up for it.

`make pos-pack` runs it. The pack is Electrum's, Apache-2.0: test/postman of
electrumpayments/prepaidutility-test-server. It is fetched here from GitHub, at one commit, and
checked by its digests; `--pack FOLDER` takes a copy that you have. Without it nothing is run, and
the exit code is 1. newman comes from npm, pinned, into build/pos-pack.

The station has a meter for each case of the pack, with real debts, charges, free units, steps and
a pending key change. Between pack and station stands one thing: a proxy that swallows the answer
to the first purchase of one meter and says 504, as a line that breaks would.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sts import drn as sts_drn

from meter20.pos import accounts, clients
from meter20.vending import meter_list, supply_groups, tariff_list
from meter20.vending.sealing import Secret
from meter20.vending.station import Station, utc_now
from meter20.vending.storage import Storage
from meter20.vending.vending_key import KeyTerms

COMMIT = "92fd1f24e9f0112c789dd109fb0796288a97c6b0"
FROM = (
    "https://raw.githubusercontent.com/electrumpayments/prepaidutility-test-server/"
    f"{COMMIT}/test/postman/"
)
COLLECTION = "PrepaidUtilityTestPack.postman_collection.json"
ENVIRONMENT = "PPUlocalhosttest.postman_environment.json"
DIGESTS = {
    COLLECTION: "21a49cf8d554e8601dba5282c136b615b97f4116eb9e987e00949a023a4894d6",
    ENVIRONMENT: "41b116d72423a7584bb4856bcd42f6784610dadf8dcbbacbcdc4c20e41207418",
}
NEWMAN = "6.2.2"
REQUESTS, ASSERTIONS = 43, 811  # of a full run
SGC = "123456"
PASSPHRASE = "only for the test pack"  # of a station that lives as long as the run

STEPS = [{"up_to_kwh": "10", "price": "2.00"}, {"price": "3.00"}]
PLAIN = {"currency": "ZAR", "tax_percent": "15", "steps": STEPS[1:], "debt_share_percent": 50}
TARIFFS = {
    "plain": PLAIN,
    "free": PLAIN | {"free_kwh": "50"},
    "steps": PLAIN | {"steps": STEPS},
    "charge": PLAIN | {"fixed_charge": "40.00", "fixed_per": "purchase"},
}
#: Each case of the pack: (the tariff of its meter, debt in cents).
CASES = {
    "TST001": ("plain", 0), "TST002": ("free", 0), "TST003": ("free", 0), "TST004": ("steps", 0),
    "TST005": ("plain", 0), "TST006": ("plain", 0), "TST007": ("charge", 300_00),
    "TST008": ("plain", 300_00), "TST009": ("charge", 0), "TST010": ("plain", 0),
    "TST011": ("plain", 0),
}  # fmt: skip
KEY_CHANGE, TIMEOUT = "TST006", "TST011"


def number(case: str) -> str:
    """Return the meter number (DRN) of a case."""
    body = "07" + f"{int(case[3:]):08d}"
    return body + sts_drn.check_digit(body)


def furnish(where: str) -> None:
    """Make the station of the pack, with its meters and the client `test`."""
    storage = Storage(where)
    a_day_ago = utc_now() - timedelta(days=1)  # free units are of a meter older than today
    station = Station.found(
        storage, Secret.passphrase(PASSPHRASE), "test pack", "pack", utc_now, rehearsal=True
    )
    with station.desk(a_day_ago) as desk:
        for name, terms in TARIFFS.items():
            tariff_list.keep_tariff(desk, name, terms)
        supply_groups.add_group(desk, KeyTerms(SGC), "town", "plain")
        supply_groups.add_group(desk, KeyTerms("654321"), "hill", "plain")
        for case, (tariff, debt) in CASES.items():
            sgc = "654321" if case == KEY_CHANGE else SGC
            meter_list.add_meter(
                desk,
                meter_list.NewMeter(
                    number(case), sgc, tariff=tariff, debt=debt, customer=f"Case {case}"
                ),
            )
        supply_groups.add_group(desk, KeyTerms("654321", krn=2))
        clients.add(desk, "test", "Postman", "test")
    storage.close()


class Swallowing(BaseHTTPRequestHandler):
    """Passes everything on, but the answer to one meter's purchase: that is 504, once each id."""

    station = ""
    swallowed = 0
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        asked = urllib.request.Request(self.station + self.path, body, method="POST")
        for name in ("Authorization", "Content-Type"):
            if name in self.headers:
                asked.add_header(name, self.headers[name])
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                status, told = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            status, told = error.code, error.read()
        parts = self.path.strip("/").split("/")
        if parts[-2] == "tokenPurchases" and number(TIMEOUT).encode() in body:
            type(self).swallowed += 1
            status, told = 504, b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format, *args):
        pass


def fetched(folder: Path) -> Path:
    """Fetch the pack into `folder` unless it is there; raises OSError if it cannot be had."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DIGESTS:
        if not (folder / name).exists():
            with urllib.request.urlopen(FROM + name, timeout=60) as answer:
                (folder / name).write_bytes(answer.read())
    return folder


def check(folder: Path) -> None:
    """Raise SystemExit unless the pack in `folder` is the one that is meant."""
    for name, digest in DIGESTS.items():
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            sys.exit(f"{folder / name} is not the test pack of {COMMIT[:7]}: it was NOT run")


def runs() -> list[tuple[str, list[str]]]:
    """Return (folder of the pack, meter numbers): one run of newman each."""
    purchases = [number(case) for case in CASES if case != TIMEOUT]
    return [
        ("Lookup-purchase-confirm", purchases), ("Lookup-purchase-reverse", purchases[:1]),
        ("Lookup-timeout-retry-confirm", purchases[:1]), ("Key change requests", purchases[:1]),
        ("Fault reports", purchases[:1]), ("Meter lookups", purchases[:1]),
        ("Unmatched advices", purchases[:1]),
    ]  # fmt: skip


def run(newman: str, pack: Path, host: str, name: str, meters: list[str], work: Path) -> dict:
    """Run one folder of the pack; return newman's report with its exit code as `exit`."""
    data, report = work / "meters.csv", work / "report.json"
    data.write_text("meterId\n" + "".join(f'"{meter}"\n' for meter in meters))
    done = subprocess.run(
        [newman, "run", pack / COLLECTION, "-e", pack / ENVIRONMENT, "--folder", name, "-d", data,
         "--env-var", f"host={host}/prepaidutility/v3", "--env-var", f"meterId={meters[0]}",
         "--env-var", f"timeoutMeterId={number(TIMEOUT)}",
         "--env-var", f"keychangeMeterId={number(KEY_CHANGE)}",
         "--reporters", "cli,json", "--reporter-json-export", report],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = json.loads(report.read_text())["run"] | {"exit": done.returncode}
    if done.returncode:
        print(done.stdout[-6000:])
    return told


def installed(folder: Path) -> str:
    """Return the newman of npm, installed into `folder`."""
    newman = folder / "node_modules" / ".bin" / "newman"
    if not newman.exists():
        npm = ["npm", "install", "--no-save", "--silent", "--prefix", folder, f"newman@{NEWMAN}"]
        subprocess.run(npm, check=True)
    return str(newman)


def main() -> int:
    """Run the pack folder by folder; return 0 if all of it passed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pack", type=Path, help="folder with the pack; without: fetch it")
    options.add_argument("--build", type=Path, default=Path("build/pos-pack"))
    given = options.parse_args()
    try:
        pack = given.pack or fetched(given.build / "pack")
    except OSError as error:
        print(f"the test pack cannot be fetched ({error}): it was NOT run", file=sys.stderr)
        return 1
    check(pack)
    newman = installed(given.build.resolve())
    with tempfile.TemporaryDirectory() as folder:
        return played(newman, pack, Path(folder))


def played(newman: str, pack: Path, work: Path) -> int:
    """Serve a new station, run every folder against it, and say what came of it."""
    where = str(work / "pack.sqlite")
    furnish(where)
    environment = os.environ | {"METER20_PASSPHRASE": PASSPHRASE}
    command = [sys.executable, "-m", "meter20.cli", "pos", "--db", where, "serve", "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        Swallowing.station = server.stdout.readline().split()[-1]
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), Swallowing)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        host = f"http://127.0.0.1:{proxy.server_address[1]}"
        try:
            bad = told(newman, pack, host, work)
        finally:
            proxy.shutdown()
            server.terminate()
    print(f"answers swallowed: {Swallowing.swallowed}")
    with Storage(where).reading() as session:
        rows = accounts.settlement(session)
    states = {state: sum(row["state"] == state for row in rows) for state in
              ("confirmed", accounts.LEFT, "open")}  # fmt: skip
    print(f"sales: {len(rows)}, {states}")
    return bad


def told(newman: str, pack: Path, host: str, work: Path) -> int:
    """Run every folder and print its figures; return 0 if all passed and none was skipped."""
    requests = assertions = failures = 0
    for name, meters in runs():
        report = run(newman, pack, host, name, meters, work)
        stats = report["stats"]
        requests += stats["requests"]["total"]
        assertions += stats["assertions"]["total"]
        failed = stats["assertions"]["failed"] + len(report["failures"]) + bool(report["exit"])
        failures += failed
        counts = f"{stats['requests']['total']:>3} requests, {stats['assertions']['total']:>4}"
        print(f"{name:<30} {counts} assertions, {len(report['failures'])} failed")
    print(f"{'all':<30} {requests:>3} requests, {assertions:>4} assertions")
    if (requests, assertions) != (REQUESTS, ASSERTIONS):
        print(f"a full run has {REQUESTS} requests and {ASSERTIONS} assertions", file=sys.stderr)
        return 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
