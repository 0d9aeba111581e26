"""Real boards, over mpremote and pyserial; the virtual board on a serial port is one of them.

| file | does |
| --- | --- |
| `trouble.py` | what can be wrong with a board: a word, an exit code, and what to do |
| `serial_ports.py` | finds the serial port |
| `options.py` | the options of `--set`, and those that a board remembers |
| `clock.py` | the board's clock beside that of this host |
| `boards.py` | the boards of this checkout, by the about.py of each folder |
| `running.py` | which board it is, by what its MicroPython says |
| `prompt.py` | MicroPython's prompt: run, compare, copy |
| `manifest.py` | which files a board's folder asks for |
| `flashing.py` | brings the files on a board up to date |
| `pack.py` | brings the meter in one file, which another replaces in one moment |
| `romfs.py` | brings the meter into a board's ROM partition, where it runs in place |
| `service.py` | the service port of the meter on a board |
| `keeping.py` | keeps the session of the meter on a board, for `meter20 replay` |
| `fixture.py` | the two-board fixture: keys, pulses and power cuts for the meter on a board |
| `watching.py` | what is shown of a meter that is watched |
| `wiring_check.py` | tries each part of a board by hand and eye |
| `images.py` | MicroPython's own image for a board |
| `wiring.py` | draws each board's parts, pin table and Wokwi diagram from its `PINS` |
| `picture.py` | draws its wiring picture |
| `fixture_wiring.py` | draws the wires between fixture and meter |
| `type_checks.py` | which boards each family's type check leaves out |
| `card.py` | writes the card that lies beside a meter, and the table of its signals |
| `packages.py` | lists what each role of `mip install` brings |
| `mpy.py` | compiles all that a board holds to `.mpy` files, and says how large it is |
"""
