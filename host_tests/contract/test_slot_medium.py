"""What a SlotMedium promises, asked of those on bare flash; both interpreters run this."""

import unittest

from contract import slot_medium
from models import carriers


class SlotMediumContract(unittest.TestCase):
    def test_bare_flash_keeps_the_contract(self):
        for carrier in carriers.ALL:
            for check in slot_medium.CHECKS:
                with self.subTest(carrier.name, check=check.__name__):
                    check(carrier)


if __name__ == "__main__":
    unittest.main()
