"""The body rp2040 of the acceptance suite, in its parts: rp2040py's chip, without MicroPython.

Where the meter's own programs are needed, they are those of its drivers: PIO programs, in
the words of the emulated assembler, run here on the state machines of another emulator.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import threading
from types import SimpleNamespace

import littlefs
import pytest
from drivers import rp2_matrix_keypad, rp2_pulse_counter
from lcd_module import LcdModule

from meter20 import rp2040
from meter20.board import flashing, pack, romfs
from meter20.rp2040 import firmware, server
from meter20.rp2040.bench import BOARD, BenchFault
from meter20.rp2040.parts import Bus, KeyPad, PulseOutput
from meter20.rp2040.pico import MS, Pico

ASLEEP = b"\x30\xbf\xfd\xe7"  # Thumb: wait for an interrupt, again and again
XIP = 0x1000_0000

CTRL, RXF0, MEMORY, SM0, INSTR = 0x00, 0x20, 0x48, 0xC8, 0x10
CLKDIV, EXECCTRL, SHIFTCTRL, PINCTRL = 0x00, 0x04, 0x08, 0x14
PIO0_FUNCTION = 6


# The image


def uf2(flash, family=0xE48BFF56, magic=0x0A324655, address=XIP):
    """Return `flash` as a UF2 file."""
    return b"".join(
        struct.pack("<8I", magic, 0x9E5D5157, 0x2000, address + at, 256, 0, 0, family)
        + flash[at : at + 256].ljust(476, b"\0")
        + struct.pack("<I", 0x0AB16F30)
        for at in range(0, len(flash), 256)
    )


def image(program=b"MicroPython", start=XIP + 0xA0000, size=352 * 4096, rom_size=0):
    """Return 4 KiB of flash whose binary info says what MicroPython's does.

    rom_size: bytes of a ROM partition before the file system; 0 for none.
    """
    flash = bytearray(4096)
    struct.pack_into("<5I", flash, 0x1D4, 0x7188EBF2, XIP + 0x300, XIP + 0x310, 0, 0xE71AA390)
    rom = XIP + 0x460 if rom_size else 0
    struct.pack_into("<4I", flash, 0x300, rom, XIP + 0x400, XIP + 0x420, XIP + 0x440)
    struct.pack_into("<HHII", flash, 0x400, 6, 0, 0x02031C86, XIP + 0x500)
    struct.pack_into("<HHII", flash, 0x420, 6, 0, 0x11A9BC3A, XIP + 0x540)
    struct.pack_into("<HHIII", flash, 0x440, 7, 0, XIP + 0x500, start, size)
    struct.pack_into("<HHIII", flash, 0x460, 7, 0, XIP + 0x580, start - rom_size, rom_size)
    flash[0x580:0x585] = b"ROMFS"
    flash[0x500 : 0x500 + len(program)] = program
    flash[0x540:0x547] = b"v1.29.0"
    return bytes(flash)


@pytest.fixture
def read(tmp_path):
    def made(content):
        (tmp_path / "it.uf2").write_bytes(content)
        return firmware.read(tmp_path / "it.uf2")

    return made


def test_an_image_says_where_its_file_system_lies(read):
    found = read(uf2(image()))
    assert (found.version, found.start, found.size) == ("v1.29.0", 0xA0000, 352 * 4096)
    assert (len(found.flash), found.flash[:4096]) == (firmware.FLASH_SIZE, image())
    assert set(found.flash[4096:]) == {0xFF}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no UF2"),
        (b"x" * 1024, "no UF2"),
        (uf2(image(), magic=1), "no UF2"),
        (uf2(image(), family=0xE48BFF59), "another chip"),
        (uf2(image(), address=0x2000_0000), "address 0x20000000"),
        (uf2(bytes(4096)), "no MicroPython"),
        (uf2(image(program=b"hello")), "no MicroPython"),
        (uf2(image(start=XIP + 0xA0001)), "lies at 0xa0001"),
        (uf2(image(size=4096 * 1024)), "not on a Pico"),
    ],
)
def test_what_is_no_micropython_for_an_rp2040_is_refused(read, content, why):
    with pytest.raises(firmware.NoFirmware, match=why):
        read(content)


def test_the_meter_lies_in_a_file_system_that_every_littlefs_2_mounts(read):
    compiled = firmware.meter_files()
    assert {"main.py", "loop.mpy", "board.mpy", "meter/app.mpy"} <= set(compiled)
    assert not [path for path in compiled if "esp32" in path]
    made = firmware.flashed(read(uf2(image())), compiled)
    files = pack.made(compiled, "armv6m", flashing.opening("rp2_pico")).files
    assert (len(made), made[:4096]) == (firmware.FLASH_SIZE, image())
    context = littlefs.UserContext(352 * 4096)
    context.buffer[:] = made[0xA0000:]
    mounted = littlefs.LittleFS(
        context=context, mount=False, block_size=4096, block_count=352, read_size=32,
        prog_size=256, cache_size=1024, lookahead_size=32,
    )  # fmt: skip
    mounted.mount()  # the constructor would format what it cannot mount
    assert mounted.fs_stat().disk_version == 0x0002_0000
    for path, content in files.items():
        with mounted.open(path, "rb") as file:
            assert file.read() == content, path


def test_the_meter_lies_in_the_rom_partition_of_an_image_that_has_one(read):
    found = read(uf2(image(rom_size=128 * 1024)))
    assert (found.start, found.size) == (0xA0000, 352 * 4096)
    assert (found.rom_start, found.rom_size) == (0x80000, 128 * 1024)
    files = firmware.meter_files()
    made = firmware.flashed(found, files)
    kept, rom = romfs.split(files)
    assert made[0x80000 : 0x80000 + len(rom)] == rom
    assert firmware.with_files(found, kept)[0xA0000:] == made[0xA0000:]
    with pytest.raises(firmware.NoFirmware, match="65536 bytes"):
        firmware.flashed(read(uf2(image(rom_size=65536))), files)


# The chip


@pytest.fixture
def pico():
    """A Pico whose program sleeps."""
    made = Pico(ASLEEP.ljust(64 * 1024, b"\xff"))
    made.power_on()
    return made


def flash_command(pico, *octets):
    """Send octets to the flash, as the boot ROM does: chip select low, all of them, high."""
    ssi = pico.mcu.ssi
    ssi._cs_asserted = True
    ssi._ssienr = 1
    ssi._tx_buffer = bytearray()
    for octet in octets:
        ssi.write_uint32(0x60, octet)
    ssi._apply_command()
    ssi._cs_asserted = False


def program(pico, address, data):
    flash_command(pico, 6)
    flash_command(pico, 2, *address.to_bytes(3, "big"), *data)


def erase(pico, address):
    flash_command(pico, 6)
    flash_command(pico, 0x20, *address.to_bytes(3, "big"))


def test_flash_keeps_the_rules_of_its_cells_and_takes_its_time(pico):
    began_ns = pico.now_ns
    program(pico, 4096, b"\xf0\x0f")
    program(pico, 4096, b"\x33\xff")
    assert pico.mcu.flash[4096:4099] == b"\x30\x0f\xff"
    assert abs(pico.now_ns - began_ns - 2 * MS) < MS / 2
    erase(pico, 4096 + 100)
    assert pico.mcu.flash[4096:4098] == b"\xff\xff"
    assert abs(pico.now_ns - began_ns - 47 * MS) < MS / 2
    assert (pico.flash.operations, pico.flash.erases[1]) == (3, 1)


def test_flash_changes_only_when_it_was_told_that_it_may(pico):
    flash_command(pico, 2, 0, 16, 0, 0x33)
    flash_command(pico, 6)
    flash_command(pico, 4)
    flash_command(pico, 2, 0, 16, 0, 0x33)
    assert pico.mcu.flash[4096] == 0xFF


@pytest.mark.parametrize("torn", [False, True])
def test_a_cut_ends_the_power_in_a_flash_operation(pico, torn):
    pico.arm_cut(1, torn)
    program(pico, 4096, b"\0" * 8)
    assert not pico.power_lost
    program(pico, 4352, b"\0" * 8)
    assert pico.power_lost
    done = bytes(pico.mcu.flash[4352:4360]).count(0)
    assert 4 <= done < 8 if torn else done == 0
    program(pico, 4608, b"\0" * 8)  # nothing happens without power
    assert pico.mcu.flash[4608] == 0xFF
    pico.power_on()
    assert not pico.power_lost
    program(pico, 4608, b"\0" * 8)
    assert pico.mcu.flash[4608] == 0


def test_power_comes_to_a_ram_that_holds_anything_and_a_flash_that_kept_all(pico):
    pico.mcu.sram[100:104] = b"RAM!"
    pico.mcu.flash[5000:5004] = b"kept"
    pico.power_on()
    assert pico.mcu.sram[100:104] != b"RAM!"
    assert pico.mcu.flash[5000:5004] == b"kept"
    assert (pico.boots, pico.mcu.core.pc) == (2, XIP)


def test_the_power_goes_at_the_microsecond_asked_for(pico):
    began_ns = pico.now_ns
    pico.arm_reset(700)
    assert not pico.run_until(lambda: False, 5)
    assert pico.power_lost
    assert 700_000 <= pico.now_ns - began_ns < 703_000
    pico.power_on()
    pico.wait_ms(2)
    assert not pico.power_lost


def test_power_that_goes_while_flash_is_busy_leaves_the_operation_half_done(pico):
    program(pico, 4096, b"\0" * 256)
    pico.mcu.flash[4352:8192] = b"\0" * 3840
    pico.arm_reset(30_000)
    erase(pico, 4096)
    assert pico.power_lost
    sector = bytes(pico.mcu.flash[4096:8192])
    assert sector[:1000] == b"\xff" * 1000
    assert sector[-1000:] == b"\0" * 1000


def test_a_watchdog_reset_starts_the_program_again(pico):
    watchdog = pico.mcu.watchdog
    watchdog.write_uint32(0x04, 2 * 1000)  # microseconds, counted two at a time
    watchdog.write_uint32(0x00, 1 << 30)
    pico.wait_ms(1.5)
    assert pico.boots == 2
    assert watchdog.read_uint32(0x08) == 1  # the timer was the reason
    pico.power_on()
    pico.wait_ms(5)
    assert pico.boots == 3


# What is wired to its pins


def start_machine(pico, number, program, in_base, jmp_pin=0, set_base=0):
    """Start a PIO program as MicroPython's StateMachine does, at 8 kHz."""
    pio = pico.mcu.pio[0]
    base = 16 * number  # of its words; programs here have fewer
    for at, word in enumerate(program.words):
        jump = word >> 13 == 0
        pio.write_uint32(MEMORY + 4 * (base + at), word + base if jump else word)
    top = base + (len(program.words) - 1 if program.wrap is None else program.wrap)
    bottom = base + program.wrap_target
    shift = (program.push_thresh & 31) << 20 | 1 << 16 if program.push_thresh else 0
    registers = {
        CLKDIV: 15_625 << 16,
        EXECCTRL: jmp_pin << 24 | top << 12 | bottom << 7,
        SHIFTCTRL: shift | (program.depth == 8) << 31,
        PINCTRL: 4 << 26 | in_base << 15 | set_base << 5,
    }
    at = SM0 + 0x18 * number
    for register, value in registers.items():
        pio.write_uint32(at + register, value)
    pio.write_uint32(at + INSTR, base)  # jump to its first word
    return at


