"""The reference meter: what all boards have in common, around the pins that a board names.

A board is a class that says what is different about it, see boards/rp2_pico/board.py.
Nothing is touched before a method is called; each part is made once. Modules come in
when they are needed, so that the load switch is open before anything else is read.
"""

from machine import I2C, PWM, Pin, Timer


class ReferenceMeter:
    """What a board may say otherwise.

    pins: GPIO number of each signal, a tuple of them for rows and columns; see PINS of
    a board. no_pull: signals on pins without a pull resistor of their own.
    """

    pins = {}
    no_pull = ()

    #: "lcd2004", "lcd1602", "ssd1306", "sh1106", or "" for none.
    display_kind = "lcd2004"
    lcd_address = 0x27
    oled_address = 0x3C
    #: The keys, row by row, of three or four columns.
    keys = "123A456B789C*0#D"
    #: "plain", "latching", or "latching with feedback".
    relay = "plain"
    relay_active = 1  # the level that closes a plain relay
    #: "ds3231", "pcf8563", or "" for none.
    clock_kind = ""
    #: 4 or 6 digits of a TM1637 that shows the credit, or 0.
    credit_digits = 0
    has_tamper_switch = False
    has_brown_out = False
    #: The board makes its own pulses; also when the demo button is held while power comes.
    demo_load = False
    demo_imp_per_kwh = 1000
    #: Without it a hang stays a hang, but a debugger may stop the program.
    has_watchdog = True
    #: Whether the service port presses keys, sets the clock and restarts the board, too.
    service_open = True
    phases = 1
    has_wifi = False
    #: Number of the UART on "dlms_tx" and "dlms_rx" that DLMS is served on by HDLC, None for none.
    dlms_uart = None
    dlms_baud = 9600
    folder = ""  # where the files lie: the root

    #: Numbers of the timers that machine.Timer takes, for pulses, demo load and rest.
    timers = (-1, -1, -1)

    def __init__(self):
        self._bus = None

    def load_switch(self):
        """Return the load switch, open. A plain relay is, before its driver is read."""
        if self.relay == "plain":
            pin = self.output("relay", 1 - self.relay_active)
            from drivers.relay_switch import RelaySwitch

            return RelaySwitch(pin, self.relay_active)
        from drivers.latching_switch import LatchingSwitch

        feedback = self.input("relay_feedback") if self.relay.endswith("feedback") else None
        switch = LatchingSwitch(self.output("relay"), self.output("relay_open"), feedback=feedback)
        switch.open()
        return switch

    def display(self):
        """Return the display, or None. It is not touched: it may be missing."""
        if not self.display_kind:
            return None
        if self.display_kind.startswith("lcd"):
            from drivers.char_lcd import CharLcd

            columns, rows = int(self.display_kind[3:5]), int(self.display_kind[5:])
            return CharLcd(self.bus(), columns, rows, self.lcd_address)
        from drivers import oled

        chip = oled.Sh1106 if self.display_kind == "sh1106" else oled.SSD1306_I2C
        return oled.Oled(self.bus(), chip, self.oled_address)

    def ports(self, load_switch, display):
        """Return this board's ports.Ports around `load_switch` and `display`, made before."""
        from drivers.leds import PulseLed
        from drivers.pwm_buzzer import PwmBuzzer
        from ports import Ports

        return Ports(
            store=self.store("credit"),
            notes=self.store("notes"),
            pulses=PulseLed(self.pulses(), self.output("pulse_led")),
            load_switch=self._demo(load_switch),
            display=display,
            keypad=self.keypad(),
            buzzer=PwmBuzzer(PWM(self.output("buzzer"), freq=2000, duty_u16=0)),
            watchdog=self._watchdog(),
            tamper=self._tamper(),
            clock=self._clock(),
            phases=self.phases,
            brown_out=self.brown_out(),
            credit_display=self._credit_display(),
            network=self.network(),
            records=self.record,
            crypto=self.crypto(),
            serial=self.serial_line(),
            rows=self.rows,
        )

    def pulses(self):
        """Return the PulseSource on "pulse_in"."""
        raise NotImplementedError

    def keypad(self):
        """Return the Keypad on "keypad_rows" and "keypad_columns"."""
        raise NotImplementedError

    def store(self, name: str):
        """Return the RecordStore called `name`."""
        raise NotImplementedError

    def record(self, name: str):
        """Return the RecordStore `name`, of ports.RECORDS, in files: no credit depends on it."""
        from store.file_slots import FileSlots
        from store.slot_store import LostStore, SlotStore

        try:
            return SlotStore(FileSlots(self.folder + "/" + name))
        except OSError:
            return LostStore()

    def rows(self, name: str):
        """Return the RowStore `name`, of ports.TABLES, in files."""
        from ports import TABLES
        from store.row_ring import FileRows, RowRing

        return RowRing(FileRows(self.folder + "/" + name, 4), TABLES[name])

    def crypto(self):
        """Return the Crypto, None where nobody asks for it: without a radio or a line for DLMS."""
        if not self.has_wifi and self.dlms_uart is None:
            return None
        from drivers.board_crypto import BoardCrypto

        return BoardCrypto()

    def serial_line(self):
        """Return the SerialLine of DLMS, None without one."""
        if self.dlms_uart is None:
            return None
        from drivers.uart_line import UartLine
        from machine import UART

        tx, rx = Pin(self.pins["dlms_tx"]), Pin(self.pins["dlms_rx"])
        return UartLine(UART(self.dlms_uart, self.dlms_baud, tx=tx, rx=rx, timeout=0))

    def network(self):
        """Return the Network, None on a board without a radio."""
        if not self.has_wifi:
            return None
        from drivers.socket_network import SocketNetwork
        from drivers.wifi import Wifi

        return SocketNetwork(Wifi(), authority_file=self.folder + "/ca.der")

    def brown_out(self):
        """Return the BrownOut on "brown_out", None without one."""
        if not self.has_brown_out:
            return None
        from drivers.brown_out import BrownOutPin

        return BrownOutPin(self.input("brown_out"))

    def bus_number(self) -> int:
        """Return the number of the I2C bus on "sda" and "scl"."""
        raise NotImplementedError

    def bus(self):
        """Return the I2C bus; a PCF8574 keeps it at 100 kHz."""
        if self._bus is None:
            freq = 100_000 if self.display_kind.startswith("lcd") else 400_000
            sda, scl = Pin(self.pins["sda"]), Pin(self.pins["scl"])
            self._bus = I2C(self.bus_number(), scl=scl, sda=sda, freq=freq)
        return self._bus

    def output(self, signal: str, level: int = 0):
        """Return an output that begins at `level`."""
        return Pin(self.pins[signal], Pin.OUT, value=level)

    def input(self, signal: str):
        """Return an input with a pull-up, of the pin or beside it."""
        if signal in self.no_pull:
            return Pin(self.pins[signal], Pin.IN)
        return Pin(self.pins[signal], Pin.IN, Pin.PULL_UP)

    def inputs(self, signal: str):
        """Return the inputs with pull-up of a signal that has several pins."""
        return [Pin(number, Pin.IN, Pin.PULL_UP) for number in self.pins[signal]]

    def _demo(self, switch):
        """Return `switch`, or a demo load around it."""
        button = self.input("demo_button")
        if not self.demo_load and button.value():
            return switch
        from drivers.demo_load import DemoLoad

        # Open drain, as a meter's pulse output: who grounds the pulse input shorts nothing.
        output = Pin(self.pins["demo_out"], Pin.OPEN_DRAIN, value=1)
        return DemoLoad(switch, output, Timer(self.timers[1]), self.demo_imp_per_kwh, button)

    def _watchdog(self):
        from drivers.leds import StatusLed

        watchdog = None
        if self.has_watchdog:
            from drivers.hw_watchdog import HwWatchdog

            watchdog = HwWatchdog(self.timers[2])
        return StatusLed(watchdog, self.output("status_led"))

    def _tamper(self):
        if not self.has_tamper_switch:
            return None
        from drivers.tamper_switch import TamperSwitch

        return TamperSwitch(self.input("tamper"))

    def _clock(self):
        if not self.clock_kind:
            return None
        from drivers import rtc_clock

        kind = rtc_clock.Ds3231 if self.clock_kind == "ds3231" else rtc_clock.Pcf8563
        return kind(self.bus())

    def _credit_display(self):
        if not self.credit_digits:
            return None
        from drivers.tm1637_display import Tm1637Display

        clk, dio = [
            Pin(self.pins[signal], Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
            for signal in ("credit_clk", "credit_dio")
        ]
        return Tm1637Display(clk, dio, self.credit_digits)
