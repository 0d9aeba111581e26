"""What the board runs when power comes. Short, because a board compiles this file itself."""

import loop

loop.run()
