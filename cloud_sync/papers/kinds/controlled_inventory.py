"""The inventory of controlled items of a site, by schedule: what was counted by whom, and what the books say."""

from datetime import date

from pydantic import AwareDatetime

from cloud_sync.papers.document import Block, Col, Document, Facts, Heading, Signatures, Status, Table, Tone, drop_empty
from cloud_sync.papers.envelope import PaperData, Shown
from cloud_sync.papers.parts import counted, titled
from cloud_sync.papers.style import PaperStyle


class CountedPosition(Shown):
    """What was counted of a position, and what the ledger expected then."""

    schedule: str
    item: str
    item_title: str
    base_unit: str
    ndc: str
    lot_number: str
    expires_on: date | None
    serial: str
    place: str
    counted: int
    expected: int
    counted_by: tuple[str, ...]


class ControlledInventory(PaperData):
    """An inventory of a site."""

    id: int
    taken_on: date
    taken_when: str
    counts: tuple[str, ...]
    remark: str
    recorded_by: str
    recorded_at: AwareDatetime
    positions: tuple[CountedPosition, ...]


def controlled_inventory(data: ControlledInventory, style: PaperStyle) -> Document:
    """The paper: schedules I and II stand apart from the others."""
    differing = sum(each.counted != each.expected for each in data.positions)
    status = (
        Status(
            "DIFFERENCES", f"{counted(differing, 'position')} of {len(data.positions)} differ from the books.", Tone.BAD
        )
        if differing
        else Status("AS IN THE BOOKS", f"{counted(len(data.positions), 'position')}.", Tone.OK)
    )
    blocks: list[Block] = [
        status,
        Facts(
            drop_empty(
                [
                    ("Taken", f"{style.day(data.taken_on)}, at the {data.taken_when} of business"),
                    ("Counts", ", ".join(data.counts)),
                    ("Recorded", f"{style.when(data.recorded_at)} by {data.recorded_by}"),
                    ("Remark", data.remark),
                ]
            )
        ),
    ]
    for title, schedules in (("Schedules I and II", ("I", "II")), ("Schedules III to V", ("III", "IV", "V"))):
        rows = [each for each in data.positions if each.schedule in schedules]
        blocks += [Heading(title), _table(rows, style)]
    blocks.append(Signatures(by_hand=("Counted by", "Second counter", "Responsible")))
    return Document("Inventory of controlled items", titled(data.site.title, data.site.name), blocks)


def _table(rows: list[CountedPosition], style: PaperStyle) -> Table:
    columns = [
        Col("Schedule"), Col("Item", "1.6fr"), Col("NDC", is_code=True), Col("Lot", is_code=True), Col("Place", "1fr"),
        Col("Counted", right=True), Col("Unit"), Col("Books", right=True), Col("Counted by", "1fr"),
    ]  # fmt: skip
    cells = [
        (each.schedule, titled(each.item_title, each.item), each.ndc, f"{each.lot_number} {each.serial}".strip(),
         each.place,
         style.number(each.counted), each.base_unit, style.number(each.expected), ", ".join(each.counted_by))
        for each in rows
    ]  # fmt: skip
    return Table(columns, cells, "Nothing of these schedules was in stock.")
