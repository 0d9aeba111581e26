"""Takes the place of the port's `_boot.py` in a production build: no file system is mounted.

So no boot.py, and no module that hides a frozen one, can lie in it. The meter needs none.
"""
