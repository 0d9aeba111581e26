"""An emulated Raspberry Pi Pico: the chip of rp2040py, and what that leaves to others.

| rp2040py by itself | here |
| --- | --- |
| polls USB with empty packets, two thirds of the work | the host sends when it has something |
| takes no time for a flash operation | the processor stands still, PIO goes on |
| asks PIO after each instruction, but not during a sleep | an alarm for each step of PIO |
| never fails | the power goes at any moment, or in a flash operation |

findings/rp2040py-lets-pio-stand-while-the-processor-sleeps.sh shows the third. Time is the chip's
own: nothing here looks at the clock of the host.
"""

import random

from flash_chip import PAGE, FlashChip, PowerCut
from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.peripherals.vreg_and_chip_reset import HAD_POR
from rp2040py.simulator import Simulator
from rp2040py.usb.cdc import USBCDC
from rp2040py.utils.logging import ConsoleLogger, LogLevel

MS = 1_000_000  # nanoseconds
_TICK_BATCH = 64  # instructions between two looks at the alarms: an alarm is 1 us late at most
_PIO_NS = 125_000  # a step of the meter's programs, which all run at 8 kHz
_PIO_CYCLES = _PIO_NS // 8

_PROGRAM, _ERASE, _BLOCK_ERASE = 0x02, 0x20, 0xD8
_BUSY_MS = {_PROGRAM: 1, _ERASE: 45}
_WATCHDOG_CTRL = 0x00


class Cells:
    """The cells of the emulated flash, for FlashChip."""

    def __init__(self, flash, size):
        self._flash, self._size = flash, size

    def size(self):
        return self._size

    def read(self, offset, size):
        return bytes(self._flash[offset : offset + size])

    def write(self, offset, data):
        self._flash[offset : offset + len(data)] = data


