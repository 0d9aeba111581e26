#!/usr/bin/env bash
# In rp2040py a sleep of the processor is one step for each PIO program, however long it is.
#
# Package: rp2040py 0.3.6 (PyPI), an emulator of the RP2040.
# Expected: PIO is clocked by the system clock, which goes on in a sleep (wfi) that gates no clock: a state machine at 8 kHz makes
# 80 steps in 10 ms, asleep or awake. Source: RP2040 Datasheet, PIO, Clock Dividers; Sleep State.
# Seen: 81 steps while the processor spins; 2 while it sleeps, one of them at the wfi; 11 if the emulator has an alarm each
# millisecond. So a state machine that looks for pulses overlooks those that come in a sleep, and a Pico counts them.
# In meter20: tools/meter20/rp2040/pico.py steps PIO by an alarm of its own every 125 us, and by no instruction.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check rp2040py==0.3.6

cat > try.py <<'TRY'
import struct

from rp2040py.execute_batch import execute_batch
from rp2040py.simulator import Simulator

SRAM, PIO = 0x2000_0000, 0x5020_0000
CTRL, PROGRAM, DIVIDER, INSTRUCTION = 0x00, 0x48, 0xC8, 0xD8
COUNT_DOWN, FROM_THE_TOP = 0x0040, 0xA02B  # jmp x--, 0; mov x, ~null
SPIN, SLEEP = (0xE7FE,), (0xBF30, 0xE7FD)  # b to itself; wfi, b to it
TEN_MS = 10_000_000


def steps(code, alarms=1):
    """Return the steps of a state machine at 8 kHz in 10 ms, in which the emulator has `alarms`."""
    simulator = Simulator()
    chip, left = simulator.rp2040, [alarms]
    chip.sram[: 2 * len(code)] = struct.pack(f"<{len(code)}H", *code)
    chip.core.pc = SRAM
    for register, value in (
        (PROGRAM, COUNT_DOWN), (DIVIDER, 15_625 << 16), (INSTRUCTION, FROM_THE_TOP), (CTRL, 1),
    ):
        chip.write_uint32(PIO + register, value)

    def ring():
        left[0] -= 1
        simulator.stopped = not left[0]
        alarm.schedule(TEN_MS / alarms)

    alarm = simulator.clock.create_alarm(ring)
    alarm.schedule(TEN_MS / alarms)
    simulator.stopped = False
    while not simulator.stopped:
        execute_batch(simulator, 1)
    return 0xFFFF_FFFF - chip.pio[0].machines[0].x


print("spins:", steps(SPIN))
print("sleeps:", steps(SLEEP))
print("sleeps, ten alarms:", steps(SLEEP, 10))
TRY
env/bin/python try.py | tee found.txt

grep -qx "spins: 81" found.txt
grep -qx "sleeps: 2" found.txt
grep -qx "sleeps, ten alarms: 11" found.txt
echo "as stated: PIO stands while the processor sleeps"
