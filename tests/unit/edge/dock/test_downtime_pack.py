"""The pack that a gateway makes for when everything is out: what it knows, what must not go, sheets with codes."""

import re
from pathlib import Path

from edge_agent.dock.downtime_pack import KEPT_DAYS, DowntimePacks
from edge_agent.dock.offline_eligibility import no_local_holds
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.domain.stock.paper_sheets import LINES, SHEETS, parse_sheet
from edge_agent.timekeeping.clock import ManualClock
from tests.support.desk_parts import NOW, SITE, desk_from


def packs(tmp_path: Path, clock: ManualClock, *, has_desk: bool = True) -> DowntimePacks:
    stock = OfflineStock()
    stock.take(desk_from(SITE, clock) if has_desk else None)
    return DowntimePacks("gw-test", tmp_path, stock, clock, local_holds=no_local_holds)


def cells(html: str, lot: str) -> list[str]:
    """The rows of a lot, as text."""
    rows = re.findall(r"<tr>(.*?)(?=<tr>|</tbody>)", html)
    return [" | ".join(re.sub(r"<[^>]+>", "", cell) for cell in row.split("<td>")) for row in rows if lot in row]


def test_the_pack_tells_where_stock_lies_and_what_must_not_be_issued(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    made = packs(tmp_path, clock)
    html = made.keep(made.collect()).decode()
    assert "Stock in Fridge A (fridge-a)" in html and "Stock in Fridge B (fridge-b)" in html
    blocked, _, stock = html.partition("<h2>Stock in")
    assert "outer box torn" in blocked and "expired" in blocked and "GOOD" not in blocked
    (good,) = cells(stock, "GOOD")
    assert "Insulin 100 IU/ml" in good and "40 each" in good and "DO NOT ISSUE" not in good
    for lot in ("HELD", "OLD"):
        assert any("DO NOT ISSUE" in row for row in cells(stock, lot))
    assert stock.index("OLD") < stock.index("GOOD"), "the earliest expiry first"
    assert not re.search(r"(?:src|href)=|<script|url\(|@import", html), "it needs nothing from anywhere"


def test_its_sheets_have_a_code_and_each_line_of_them_too(tmp_path: Path) -> None:
    made = packs(tmp_path, ManualClock(NOW), has_desk=False)
    html = made.keep(made.collect()).decode()
    assert "knows of no stock here" in html and "no ledger data yet" in html
    codes = re.findall(r'aria-label="(LW\.[^"]+)"', html)
    sheets = [code for code in codes if code.startswith("LW.SHEET.")]
    assert [parse_sheet(code).page for code in sheets] == list(range(1, SHEETS + 1))
    assert {parse_sheet(code).name for code in sheets} == {"gw-test"}
    assert codes.count("LW.LINE.1") == SHEETS and len(codes) == SHEETS * (LINES + 1)


def test_the_last_days_are_kept_and_older_ones_go(tmp_path: Path) -> None:
    clock = ManualClock(NOW)
    made = packs(tmp_path, clock)
    for _ in range(KEPT_DAYS + 2):
        made.keep(made.collect())
        clock.advance(86_400)
    names = sorted(path.name for path in (tmp_path / "downtime").iterdir())
    assert len(names) == KEPT_DAYS and names[-1] == "pack-2026-11-25.html"
