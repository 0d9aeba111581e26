"""`meter20 sim`: the meter in the terminal, live.

| module | holds |
| --- | --- |
| `world` | the world around an emulated meter: fingers, a load, time, the mains |
| `widgets` | display, keypad, lamps, load and the side pane |
| `app` | the Textual application that brings them together |
"""
