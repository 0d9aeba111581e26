"""Finds the serial port of the board, or says why there is none."""

import errno
from pathlib import Path

import serial
from serial.tools import list_ports

from meter20.board.trouble import Code, Trouble

#: Makers of the USB chips on the boards that this project knows.
_VENDORS = {
    0x2E8A: "Raspberry Pi",
    0x303A: "Espressif",
    0x10C4: "CP210x",
    0x1A86: "CH340",
    0x0403: "FTDI",
}
_RASPBERRY_PI = 0x2E8A
_BOOTLOADERS = {0x0003: "RP2040", 0x000F: "RP2350"}  # product numbers in BOOTSEL mode

#: Where systems mount the drive of a Pico in BOOTSEL mode.
_DRIVES = ("/media/*/*", "/run/media/*/*", "/Volumes/*", "/mnt/*")


def find(port: str | None = None) -> str:
    """Return `port`, or the port of the one board that is plugged in. Raises Trouble."""
    if port is not None:
        return port
    found = candidates()
    if len(found) > 1:
        listed = "\n".join(f"  --port {one.device}   {one.description}" for one in found)
        raise Trouble(Code.SEVERAL_BOARDS, f"several boards are plugged in; name one:\n{listed}")
    if found:
        return found[0].device
    if mode := bootloader():
        raise _in_bootloader(mode)
    raise Trouble(
        Code.NO_BOARD,
        "no board found: is it plugged in, by a cable that carries data? Name its serial port "
        "with --port (the virtual board: `meter20 serve --pty --body virtual` prints it)",
    )


def candidates() -> list:
    """Return the serial ports that look like a board."""
    return [port for port in list_ports.comports() if port.vid in _VENDORS]


def bootloader(usb: str = "/sys/bus/usb/devices", drives: tuple[str, ...] = _DRIVES) -> str:
    """Return what shows that a Pico is in BOOTSEL mode, "" if nothing does."""
    for pattern in drives:
        top, _, rest = pattern.lstrip("/").partition("/")
        for note in Path(f"/{top}").glob(f"{rest}/INFO_UF2.TXT"):
            return str(note.parent)
    for product in Path(usb).glob("*/idProduct"):
        try:
            vendor = int((product.parent / "idVendor").read_text(), 16)
            number = int(product.read_text(), 16)
        except (OSError, ValueError):
            continue  # unplugged while we look
        if vendor == _RASPBERRY_PI and number in _BOOTLOADERS:
            return _BOOTLOADERS[number]
    return ""


def _in_bootloader(mode: str) -> Trouble:
    return Trouble(
        Code.BOOTLOADER,
        f"the board is in bootloader mode ({mode}) and has no MicroPython running: copy an "
        "image on its drive (`meter20 board firmware` fetches one), or unplug it and plug it "
        "in again without holding BOOTSEL",
    )


def why_closed(port: str, error: OSError) -> Trouble:
    """Return the Trouble that `error`, got from opening `port`, stands for."""
    reason = error.errno or _errno_within(error)
    if reason in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        if mode := bootloader():
            return _in_bootloader(mode)
        return Trouble(Code.NO_BOARD, f"{port} is not there: is the board plugged in?")
    if reason in (errno.ENOTTY, errno.EISDIR):
        return Trouble(Code.NO_BOARD, f"{port} is no serial port")
    if reason in (errno.EACCES, errno.EPERM):
        return Trouble(
            Code.PERMISSION_DENIED,
            f"{port} may not be opened by you: join the group that owns it "
            "(`sudo usermod -a -G dialout $USER`, then log in again)",
        )
    if reason in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return Trouble(Code.PORT_BUSY, f"{port} is in use by another program: end that one first")
    return Trouble(Code.NO_ANSWER, f"{port} cannot be opened: {error}")


def diagnosis(port: str) -> Trouble:
    """Return why `port` does not open, by trying once more."""
    try:
        serial.Serial(port, exclusive=True).close()
    except OSError as error:
        return why_closed(port, error)
    return Trouble(Code.NO_ANSWER, f"{port} did not open at first; now it does: try again")


def _errno_within(error):
    """pyserial puts an error of lock or line into words, with its number in brackets."""
    text = str(error)
    for number in (errno.EAGAIN, errno.EBUSY, errno.EACCES, errno.ENOENT, errno.ENOTTY):
        if f"[Errno {number}]" in text or f"({number}, " in text:
            return number
    return None
