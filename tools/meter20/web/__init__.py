"""The classroom: the meter, its house and a vending desk in a page, on MicroPython as WebAssembly.

| place | runs in | does |
| --- | --- | --- |
| `site.py` | CPython | builds the page as a folder |
| `server.py` | CPython | serves that folder on this machine |
| `static/` | the browser | draws, takes keys, counts time; it decides nothing about tokens |
| `inside/` | MicroPython in the browser's worker | the meter with all around it |
| `texts/` | | the page's words, one file a language |
"""
