"""A whole meter with MQTT, and one with DLMS, in a heap of 192 kB on 32 bits: `make memory`.

The program of `rp2_pico`, given a radio and a clock chip, runs in real time on the emulated chip
in MicroPython's 32-bit unix port, with real sockets: its carriers meet a real Mosquitto, and a
DLMS client on `dlms-cosem`, which reads 1000 rows of load. The heap is 192 kB and what the
emulation takes, which is weighed first, as memory_month.py does it; what its objects make of
garbage counts against the meter.

    make memory
"""

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from data import meters
from rigs.mosquitto import HeadEnd, Mosquitto, made
from rigs.process_meter import ProcessMeter

from campaigns import memory_month
from campaigns.memory_month import FROZEN, HEAP
from meter20 import DEVICE_ROOT
from meter20.board import mpy
from meter20.dlms_client import session
from meter20.virtual import node

_INSIDE = Path(__file__).parents[1] / "on_unix32"
_WAIT_S = 120
_FROZEN_S = 12  # longer than an acknowledgement is waited for
_CLOCK = "2026-11-29T10:00:00Z"
_KEYS = {  # test keys
    "system_title": "4d32300000000001",
    "encryption_key": bytes(range(16)).hex(),
    "authentication_key": bytes(range(0xD0, 0xE0)).hex(),
    "password": "12345678",
}
_WH = 10_000  # of each token
_OBJECTS, _ROWS = 13, 1000


def build(folder: Path) -> dict:
    """Compile emulation, meter and MQTT library into `folder`; see memory_month.build."""
    found = memory_month.build(folder)
    chip, beside = folder / "chip", folder / "beside"
    program, library = _INSIDE / "networked.py", node.library()
    sources = {chip / "networked.mpy": program}
    for source in [library / f"{name}.py" for name in ("__init__", "_wire", "client")]:
        sources[beside / "chumicro_mqtt" / f"{source.stem}.mpy"] = source
    for room in ("carriers", "dlms"):
        for source in (DEVICE_ROOT / "firmware" / room).glob("*.py"):
            sources[beside / room / f"{source.stem}.mpy"] = source
    wrong = [
        words for target, source in sources.items()
        if (words := mpy.compiled(source, f"{target.parent.name}/{source.name}", "armv6m", target))
    ]  # fmt: skip
    if wrong:
        raise ValueError("\n".join(wrong))
    memory_month.image(chip)
    return found


