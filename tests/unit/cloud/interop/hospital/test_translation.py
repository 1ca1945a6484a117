"""By a field map a message becomes facts, or every fault in it is named; nothing is guessed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from cloud_sync.interop.hospital.acknowledgement import AckCode, MessageFault, acknowledge, reject_unreadable
from cloud_sync.interop.hospital.facts import HospitalFact, Told
from cloud_sync.interop.hospital.field_map import FieldMap, MapFault, load_map
from cloud_sync.interop.hospital.hl7 import parse
from cloud_sync.interop.hospital.hl7_times import expiry_of, interval_of
from cloud_sync.interop.hospital.translation import NotUnderstood, translate
from edge_agent.domain.wire.records import Action
from tests.support.paths import ROOT

MAPS = ROOT / "config/hl7"
AT = datetime(2026, 11, 29, 8, tzinfo=UTC)


def shipped(name: str) -> FieldMap:
    return load_map((MAPS / name).read_text(encoding="utf-8"), name=name)


def header(type_: str, processing: str = "P") -> str:
    return rf"MSH|^~\&|PHARM|MAIN|LEDGER|MAIN|20261129080000+0000||{type_}|C1|{processing}|2.5.1"


def rxd(lot: str = "L1", quantity: str = "30", unit: str = "TAB", code: str = "0591-0369-01^Tablets^NDC") -> str:
    return f"RXD|1|{code}|20261129080000+0000|{quantity}|{unit}||RX7|||amy^N|||^^^pharmacy|||||{lot}|202703"


def rds(*lines: str) -> str:
    orders = "\r".join(f"ORC|RE|P{number}\r{line}" for number, line in enumerate(lines, start=1))
    return f"{header('RDS^O13')}\rPID|1||77^^^H\rPV1|1|I|3W\r{orders}\r"


def told(message: str, field_map: FieldMap | None = None) -> Told:
    return translate(parse(message.encode()), field_map or shipped("pharmacy-rds.toml"), zone=None)


def faults(message: str, field_map: FieldMap | None = None) -> list[str]:
    with pytest.raises(NotUnderstood) as refused:
        told(message, field_map)
    return [str(fault) for fault in refused.value.faults]


def test_a_dispense_by_the_standard() -> None:
    (first, second) = told(rds(rxd(r"A\T\B"), rxd("L2", "2", "BOX"))).facts
    assert first == HospitalFact(
        Action.DISPENSE, ("ndc:0591-0369-01",), 30, False, "A&B", None, date(2027, 3, 31), None, "pharmacy", "3W", AT,
        AT, "amy", "P1", "77",
    )  # fmt: skip
    assert (second.quantity, second.in_packs, second.order) == (2, True, "P2")


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (rxd(quantity="0.5"), "RXD-4: '0.5' is no whole quantity above zero"),
        (rxd(quantity=""), "RXD-4: the quantity is missing"),
        (rxd(quantity="1e999999999"), "RXD-4: '1e999999999' is no whole quantity above zero"),
        (rxd(unit="DROP"), "RXD-5: the map does not say what the unit DROP is"),
        (rxd(code="55^Tablets^99PH"), "RXD-2: the map names no coding system 99PH of code 55"),
        (rxd(code="12^Tablets^NDC"), "RXD-2: 12: is no NDC: write it with its hyphens, or in 11 digits"),
        (rxd(code="^Tablets"), "RXD-2: no code names the item"),
        (rxd(lot="L1~L2"), "RXD-18: RXD-18 has 2 repetitions; name one, as RXD-18(1)"),
        (rxd().replace("202703", "202713"), "RXD-19: 202713 is no expiry: there is no month 13"),
        (rxd().replace("20261129080000+0000", "20261129080000"),
         "RXD-3: 20261129080000 has no offset, and the time zone of its sender is unknown"),
    ],
)  # fmt: skip
def test_what_is_not_certain_is_a_fault_that_says_where(line: str, fault: str) -> None:
    assert faults(rds(line)) == [fault]


def test_all_faults_are_named_at_once_and_of_which_line() -> None:
    assert faults(rds(rxd(), rxd(quantity="x", unit="DROP"))) == [
        "RXD-4 (number 2): 'x' is no whole quantity above zero",
        "RXD-5 (number 2): the map does not say what the unit DROP is",
    ]


def test_a_missing_lot_is_no_fault_of_the_map() -> None:
    assert told(rds(rxd(lot=""))).facts[0].lot is None


def test_an_order_and_its_cancellation() -> None:
    field_map = load_map((MAPS / "pharmacy-rds.toml").read_text().replace('"RXE-40.1"', '"=pharmacy"'))
    message = f"{header('RDE^O11')}\rPV1|1|I|3W\rORC|NW|P9\rRXE||0591-0369-01^T^NDC|1||TAB|||||10|TAB\r"
    (order,) = told(message, field_map).orders
    assert (order.number, order.quantity, order.to_place, order.is_cancelled) == ("P9", 10, "3W", False)
    (cancelled,) = told(message.replace("|NW|", "|CA|"), field_map).orders
    assert (cancelled.number, cancelled.is_cancelled) == ("P9", True)


@pytest.mark.parametrize(
    ("kind", "action", "places"),
    [
        ("V", Action.DISPENSE, ("CAB1", "3W")),
        ("F", Action.MOVE, ("STORE", "CAB1")),
        ("U", Action.MOVE, ("CAB1", "STORE")),
        ("R", Action.RETURN, ("3W", "CAB1")),
        ("W", Action.DESTROY, ("CAB1", None)),
    ],
)
def test_a_cabinet_tells_by_a_segment_of_its_own(kind: str, action: Action, places: tuple[str, str | None]) -> None:
    zpm = f"ZPM|{kind}|20261129080000+0000|CAB1|STORE|0591-0369-01^T^NDC|2||amy|L\\F\\1|20270331"
    (fact,) = told(f"{header('ZPM')}\rPV1|1|I|3W\r{zpm}\r", shipped("cabinet-example.toml")).facts
    assert (fact.action, (fact.from_place, fact.to_place), fact.lot, fact.quantity) == (action, places, "L|1", 2)


def test_a_transaction_that_the_map_does_not_name_is_not_guessed() -> None:
    said = faults(f"{header('ZPM')}\rZPM|Q|20261129\r", shipped("cabinet-example.toml"))
    assert said == ["ZPM-1: the field map names no such transaction: ZPM-1 is Q"]


@pytest.mark.parametrize(
    ("type_", "processing", "code"), [("ADT^A01", "P", "200"), ("RDS^O13", "T", "202"), ("RDS^O13", "", "202")]
)
def test_what_is_none_of_ours_is_refused(type_: str, processing: str, code: str) -> None:
    with pytest.raises(NotUnderstood) as refused:
        told(f"{header(type_, processing)}\r")
    assert (refused.value.is_refused, refused.value.faults[0].code) == (True, code)


def test_segments_after_a_line_are_its_own_and_those_before_are_of_the_group() -> None:
    text = """
