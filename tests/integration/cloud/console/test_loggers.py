"""The page of loggers, by its forms: a file is looked at, what it does not say is answered, then it is attached."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from cloud_sync.storage.database import Database
from tests.support.builders import COLD, Ledger
from tests.support.console import Console
from tests.support.ledger_api import Api, api_on
from tests.support.logger_files import q_tag

FIRST = datetime(2026, 5, 30, 8, 0)  # noqa: DTZ001 - by the logger's own clock


@pytest.fixture
def api(database: Database) -> Iterator[Api]:
    with api_on(database) as opened:
        Ledger(database).add_policy(COLD)
        opened.house()
        yield opened


def test_a_file_is_looked_at_its_question_answered_and_attached_to_its_shipment(api: Api) -> None:
    order = {"client_id": "00000000-0000-4000-8000-000000000077", "kind": "purchase", "from_place": "acme",
             "to_place": "fridge-a", "lines": [{"item": "insulin", "quantity": 20}], "number": "PO-7"}  # fmt: skip
    api.operator.ok("POST", "/v1/orders", json=order)
    console = Console(api)
    console.sign_in(api.operator)
    assert "No logger files yet" in console.page("/loggers")
    upload = {"file": ("RCPJ00099.txt", q_tag([5.0, 8.4, 9.1], first=FIRST), "text/plain")}
    asked = api.client.post("/loggers/preview", files=upload, data={"order": "PO-7"})
    assert "By which clock did the logger run?" in asked.text
    carried = asked.text.split('<textarea name="content" hidden>')[1].split("</textarea>")[0]
    said = {"content": carried, "a:zone": "+02:00", "order": "PO-7"}
    shown = api.client.post("/loggers/preview", data=said)
    assert "Q-tag CLm doc LR RCPJ00099" in shown.text and "known layout" in shown.text
    done = api.client.post("/loggers/shipment", data={**said, "policy": "cold"})
    assert "above 8: worst 9.1, to the end of the file" in done.text
    assert "The device alarms above 8 °C for 30 min" in done.text
    assert "RCPJ00099" in console.page("/loggers")
