"""What the board runs when power comes, in production mode: whatever happens, no prompt.

MicroPython goes to its prompt when this file ends, so it never does: it restarts the board.
Ctrl-C counts from the first statement on; the second makes it a byte like others, and one that
came before is raised inside `try`.
"""

import micropython

micropython.kbd_intr(-1)
try:
    import loop

    loop.run(production=True)
finally:
    import machine

    machine.reset()
