"""Runs the unittest files that are for both interpreters under MicroPython.

| file | runs in | does |
| --- | --- | --- |
| `dual.py` | CPython | runs one file under MicroPython and says what came of it |
| `run_tests.mjs` | Node | a fresh interpreter for each file |
| `meters.mjs` | Node | meters behind their service port, for `rigs.virtual_meters` |
| `inside/` | MicroPython | runs the classes of one file |
| `unix32.py` | CPython | fetches MicroPython's 32-bit unix port |
"""