def run_machines(pico, mask):
    pico.mcu.pio[0].write_uint32(CTRL, mask)


def test_the_meters_pad_program_sees_the_keys_that_are_pressed(pico):
    rows, columns = BOARD.pins["keypad_rows"], BOARD.pins["keypad_columns"]
    for pin in rows + columns:
        pico.mcu.gpio[pin].pad_value = 0x4A  # input, pull-up
    for pin in rows:
        pico.mcu.gpio[pin].ctrl = PIO0_FUNCTION
    pad = KeyPad(pico.mcu.gpio, rows, columns, BOARD.keys)
    start_machine(pico, 0, rp2_matrix_keypad._scan, columns[0], set_base=rows[0])
    run_machines(pico, 1)
    pico.mcu.pio[0].machines[0].x = 0

    def scan():
        pico.wait_ms(40)
        found = []
        while not pico.mcu.pio[0].machines[0].rx_fifo.empty:
            found.append(rp2_matrix_keypad._pressed(pico.mcu.pio[0].read_uint32(RXF0)))
        return found

    assert scan() == [0]
    for place, key in enumerate(BOARD.keys):
        pad.press(key)
        assert scan() == [1 << place], key
        pad.let_go(key)
        assert scan() == [0], key
    assert pad.keys == set(BOARD.keys)


