"""`meter20 sim`: the meter in the terminal, live.

| module | holds |
| --- | --- |
| `world` | the world around an emulated meter: fingers, a load, time, the mains |
| `widgets` | display, keypad, lamps, load and the side pane |
| `own_tokens` | the tokens that a station of your own sold to the meter |
| `app` | the Textual application that brings them together |
"""
