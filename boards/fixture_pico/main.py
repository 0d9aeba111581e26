"""What the board runs when power comes. Two lines, because a board compiles this file itself."""

import fixture

fixture.run()
