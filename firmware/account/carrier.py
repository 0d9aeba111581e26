"""How a token came to the meter. Each carrier has a lock-out of its own, see account.lockout.

Source: IEC 62055-41, TokenCarrier; IEC 62056-6-2, Token gateway, delivery method.
"""

from micropython import const

MANUAL = const(0)  # the keypad
LOCAL = const(1)  # a cable: the service port
REMOTE = const(2)  # a network

#: Words for the service port, the display and networks.
NAMES = ("manual", "local", "remote")
ALL = (MANUAL, LOCAL, REMOTE)
