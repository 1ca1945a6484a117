"""NDC and HIBC codes at the ledger: said once with history, never of two items, and scans of them are booked."""

import base64
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from cloud_sync.actions.gateways.desk import Asked, desk_for, place_gateway
from cloud_sync.storage.database import Database
from edge_agent.dock.effects import Book, Effect
from edge_agent.dock.grammar import step
from edge_agent.dock.non_gs1 import parse_foreign
from edge_agent.dock.offline_eligibility import DeskJudge
from edge_agent.dock.offline_stock import OfflineStock
from edge_agent.dock.session_state import Dock, SessionState
from edge_agent.domain.barcodes.command_codes import is_code, parse_code
from edge_agent.domain.barcodes.hibc import check_character
from edge_agent.domain.barcodes.symbology import symbol_of
from edge_agent.domain.stock.desk import DeskSnapshot, desk_of
from edge_agent.domain.wire.ids import DeviceName
from edge_agent.domain.wire.records import Action
from edge_agent.domain.wire.request_signing import signed_words, written
from edge_agent.domain.wire.wire import decode_record
from edge_agent.timekeeping.clock import ManualClock, stamp
from tests.integration.conftest import Said
from tests.support.builders import GTIN, GatewayWithKey, Ledger, line, minute, scan
from tests.support.desk_parts import desk_from
from tests.support.ledger_api import Api, api_on

HIBC, NDC = "hibc:A123BJC5D6E71", "ndc:0591-0369-01"
NDC_GTIN = "00305910369019"


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        yield opened


def item(name: str = "insulin", *codes: tuple[str, int], gtins: tuple[tuple[str, int], ...] = ()) -> dict[str, Any]:
    return {
        "name": name,
        "codes": [{"code": code, "base_units": units} for code, units in codes],
        "gtins": [{"gtin": gtin, "base_units": units} for gtin, units in gtins],
    }


def imported(api: Api, text: str, **query: Any) -> dict[str, Any]:
    params = {"reason": "codes of the new labels", **query}
    done: dict[str, Any] = api.administrator.ok("POST", "/v1/imports/items", params=params, content=text.encode())
    return done


def test_codes_are_added_to_an_item_over_the_api_and_shown_as_they_were_said(api: Api) -> None:
    api.administrator.ok("POST", "/v1/items", json=item("aspirin", ("+A123BJC5D6E71G", 10), ("0591-0369-01", 1)))
    (shown,) = (row for row in api.reader.rows("/v1/items") if row["name"] == "aspirin")
    assert shown["codes"] == [{"code": HIBC, "base_units": 10}, {"code": NDC, "base_units": 1}]
    assert api.administrator.post("/v1/items", item("aspirin", (HIBC, 10))).status_code == 200, "nothing is new"
    events = [e for e in Ledger(api.database).events("codes_added") if e["subject"] == "item:aspirin"]
    assert [event["data"] for event in events] == [{HIBC: 10, NDC: 1}]


@pytest.mark.parametrize("code", ["0591036901", "305910369017", "+A123BJC5D6E71H", "insulin"])
def test_what_is_no_code_or_may_be_several_is_refused(api: Api, code: str) -> None:
    assert api.administrator.post("/v1/items", item("aspirin", (code, 1))).status_code == 422


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (item("a", (HIBC, 1)), item("b", ("+A123BJC5D6E71G", 1))),
        (item("a", (NDC, 1)), item("b", ("00591-0369-01", 1))),
        (item("a", (NDC, 1)), item("b", ("000591-0369-01", 1))),
        (item("a", (NDC, 1)), item("b", gtins=((NDC_GTIN, 1),))),
        (item("a", gtins=((NDC_GTIN, 1),)), item("b", (NDC, 1))),
        (item("a", (NDC, 1)), item("a", (NDC, 2))),
        (item("a", (NDC, 1)), item("a", gtins=((NDC_GTIN, 10),))),
    ],
)
def test_a_code_of_two_items_or_two_quantities_is_a_conflict_in_any_spelling(
    api: Api, first: dict[str, Any], second: dict[str, Any]
) -> None:
    api.administrator.ok("POST", "/v1/items", json=first)
    response = api.administrator.post("/v1/items", second)
    assert response.status_code == 409
    assert "already" in response.text and "correct one of the two" in response.text


