"""From what the codes on a box say to one line of a transaction.

A GS1 code says item and lot at once. A HIBC label may say them in two codes, the second of which carries the check
character of the first as proof that they belong together; an NDC says the item alone. The half that came first waits
for the other one, whichever it was.
"""

from dataclasses import replace

from edge_agent.dock.effects import ScanRefused
from edge_agent.dock.phrases import UNDO_CARD, day_of, half_named
from edge_agent.domain.barcodes.hibc import UNIT_VARIABLE
from edge_agent.domain.barcodes.item_codes import PACKAGE, keys_of_scan, named, package_in
from edge_agent.domain.barcodes.scanned import Scanned
from edge_agent.domain.wire.records import Action, ScanLine


def is_half(scanned: Scanned) -> bool:
    """Whether ``scanned`` is one of two codes that only together name an item and its lot."""
    has_lot = scanned.lot is not None or scanned.serial is not None
    if scanned.gtin is None and scanned.codes and not has_lot:
        return package_in(scanned.codes) is None
    return not scanned.names and scanned.link is not None


def as_package(scanned: Scanned, action: Action | None) -> Scanned:
    """A pallet's SSCC stands for what its sender packed, where goods are received: the ledger knows, or will."""
    is_package = action is Action.RECEIVE and scanned.sscc is not None and not scanned.names
    return replace(scanned, codes=(f"{PACKAGE}{scanned.sscc}",)) if is_package else scanned


def joined(half: Scanned | None, scanned: Scanned) -> Scanned:
    """Both halves of a label, or ``scanned`` itself if nothing waits. Raises ``ScanRefused`` if they do not fit."""
    if half is None:
        return scanned
    item, lot = (half, scanned) if half.names else (scanned, half)
    if lot.names:
        if set(keys_of_scan(half.names)) & set(keys_of_scan(scanned.names)):
            return scanned  # the label has yet another code, and that one says it all
        reason = f"incomplete label: only {named(half.names)}, its lot is missing"
        raise ScanRefused(reason, f"Scan the second barcode of the same box, or {UNDO_CARD}", undo_helps=True)
    if not item.names:
        reason = f"incomplete label: only {half_named(half)}, its item is missing"
        raise ScanRefused(reason, f"Scan the second barcode of the same box, or {UNDO_CARD}", undo_helps=True)
    if lot.link is not None and item.check != lot.link:
        reason = f"this lot barcode does not belong to {named(item.names)} (link character {lot.link!r})"
        raise ScanRefused(reason, f"Scan both barcodes of the same box, or {UNDO_CARD}", undo_helps=True)
    if lot.lot is None and lot.serial is None:
        reason = "this barcode has no lot or serial number"
        raise ScanRefused(reason, f"Scan the barcode with the lot, or {UNDO_CARD}", undo_helps=True)
    return replace(lot, text=f"{half.text}\n{scanned.text}", codes=item.codes, gtin=item.gtin, link=None)


def line_of(scanned: Scanned, quantity: int | None) -> ScanLine:
    """The line for a whole label; ``quantity`` is what LW.QTY said. Raises ``ScanRefused``."""
    item = named(scanned.names)
    if not scanned.names:
        raise ScanRefused(
            "this barcode has no item code (no GTIN, AI 01)", "Scan the barcode on the box itself, not a pallet label"
        )
    if package_in(scanned.names):
        if (quantity or 1) != 1:
            raise ScanRefused(f"{item} is one pallet, not {quantity}", f"Scan {UNDO_CARD}, then the pallet")
        return ScanLine(gtin="", quantity=1, scanned=scanned.text, codes=scanned.codes)
    if scanned.lot is None and scanned.serial is None:
        raise ScanRefused(
            f"{item}: this barcode has no lot or serial number", "Scan the square GS1 DataMatrix on the box"
        )
    if scanned.serial is not None and (quantity or scanned.count or 1) != 1:
        raise ScanRefused(
            f"serial {scanned.serial} is one unit, not {quantity or scanned.count}",
            "Scan each serial number separately",
        )
    if scanned.count is not None and quantity is not None:
        raise ScanRefused(
            f"the label already states a quantity of {scanned.count}",
            f"Scan {UNDO_CARD}, then the label without a quantity card",
            undo_helps=True,
        )
    if _is_variable(scanned) and (quantity or scanned.count) is None:
        raise ScanRefused(f"{item} is a variable pack and the label states no quantity", "Scan a quantity card first")
    return ScanLine(
        gtin=scanned.gtin or "",
        quantity=quantity or scanned.count or 1,
        scanned=scanned.text,
        lot=scanned.lot,
        expires_on=scanned.expires_on,
        serial=scanned.serial,
        codes=scanned.codes,
        expires_hour=scanned.expires_hour,
    )


def check_agrees(items: tuple[ScanLine, ...], line: ScanLine) -> None:
    """Raises ``ScanRefused`` if ``line`` contradicts what was scanned before it."""
    for other in items:
        if other.names != line.names:
            continue
        if package_in(line.names):
            raise ScanRefused(f"{named(line.names)} was scanned already", "Scan the next pallet or box")
        if line.serial is not None and other.serial == line.serial:
            raise ScanRefused(
                f"serial {line.serial} was already scanned in this transaction", "Continue with the next box"
            )
        if line.lot is not None and other.lot == line.lot and _dates_differ(other, line):
            reason = f"lot {line.lot} has two expiry dates: {day_of(other)} before, {day_of(line)} on this label"
            raise ScanRefused(reason, "Compare the printed dates and set the doubtful box aside")


def _dates_differ(one: ScanLine, other: ScanLine) -> bool:
    """A label that says a day without an hour agrees with every hour of it."""
    hours = {one.expires_hour, other.expires_hour} - {None}
    return one.expires_on != other.expires_on or len(hours) > 1


def _is_variable(scanned: Scanned) -> bool:
    return any(code.startswith("hibc:") and code.endswith(str(UNIT_VARIABLE)) for code in scanned.codes)
