"""What a pharmacy system or a cabinet says is kept, booked once and answered; contradictions are exceptions."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cloud_sync.actions.interop.field_maps import FieldMaps
from cloud_sync.actions.interop.hospital_messages import message_of, read_again, take_message
from cloud_sync.actions.people.erasure import erase
from cloud_sync.domain.roles import Actor, Role
from cloud_sync.errors import Conflict, NotFound
from cloud_sync.ingest.mllp.receiver import Peer
from cloud_sync.interop.hospital.hl7 import parse
from cloud_sync.storage.database import Database
from tests.support.hl7_messages import PEER, message, rds, rxd, senders
from tests.support.ledger_api import NOW, Api, api_on

SOMEBODY = Actor("quinn", (Role.QUALITY,), {})


class Hospital:
    """A ledger with a sender, and what the sender is told."""

    def __init__(self, api: Api, maps: FieldMaps) -> None:
        self.api = api
        self.maps = maps

    def tell(self, content: bytes, peer: Peer = PEER, minutes: int = 0) -> str:
        """The code of the acknowledgement, and its text."""
        at = NOW + timedelta(minutes=minutes)
        answer = parse(take_message(self.api.database, self.maps, peer, content, at=at))
        return next(answer.named("MSA")).raw(1)

    def last(self) -> dict[str, Any]:
        with self.api.database.transaction() as connection:
            row = connection.execute("SELECT max(id) AS id FROM hospital_message").fetchone()
        assert row is not None
        return message_of(self.api.database, row["id"])[0]

    def balance(self, place: str, lot: str) -> int:
        with self.api.database.transaction() as connection:
            row = connection.execute(
                "SELECT coalesce(sum(b.quantity), 0)::int AS units FROM position b JOIN place p ON p.id = b.place_id"
                " JOIN lot l ON l.id = b.lot_id WHERE p.name = %s AND l.lot_number = %s",
                (place, lot),
            ).fetchone()
        assert row is not None
        return int(row["units"])

    def cases(self) -> list[str]:
        return [row["kind"] for row in self.api.reader.rows("/v1/cases") if row["resolved_at"] is None]


@pytest.fixture
def hospital(database: Database, tmp_path: Path) -> Iterator[Hospital]:
    maps = senders(tmp_path, pharm="pharmacy-rds.toml", cab="cabinet-example.toml")
    with api_on(database, field_maps=maps) as api:
        api.house()
        api.place("ward-3", "ward", parent="main")
        api.place("cab-1", "bin", parent="fridge-b")
        yield Hospital(api, maps)


def test_a_dispense_is_booked_once_however_often_it_is_sent(hospital: Hospital) -> None:
    hospital.api.receive(r"A&B|1", 10)
    sent = rds("C1", rxd(r"A\T\B\F\1"))
    assert [hospital.tell(sent, minutes=minutes) for minutes in (0, 5)] == ["AA", "AA"]
    assert (hospital.balance("fridge-a", "A&B|1"), hospital.balance("ward-3", "A&B|1")) == (7, 3)
    assert (hospital.last()["outcome"], bytes(hospital.last()["content"]), hospital.cases()) == ("booked", sent, [])
    assert hospital.tell(sent.replace(b"|3|EA", b"|4|EA")) == "AE"  # another message with the control ID of the first
    assert (hospital.balance("fridge-a", "A&B|1"), hospital.cases()) == (7, ["hospital_message_not_understood"])


def test_a_patient_is_erased_from_the_messages_that_named_them(hospital: Hospital) -> None:
    hospital.api.receive("A", 10)
    sent = rds("C1", rxd("A"))
    assert hospital.tell(sent) == "AA" and b"Doe^Jane" in bytes(hospital.last()["content"])
    for actor in ("ada", "bea"):
        erase(hospital.api.database, "77", reason="asked for", although_signed=True, at=NOW, actor=actor)
    assert hospital.last()["content"] is None
    assert hospital.balance("ward-3", "A") == 3
    assert hospital.tell(sent, minutes=5) == "AA", "sent again, it is known by its digest"
    assert (hospital.last()["content"], hospital.balance("ward-3", "A")) == (None, 3)


def test_a_patient_is_erased_from_messages_that_nobody_understood(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    assert hospital.tell(rds("C1", rxd("L1", unit="AMP"))) == "AE" and b"Doe^Jane" in bytes(hospital.last()["content"])
    with pytest.raises(NotFound, match="nothing is kept of 7"):
        erase(hospital.api.database, "7", reason="asked for", at=NOW, actor="ada")
    said = [erase(hospital.api.database, "77", reason="asked for", at=NOW, actor=actor) for actor in ("ada", "bea")]
    assert [each["state"] for each in said] == ["waits", "erased"] and hospital.last()["content"] is None


def test_a_held_lot_that_was_handed_out_is_booked_and_an_exception(hospital: Hospital) -> None:
    lot = hospital.api.receive("H1", 10)
    hospital.api.quality.ok("POST", "/v1/holds", json={"lot_id": lot, "reason": "torn box"})
    assert hospital.tell(rds("C1", rxd("H1")), minutes=5) == "AA"
    assert (hospital.balance("ward-3", "H1"), hospital.last()["outcome"]) == (3, "with_cases")
    assert hospital.tell(rds("C2", rxd("NEW", quantity="1"))) == "AA"  # a lot that nobody received
    assert "negative_balance" in hospital.cases()
    assert hospital.last()["outcome"] == "with_cases"


def test_what_is_unknown_waits_as_an_exception_and_is_booked_when_it_is_known(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    assert hospital.tell(rds("C1", rxd("L1", item="epo^^L"), rxd("L1"))) == "AA"
    assert hospital.tell(rds("C2", rxd("L1", item="0591-0369-01^^NDC"), ward="ward-9")) == "AA"
    assert (hospital.balance("ward-3", "L1"), hospital.cases()) == (3, ["unknown_item", "unknown_item"])
    hospital.api.item("epo", base_unit="syringe")
    assert hospital.cases() == ["unknown_item", "negative_balance"]
    hospital.api.item("tablets", codes=[{"code": "0591-0369-01", "base_units": 100}])
    assert hospital.cases() == ["negative_balance", "unknown_place"]


def test_a_message_that_was_not_understood_is_read_again_by_the_mended_map(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    sent = rds("C1", rxd("L1", unit="AMP"))
    assert hospital.tell(sent) == "AE"
    row = hospital.last()
    assert row["text"] == "RXD-5: the map does not say what the unit AMP is"
    assert (hospital.cases(), hospital.balance("fridge-a", "L1")) == (["hospital_message_not_understood"], 10)
    sender = hospital.maps.sender("pharm")
    assert sender is not None
    sender.map_file.write_text(sender.map_file.read_text().replace('EA = "base"', 'EA = "base"\nAMP = "base"'))
    again = read_again(hospital.api.database, hospital.maps, row["id"], at=NOW, actor=SOMEBODY)
    assert (again["outcome"], hospital.balance("ward-3", "L1"), hospital.cases()) == ("booked", 3, [])
    with pytest.raises(Conflict, match="is booked already"):
        read_again(hospital.api.database, hospital.maps, row["id"], at=NOW, actor=SOMEBODY)
    assert hospital.tell(sent) == "AA"


def test_programs_list_messages_and_have_them_read_again(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    assert [hospital.tell(rds("C1", rxd("L1", unit="AMP"))), hospital.tell(rds("C2", rxd("L1")))] == ["AE", "AA"]
    reader, path = hospital.api.reader, "/v1/hospital-messages"
    assert [row["control_id"] for row in reader.rows(path)] == ["C2", "C1"]
    (row,) = reader.rows(path, outcome="not_understood")
    assert (row["control_id"], row["told"]) == ("C1", "RXD-5: the map does not say what the unit AMP is")
    assert "content" not in row
    assert reader.post(f"{path}/{row['id']}/read-again").status_code == 403
    sender = hospital.maps.sender("pharm")
    assert sender is not None
    sender.map_file.write_text(sender.map_file.read_text().replace('EA = "base"', 'EA = "base"\nAMP = "base"'))
    again = hospital.api.quality.ok("POST", f"{path}/{row['id']}/read-again")
    assert (again["outcome"], hospital.balance("ward-3", "L1")) == ("booked", 6)
    assert hospital.api.quality.post(f"{path}/{row['id']}/read-again").status_code == 409


def test_a_broken_map_does_not_end_what_worked(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    assert hospital.tell(rds("C1", rxd("L1"))) == "AA"
    sender = hospital.maps.sender("pharm")
    assert sender is not None
    sender.map_file.write_text("title = ")
    assert hospital.tell(rds("C2", rxd("L1"))) == "AA"
    assert hospital.balance("ward-3", "L1") == 6


def test_a_cabinet_is_filled_from_the_store_and_emptied_to_the_ward(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)

    def zpm(kind: str, number: int, quantity: int) -> str:
        line = f"ZPM|{kind}|20260601115930+0000|cab-1|fridge-a|insulin^^L|{quantity}||amy|L1|20270131"
        return hospital.tell(message("ZPM", f"Z{number}", "PV1|1|I|ward-3", line, application="CAB"))

    told = [
        zpm(kind, number, quantity) for number, (kind, quantity) in enumerate((("F", 8), ("V", 3), ("U", 2), ("W", 1)))
    ]
    assert (told, hospital.last()["text"], hospital.cases()) == (["AA"] * 4, "1 line booked", [])
    assert [hospital.balance(place, "L1") for place in ("fridge-a", "cab-1", "ward-3")] == [4, 2, 3]
    assert zpm("R", 9, 1) == "AA"
    assert any("returned from ward-3" in str(hold) for hold in hospital.api.reader.rows("/v1/holds"))


def test_nobody_speaks_for_another_site(hospital: Hospital) -> None:
    hospital.api.place("north", "site")
    hospital.api.place("fridge-n", parent="north")
    hospital.api.place("ward-n", "ward", parent="north")
    hospital.api.receive("L1", 10)
    assert hospital.tell(rds("C1", rxd("L1"), ward="ward-n")) == "AA"
    assert (hospital.cases(), hospital.balance("fridge-a", "L1")) == (["outside_site"], 10)


def test_who_is_no_sender_is_rejected_and_what_they_sent_is_kept(hospital: Hospital) -> None:
    for content, peer in (
        (message("RDS^O13", "C1", application="OTHER"), PEER),
        (rds("C1", rxd("L1")), Peer("10.9.9.9")),
        (b"MSH|broken", PEER),
        (message("ADT^A01", "C3"), PEER),
        (rds("C4", rxd("L1")).replace(b"|P|2.5.1", b"|T|2.5.1"), PEER),
    ):
        assert hospital.tell(content, peer) == "AR"
        assert (bytes(hospital.last()["content"]), hospital.last()["outcome"]) == (content, "refused")
    assert set(hospital.cases()) == {"hospital_message_not_understood"}


def test_an_order_of_the_pharmacy_is_a_requisition_until_it_is_cancelled(hospital: Hospital) -> None:
    sender = hospital.maps.sender("pharm")
    assert sender is not None
    sender.map_file.write_text(sender.map_file.read_text().replace('"RXE-40.1"', '"=fridge-a"'))

    def rde(control_id: str, control: str, item: str = "insulin") -> str:
        segments = (f"ORC|{control}|P9", f"RXE||{item}^^L|1||EA|||||10|EA")
        return hospital.tell(message("RDE^O11", control_id, "PID|1||77^^^H", "PV1|1|I|ward-3", *segments))

    assert [rde("C1", "NW"), rde("C1", "NW")] == ["AA", "AA"]
    order = hospital.api.reader.ok("GET", "/v1/orders/P9")
    assert (order["kind"], order["to_place"], order["lines"][0]["quantity"], order["patient_ref"]) == (
        "requisition", "ward-3", 10, "77",
    )  # fmt: skip
    assert rde("C2", "CA") == "AA"
    assert hospital.api.reader.ok("GET", "/v1/orders/P9")["state"] == "cancelled"
    assert rde("C3", "NW", item="unknown") == "AE"
    assert "no item has ITEM unknown" in hospital.last()["text"]


def test_a_message_that_cannot_be_processed_is_kept_and_keeps_no_other_waiting(hospital: Hospital) -> None:
    hospital.api.receive("L1", 10)
    known = hospital.maps.section
    assert known is not None
    lost = {name: sender.model_copy(update={"site": "nowhere"}) for name, sender in known.senders.items()}
    hospital.maps.section = known.model_copy(update={"senders": lost})
    sent = rds("C1", rxd("L1"))
    assert hospital.tell(sent) == "AE"
    assert (hospital.last()["outcome"], "there is no site nowhere" in hospital.last()["text"]) == (
        "not_understood",
        True,
    )
    hospital.maps.section = known
    assert hospital.tell(sent) == "AA"  # the same bytes, once the configuration is right: of the sender's site
    assert (hospital.last()["site"], hospital.balance("ward-3", "L1"), hospital.cases()) == ("main", 3, [])
