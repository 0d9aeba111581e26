"""What is wired to the emulated Pico: key pad, pulse output, and the devices on its I2C bus."""

_BYTE_NS = 90_000  # on a bus of 100 kHz, with its acknowledge


class KeyPad:
    """Contacts between pins for `rows` and `columns`; `keys` are the labels, row by row.

    gpio: the chip's pins. A column is low while a row that is driven low reaches it.
    """

    def __init__(self, gpio, rows, columns, keys):
        self._gpio = gpio
        self._columns = columns
        self._wires = {
            key: (rows[at // len(columns)], columns[at % len(columns)])
            for at, key in enumerate(keys)
        }
        self._down = set()
        for row in rows:
            gpio[row].add_listener(lambda _now, _before: self._settle())

    @property
    def keys(self):
        """The labels there are."""
        return set(self._wires)

    def press(self, key):
        """Close the contact of `key`."""
        self._down.add(key)
        self._settle()

    def let_go(self, key):
        """Open it."""
        self._down.discard(key)
        self._settle()

    def _settle(self):
        low = {
            column
            for row, column in (self._wires[key] for key in self._down)
            if self._gpio[row].output_enable and not self._gpio[row].output_value
        }
        for column in self._columns:
            if column in low:
                self._gpio[column].set_input_value(False)
            else:
                self._gpio[column].release_input()


class PulseOutput:
    """The open collector of a metering element on `pin`, moved by the chip's `clock`."""

    def __init__(self, clock, pin):
        self._pin = pin
        self._alarm = clock.create_alarm(self._turn)
        self._left = 0  # half pulses
        self._half_ns = 0

    @property
    def busy(self):
        """Whether a train is still on its way."""
        return self._left > 0

    def train(self, count, over_ms):
        """Begin `count` pulses, evenly over `over_ms`; low for half of the time."""
        if not count:
            return
        self._left = 2 * count
        self._half_ns = over_ms * 1_000_000 // (2 * count)
        self._turn()

    def _turn(self):
        if self._left & 1:
            self._pin.release_input()
        else:
            self._pin.set_input_value(False)
        self._left -= 1
        if self._left:
            self._alarm.schedule(self._half_ns)


class Bus:
    """The wires of one I2C bus. devices: {address: with written(data, time_ns)}.

    rp2040py hands over a byte in no time. To the devices each lasts as long as at 100 kHz, and
    their time is later than the chip's by all that was sent: so a pause that the firmware makes
    after a transfer is as long for a display, which can tell what comes too soon.
    """

    def __init__(self, i2c, clock, devices):
        self._i2c, self._clock = i2c, clock
        self._devices = devices
        self._address = None
        self._data = bytearray()
        self._sent_ns = 0
        i2c.on_connect = self._connect
        i2c.on_write_byte = self._write
        i2c.on_stop = self._stop

    def _connect(self, address, _mode):
        self._address = address
        self._data.clear()
        self._i2c.complete_connect(address in self._devices)

    def _write(self, octet):
        self._data.append(octet)
        self._i2c.complete_write(True)

    def _stop(self):
        device = self._devices.get(self._address)
        if device and self._data:
            self._sent_ns += len(self._data) * _BYTE_NS
            device.written(bytes(self._data), int(self._clock.nanos) + self._sent_ns)
        self._data.clear()
        self._i2c.complete_stop()