title = "lots in a segment of their own"
quantity_unit = "base"
systems = { NDC = "ndc" }
[[messages]]
type = "RDS^O13"
becomes = "dispense"
group = "ORC"
each = "RXD"
[messages.fields]
item = "RXD-2"
quantity = "RXD-4"
lot = "ZLT-1"
at = "RXD-3"
from_place = "=pharmacy"
to_place = "PV1-3.1"
order = "ORC-2.1"
"""
    message = f"{rds(rxd() + chr(13) + 'ZLT|Z1', rxd())}ZLT|Z2\r"
    assert [(fact.lot, fact.order) for fact in told(message, load_map(text)).facts] == [("Z1", "P1"), ("Z2", "P2")]


def test_a_map_names_every_fault_at_once() -> None:
    text = '[[messages]]\ntype = "RDS^O13"\nbecomes = "dispense"\nfields = { item = "RXD-2" }\nspeed = 3\n'
    with pytest.raises(MapFault) as refused:
        load_map(text, name="mine.toml")
    assert refused.value.faults == (
        "mine.toml: title: Field required; add it",
        "mine.toml: messages.1.speed: Extra inputs are not permitted; remove it or correct its spelling",
    )
    with pytest.raises(MapFault, match=r"messages\.1: fields: quantity, lot, at, from_place, to_place missing"):
        load_map(f'title = "x"\n{text}'.replace("speed = 3\n", ""))


def test_every_shipped_map_is_good() -> None:
    assert [shipped(path.name).title for path in sorted(MAPS.glob("*.toml"))]


def test_times_are_as_exact_as_they_are_written() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert interval_of("202611290900+0100", None) == (AT, AT)
    assert [each.hour for each in interval_of("202610250230", berlin)] == [0, 1]  # the hour that is there twice
    assert interval_of("2026112908", UTC)[1].minute == 59
    for wrong in ("2026", "20261340", "20261129256000", "soon", "20261129+9900"):
        with pytest.raises(ValueError, match=r"is no (time|offset)"):
            interval_of(wrong, UTC)
    assert expiry_of("20270331235900") == (date(2027, 3, 31), None)


def test_an_acknowledgement_answers_in_the_senders_own_terms() -> None:
    message = parse((header("RDS^O13").replace("PHARM", r"PH\T\RM") + "\r").encode())
    fault = MessageFault("the quantity | is missing", "101", "RXD", 2, 4)
    said = acknowledge(message, AckCode.ERROR, "not understood", [fault], at=AT, own_id="9").decode()
    assert said.split("\r") == [
        r"MSH|^~\&|LEDGER|MAIN|PH\T\RM|MAIN|20261129080000+0000||ACK^O13^ACK|9|P|2.5.1",
        "MSA|AE|C1|not understood",
        r"ERR||RXD^2^4^1|101^Required field missing^HL70357|E||||the quantity \F\ is missing",
        "",
    ]
    unreadable = parse(reject_unreadable("no MSH", "100", at=AT, own_id="1"))
    assert (unreadable.type, next(unreadable.named("MSA")).text) == ("ACK", "MSA|AR||no MSH")
