"""The pages of quality control: plans are proposed and approved, lots sampled, tested and accepted; plates; reports."""

import re
from typing import Any

import pytest

from cloud_sync.domain.roles import Role
from tests.support.console import Console
from tests.support.ledger_api import Api, Somebody


@pytest.fixture
def console(api: Api) -> Console:
    return Console(api)


def approved(console: Console, **form: str) -> None:
    """A plan, proposed at its page by one and approved under controlled changes by another."""
    console.sign_in(console.api.quality)
    console.does("/quality/plans", "/quality/plans", source="SOP 21", reason="first version", **form)
    console.sign_in(console.api.administrator)
    changes = console.page("/changes")
    (path,) = re.findall(r'action="(/changes/\d+/approve)"', changes)
    console.does("/changes", path, reason="limits as in the source")


def test_a_raw_material_from_its_plan_to_its_acceptance(api: Api, console: Console) -> None:
    api.receive("A1", 50)
    approved(
        console, kind="material", name="insulin-tests", item="insulin", units="5", retest_days="90",
        after_exposure="yes", tests="identity; ; ; ; monograph\nassay; %; 90; 110; method 7",
    )  # fmt: skip
    assert "assay" in console.page("/quality/plans/insulin-tests/1") and "method 7" in console.page(
        "/quality/plans/insulin-tests/1"
    )
    console.sign_in(api.operator)
    assert "is not yet sampled, tested and accepted" in console.page("/quality/materials")
    sample = console.does("/quality/materials", "/quality/materials/samples", lot="A1", from_place="fridge-a")
    console.sign_in(api.quality)
    console.does(sample, f"{sample}/results", test="identity", conforms="yes")
    refused = console.send(sample, f"{sample}/results", test="assay", value="ninety")
    assert refused.status_code == 422
    console.does(sample, f"{sample}/results", test="assay", value="99,5")
    console.sign_in(api.known_as("quality-2", Role.QUALITY))
    console.does(sample, f"{sample}/decide", decision="accepted", reason="all in order")
    assert "accepted" in console.page(sample) and "usable" in console.page("/quality/materials")


def test_plates_of_a_room_from_the_plan_to_a_count_above_the_action_level(api: Api, console: Console) -> None:
    approved(console, kind="environment", name="plates", place="fridge-a", points="bench; settle_plate; 1; 3; SOP 7")
    console.sign_in(api.operator)
    session = console.does("/quality/environment", "/quality/environment", place="fridge-a")
    console.does(session, f"{session}/plates", point="bench", code="PL-1")
    assert "incubating" in console.page(session) and "Not counted yet: bench" in console.page(session)
    (plate,) = re.findall(r'href="(/quality/samples/\d+)"', console.page(session))
    console.sign_in(api.quality)
    console.does(plate, f"{plate}/results", test="viable count", value="4", note="Micrococcus")
    assert "action level" in console.page(session) and "Micrococcus" in console.page(session)
    assert "viable count 4 CFU" in console.page("/cases")
    assert "settle plate" in console.page("/quality/plans/plates/1")


def test_stability_qualification_and_reports_have_their_pages(api: Api, console: Console) -> None:
    api.receive("A1", 50)
    approved(
        console, kind="stability", name="shelf-life", item="insulin", storage="refrigerator", window_days="2",
        lots_min="1", pulls="0; 3\n30; 3", tests="assay; %; 90; 110; method 7",
    )  # fmt: skip
    console.sign_in(api.operator)
    study = console.does(
        "/quality/stability", "/quality/stability", plan="shelf-life", lot="insulin A1", from_place="fridge-a",
        to_place="fridge-b",
    )  # fmt: skip
    sample = console.does(study, f"{study}/pulls", day="0")
    assert "pulled" in console.page(study) and "ST-1" in console.page(sample)
    console.sign_in(api.quality)
    refused = console.send("/quality/stability", "/quality/beyond-use", plan="shelf-life", days="30", reason="data")
    assert (refused.status_code, "support 0 days" in refused.text) == (409, True)
    approved(
        console, kind="qualification", name="aseptic", preparations="category_1", units="20", valid_days="180",
        tests="contaminated units; ; ; 0; SOP 21",
    )  # fmt: skip
    console.sign_in(api.operator)
    fill = console.does(
        "/quality/qualifications", "/quality/qualifications", plan="aseptic", person="olga", place="fridge-a",
        units="20",
    )  # fmt: skip
    assert "olga in fridge-a" in console.page(fill) and "in test" in console.page("/quality/qualifications")
    console.sign_in(api.quality)
    asked = "/quality/reports?since=2026-01-01&until=2026-06-01"
    report = console.does(asked, "/quality/reports")
    assert "Nothing was compounded for stock in this period" in console.page(report)
    data: dict[str, Any] = console.api.client.get(f"{report}?json=true").json()
    assert data["products"] == []
    assert "Samples" in console.page("/quality")


def test_the_controls_of_a_batch_are_on_its_page(api: Api, console: Console) -> None:
    api.place("suite", parent="main")
    for item in ("syringe", "saline"):
        api.item(item)
    api.administrator.ok("PUT", "/v1/items/syringe/compounding", json={"kind": "503B"})
    api.receive("SAL-1", 100, item="saline", place="suite")
    console.sign_in(api.administrator)
    record = console.does(
        "/new-formulation", "/master-formulation-records", name="syringe-10", item="syringe", quantity="10",
        preparation="category_1", storage="refrigerator", ingredients="saline, 100, 5", steps="Fill",
        controls="fill weight; g; 9.5; 10.5; 2; 0; SOP 21", line_clearance="yes", label_tolerance_pct="0",
        label_source="SOP 22",
    )  # fmt: skip
    assert "2 values, 0 outside accepted" in console.page(record)
    console.sign_in(api.quality)
    console.does(record, f"{record}/approve", reason="reviewed")
    console.sign_in(api.operator)
    batch = console.does("/compounding", "/production-batches", number="B-1", room="suite", quantity="10")
    refused = console.send(batch, f"{batch}/steps", step="1")
    assert (refused.status_code, "is not cleared" in refused.text) == (409, True)
    console.does(batch, f"{batch}/line-clearances", note="bench empty")
    console.sign_in(Somebody(api.client, api.known_as("operator-2", Role.OPERATOR).token))
    console.does(batch, f"{batch}/clearance-checks", note="seen")
    console.does(batch, f"{batch}/controls", control="fill weight", values="10.0 10.8")
    console.does(batch, f"{batch}/labels", issued="10", used="9")
    page = console.page(batch)
    assert "1 outside" in page and "1 missing" in page and "bench empty" in page
