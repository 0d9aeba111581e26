"""Four processes selling at once: no minute twice, none going back, one whole log."""

import pytest
import vend_campaign


@pytest.mark.parametrize(("total", "chunk"), [(400, 1), (1600, 50)])
def test_campaign(where, note, total, chunk):
    note(vend_campaign.run(where, total, 4, chunk))
