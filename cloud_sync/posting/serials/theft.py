"""Signals of theft and counterfeit as cases, inside the caller's transaction: whatever order the facts arrive in.

Each signal about a unit is one case. One that later facts explain is closed by the ledger; one that a person resolved
stays so until the facts change.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from cloud_sync.domain.theft_signals import MakerSaid, Signal, SignalKind, UnitFacts, UnitMoved, UnitSeen, signals_of
from cloud_sync.posting.cases import LEDGER, Case, amend_case, close_case, latest_cases, open_case
from cloud_sync.storage.database import Connection, Row
from cloud_sync.storage.queries import queries
from edge_agent.domain.barcodes.item_codes import code_of_case

THEFT = "theft_signal"
EXPLAINED = "later facts explain it"
Unit = tuple[int, str]
"""Item id and serial."""


def check_moved(connection: Connection, moved: Iterable[Row]) -> None:
    """After movements (``lot_id``, ``serial``) of units. The caller owns their lots."""
    units = {(row["lot_id"], row["serial"]) for row in moved if row["serial"]}
    if not units:
        return
    rows = queries("theft").items_of_lots(connection, lot_ids=sorted({lot_id for lot_id, _ in units}))
    items = {row["lot_id"]: row["item_id"] for row in rows}
    check_units(connection, {(items[lot_id], serial) for lot_id, serial in units})


def check_units(connection: Connection, units: Iterable[Unit]) -> None:
    """Let the cases about these units say what is known of them now."""
    for (item_id, serial), (item, facts) in facts_of(connection, units).items():
        _sync(connection, item_id, item, serial, signals_of(facts))


def facts_of(connection: Connection, units: Iterable[Unit]) -> dict[Unit, tuple[str, UnitFacts]]:
    """All that is known of each of these units, and the name of its item."""
    wanted = sorted(set(units))
    if not wanted:
        return {}
    asked = {"item_ids": [item_id for item_id, _ in wanted], "serials": [serial for _, serial in wanted]}
    moved: dict[Unit, list[UnitMoved]] = defaultdict(list)
    for row in queries("theft").units_moved(connection, **asked):
        moved[row["item_id"], row["serial"]].append(_moved(row))
    seen: dict[Unit, list[UnitSeen]] = defaultdict(list)
    for row in queries("theft").units_counted(connection, **asked):
        seen[row["item_id"], row["serial"]].append(UnitSeen(row["fact"], row["at"], row["place"], row["site"]))
    rules = {row["id"]: row for row in queries("theft").item_rules(connection, item_ids=asked["item_ids"])}
    lots = sorted({each.lot_id for every in moved.values() for each in every})
    made = {row["lot_id"] for row in queries("theft").made_lots(connection, lot_ids=lots)}
    lost = {(row["item_id"], row["serial"]): row["lost_at"] for row in queries("theft").lost_since(connection, **asked)}
    ways = {
        frozenset((row["one_site"], row["other_site"])): row["minutes_min"]
        for row in queries("theft").travels(connection)
    }
    makers = _makers(connection, wanted, rules)
    return {
        unit: (
            rules[unit[0]]["name"],
            UnitFacts(
                serial=unit[1], moved=moved[unit], seen=seen[unit], maker=makers[unit],
                is_made_here=rules[unit[0]]["is_made_here"], made_lots=frozenset(made), lost_at=lost.get(unit),
                minutes_between=ways,
            ),
        )
        for unit in wanted if unit[0] in rules
    }  # fmt: skip


def key_of(item_id: int, serial: str, kind: SignalKind) -> str:
    """What the case of a signal is about."""
    return f"item:{item_id}/{serial}/{kind}"


def _moved(row: Row) -> UnitMoved:
    return UnitMoved(
        fact=row["fact"], at=row["at"], lot_id=row["lot_id"], lot_number=row["lot_number"], action=row["action"],
        from_place=row["from_place"], from_kind=row["from_kind"], from_site=row["from_site"],
        to_place=row["to_place"], to_kind=row["to_kind"], to_site=row["to_site"], operator=row["operator"],
    )  # fmt: skip


def _makers(connection: Connection, units: Sequence[Unit], rules: dict[int, Row]) -> dict[Unit, MakerSaid]:
    """What makers' events say of units. Those of a case count with the case's own GTIN."""
    names = {unit: _name_of(unit, rules[unit[0]]["gtins"]) for unit in units if unit[0] in rules}
    gtins = sorted({gtin for known, _ in names.values() for gtin in known})
    if not gtins:
        return dict.fromkeys(names, MakerSaid())
    told: dict[str, list[Row]] = defaultdict(list)
    serials = sorted({serial for _, serial in names.values()})
    for row in queries("theft").told_units(connection, gtins=gtins, serials=serials):
        told[row["serial"]].append(row)
    lots: dict[tuple[str, ...], dict[str, int]] = {}
    found: dict[Unit, MakerSaid] = {}
    for unit, (known, serial) in names.items():
        is_complete = rules[unit[0]]["is_complete"]
        if is_complete and known not in lots:
            rows = queries("theft").told_lots(connection, gtins=list(known))
            lots[known] = {row["lot_number"]: row["units"] for row in rows}
        ended = [row for row in told[serial] if row["step"] == "ended"]
        made = [row["lot_number"] for row in told[serial] if row["step"] == "commissioned"]
        found[unit] = MakerSaid(
            is_complete, lots.get(known, {}), frozenset(made), ended[0]["event_time"] if ended else None,
            ended[0]["told_by"] if ended else "",
        )  # fmt: skip
    return found


def _name_of(unit: Unit, gtins: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The GTINs and the serial by which events name a unit."""
    case = code_of_case(unit[1])
    if case is None:
        return tuple(gtins), unit[1]
    return (case,), unit[1].rpartition("(21)")[2]


def _sync(connection: Connection, item_id: int, item: str, serial: str, signals: Sequence[Signal]) -> None:
    found = {signal.kind: signal for signal in signals}
    known = latest_cases(connection, THEFT, [key_of(item_id, serial, kind) for kind in SignalKind])
    for kind in SignalKind:
        key = key_of(item_id, serial, kind)
        case, signal = known.get(key), found.get(kind)
        is_open = case is not None and case["resolved_at"] is None
        if signal is None:
            if case is not None and is_open:
                close_case(connection, case["id"], actor=LEDGER, resolution=EXPLAINED)
            continue
        text, data = f"{item}: {signal.text}", _data(item_id, item, serial, signal)
        if case is not None and case["data"] == data and (is_open or case["resolved_by"] != LEDGER):
            continue
        if case is not None and is_open:
            amend_case(connection, case["id"], text, data)
        else:
            open_case(connection, Case(THEFT, key, text, signal.lot_id, data=data))


def _data(item_id: int, item: str, serial: str, signal: Signal) -> dict[str, Any]:
    return {
        "signal": signal.kind.value, "item_id": item_id, "item": item, "serial": serial, "facts": list(signal.facts),
        "at": signal.at.isoformat(),
    }  # fmt: skip