def test_codes_come_and_go_by_file_with_the_row_of_each_fault(api: Api) -> None:
    assert imported(api, f"name,codes\na,+A123BJC5D6E71G=10 {NDC}=1\n")["done"]
    exported = api.reader.get("/v1/exports/items").text
    assert f"{HIBC}=10 {NDC}=1" in exported
    again = imported(api, exported)
    assert (again["changed"], again["faults"]) == (0, [])
    done = imported(api, f"name,codes\nb,0591036901=1\nc,{HIBC}=10\na,{HIBC}=10\nd,ndc:1-2=1\ne,0002-1433-80=0\n")
    assert not done["done"]
    found = {fault["line"]: (fault["column"], fault["text"]) for fault in done["faults"]}
    assert {line: column for line, (column, _) in found.items()} == dict.fromkeys((2, 3, 4, 5, 6), "codes")
    assert "three different NDCs" in found[2][1]
    assert "is item a already" in found[3][1]
    assert "propose a correction" in found[4][1]


def test_two_spellings_of_one_ndc_in_a_row_are_one_too_many(api: Api) -> None:
    (fault,) = imported(api, "name,codes\na,0591-0369-01=1 00591-0369-01=1\n")["faults"]
    assert (fault["line"], fault["column"]) == (2, "codes")
    assert "is the same as" in fault["text"]


def test_a_change_of_codes_is_kept_with_history(api: Api) -> None:
    imported(api, "name,codes\na,\n")
    imported(api, f"name,codes\na,{NDC}=4\n")
    (event,) = Ledger(api.database).events("item_changed")
    assert event["data"]["codes"] == {"from": {}, "to": {NDC: 4}}


def claim(ledger: Ledger, name: str, *codes: tuple[str, int]) -> None:
    with api_on(ledger.database) as api:
        assert imported(api, f"name,gtins,codes\n{name},{GTIN}=1,{' '.join(f'{c}={u}' for c, u in codes)}\n")["done"]


@pytest.mark.parametrize(
    ("codes", "units"),
    [
        ((HIBC,), 5), ((NDC,), 2), (("ndc:0591036901",), 2), (("ndc:00591036901",), 2), (("ndc:000591-0369-01",), 2),
        (("ndc:99999-999-99", HIBC), 5),
    ],
)  # fmt: skip
def test_a_scan_of_any_code_of_an_item_is_booked_in_its_base_units(
    ledger: Ledger, say: Said, codes: tuple[str, ...], units: int
) -> None:
    claim(ledger, "insulin", (HIBC, 5), (NDC, 2))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(3, gtin="", codes=codes)))
    assert ledger.balances()["L1", "", "dock"] == 3 * units
    (event,) = ledger.events("scan_receive")
    assert event["data"]["lines"][0]["codes"] == list(codes)


def test_a_gtin_that_nobody_said_is_the_item_whose_ndc_is_in_it(ledger: Ledger, say: Said) -> None:
    claim(ledger, "insulin", (NDC, 2))
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(1, gtin=NDC_GTIN), line(1, gtin="50305910369014")))
    assert ledger.balances()["L1", "", "dock"] == 2
    assert ledger.open_cases() == ["unknown_item"], "with an indicator it is another package"


def test_an_unknown_code_waits_in_a_case_and_is_booked_once_it_is_said(ledger: Ledger, say: Said) -> None:
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(3, gtin="", codes=("ndc:0591036901",))))
    assert ledger.open_cases() == ["unknown_item"]
    (case,) = ledger.rows("SELECT text, data FROM exception_case")
    assert case["text"] == "no item has NDC 0591036901: add it, and the movement is booked"
    assert case["data"]["line"]["codes"] == ["ndc:0591036901"]
    claim(ledger, "insulin", (NDC, 2))
    assert ledger.open_cases() == []
    assert ledger.balances()["L1", "", "dock"] == 6


