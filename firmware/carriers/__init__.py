"""What carries tokens from networks to the meter's inbox, and its answers back.

Imports meter, ports and the protocols (dlms); knows no hardware. A meter without a network reads
none of this.
"""
