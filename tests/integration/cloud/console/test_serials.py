"""Serials, devices and theft at the desk: by forms alone."""

import re
from collections.abc import Iterator

import pytest

from cloud_sync.storage.database import Database
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as api:
        api.house()
        gtins = {"gtins": {"09501101530003": 1}, "serial_tracked": True, "reason": "new"}
        api.administrator.ok("PUT", "/v1/items/insulin", json=gtins)
        yield api


def test_units_get_serials_labels_and_a_life_by_forms(api: Api) -> None:
    console = Console(api)
    console.sign_in(api.administrator)
    console.does("/serials", "/serials/patterns", item="insulin", pattern="LW{n:4}", given_at="receipt")
    console.does("/serials", "/serials/ranges", item="insulin", first_serial="X-01", last_serial="X-50",
                 allotted_to="CMO", reason="their line")  # fmt: skip
    terms = {"device_class": "II", "tracking": "implanted", "warranties": "24; receipt", "reason": "new"}
    console.does("/devices", "/devices/terms", item="insulin", plans="check; 30; calibration; receipt", **terms)
    lot = api.receive("A", 5)
    console.sign_in(api.operator)
    page = console.page("/serials")
    assert "Waiting for serials" in page and "X-50" in page
    where = re.search(r'href="(/serials\?lot=[^"]*)"', page)
    assert where is not None
    console.does(where[1].replace("&amp;", "&"), "/serials/assign", reason="came without")
    given = console.page("/serials/ranges/2")
    assert "LW0004" in given and api.client.get("/serials/ranges/2/labels").content.startswith(b"%PDF")
    unit = f"/serials/units/{lot}?serial=LW0003"
    console.does(unit, f"/serials/units/{lot}/use", patient="MRN-5", reason="implanted")
    assert "MRN-5" in console.page("/serials?patient=MRN-5") and "LW0003" in console.page("/serials?patient=MRN-5")
    console.does(unit, f"/serials/units/{lot}/use-ended", reason="explanted")
    other = f"/serials/units/{lot}?serial=LW0002"
    console.does(other, f"/serials/units/{lot}/loan", to="st-mary", due_on="2026-07-01", reason="for a trial")
    devices = console.page("/devices")
    assert "LW0002" in devices and "st-mary" in devices
    (loan,) = api.reader.rows("/v1/loans")
    console.does("/devices", f"/devices/loans/{loan['id']}/return", place="fridge-b", reason="clean")

    console.sign_in(api.quality)
    console.does(unit, f"/serials/units/{lot}/service", plan="check", passed="no", reason="drifts")
    console.does(other, f"/serials/units/{lot}/repair", sent_to="maker", reason="cracked")
    (repair,) = api.reader.rows("/v1/repairs")
    console.does("/devices", f"/devices/repairs/{repair['id']}/end", outcome="swapped", new_lot=f"#{lot}",
                 new_serial="LW0001", reason="swapped")  # fmt: skip
    assert "LW0002" in console.page(f"/serials/units/{lot}?serial=LW0001"), "one history"
    console.does("/devices", "/field-corrections", item="insulin", title="Firmware", instructions="update",
                 serials="LW0000\nLW9999")  # fmt: skip
    console.does("/field-corrections/1", "/field-corrections/1/units", reason="updated")
    console.does("/field-corrections/1", "/field-corrections/1/close", reason="all done")
    console.does(f"/serials/units/{lot}?serial=LW0000", "/theft/lost", why="stolen", description="gone")
    assert "LW0000" in console.page("/theft")
    console.does("/theft", "/theft/lost/1/found", reason="in the drawer")
    console.sign_in(api.administrator)
    api.place("north", "site")
    console.does("/theft", "/theft/ways", one="main", other="north", minutes="90")
    console.does("/theft", "/theft/makers", item="insulin", tells="yes")
    shown = console.page("/theft")
    assert "90" in shown and "Manufacturers that report every unit" in shown