class Board(ProcessMeter):
    """The board in a process of its own, with `heap` bytes. A context manager.

    boot, emulation: bytes in use once it runs, and of them what is not the meter's. longest_ms:
    processor time of its longest turn between the last two times that `used` was asked. serial:
    file descriptor of its serial line, which does not block.
    """

    def __init__(
        self,
        micropython: Path,
        heap: int,
        meter: Path,
        story: str = "-",
        serial: int | None = None,
    ):
        lines = () if serial is None else (serial,)
        program, chip, name, *_ = memory_month.started(meter)
        self.start(
            [micropython.absolute(), "-X", f"heapsize={heap}", program, chip, name,
             meter.with_suffix(".net").name, story, "networked", *[str(line) for line in lines]],
            pass_fds=lines, cwd=meter.parent, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self._names, self._frozen = [], meter.suffix == ".romfs"
        self.boot = self.emulation = 0
        self.longest_ms = 0
        if story == "-":
            self._await_boot()
        elif self._process.wait(_WAIT_S):
            raise ValueError(self._process.stdout.read().decode())

    def _await_boot(self):
        for line in map(bytes.decode, self._process.stdout):
            if line.startswith("qstr pool"):
                self._names.append(int(line.split(" ")[3].strip("n_qstr=,")))
            if line.startswith("boot "):
                self.boot, emulation = (int(number) for number in line.split()[1:])
                before, after = self._names
                pools = memory_month.pools
                meters_own = 0 if self._frozen else pools(after - before)
                self.emulation = emulation + pools(after) - pools(before) - meters_own
                return
        raise ValueError("it did not boot")

    @property
    def used(self) -> int:
        """Bytes in use now, without the emulation."""
        told = self.request(do="weigh")
        self.longest_ms = told["longest_ms"]
        return told["used"] - self.emulation


def commissioned(board: Board) -> None:
    """Give `board` its key, its Wi-Fi and the time."""
    for request in (
        {"do": "provision", **meters.PROVISION},
        {"do": "wifi", "name": "here", "password": "a word"},
        {"do": "clock", "utc": _CLOCK},
    ):
        _same(board.request(**request)["ok"], True)


def dlms_story(board: Board) -> dict:
    """Read all that a DLMS client may, 1000 rows among it, and enter tokens; return figures."""
    figures = {"without a network": board.used}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    _same(board.request(do="dlms", port=port, **_KEYS)["ok"], True)
    figures["keys"] = board.used
    until(lambda: board.request(do="wifi")["up"])
    with session(f"127.0.0.1:{port}", _KEYS) as client:
        _same(len(client.objects()), _OBJECTS)
        figures["association"] = board.used
        rows = client.read(7, "1.0.99.1.0.255", 2)
        _same([row[1] for row in rows[:_ROWS]], list(range(1000, 1000 + _ROWS)))
        _same(client.enter(made(0))[0], 3)
        _same(client.enter(made(0))[0], 6)
        figures["after the story"] = board.used
    _same(board.request(do="read")["credit_wh"], _WH)
    return figures


def mqtt_story(board: Board) -> dict:
    """Let a broker die, hang and flood; return figures."""
    figures = {"without a network": board.used}
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder)) as broker:
        told = board.request(do="mqtt", host="127.0.0.1", port=broker.port, report_s=1)
        _same(told["ok"], True)

        def connected():
            return board.request(do="mqtt")["connected"]

        with HeadEnd(broker) as head_end:
            until(connected)
            figures["connected"] = board.used
            broker.kill()
            until(lambda: not connected())
            broker.start()
            until(connected)
            broker.freeze()
            time.sleep(_FROZEN_S)
            _same(board.request(do="keys", keys=made(0))["last_result"], "Accept")
            broker.thaw()
            waiting = [made(number) for number in range(1, 41)]
            head_end.send(*waiting)
            head_end.send("7" * 5000, made(41))
            until(lambda: set(head_end.results()) >= {*waiting, made(41)})
            figures["after the story"] = board.used
    _same(board.request(do="read")["credit_wh"], 42 * _WH)
    return figures


def until(is_so) -> None:
    """Wait until `is_so()`. Raises AssertionError after some time."""
    until_s = time.monotonic() + _WAIT_S
    while not is_so():
        if time.monotonic() > until_s:
            raise AssertionError("waited in vain")
        time.sleep(0.1)


def _same(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"{found!r} where {expected!r} is right")


def main() -> int:
    parser = argparse.ArgumentParser(description="memory of a whole meter on a network")
    parser.add_argument("micropython", type=Path)
    micropython = parser.parse_args().micropython
    meter = build(DEVICE_ROOT / "build" / "memory_networks")[FROZEN]
    for name, story in (("DLMS", dlms_story), ("MQTT", mqtt_story)):
        meter.with_suffix(".net").unlink(missing_ok=True)
        Board(micropython, 4 * HEAP, meter, "fill")
        with Board(micropython, 4 * HEAP, meter) as weighed:
            emulation = weighed.emulation
        with Board(micropython, HEAP + emulation, meter) as board:
            commissioned(board)
            figures = story(board)
        print(f"{name}, frozen meter, carrier as .mpy files, heap of {HEAP} bytes; bytes in use:")
        print("".join(f"    {what:20}{used:9}\n" for what, used in figures.items()), end="")
        print(f"    longest turn since the last but one of these: {board.longest_ms} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
