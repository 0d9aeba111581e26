"""`meter20 demo`: the story of one meter.

| module | holds |
| --- | --- |
| `story` | the steps, as a table |
| `telling` | runs a story on a body and says what happened, event by event |
| `drawing` | the meter and the story so far, as a picture for a terminal |
| `voices` | what an audience gets of it: the picture, plain lines, lines of JSON |
"""
