"""DLMS clients that others wrote, against the meter: `make dlms-clients`.

Each client is a program in an environment of its own, below build/dlms_clients, with pinned
packages; nothing of it is imported here. Each line, body and kind of authentication has a meter of
its own. What is missing is a failure. Prints a line for each; exit code 1 if one is wrong.

    python host_tests/dlms_clients/run.py [--client NAME] [--body NAME] [--line tcp|hdlc]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import meter20  # noqa: E402  puts firmware/ on the path

# isort: split
import meter_on_unix32  # noqa: E402
import meter_under_test  # noqa: E402
from data import meters  # noqa: E402
from sts import results  # noqa: E402

#: Each client's packages, all that it needs.
CLIENTS = {
    "gurux": ("gurux-dlms==1.0.203",),
    "dlms_cosem": (
        "dlms-cosem==25.1.0", "asn1crypto==1.5.1", "attrs==26.1.0", "cffi==2.1.1",
        "cryptography==50.0.2", "pycparser==3.12", "pyserial==3.5", "python-dateutil==4.0.0",
        "structlog==26.1.0", "typing_extensions==4.16.0", "tzdata==2026.6",
    ),
    "pydlms": (
        "pydlms-client==0.1.0", "construct==2.10.70", "cryptography==50.0.2", "cffi==2.1.1",
        "pycparser==3.12", "pyserial==3.5",
    ),
}  # fmt: skip
BODIES = ("emulated", "virtual", "unix32")
#: LLS is for the local line alone; over TCP the meter refuses it.
TALKS = (
    ("tcp", "none"), ("tcp", "gmac"), ("hdlc", "none"), ("hdlc", "lls"), ("hdlc", "gmac"),
)  # fmt: skip
TIMEOUT_S = 300

PUBLIC = [[1, "0.0.42.0.0.255"], [1, "0.0.43.1.0.255"], [1, "0.0.96.1.0.255"],
          [8, "0.0.1.0.0.255"], [15, "0.0.40.0.0.255"]]  # fmt: skip
ALL = sorted([
    *PUBLIC, [3, "1.0.1.7.0.255"], [3, "1.0.1.8.0.255"], [7, "0.0.99.15.0.255"],
    [7, "1.0.99.1.0.255"], [70, "0.0.96.3.10.255"], [111, "0.0.19.0.0.255"],
    [112, "0.0.19.10.0.255"], [115, "0.0.19.40.0.255"],
])  # fmt: skip

_TOKEN = meters.TOKEN_100_WH
#: Tokens in their order, and (whether the ACTION is refused, status, result) of each.
TOKENS = (
    (_TOKEN, (False, 3, results.ACCEPT)),
    (_TOKEN, (False, 6, results.USED)),
    (meters.TOKEN_WATER, (False, 7, results.FUNCTION)),
    (_TOKEN[:19], (False, 4, results.FORMAT)),
    ("9" * 20, (False, 4, results.FORMAT)),
    (_TOKEN[:19] + "0", (False, 5, results.CRC)),
    (_TOKEN[:19] + "1", (False, 5, results.CRC)),
    (_TOKEN[:19] + "2", (False, 5, results.CRC)),
    (_TOKEN, (True, 5, results.CRC)),  # locked out: the status stays
)


def environment(client: str) -> Path:
    """Return the Python of the environment of `client`, made first if there is none."""
    folder = meter20.DEVICE_ROOT / "build" / "dlms_clients" / client
    stamp, wanted = folder / "installed", "\n".join(CLIENTS[client])
    python = folder / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "--no-deps", *CLIENTS[client]], check=True
        )
        stamp.write_text(wanted)
    return python


def found_by(client: str, line: str, mode: str, served) -> dict:
    """Return what `client` says of the meter."""
    where = f"tcp:{served.port}" if line == "tcp" else f"hdlc:{served.device}"
    counter = served.request(do="dlms")["counter"]
    done = subprocess.run(
        [environment(client), HERE / f"{client}_client.py", where, mode,
         *[digits for digits, _ in TOKENS]],
        input=json.dumps({**meter_under_test.SECRETS, "counter": counter}),
        capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError("\n".join(done.stderr.splitlines()[-3:]))
    for secret in ("encryption_key", "authentication_key"):
        same(meter_under_test.SECRETS[secret] in done.stdout, False)
    return json.loads(done.stdout.splitlines()[-1])  # gurux-dlms prints before it


def same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{found!r} where {expected!r} is right")


def check(client: str, mode: str, found: dict) -> None:
    """Raise AssertionError unless the meter showed `client` what it must."""
    same(found["objects"], PUBLIC if mode == "none" else ALL)
    same("26" in found["clock"] and "10:0" in found["clock"], True)
    if mode == "none":
        same(len(found["enter"]), 1)
        same(found["enter"][0] is not None, True)
        return
    same(found["load"]["rows"] in range(meter_under_test.ROWS, meter_under_test.ROWS + 2), True)
    for way, rows in (("by_entry", 5), ("by_range", 5)):
        same(found["load"].get(way, rows), rows)
    same([order for order, refused in found["orders"].items() if refused in (None, "0")], [])
    for said, (_, (refused, status, result)) in zip(found["enter"], TOKENS, strict=True):
        same((said[0] is not None, said[1]), (refused, status))
        same(number(said[2]), results.NAMES.index(result) + 1)
    if client != "pydlms":
        same(len(found["values"]) >= (9 if mode == "none" else 50), True)


def number(data: object) -> int:
    """Return data_value as a number; pydlms-client gives its bits."""
    if isinstance(data, int):
        return data
    return int("".join("1" if bit == "True" else "0" for bit in str(data)[1:-1].split(", ")), 2)


def talked(client: str, body: str, line: str, mode: str) -> tuple[bool, str]:
    """Return whether all was right, and what was not, or a figure that the body tells."""
    with tempfile.TemporaryDirectory() as folder, meter(Path(folder), body) as served:
        try:
            check(client, mode, found_by(client, line, mode, served))
            same(served.request(do="read")["credit_wh"], 0 if mode == "none" else 100)
            return True, served.figure()
        except (AssertionError, subprocess.SubprocessError, ValueError) as wrong:
            return False, str(wrong) or type(wrong).__name__


def meter(folder: Path, body: str):
    """Return the meter on `body`, a context manager."""
    if body == "unix32":
        return meter_on_unix32.served()
    meter_under_test.made(folder)
    return meter_under_test.Served(folder, body)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--client", choices=CLIENTS)
    parser.add_argument("--body", choices=BODIES)
    parser.add_argument("--line", choices=("tcp", "hdlc"))
    asked = parser.parse_args()
    wrong = 0
    for body in BODIES:
        for client in CLIENTS:
            for line, mode in TALKS:
                if any(
                    wish not in (None, is_so)
                    for wish, is_so in (
                        (asked.client, client), (asked.body, body), (asked.line, line)
                    )
                ):  # fmt: skip
                    continue
                began = time.monotonic()
                is_right, said = talked(client, body, line, mode)
                wrong += not is_right
                took = f"{time.monotonic() - began:.1f} s"
                print(
                    f"{body:9} {client:11} {line:5} {mode:5} {took:>7}  "
                    f"{'ok' if is_right else 'WRONG'}  {said}",
                    flush=True,
                )
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
