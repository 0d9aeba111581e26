"""What carries tokens from networks to the meter's inbox, and its answers back.

Imports sts, ports, account, journal, panel, meter, service_port and dlms; knows no hardware. A
meter without a network reads none of this.
"""
