"""Points of sale: shops, tills and other systems that buy tokens of the vending station by HTTP.

`till` sells and keeps the books of it; the rest puts that into the words of an interface: `ppu`
the open Prepaid Utility Service Interface, `v1` a plain API, `mpm` MicroPowerManager's requests.
"""