def counted(pico, machine_at):
    """Read the running count as the driver does."""
    pio = pico.mcu.pio[0]
    pio.write_uint32(machine_at + INSTR, 2 << 13 | 2 << 5 | 30)  # in_(y, 30)
    return -pio.read_uint32(RXF0) & 0x3FFF_FFFF


def test_the_meters_pulse_program_counts_every_pulse_also_while_flash_is_erased(pico):
    number = BOARD.pins["pulse_in"]
    pin = pico.mcu.gpio[number]
    pin.pad_value = 0x4A
    output = PulseOutput(pico.clock, pin)
    at = start_machine(pico, 0, rp2_pulse_counter._debounce, number, jmp_pin=number)
    run_machines(pico, 1)
    pico.wait_ms(5)
    begun = counted(pico, at)
    output.train(50, 1000)  # 50 Hz
    for _ in range(10):
        pico.wait_ms(30)
        erase(pico, 8192)
    assert pico.run_until(lambda: not output.busy, 1000)
    pico.wait_ms(20)
    assert counted(pico, at) - begun == 50
    assert pico.flash.busy_ms == 450


def test_what_is_written_on_the_bus_is_read_on_the_glass(pico):
    i2c, glass = pico.mcu.i2c[0], LcdModule()
    Bus(i2c, pico.clock, {0x27: glass})

    def write(address, data):
        i2c.write_uint32(0x6C, 0)
        i2c.write_uint32(0x04, address)
        i2c.write_uint32(0x6C, 1)
        for at, octet in enumerate(data):
            i2c.write_uint32(0x10, octet | (0x200 if at == len(data) - 1 else 0))
        return not i2c.read_uint32(0x80)  # no abort

    def put(octet, mode):
        return [
            half | mode | 8 | strobe
            for half in (octet & 0xF0, octet << 4 & 0xF0)
            for strobe in (4, 0)
        ]

    for nibble in (0x30, 0x30, 0x30, 0x20):
        assert write(0x27, [nibble | 12, nibble | 8])
        pico.wait_ms(5)
    for command in (0x28, 0x0C, 0x06, 0x01):
        assert write(0x27, put(command, 0))
        pico.wait_ms(2)
    for letter in b"Accept":
        assert write(0x27, put(letter, 1))
    assert glass.lines == ["Accept", "", "", ""]
    assert not write(0x3C, [0])


