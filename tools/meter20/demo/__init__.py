"""`meter20 demo`: tells the whole story of a token and its meter, and checks each step.

| module | holds |
| --- | --- |
| `story` | the steps of its two acts, as a table |
| `station` | the vending station of the second act, and what it hands out |
| `telling` | runs a story on a body and says what happened, event by event |
| `performance` | tells a story to an audience, or draws the picture of it |
| `drawing` | the meter and the story so far, as a picture for a terminal |
| `voices` | what an audience gets of it: the picture, plain lines, lines of JSON |
"""
