"""What was told against what came: the scenarios of a receipt, what each holds and what the partner is asked.

Both sides are sums over all that is known, so the order in which goods and data arrive does not count, and what later
data explain is explained.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Code(StrEnum):
    """What is wrong with a receipt and its data."""

    NO_DATA = "no_data"
    NO_PRODUCT = "no_product"
    OVERAGE = "overage"
    SHORTAGE = "shortage"
    CONCEALED_OVERAGE = "concealed_overage"
    CONCEALED_SHORTAGE = "concealed_shortage"
    LOT_DIFFERS = "lot_differs"
    SERIAL_DIFFERS = "serial_differs"
    WRONG_CONSIGNEE = "wrong_consignee"
    DAMAGED = "damaged"
    DUPLICATE_DATA = "duplicate_data"
    DUPLICATE_PRODUCT = "duplicate_product"
    INCOMPLETE_DATA = "incomplete_data"


class Holds(StrEnum):
    """What may not be issued while a discrepancy is open."""

    NOTHING = "nothing"
    LOT = "the lot"
    SERIALS = "the serials, or the lot where none is reported"


@dataclass(frozen=True, slots=True)
class CodeRule:
    """What a discrepancy holds, what to call it, and what the partner is asked for."""

    holds: Holds
    words: str
    ask: str


RULES: Mapping[Code, CodeRule] = MappingProxyType(
    {
        Code.NO_DATA: CodeRule(
            Holds.LOT,
            "product without data",
            "Please send the transaction information and statement for this product. It stays in quarantine until "
            "then.",
        ),
        Code.NO_PRODUCT: CodeRule(
            Holds.NOTHING,
            "data without product",
            "Please confirm whether this product was shipped. If it was not, please void the transaction information; "
            "if "
            "it was, please tell us carrier and tracking number.",
        ),
        Code.OVERAGE: CodeRule(
            Holds.SERIALS,
            "more product than data",
            "Please send transaction information for the surplus, or tell us how to return it. It stays in quarantine "
            "until then.",
        ),
        Code.SHORTAGE: CodeRule(
            Holds.NOTHING,
            "less product than data",
            "Please confirm what was shipped and correct the transaction information for what was not.",
        ),
        Code.CONCEALED_OVERAGE: CodeRule(
            Holds.LOT,
            "more product than data, found after receipt",
            "The surplus was found after the receipt, when packages were counted or opened. Please send transaction "
            "information for it, or tell us how to return it.",
        ),
        Code.CONCEALED_SHORTAGE: CodeRule(
            Holds.NOTHING,
            "less product than data, found after receipt",
            "The shortage was found after the receipt, when packages were counted or opened. Please confirm what was "
            "packed and correct the transaction information.",
        ),
        Code.LOT_DIFFERS: CodeRule(
            Holds.LOT,
            "another lot than the data name",
            "The label names another lot than your data. Please confirm which is right and send corrected transaction "
            "information. The product stays in quarantine until then.",
        ),
        Code.SERIAL_DIFFERS: CodeRule(
            Holds.SERIALS,
            "other serial numbers than the data name",
            "The packages carry other serial numbers than your data. Please confirm which are right and send corrected "
            "transaction information. These packages stay in quarantine until then.",
        ),
        Code.WRONG_CONSIGNEE: CodeRule(
            Holds.LOT,
            "data for another consignee",
            "Your data name another buyer. Please tell us whether the product was meant for us: if it was, please "
            "correct "
            "the transaction information; if not, please arrange its return.",
        ),
        Code.DAMAGED: CodeRule(
            Holds.SERIALS,
            "damaged product",
            "This product arrived damaged. It will not be sold. Please tell us how to return or destroy it.",
        ),
        Code.DUPLICATE_DATA: CodeRule(
            Holds.LOT,
            "data told twice",
            "You told us the same product twice in different documents. Please tell us which one is right and void the "
            "other.",
        ),
        Code.DUPLICATE_PRODUCT: CodeRule(
            Holds.SERIALS,
            "a serial number that is here already",
            "A package with a serial number that we have already was received. One of them may be counterfeit. Please "
            "verify the product identifier. Both stay in quarantine until then.",
        ),
        Code.INCOMPLETE_DATA: CodeRule(
            Holds.LOT,
            "incomplete data",
            "Your transaction information or statement is not complete. Please send it again in full.",
        ),
    }
)
"""Goods that match their data are never held for what lacks beside them."""


@dataclass(frozen=True, slots=True)
class ToldLot:
    """What data from one supplier tell of one lot of an item: base units, and the serials where told.

    ``is_finished``: the receipt was finished, so that what has not come does not come. ``fault``: why these data do not
    count (another buyer, incomplete, told twice).
    """

    lot_number: str
    quantity: int
    serials: frozenset[str] = frozenset()
    is_finished: bool = False
    fault: Code | None = None


@dataclass(frozen=True, slots=True)
class CameLot:
    """What came of one lot from that supplier, less what went back: base units, and the serials that were read."""

    lot_number: str
    quantity: int
    serials: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One thing that is wrong with one lot. ``told_lot``: which lot the data name instead."""

    code: Code
    lot_number: str
    quantity: int
    serials: tuple[str, ...] = ()
    told_lot: str = ""