def test_a_pause_after_a_transfer_is_as_long_for_the_device():
    ends_ns, clock = [], SimpleNamespace(nanos=0)
    i2c = SimpleNamespace(
        complete_connect=lambda _known: None,
        complete_write=lambda _taken: None,
        complete_stop=lambda: None,
    )
    device = SimpleNamespace(written=lambda _data, end_ns: ends_ns.append(end_ns))
    Bus(i2c, clock, {0x27: device})
    for octets in (16, 4):
        i2c.on_connect(0x27, 0)
        for octet in range(octets):
            i2c.on_write_byte(octet)
        i2c.on_stop()
        clock.nanos += 2_000_000
    assert ends_ns == [16 * 90_000, 16 * 90_000 + 2_000_000 + 4 * 90_000]


# The suite


class Meter:
    """Stands for MeterOnPico: echoes, and breaks at b"break"."""

    def exchange(self, line):
        if line == b"break":
            raise BenchFault("the glass is dark")
        return line.upper()


def test_a_fault_of_the_bench_is_no_reply_of_the_meter():
    ours, theirs = socket.socketpair()
    served = threading.Thread(target=server.serve, args=(Meter(), theirs))
    served.start()
    lines = object.__new__(rp2040.Lines)
    lines._socket, lines._lines = ours, ours.makefile("rwb")
    assert lines.exchange(b"abc") == b"ABC"
    with pytest.raises(rp2040.BenchFailed, match="the glass is dark"):
        lines.exchange(b"break")
    served.join()
    theirs.close()
    with pytest.raises(rp2040.BenchFailed, match="the emulation ended"):
        lines.exchange(b"abc")
    lines.close()