class Pico:
    """A Pico with the content `flash`, not yet powered.

    flash: the FlashChip that keeps it. boots: how often it started, resets by the watchdog
    included. received: bytes that came over USB and were not taken yet.
    """

    def __init__(self, flash: bytes):
        self._simulator = Simulator()
        self.mcu = self._simulator.rp2040
        self.clock = self._simulator.clock
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.flash[: len(flash)] = flash
        self.flash = FlashChip(Cells(self.mcu.flash, len(flash)))
        self.mcu.ssi._apply_command = self._flash_command
        self.mcu.watchdog.on_watchdog_trigger = self._watchdog_reset
        self._cdc = USBCDC(self.mcu.usb_ctrl)
        self._cdc.on_serial_data = self._take
        self._answer_poll = self.mcu.usb_ctrl.on_endpoint_read
        self.mcu.usb_ctrl.on_endpoint_read = self._poll
        self._beat = self.clock.create_alarm(self._on_beat)
        self._stopper = self.clock.create_alarm(self._stop)
        self._cutter = self.clock.create_alarm(self._cut_now)
        self.received = bytearray()
        self.boots = 0
        self._to_send = bytearray()
        self._poll_waits = None  # the size of it
        self._power_lost = False
        self._cut_ns = float("inf")
        self.on_power_on = []  # called without arguments whenever power comes
        self._on_beat()

    @property
    def now_ns(self) -> int:
        """Nanoseconds since the emulation began; a cut does not set it back."""
        return int(self.clock.nanos)

    @property
    def ready(self) -> bool:
        """Whether the USB line is up."""
        return self._cdc._initialized

    @property
    def power_lost(self) -> bool:
        """Whether a cut that was armed has come; `power_on` ends it."""
        return self._power_lost

    def power_on(self):
        """Take the power away, if there is some, and let it come: RAM holds anything."""
        mcu = self.mcu
        self.flash.disarm()
        self._cutter.cancel()
        self._cut_ns = float("inf")
        self._power_lost = False
        mcu.enter_reset()
        mcu.watchdog.reset()
        mcu.watchdog.write_uint32(_WATCHDOG_CTRL, 0)
        mcu.vreg_and_chip_reset.record_reset_cause(HAD_POR)
        mcu.sram[:] = random.Random(self.boots).randbytes(len(mcu.sram))
        for called in self.on_power_on:
            called()
        self._start()

    def arm_cut(self, after_ops: int, torn: bool):
        """Let the power go in the flash operation after `after_ops` more, as FlashChip does."""
        self.flash.arm_cut(after_ops, torn)

    def arm_reset(self, after_us: int):
        """Let the power go `after_us` from now, whatever the chip does then.

        A flash operation that is not yet done then is left half done.
        """
        self._cut_ns = self.clock.nanos + after_us * 1000
        self._cutter.schedule(after_us * 1000)

    def send(self, data: bytes):
        """Send `data` over USB, as fast as the chip takes it."""
        self._to_send += data
        if self._poll_waits is not None:
            size, self._poll_waits = self._poll_waits, None
            self._send_packet(size)

    def run_until(self, done, limit_ms: float) -> bool:
        """Run until `done()`, the power is lost, or `limit_ms`; return whether it is done."""
        end_ns = self.clock.nanos + limit_ms * MS
        self._stopper.schedule(limit_ms * MS)
        while not done() and not self._power_lost:
            if self.clock.nanos >= end_ns:
                return False
            self._simulator.stopped = False
            execute_batch(self._simulator, _TICK_BATCH)
        self._stopper.cancel()
        return not self._power_lost

    def wait_ms(self, duration_ms: float):
        """Run for `duration_ms`, or until the power is lost."""
        self.run_until(lambda: False, duration_ms)

    def _start(self):
        self.boots += 1
        self._to_send.clear()
        self.received.clear()
        self._poll_waits = None
        self.mcu.leave_reset()

    def _watchdog_reset(self):
        self.mcu.enter_reset(from_watchdog=True)
        self._start()

    def _stop(self):
        self._simulator.stopped = True

    def _cut_now(self):
        self._power_lost = True
        self._stop()

    def _on_beat(self):
        """Let each state machine make its step. `stopped`: rp2040py does not look at it, too."""
        self._beat.schedule(_PIO_NS)
        for pio in self.mcu.pio:
            pio.advance(_PIO_CYCLES)
            pio.stopped = True

    def _take(self, data):
        self.received += data

    def _poll(self, endpoint, size):
        """The chip is ready for `size` bytes."""
        if endpoint != self._cdc._out_endpoint:
            self._answer_poll(endpoint, size)  # pyright: ignore[reportOptionalCall]  USBCDC's
        elif self._to_send:
            self._send_packet(size)
        else:
            self._poll_waits = size

    def _send_packet(self, size):
        packet = bytes(self._to_send[:size])
        del self._to_send[:size]
        self.mcu.usb_ctrl.endpoint_read_done(self._cdc._out_endpoint, packet)

    def _flash_command(self):
        """Chip select is high again: do what was sent to the flash."""
        ssi = self.mcu.ssi
        sent, ssi._tx_buffer = bytes(ssi._tx_buffer), bytearray()
        if self._power_lost or len(sent) < 4:
            return
        command, address = sent[0], int.from_bytes(sent[1:4], "big")
        if command == _BLOCK_ERASE:
            raise NotImplementedError("MicroPython erases sector by sector")
        if command not in _BUSY_MS:
            return
        enabled, ssi._write_enabled = ssi._write_enabled, False
        if not enabled:
            return
        if self.clock.nanos + _BUSY_MS[command] * MS > self._cut_ns:
            self.flash.arm_cut(0, True)
        try:
            if command == _PROGRAM:
                self.flash.program(address, sent[4 : 4 + PAGE])
            else:
                self.flash.erase(address)
        except PowerCut:
            self._cut_now()
            return
        # Meanwhile the processor waits with its interrupts off, and PIO goes on.
        self.clock.tick(_BUSY_MS[command] * MS)
