"""Charts of papers: what stands at their axes is on the page."""

import re
from datetime import UTC, datetime, timedelta

from cloud_sync.papers.chart import CHARACTER, WIDTH, Curve, chart_svg
from cloud_sync.papers.style import PaperStyle


def test_the_last_day_at_the_axis_is_not_cut_off() -> None:
    first = datetime(2026, 11, 1, tzinfo=UTC)
    curve = Curve("temp_c", first, first + timedelta(days=28, hours=6), (), None, 8.0, (), 900)
    days = [
        (float(x), word)
        for x, word in re.findall(r'<text x="([\d.]+)"[^>]*>([^<]+)</text>', chart_svg(curve, PaperStyle()))
        if word.endswith("2026")
    ]
    assert len(days) > 2
    assert all(x + len(word) * CHARACTER / 2 <= WIDTH for x, word in days)
