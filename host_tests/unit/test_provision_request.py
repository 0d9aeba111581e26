"""What a request to provision leaves out is as the documents say."""

import unittest

from body import SimBody
from data import meters
from service_port import provision_request


class ProvisionRequestTest(unittest.TestCase):
    def test_without_a_limit_of_power_there_is_none(self):
        app = SimBody().app
        request = dict(meters.PROVISION)
        del request["power_limit_w"]
        provision_request.provision(app, request)
        self.assertEqual(app.meter.state.power_limit_w, 0)


if __name__ == "__main__":
    unittest.main()
