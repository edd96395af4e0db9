"""A sample of every campaign: the same attacks as ``make torture``, fewer of them."""

from __future__ import annotations

import pytest

from torture.__main__ import SEED, all_campaigns, play
from torture.campaign import Campaign
from torture.stage import Stage


@pytest.mark.parametrize("campaign", all_campaigns(), ids=lambda campaign: campaign.name)
def test_the_promise_holds(campaign: Campaign, stage: Stage) -> None:
    """No trial of the sample breaks the promise, and some met running work."""
    why = campaign.missing()
    if why:
        pytest.skip(f"not run: {why}")
    rows = [row for row in play(campaign, stage, trials=campaign.sample, seed=SEED) if not row.peer]
    assert rows
    assert sum(row.hit for row in rows) > 0, "no fault met running work"
    assert [f"{row.what}: {story}" for row in rows for story in row.bad] == []