def suite(folder, *words, **environment):
    """Run the suite on this body; return what it wrote, in three forms."""
    kept = {name: value for name, value in os.environ.items() if name != rp2040.VARIABLE}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--body", "rp2040",
               "--report", str(folder), *words]  # fmt: skip
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**kept, **environment}
    )
    forms = [(folder / f"acceptance.{form}").read_text() for form in ("txt", "json", "html")]
    return done, forms


def test_without_an_image_it_is_not_run_and_each_report_says_so(tmp_path):
    done, (text, as_json, as_html) = suite(tmp_path, "host_tests/acceptance")
    told = "rp2040: not run, METER20_UF2 is not set"
    assert done.returncode == 0
    assert told in done.stdout
    assert text.splitlines()[-1] == told
    table = json.loads(as_json)
    assert table["summary"] == told
    assert table["counts"] == {"not run": len(table["cases"])}
    assert len(table["cases"]) > 80
    assert told in as_html
    assert "passed" not in done.stdout + text + as_json + as_html


def test_what_is_not_in_the_reduced_set_is_named_with_its_reason(tmp_path):
    (tmp_path / "some.uf2").write_bytes(b"")
    words = ("host_tests/acceptance", "-k", "ten_minutes or older_than")
    _done, (text, as_json, _html) = suite(tmp_path, *words, METER20_UF2=str(tmp_path / "some.uf2"))
    assert "not in the reduced set: 10 minutes" in text
    assert json.loads(as_json)["counts"] == {"not in the reduced set": 2}
    assert "2 not in the reduced set" in text.splitlines()[-1]


def test_an_image_that_is_none_fails_every_case(tmp_path):
    (tmp_path / "some.uf2").write_bytes(b"not firmware")
    done, (text, as_json, _html) = suite(
        tmp_path,
        "host_tests/acceptance",
        "-k",
        "counts_once",
        METER20_UF2=str(tmp_path / "some.uf2"),
    )
    assert done.returncode == 1
    assert set(json.loads(as_json)["counts"]) == {"FAILED"}
    assert "the emulated Pico did not start: it is no UF2 file" in text


def test_a_file_that_is_not_there_is_no_image(monkeypatch, tmp_path):
    monkeypatch.setenv(rp2040.VARIABLE, str(tmp_path / "none.uf2"))
    assert rp2040.why_not() == f"METER20_UF2: {tmp_path}/none.uf2 is no file"
    (tmp_path / "none.uf2").write_bytes(b"")
    assert rp2040.why_not() == ""
