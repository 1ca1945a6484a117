"""What lies in a pallet is what all events say together, whatever order they came in."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloud_sync.interop.epcis.hierarchy import Master, content_of, masters_of

SSCC = "urn:epc:id:sscc:0614141.1234567890"
PALLET = "https://id.gs1.org/00/106141412345678908"
CASE = "https://id.gs1.org/01/10614141999993/21/C1"
OTHER = "https://id.gs1.org/01/10614141999993/21/C2"
LOT = "https://id.gs1.org/01/00614141999996/10/A1"


def packed(hour: int, action: str = "ADD", *, epcs: tuple[str, ...] = (), **counted: float) -> dict[str, Any]:
    return {
        "type": "AggregationEvent", "eventTime": f"2026-05-20T{hour:02}:00:00Z", "action": action, "parentID": SSCC,
        "childEPCs": list(epcs),
        "childQuantityList": [
            {"epcClass": LOT.replace("A1", lot), "quantity": quantity} for lot, quantity in counted.items()
        ],
    }  # fmt: skip


STORY = [
    packed(8, epcs=(CASE, OTHER), A1=40),
    packed(9, "DELETE", epcs=(OTHER,), A1=10),
    packed(10, A1=5, B2=7),
    {**packed(11), "parentID": "urn:epc:id:sscc:0614141.1234567891"},
]


@given(st.permutations(STORY))
def test_in_any_order(events: list[dict[str, Any]]) -> None:
    content = content_of(PALLET, events)
    assert content.keys == (CASE,)
    assert content.classes == {LOT: 35, LOT.replace("A1", "B2"): 7}


def test_who_unpacks_without_saying_what_takes_all_out_and_who_observes_says_all_there_is() -> None:
    assert not content_of(PALLET, [*STORY, packed(12, "DELETE")])
    assert content_of(PALLET, [*STORY, packed(12, "OBSERVE", A1=3)]).classes == {LOT: 3}


def test_nobody_said_how_many() -> None:
    event = {**packed(8), "childQuantityList": [{"epcClass": LOT}]}
    assert content_of(PALLET, [event]).unknown == (LOT,)


def test_the_lot_of_a_serial_stands_where_it_was_commissioned() -> None:
    made = {
        "type": "ObjectEvent", "eventTime": "2026-05-01T08:00:00Z", "action": "ADD",
        "epcList": ["urn:epc:id:sgtin:0614141.199999.C1"],
        "ilmd": {"cbvmda:lotNumber": "A1", "cbvmda:itemExpirationDate": "2027-11-30"},
    }  # fmt: skip
    assert masters_of([made]) == {CASE: Master("A1", "2027-11-30")}
