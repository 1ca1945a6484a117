"""A downtime: the pack is printed, people write by hand, and what they wrote is booked, compared and explained."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from cloud_sync.actions.papers.papers import PaperName, make_paper
from cloud_sync.actions.quality.holds_and_dispositions import place_hold
from cloud_sync.domain.roles import Role
from cloud_sync.domain.typed_times import TYPED_TIMES
from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import LATER, NOW, Api, api_on, movement

PRINTED = NOW - timedelta(hours=5)


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database, TYPED_TIMES) as api:
        yield api


def printed(api: Api) -> tuple[str, list[str]]:
    """The number of the first sheet, and all codes on it."""
    paper = make_paper(api.database, PaperName.DOWNTIME, "main", at=PRINTED, actor="amy", public_url="https://ledger")
    sheets = paper.envelope.data["sheets"]
    pages = pypdfium2.PdfDocument(paper.pdf)
    found = zxingcpp.read_barcodes(pages[len(pages) - len(sheets)].render(scale=3).to_pil())
    return sheets[0], [code.text for code in found]


def written(line: int, action: str, lot: str, quantity: int, to: str, minutes: int, **more: Any) -> dict[str, Any]:
    at = (PRINTED + timedelta(minutes=minutes)).isoformat()
    return {
        "line": line, "action": action, "written_at": at, "item": "insulin", "lot_number": lot, "quantity": quantity,
        "from_place": "fridge-a", "to_place": to, "written_by": "bo", **more,
    }  # fmt: skip


def kinds(api: Api) -> list[str]:
    return sorted(row["kind"] for row in api.reader.rows("/v1/cases"))


def test_what_was_written_while_everything_was_out_is_booked_and_its_contradictions_are_cases(api: Api) -> None:
    api.house()
    received = {"occurred_at": (PRINTED - timedelta(hours=2)).isoformat()}
    for lot in ("GOOD", "HELD"):
        said = {"item": "insulin", "lot_number": lot, "quantity": 10, "expires_on": LATER}
        (moved,) = api.operator.ok(
            "POST", "/v1/movements", json=movement("receive", "acme", "fridge-a", [said], **received)
        )
    held_at = PRINTED - timedelta(hours=1)
    place_hold(api.database, lot_id=moved["lot_id"], place=None, reason="label torn", at=held_at, actor="quinn")
    sheet, codes = printed(api)
    assert f"LW.SHEET.{sheet}" in codes and {f"LW.LINE.{line}" for line in range(1, 11)} <= set(codes)

    lines = [
        written(1, "ship", "GOOD", 3, "st-mary", 30),
        written(2, "ship", "HELD", 2, "st-mary", 40),
        written(3, "move", "GOOD", 4, "fridge-b", 50),
    ]
    entered = api.operator.ok("POST", "/v1/paper-sheets/lines", json={"sheet": f"LW.SHEET.{sheet}", "lines": lines})
    assert [(line["line"], line["quantity"], line["written_by"]) for line in entered["lines"]] == [
        (1, 3, "bo"), (2, 2, "bo"), (3, 4, "bo"),
    ]  # fmt: skip
    assert kinds(api) == ["issued_while_held"]
    assert entered["lines"][1]["cases"] and not entered["lines"][0]["cases"]
    moved = {row["lot_number"]: row for row in api.reader.rows("/v1/movements") if row["action"] == "ship"}
    assert datetime.fromisoformat(moved["GOOD"]["occurred_at"]) == PRINTED + timedelta(minutes=30)
    with api.database.transaction() as connection:
        rows = connection.execute("SELECT latest_at FROM movement WHERE fact LIKE 'paper/%'").fetchall()
    assert [row["latest_at"] for row in rows] == [NOW] * 3, (
        "a time that was typed may have been as late as it was typed"
    )

    again = api.operator.ok("POST", "/v1/paper-sheets/lines", json={"sheet": sheet, "lines": lines[:1]})
    assert again == entered and kinds(api) == ["issued_while_held"]
    what_cannot_be_meant_is_refused(api, sheet, lines[0])
    what_the_dock_recorded_too_is_a_case(api, sheet)
    somebody_else_compares_it(api, sheet)


def what_cannot_be_meant_is_refused(api: Api, sheet: str, line: dict[str, Any]) -> None:
    for changed, words in (
        ({"quantity": 4}, "entered before, and otherwise"),
        ({"line": 5, "written_at": (PRINTED - timedelta(minutes=5)).isoformat()}, "after the time"),
        ({"line": 5, "written_at": (NOW + timedelta(hours=1)).isoformat()}, "future"),
        ({"line": 5, "to_place": "fridge-b"}, "ship does not take stock"),
    ):
        refused = api.operator.post("/v1/paper-sheets/lines", {"sheet": sheet, "lines": [{**line, **changed}]})
        assert refused.status_code in (409, 422) and words in refused.json()["error"], refused.text
    for number, words in (
        ("nowhere.202606010000.1", "no site or gateway"),
        ("LW.PLACE.main", "not the number of a sheet"),
    ):
        refused = api.operator.post("/v1/paper-sheets/lines", {"sheet": number, "lines": [{**line, "line": 5}]})
        assert refused.status_code in (404, 422) and words in refused.json()["error"], refused.text


def what_the_dock_recorded_too_is_a_case(api: Api, sheet: str) -> None:
    at = (PRINTED + timedelta(minutes=62)).isoformat()
    said = [{"item": "insulin", "lot_number": "GOOD", "quantity": 1}]
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", said, occurred_at=at))
    line = written(4, "ship", "GOOD", 1, "st-mary", 60)
    entered = api.operator.ok("POST", "/v1/paper-sheets/lines", json={"sheet": sheet, "lines": [line]})
    (case,) = api.reader.rows("/v1/cases", kind="paper_line_told_twice")
    assert entered["lines"][3]["cases"] == [case["id"]] and "Both are booked" in case["text"]


def somebody_else_compares_it(api: Api, sheet: str) -> None:
    assert api.operator.post("/v1/paper-sheets/close", {"sheet": sheet, "lines_written": 5}).status_code == 403
    other = api.known_as("operator-2", Role.OPERATOR)
    assert other.post("/v1/paper-sheets/close", {"sheet": sheet, "lines_written": 3}).status_code == 422
    closed = other.ok(
        "POST", "/v1/paper-sheets/close", json={"sheet": sheet, "lines_written": 5, "remark": "line 5 smudged"}
    )
    assert closed["closed"]["closed_by"] == "operator-2"
    (case,) = api.reader.rows("/v1/cases", kind="paper_sheet_incomplete")
    assert "5 written lines, and 4 were entered" in case["text"]
    late = api.operator.post(
        "/v1/paper-sheets/lines", {"sheet": sheet, "lines": [written(5, "ship", "GOOD", 1, "st-mary", 70)]}
    )
    assert late.status_code == 409
    (row,) = api.reader.rows("/v1/paper-sheets")
    assert (row["sheet"], row["lines"], row["closed_by"]) == (sheet, 4, "operator-2")
    assert api.reader.rows("/v1/paper-sheets", only_open=True) == []


def test_a_sheet_is_entered_at_the_console_by_scanning_its_codes(api: Api) -> None:
    api.house()
    api.receive("GOOD", 10, expires_on=LATER)
    console = Console(api)
    console.sign_in(api.operator)
    sheet = "main.202606010700.1"
    page = api.client.post(
        "/downtime/sheet", data={"sheet": f"lw.sheet.{sheet}"}, headers={"origin": "http://testserver"}
    )
    assert page.status_code == 200 and f"Sheet {sheet}" in page.text and "Nothing of this sheet" in page.text
    said = {
        "sheet": sheet, "written_by": "bo", "line": ["LW.LINE.2", ""], "day": ["2026-06-01", ""], "time": ["08:15", ""],
        "action": ["ship", "receive"], "item": ["insulin", ""], "lot_number": ["GOOD", ""], "expires_on": ["", ""],
        "quantity": ["2", ""], "from_place": ["fridge-a", ""], "to_place": ["st-mary", ""], "order": ["", ""],
    }  # fmt: skip
    page = api.client.post("/downtime/lines", data=said, headers={"origin": "http://testserver"})
    assert page.status_code == 200 and "GOOD" in page.text and "somebody else compares it" in page.text
    (moved,) = [row for row in api.reader.rows("/v1/movements") if row["action"] == "ship"]
    assert moved["occurred_at"].startswith("2026-06-01T08:15:00")
    assert sheet in api.client.get("/downtime").text
