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


def test_every_figure_is_named_after_itself() -> None:
    assert all(callable(measure) for measure in all_figures().values())
