"""Real boards, seen from the host.

| file | does |
| --- | --- |
| `wiring.py` | draws each board's pin table and Wokwi diagram from its `PINS` |
| `packages.py` | lists what each role of `mip install` brings |
| `mpy.py` | compiles all that a board holds to `.mpy` files, and says how large it is |
"""
