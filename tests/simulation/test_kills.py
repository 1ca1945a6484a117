"""Killed at any instant, over and over, while the link and the ledger fail too: all arrives, once, in its chain."""

import os
from pathlib import Path

from tests.simulation.kill_rounds import kill_rounds

ROUNDS = int(os.environ.get("LOTWARDEN_KILLS", "100"))


async def test_what_was_kept_is_at_the_ledger_exactly_once_after_a_hundred_kills(tmp_path: Path) -> None:
    outcome = await kill_rounds(tmp_path, ROUNDS, seed=ROUNDS)
    assert (outcome.lost, outcome.duplicates, outcome.gaps, outcome.faults) == (0, 0, 0, [])
    assert outcome.told > ROUNDS * 3
    assert outcome.restarts > ROUNDS / 20