def compare(told: Iterable[ToldLot], came: Iterable[CameLot]) -> tuple[Discrepancy, ...]:
    """Everything that is wrong between what one supplier told and what came of one item, in the order of lots.

    >>> compare([ToldLot("A", 5)], [CameLot("A", 7)])
    (Discrepancy(code=<Code.OVERAGE: 'overage'>, lot_number='A', quantity=2, serials=(), told_lot=''),)
    >>> compare([ToldLot("A", 5, is_finished=True)], [CameLot("A", 5)])
    ()
    """
    every = [each for each in told if each.quantity > 0]
    by_lot = {each.lot_number: each for each in every if each.fault is None}
    here = {each.lot_number: each for each in came if each.quantity > 0}
    missing = sorted(number for number in by_lot if number not in here)
    found = _of_faults([each for each in every if each.fault is not None], by_lot, here)
    at_fault = {each.lot_number for each in found}
    for number in sorted(here):
        known = by_lot.get(number)
        if known is not None:
            found += _of_lot(known, here[number])
        if known is not None or number in at_fault:
            continue
        instead = missing.pop(0) if missing else ""
        code = Code.LOT_DIFFERS if instead else Code.NO_DATA
        found.append(Discrepancy(code, number, here[number].quantity, tuple(sorted(here[number].serials)), instead))
    found += [
        Discrepancy(Code.NO_PRODUCT, number, by_lot[number].quantity, tuple(sorted(by_lot[number].serials)))
        for number in missing
        if by_lot[number].is_finished
    ]
    return tuple(found)


def _of_faults(
    faulty: Sequence[ToldLot], by_lot: Mapping[str, ToldLot], here: Mapping[str, CameLot]
) -> list[Discrepancy]:
    """Data that do not count: told twice beside good ones, or the only ones of their lot."""
    found = []
    for each in sorted(faulty, key=lambda each: (each.lot_number, each.fault or "")):
        is_double = each.fault is Code.DUPLICATE_DATA
        if each.fault is None or is_double is not (each.lot_number in by_lot):
            continue
        came = here.get(each.lot_number)
        serials = tuple(sorted(each.serials)) if is_double else ()
        found.append(Discrepancy(each.fault, each.lot_number, came.quantity if came else each.quantity, serials))
    return found


def _of_lot(told: ToldLot, came: CameLot) -> list[Discrepancy]:
    over = max(0, came.quantity - told.quantity)
    strange = sorted(came.serials - told.serials) if told.serials else []
    found: list[Discrepancy] = []
    if strange and len(strange) > over:
        found.append(Discrepancy(Code.SERIAL_DIFFERS, told.lot_number, len(strange) - over, tuple(strange)))
    if over:
        surplus = tuple(strange) if strange and not found else ()
        found.append(Discrepancy(Code.OVERAGE, told.lot_number, over, surplus))
    if told.is_finished and came.quantity < told.quantity:
        absent = tuple(sorted(told.serials - came.serials)) if came.serials else ()
        found.append(Discrepancy(Code.SHORTAGE, told.lot_number, told.quantity - came.quantity, absent))
    return found


SERIALS_SHOWN = 10


def serials_shown(serials: Sequence[str]) -> str:
    """Serials in words, the first of many.

    >>> serials_shown(("S1", "S2"))
    'serials S1, S2'
    """
    if not serials:
        return ""
    more = f" and {len(serials) - SERIALS_SHOWN} more" if len(serials) > SERIALS_SHOWN else ""
    return f"serial{'s' if len(serials) > 1 else ''} {', '.join(serials[:SERIALS_SHOWN])}{more}"


def told_in_words(found: Discrepancy, *, item: str, supplier: str) -> str:
    """A discrepancy as a case says it."""
    amount = f"{found.quantity} of {item} lot {found.lot_number}"
    which = f" ({serials_shown(found.serials)})" if found.serials else ""
    texts = {
        Code.NO_DATA: f"{amount} came from {supplier} without transaction information and statement",
        Code.NO_PRODUCT: f"{supplier} sent transaction data of {amount}{which}, and none of it was received",
        Code.OVERAGE: f"{found.quantity} more of {item} lot {found.lot_number} were received from {supplier} than its "
        f"data state{which}",
        Code.SHORTAGE: f"{found.quantity} fewer of {item} lot {found.lot_number} were received from {supplier} than "
        f"its data state{which}",
        Code.LOT_DIFFERS: f"{amount} came from {supplier}, whose data name lot {found.told_lot} instead",
        Code.SERIAL_DIFFERS: f"{amount} from {supplier} have other serial numbers than its data state{which}",
        Code.CONCEALED_OVERAGE: f"{found.quantity} more of {item} lot {found.lot_number} from {supplier} were found "
        f"after the receipt than its data state{which}",
        Code.CONCEALED_SHORTAGE: f"{found.quantity} fewer of {item} lot {found.lot_number} from {supplier} were found "
        f"after the receipt than its data state{which}",
        Code.DUPLICATE_PRODUCT: f"{item} lot {found.lot_number} came from {supplier} with a serial number that is here "
        f"already{which}",
        Code.DUPLICATE_DATA: f"{supplier} told of {amount} in two documents{which}",
        Code.WRONG_CONSIGNEE: f"the data of {supplier} for {amount} name another buyer",
        Code.DAMAGED: f"{amount} from {supplier} are damaged{which}",
        Code.INCOMPLETE_DATA: f"the data of {supplier} for {amount} are not complete",
    }
    return texts[found.code]
