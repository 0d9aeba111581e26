"""A story at the sim's meter that tests keep as a session, or play again."""

from meter20 import samples
from meter20.sim.world import World


def play(recorder, body, watts, turns, turn_ms, after_ms):
    """Type a token, use it up in `turns` of `turn_ms` with a load of `watts`, cut the power.

    recorder: a session.Recorder of `body`, an EmulatedBody. after_ms: pass after the cut.
    """
    world = World(recorder, body)
    for key in samples.OLDER_CREDIT.digits:
        world.press(key)
        world.run(60)
    world.load_w = watts
    for _ in range(turns):
        world.run(turn_ms)
    world.power_cut()
    world.run(after_ms)