def test_a_label_whose_codes_name_two_items_becomes_a_case_and_moves_nothing(ledger: Ledger, say: Said) -> None:
    with api_on(ledger.database) as api:
        assert imported(api, f"name,codes\nother,{HIBC}=1\n")["done"]
    say(scan(minute(0), Action.RECEIVE, "acme", "dock", line(3, codes=(HIBC,))))
    (case,) = ledger.rows("SELECT kind, text FROM exception_case")
    assert case["kind"] == "different_items"
    assert "insulin and other" in case["text"]
    assert ledger.balances() == {}


def test_a_count_by_hibc_code_is_written_down(ledger: Ledger, say: Said) -> None:
    claim(ledger, "insulin", (HIBC, 5))
    say(scan(minute(0), Action.COUNT, "fridge-a", None, line(3, gtin="", codes=(HIBC,))))
    assert ledger.rows("SELECT quantity FROM count_line") == [{"quantity": 15}]
    assert ledger.open_cases() == []


def test_a_scan_line_of_before_there_were_codes_is_still_read() -> None:
    old = (
        b'{"stamp":{"at":"2026-03-01T08:00:00.000Z","mono_ms":1,"boot":"b","synced":true},"transaction":"t",'
        b'"scanner":"s","action":"receive","operator":"amy","lines":[{"gtin":"00312345678906","quantity":1,'
        b'"scanned":"x","lot":"A","expires_on":"2027-12-31","serial":null}],"kind":"scan"}'
    )
    record = decode_record(old)
    assert record.kind == "scan"
    assert (record.lines[0].codes, record.lines[0].names) == ((), ("00312345678906",))
    assert record.lines[0].expires_on == date(2027, 12, 31)


def desk_down(ledger: Ledger, gateway: GatewayWithKey, now: datetime) -> DeskSnapshot:
    place_gateway(ledger.database, gateway.name, "fridge-a", actor="test")
    signature = gateway.key.sign(signed_words(gateway.name, "GET", "/v1/desk", written(now), "0" * 32))
    asked = Asked(gateway.name, written(now), "0" * 32, base64.b64encode(signature).decode(), "GET", "/v1/desk")
    return desk_of(desk_for(ledger.database, asked, now=now))


def test_a_hibc_label_goes_from_the_master_data_to_the_dock_and_back_as_a_movement(
    ledger: Ledger, gateway: GatewayWithKey, say: Said
) -> None:
    claim(ledger, "insulin", (HIBC, 5), (NDC, 2))
    clock = ManualClock(datetime(2026, 3, 1, 13, tzinfo=UTC))
    known = OfflineStock()
    known.take(desk_from(desk_down(ledger, gateway, clock.now()), clock))
    (item_on_desk,) = known.desk.snapshot.items if known.desk else ()
    assert item_on_desk.codes == {HIBC: 5, "ndc:00591036901": 2, "ndc10:0591036901": 2}

    secondary = "+$$3270131L1G"
    state, effects = SessionState(), list[Effect]()
    for text in (
        "LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock",
        "+A123BJC5D6E71G", secondary + check_character(secondary), "LW.COMMIT",
    ):  # fmt: skip
        clock.advance(1)
        symbol = symbol_of(text)
        code = parse_code(symbol) if is_code(symbol) else parse_foreign(symbol, today=clock.now().date())
        assert code is not None
        state, done = step(
            state, code, stamp=stamp(clock), transaction="11111111-1111-4111-8111-000000000001",
            dock=Dock(DeviceName("dock/scanner")), judge=DeskJudge(known, clock, old_after_s=900),
        )  # fmt: skip
        effects += done
    (booked,) = [effect.transaction for effect in effects if isinstance(effect, Book)]
    assert booked.verdicts == ()
    say(booked)
    assert ledger.balances() == {("L1", "", "acme"): -5, ("L1", "", "dock"): 5}
    assert ledger.rows("SELECT expires_on FROM lot") == [{"expires_on": date(2027, 1, 31)}]
    assert ledger.open_cases() == []
