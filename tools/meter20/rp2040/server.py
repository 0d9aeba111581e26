"""A meter on an emulated Pico, and a copy of it for every case.

Starting a Pico for the first time takes the emulation half a minute. It is done once:
this process starts one, and for each client that connects it forks, so that every
client has a meter that has just started and knows nothing of the others.

It says "ready" on its output, or why it does not start, and ends when its input does.
"""

import os
import select
import signal
import socket
import sys
from pathlib import Path

from meter20.rp2040 import firmware
from meter20.rp2040.bench import BenchFault, MeterOnPico


def main(uf2: str, path: str) -> None:
    """Serve the MicroPython in the file `uf2` on the socket `path`. Ends its process group."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        meter = MeterOnPico(firmware.flashed(firmware.read(Path(uf2)), firmware.meter_files()))
    except (OSError, firmware.NoFirmware, BenchFault) as why:
        print(why, flush=True)
        return
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                os.killpg(0, signal.SIGTERM)  # copies may be in the middle of something
            client, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                serve(meter, client)
                os._exit(0)
            client.close()


def serve(meter, client) -> None:
    """Answer the lines of `client` until it goes; a fault of the bench is the last answer."""
    with client.makefile("rwb") as lines:
        for line in lines:
            try:
                reply = b"=" + meter.exchange(line.rstrip(b"\n"))
            except (BenchFault, NotImplementedError, ValueError) as fault:
                reply = b"!" + repr(fault).encode()
            lines.write(reply + b"\n")
            lines.flush()
            if reply[:1] == b"!":
                return


if __name__ == "__main__":
    main(*sys.argv[1:])
