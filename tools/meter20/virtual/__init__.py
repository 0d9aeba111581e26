"""The virtual board: the meter's modules in real MicroPython, as WebAssembly, in Node.

| file | runs in | does |
| --- | --- | --- |
| `node.py` | CPython | finds Node and MicroPython; `VirtualBody`, the meter as a child process |
| `dual.py` | CPython | runs one unittest file under MicroPython and says what came of it |
| `runtime.mjs` | Node | a fresh interpreter with the device's files, bare as a board |
| `serve.mjs` | Node | the service port on stdin and stdout |
| `run_tests.mjs` | Node | unittest files, a fresh interpreter for each |
| `inside/` | MicroPython | what `serve.mjs` and `run_tests.mjs` need on the far side |
"""
