"""How figures are judged and printed."""

import pytest

from tests.bench.__main__ import all_figures, table_of
from tests.bench.figure import Figure


@pytest.mark.parametrize(
    ("figure", "holds"),
    [
        (Figure("a", 10, "ms", target=10), True),
        (Figure("a", 11, "ms", target=10), False),
        (Figure("a", 30, "1/s", target=3, at_least=True, target_is_ratio=True, against=10), True),
        (Figure("a", 29, "1/s", target=3, at_least=True, target_is_ratio=True, against=10), False),
        (Figure("a", 1, "s"), None),
        (Figure("a", 1, "s", target=3, target_is_ratio=True), None),
    ],
)
def test_a_figure_knows_whether_its_target_holds(figure: Figure, holds: bool | None) -> None:
    assert figure.holds is holds
    assert table_of([figure]).row_count == 1


# What the design asks to be measured, by the names it gives.
ASKED_FOR = {
    "journal_durable_ratio", "journal_bytes_ratio", "scan_durable_p99_ms", "agent_rss_mb", "agent_cpu_share",
    "backfill_copy_ratio", "hold_10k_s", "allocate_p99_ms", "trace_10k_ms", "kill_lost", "kill_duplicates",
}  # fmt: skip


def test_every_figure_that_the_design_asks_for_can_be_measured() -> None:
    assert all_figures().keys() >= ASKED_FOR
