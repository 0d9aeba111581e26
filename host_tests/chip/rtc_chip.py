"""Clock chips on an emulated bus: registers that a test may change; time stands still."""


class RtcChip:
    """256 registers, all as after the battery was changed. flag: (register, bits) of lost time."""

    def __init__(self, flag):
        self.registers = bytearray(256)
        self.registers[flag[0]] = flag[1]

    def written(self, data, _time_ns):
        """Take one transfer: a register's number, and what goes there and behind."""
        for offset, octet in enumerate(data[1:]):
            self.registers[data[0] + offset] = octet

    def read_memory(self, address, size):
        """Return `size` registers from `address` on."""
        return bytes(self.registers[address : address + size])
