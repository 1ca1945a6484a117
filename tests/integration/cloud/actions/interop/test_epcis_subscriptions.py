"""Subscriptions to named queries: what is new arrives signed, once, as it comes or at its times."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from cloud_sync.actions.interop.epcis_subscriptions import tell_subscribers
from cloud_sync.domain.connections import ConnectionSettings
from cloud_sync.domain.roles import Role
from cloud_sync.domain.standard_webhooks import check_signature
from cloud_sync.interop.epcis.documents import read_json
from cloud_sync.notify.exchange import ConnectionOutbox
from cloud_sync.seal.sealing import seal_once
from cloud_sync.storage.database import Database
from tests.support.alert_parts import Receiver, webhook_receiver
from tests.support.epcis_standard import document_schema
from tests.support.ledger_api import NOW, Api, Somebody, api_on, movement
from tests.support.people import Clock

SETTINGS = ConnectionSettings(private_hosts=frozenset({"localhost"}))


class House:
    """A ledger that trades with a partner who listens."""

    def __init__(self, api: Api, receiver: Receiver) -> None:
        self.api, self.receiver, self.clock = api, receiver, Clock()
        self.clock.now = NOW
        self.outbox = ConnectionOutbox(api.database, SETTINGS, clock=lambda: self.clock.now, spread=lambda: 0.5)
        said = {"url": receiver.url, "scopes": ["epcis-query", "epcis-capture"], "event_kinds": []}
        self.secret = api.administrator.ok("PUT", "/v1/connections/partner", json=said)["secret"]
        self.partner = Somebody(api.client, api.administrator.ok("POST", "/v1/connections/partner/key")["key"])

    def passes(self, **time: float) -> list[dict[str, Any]]:
        """What arrives when so much time has passed: documents, whose signatures are proven."""
        self.clock.now += timedelta(**time)
        seal_once(self.api.database)
        seal_once(self.api.database)  # the first seal makes the key, which is a row as well
        tell_subscribers(self.api.database, self.clock.now)
        self.receiver.requests.clear()
        self.outbox.deliver_due()
        found = []
        for headers, body in self.receiver.requests:
            check_signature(self.secret, headers, body, at=self.clock.now)
            assert (headers["lotwarden-kind"], headers["content-type"]) == (
                "epcis_query_results", "application/ld+json",
            )  # fmt: skip
            document = json.loads(body)
            document_schema().validate(document)
            found.append(document["epcisBody"]["queryResults"])
        return found

    def told(self, **time: float) -> list[str]:
        """What the events are that arrive."""
        return [
            each["bizStep"] + ("!" if "errorDeclaration" in each else "")
            for answer in self.passes(**time)
            for each in answer["resultsBody"]["eventList"]
        ]


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    with api_on(database, connection_settings=SETTINGS) as api, webhook_receiver() as receiver:
        api.house()
        opened = House(api, receiver)
        yield opened
        opened.outbox.close()


def subscribed(house: House, name: str, query: dict[str, Any], **more: Any) -> dict[str, Any]:
    house.api.administrator.ok("POST", "/epcis/queries", json={"name": name, "query": query})
    said = {"dest": "partner", **more}
    row: dict[str, Any] = house.api.administrator.ok("POST", f"/epcis/queries/{name}/subscriptions", json=said)
    return row


def test_what_is_new_is_streamed_once_and_signed_also_what_turns_out_to_be_wrong(house: House) -> None:
    api = house.api
    api.receive("OLD", 1)
    assert house.passes(seconds=1) == []
    stream = subscribed(house, "goods", {"EQ_bizStep": ["receiving", "shipping", "holding"]}, stream=True)
    assert house.told(seconds=1) == []  # only what comes
    lot = api.receive("A/0", 20)
    line = {"item": "insulin", "lot_number": "A/0", "quantity": 2}
    api.operator.ok("POST", "/v1/movements", json=movement("ship", "fridge-a", "st-mary", [line]))
    api.operator.ok("POST", "/v1/movements", json=movement("move", "fridge-a", "fridge-b", [line]))
    api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "place": "fridge-a", "reason": "seal broken"})
    (answer,) = house.passes(seconds=1)
    assert (answer["queryName"], answer["subscriptionID"]) == ("goods", stream["subscriptionID"])
    assert [each["bizStep"] for each in answer["resultsBody"]["eventList"]] == ["receiving", "shipping", "holding"]
    assert house.told(seconds=1) == []
    captured = {
        "@context": [], "type": "ObjectEvent", "eventTime": "2026-05-20T10:00:00Z", "eventTimeZoneOffset": "-05:00",
        "action": "OBSERVE", "bizStep": "shipping", "epcList": ["urn:epc:id:sgtin:0614141.107346.2017"],
    }  # fmt: skip
    assert house.partner.post("/epcis/events", captured).status_code == 201
    assert house.told(seconds=1) == ["shipping"]
    said = api.quality.ok("POST", "/v1/corrections", json={
        "kind": "lot_number", "lot_id": lot, "lot_number": "A/1", "reason": "read again"})  # fmt: skip
    body = {"effect_digest": said["effect_digest"], "reason": "read it, too"}
    api.known_as("quality-2", Role.QUALITY).ok("POST", f"/v1/corrections/{said['id']}/confirm", json=body)
    assert sorted(house.told(seconds=1)) == ["holding", "holding!", "receiving", "receiving!", "shipping", "shipping!"]


def test_a_schedule_gathers_what_is_new_until_its_time_and_may_start_earlier(house: House) -> None:
    api = house.api
    api.receive("A/1", 20)
    house.passes(seconds=1)
    schedule = {"second": "0", "minute": "[30-31]"}
    made = subscribed(
        house, "hourly", {"EQ_bizStep": ["receiving"]}, schedule=schedule, reportIfEmpty=True,
        initialRecordTime="2020-01-01T00:00:00Z",
    )  # fmt: skip
    assert (made["nextAt"], made["stream"]) == ("2026-06-01T12:30:00Z", False)
    assert house.passes(seconds=60) == []
    assert house.told(minutes=30) == ["receiving"]
    (empty,) = house.passes(hours=1)
    assert empty["resultsBody"]["eventList"] == []
    shown = api.reader.ok("GET", f"/epcis/queries/hourly/subscriptions/{made['subscriptionID']}")
    assert shown["nextAt"] == "2026-06-01T14:30:00Z" and shown["lastExecutedAt"]
    path = f"/epcis/queries/hourly/subscriptions/{made['subscriptionID']}"
    assert api.administrator.request("DELETE", path).status_code == 204
    assert api.reader.ok("GET", "/epcis/queries/hourly/subscriptions") == []
    assert house.passes(hours=1) == []


def test_a_connection_captures_asks_and_subscribes_for_itself_alone(house: House) -> None:
    api, partner = house.api, house.partner
    api.administrator.ok("PUT", "/v1/connections/other", json={"url": "https://other.example.org/in"})
    subscribed(house, "all", {}, stream=True)
    own = partner.ok("POST", "/epcis/queries/all/subscriptions", json={"dest": "partner", "stream": True})
    refused = partner.post("/epcis/queries/all/subscriptions", {"dest": "other", "stream": True})
    assert refused.status_code == 403 and "may not subscribe for other" in refused.json()["error"]
    assert partner.get("/epcis/events").status_code == 200 and partner.get("/v1/stock").status_code == 403
    theirs = api.operator.request("POST", "/epcis/capture", content=b"no document")
    assert theirs.status_code == 202 and partner.ok("GET", "/epcis/capture") == []
    assert partner.get(theirs.headers["Location"]).status_code == 404
    for wrong in ({"dest": "nobody", "stream": True}, {"dest": "partner"}, {"dest": "partner", "stream": True,
                  "schedule": {}}, {"dest": "partner", "schedule": {"hour": "24"}}):  # fmt: skip
        answer = api.administrator.post("/epcis/queries/all/subscriptions", wrong)
        assert answer.status_code in (404, 422) and answer.json()["what_to_do"], wrong
    assert api.operator.post("/epcis/queries/all/subscriptions", {"dest": "partner", "stream": True}).status_code == 403
    assert api.administrator.request("DELETE", "/epcis/queries/all").status_code == 204
    assert api.reader.get(f"/epcis/queries/all/subscriptions/{own['subscriptionID']}").status_code == 404


def test_a_document_of_an_answer_is_one_that_others_capture(house: House) -> None:
    subscribed(house, "all", {}, stream=True)
    house.api.receive("A/1", 20)
    house.passes(seconds=1)
    ((_, body),) = house.receiver.requests
    assert read_json(body).fault == "" and len(read_json(body).events) == 1
