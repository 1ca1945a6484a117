"""What a lot went through, and traces by whatever people have in their hands."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from cloud_sync.actions.quality.stability_budget import judge_budgets
from cloud_sync.actions.quality.trace import ends_of, trace
from cloud_sync.console.timeline import NARROWEST
from cloud_sync.console.visitor import TOKEN_COOKIE
from cloud_sync.domain.roles import Role
from edge_agent.domain.wire.records import Action
from tests.integration.cloud.api.test_signatures import person, signed
from tests.integration.conftest import Said
from tests.support.builders import Ledger, line, minute, reading, scan
from tests.support.ledger_api import Api, api_on

PRODUCT = "04012345678901"


@pytest.fixture
def api(ledger: Ledger) -> Iterator[Api]:
    ledger.add_item("drops", PRODUCT)
    with api_on(ledger.database) as opened:
        yield opened


def passport(api: Api, **query: Any) -> Any:
    return api.reader.ok("GET", "/v1/lots/1/passport", params={"gap_s": 600, **query})


def test_a_passport_tells_each_stay_with_its_temperatures_and_gaps(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "shelf-a1"), scan(minute(30), Action.MOVE, "shelf-a1", "dock"))
    say(reading(minute(-5), 4.0), reading(minute(5), 9.0), reading(minute(8), 6.0), reading(minute(28), 5.0))
    told = passport(api, allowance_s=600)
    shelf = next(stay for stay in told["stays"] if stay["place"] == "shelf-a1")
    (channel,) = shelf["channels"]
    assert (channel["lowest"], channel["highest"], channel["measured_at"]) == (4.0, 9.0, "fridge-a")
    assert channel["outside_s"] == {"too-warm": 180.0, "too-cold": 0.0}
    assert [(gap["began_at"], gap["ended_at"]) for gap in channel["gaps"]] == [
        ("2026-03-01T12:18:00Z", "2026-03-01T12:28:00Z")
    ]
    assert channel["measured_s"] + channel["gap_s"] == 1800
    assert 5 < channel["mkt_c"] < 9
    assert (told["outside_s"], told["allowance_left_s"]) == (180.0, 420.0)
    dock = next(stay for stay in told["stays"] if stay["place"] == "dock")
    assert (dock["channels"], dock["ended_at"], dock["unmeasured_s"] > 0) == ([], None, True)
    assert len(told["excursions"]) > 0


def test_a_value_counts_as_measured_only_as_long_as_its_device_s_interval_allows(api: Api, say: Said) -> None:
    """A tag that measures every minute is silent since 12:23; a stay from 12:39 on was not measured."""
    say(*(reading(minute(n), 5.0) for n in range(24)))
    say(scan(minute(10), Action.RECEIVE, "acme", "dock"), scan(minute(20), Action.MOVE, "dock", "fridge-a"))
    say(scan(minute(39), Action.MOVE, "fridge-a", "shelf-a1"), scan(minute(50), Action.MOVE, "shelf-a1", "dock"))
    told = passport(api, gap_s=3600)
    fridge, shelf = (next(s for s in told["stays"] if s["place"] == name) for name in ("fridge-a", "shelf-a1"))
    assert (fridge["measured_s"], fridge["unmeasured_s"]) == (6 * 60.0, 13 * 60.0)
    assert fridge["channels"][0]["stands_s"] == 180
    assert (shelf["measured_s"], shelf["unmeasured_s"]) == (0.0, 11 * 60.0)


def test_the_bar_of_a_stay_is_red_only_where_it_was_outside(api: Api, say: Said) -> None:
    """Three minutes of thirty; the page drew the whole stay as outside."""
    say(scan(minute(0), Action.RECEIVE, "acme", "shelf-a1"), scan(minute(30), Action.MOVE, "shelf-a1", "dock"))
    say(reading(minute(-5), 4.0), reading(minute(5), 9.0), reading(minute(8), 6.0), reading(minute(28), 5.0))
    page = api.client.get("/lots/1", headers={"cookie": f"{TOKEN_COOKIE}={api.reader.token}"}).text
    (red,) = re.findall(r'<rect class="bar-outside" x="[0-9.]+" y="3" width="([0-9.]+)"', page)
    (green,) = re.findall(r'<rect class="bar-inside" x="0.0" y="3" width="([0-9.]+)"', page)
    assert float(red) <= max(float(green) * 3 / 30 + 0.1, NARROWEST)


def test_without_an_allowance_none_is_left_and_none_is_lacking(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    assert passport(api)["allowance_left_s"] is None
    assert api.reader.get("/v1/lots/99/passport").status_code == 404


def test_an_allowance_is_never_less_than_used_up(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(9), 5.0))
    assert passport(api, allowance_s=60)["allowance_left_s"] == 0


def brewed(say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "A")),
        scan(minute(1), Action.MOVE, "fridge-a", "batch-7", line(6, "A")),
        scan(minute(2), Action.MOVE, "batch-7", "dock", line(12, "P")),
        scan(minute(3), Action.SHIP, "dock", "st-mary", line(4, "P")),
        scan(minute(4), Action.SHIP, "fridge-a", "st-mary", line(1, "A")),
    )


def test_recipients_are_told_with_how_much_of_the_lot_is_in_what_they_got(api: Api, say: Said) -> None:
    brewed(say)
    told = api.reader.ok("GET", "/v1/trace", params={"lot_number": "A"})
    assert {(r["lot_number"], r["quantity"], r["of_lots"]) for r in told["recipients"]} == {
        ("A", 1, 1.0),
        ("P", 4, 2.0),
    }


@pytest.mark.parametrize(
    ("query", "lots"),
    [
        ({"lot_number": "P"}, {"P"}),
        ({"supplier": "acme"}, {"A"}),
        ({"supplier": "acme", "lot_number": "P"}, None),
        ({"recipient": "st-mary"}, {"A", "P"}),
        ({"batch": "batch-7"}, {"A", "P"}),
        ({"order": "SO-404"}, None),
        ({"serial": "S-404"}, None),
    ],
)
def test_a_trace_is_found_by_what_people_have(
    api: Api, say: Said, query: dict[str, str], lots: set[str] | None
) -> None:
    brewed(say)
    answer = api.reader.get("/v1/trace", **query)
    if lots is None:
        assert answer.status_code == 404
    else:
        assert {lot["lot_number"] for lot in answer.json()["lots"]} == lots


def test_a_lot_s_page_names_the_ends_of_its_trace(api: Api, ledger: Ledger, say: Said) -> None:
    """Most lots are told by their own movements alone, without following them: the ends are the same."""
    brewed(say)
    say(
        scan(minute(5), Action.RECEIVE, "acme", "fridge-a", line(8, "B")),
        scan(minute(6), Action.SHIP, "fridge-a", "st-mary", line(3, "B")),
        scan(minute(7), Action.SHIP, "fridge-a", "st-mary", line(2, "B")),
    )
    shown = ("lot_id", "item", "lot_number", "from_place", "to_place", "quantity")
    lots = ledger.rows("SELECT id, lot_number FROM lot ORDER BY id")
    through_production = 0
    for lot in lots:
        traced = trace(ledger.database, lot["id"])
        assert traced.backward is not None and traced.forward is not None
        followed = [json.loads(graph.ends) for graph in (traced.backward, traced.forward)]
        told = ends_of(ledger.database, lot["id"])
        assert [[{name: row[name] for name in shown} for row in way] for way in told] == [
            [{name: row[name] for name in shown} for row in way] for way in followed
        ]
        through_production += any(row["lot_id"] != lot["id"] for way in told for row in way)
    assert (through_production, len(lots)) == (2, 3)


def test_a_search_for_nothing_is_refused(api: Api) -> None:
    assert api.reader.get("/v1/trace").status_code == 422


def test_a_trace_is_drawn_as_nodes_and_edges_that_fit(api: Api, say: Said) -> None:
    brewed(say)
    drawn = api.reader.ok("GET", "/v1/trace", params={"lot_number": "A", "form": "graph"})
    ids = {node["id"] for node in drawn["nodes"]}
    assert all({edge["source"], edge["target"]} <= ids for edge in drawn["edges"])
    assert [edge["label"] for edge in drawn["edges"] if edge["kind"] == "made_into"] == ["6 into"]


def test_a_trace_is_a_table_that_no_spreadsheet_takes_for_formulas(api: Api, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(10, "=1+1")))
    answer = api.reader.get("/v1/trace", lot_number="=1+1", form="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    head, *lines = answer.text.splitlines()
    assert head.startswith("direction,kind,item,lot_number,from,to,quantity")
    assert lines and all("'=1+1" in each for each in lines)


def sources(api: Api, **query: str) -> set[tuple[str, str, int, float, float]]:
    told = api.reader.ok("GET", "/v1/trace", params=query)["sources"]
    return {(s["lot_number"], s["from_place"], s["received"], s["least"], s["most"]) for s in told}


def test_a_trace_backward_tells_how_much_of_each_receipt_a_recipient_got(api: Api, say: Said) -> None:
    brewed(say)
    assert sources(api, recipient="st-mary") == {("A", "acme", 10, 3.0, 3.0)}
    assert sources(api, lot_number="P") == {("A", "acme", 10, 6.0, 6.0)}


def test_where_lots_mixed_the_least_and_the_most_are_told(api: Api, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(6, "A"), line(4, "B")),
        scan(minute(1), Action.MOVE, "fridge-a", "batch-7", line(6, "A"), line(4, "B")),
        scan(minute(2), Action.MOVE, "batch-7", "dock", line(5, "P", gtin=PRODUCT)),
        scan(minute(3), Action.SHIP, "dock", "st-mary", line(3, "P", gtin=PRODUCT), order="SO-1"),
        scan(minute(4), Action.RETURN, "st-mary", "dock", line(1, "P", gtin=PRODUCT)),
    )
    assert sources(api, recipient="st-mary") == {("A", "acme", 6, 0.0, 4.0), ("B", "acme", 4, 0.0, 4.0)}
    assert sources(api, order="SO-1") == {("A", "acme", 6, 2.0, 6.0), ("B", "acme", 4, 0.0, 4.0)}
    forward = api.reader.ok("GET", "/v1/trace", params={"lot_number": "P", "direction": "forward"})
    assert forward["sources"] is None


def test_a_serial_has_one_receipt(api: Api, say: Said) -> None:
    say(
        scan(minute(0), Action.RECEIVE, "acme", "fridge-a", line(1, "A", serial="S1"), line(1, "A", serial="S2")),
        scan(minute(1), Action.SHIP, "fridge-a", "st-mary", line(1, "A", serial="S2")),
    )
    assert sources(api, serial="S2") == {("A", "acme", 1, 1.0, 1.0)}


def test_the_allowance_is_that_of_the_item_and_covers_nothing_warmer(api: Api, ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"))
    say(reading(minute(1), 9.0), reading(minute(3), 5.0))
    ledger.run("UPDATE item SET allowance_minutes = 10, allowance_c_max = 15 WHERE name = 'insulin'")
    told = passport(api)
    assert (told["allowance_s"], told["allowance_left_s"]) == (600.0, 480.0)
    assert passport(api, allowance_s=200)["allowance_left_s"] == 80.0
    say(reading(minute(4), 16.0), reading(minute(5), 5.0))
    assert passport(api)["allowance_left_s"] == 0


def test_a_lot_that_uses_up_its_allowance_in_pieces_and_places_is_a_case_of_its_own(
    api: Api, ledger: Ledger, say: Said
) -> None:
    ledger.run("UPDATE item SET allowance_minutes = 5 WHERE name = 'insulin'")
    say(scan(minute(0), Action.RECEIVE, "acme", "fridge-a"), scan(minute(20), Action.MOVE, "fridge-a", "fridge-b"))
    say(*(reading(minute(n), 9.0 if n in (3, 4) else 5.0) for n in range(20)))
    say(*(reading(minute(n), 9.0 if n in (31, 32) else 5.0, "probe-b") for n in range(20, 40)))
    assert judge_budgets(ledger.database, minute(40)) == []
    say(*(reading(minute(n), 9.0 if n == 41 else 5.0, "probe-b") for n in range(40, 50)))
    assert judge_budgets(ledger.database, minute(50)) == [1]
    (case,) = api.reader.rows("/v1/cases", kind="stability_budget_used_up")
    assert (case["lot_id"], case["text"]) == (1, "outside its limits for 5 min in all; the item allows 5 min")
    assert ("L1", None, None) in ledger.held("exception")
    assert judge_budgets(ledger.database, minute(51)) == []
    body = {"resolution": "the maker allows more", "decision": "accepted"}
    assert "two people" in api.quality.post(f"/v1/cases/{case['id']}/resolve", body).json()["error"]
    amy, bob = (person(api, name, Role.QUALITY) for name in ("amy", "bob"))
    assert all(signed(each, "case", str(case["id"]), "approval").status_code == 201 for each in (amy, bob))
    bob.ok("POST", f"/v1/cases/{case['id']}/resolve", json=body)
    assert judge_budgets(ledger.database, minute(52)) == [], "as long as it was not outside for longer"
    say(*(reading(minute(n), 9.0 if n == 61 else 5.0, "probe-b") for n in range(50, 70)))
    assert judge_budgets(ledger.database, minute(70)) == [1]
