"""Lotwarden's own codes, printed on place labels, badges and command cards (Code 128, DataMatrix, QR, Code 39).

::

    LW.BADGE.amy   LW.DIGIT.7   LW.ACTION.RECEIVE   LW.PLACE.fridge-a   LW.ORDER.PO-1001   LW.QTY.10   LW.COMMIT
    LW.CANCEL   LW.UNDO   LW.WASTE.4.5   LW.WITNESS

Scanners may be set to send capitals, and Code 39 has no small letters and no underscore. So the words before the name
are read in any case, names of places and operators (always lower case in Lotwarden) are lowered, and an action may be
written with ``-`` for ``_``. Orders come from elsewhere and may differ by case alone: they are taken as they are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge_agent.domain.barcodes.scan_rejected import ScanRejected
from edge_agent.domain.barcodes.symbology import Symbol
from edge_agent.domain.wire.ids import PlaceName
from edge_agent.domain.wire.records import Action

QUANTITY_MAX = 99_999
"""Most base units that one LW.QTY card may say."""

SCANNED_ACTIONS = (
    Action.RECEIVE, Action.PUT_AWAY, Action.MOVE, Action.PICK, Action.SHIP, Action.DISPENSE, Action.RETURN,
    Action.COUNT, Action.OPEN_CASE, Action.DESTROY,
)  # fmt: skip
"""What an operator can choose at a dock."""


@dataclass(frozen=True, slots=True)
class Badge:
    """An operator signs in."""

    operator: str


@dataclass(frozen=True, slots=True)
class Digit:
    """The next digit of the PIN that goes with a badge."""

    digit: str


@dataclass(frozen=True, slots=True)
class ChooseAction:
    """What the operator is about to do."""

    action: Action


@dataclass(frozen=True, slots=True)
class ChoosePlace:
    """A place that stock comes from or goes to."""

    place: PlaceName


@dataclass(frozen=True, slots=True)
class ChooseOrder:
    """The order that the work is for."""

    order: str


@dataclass(frozen=True, slots=True)
class SetQuantity:
    """How many base units an item scan stands for."""

    quantity: int


@dataclass(frozen=True, slots=True)
class SetWaste:
    """How much of the item before was thrown away, in the unit of its doses."""

    amount: str


@dataclass(frozen=True, slots=True)
class AskWitness:
    """The badge that follows is that of a second person who sees what is thrown away."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What was scanned is so: book it."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Forget what was scanned since the last commit."""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the last item."""


Code = (
    Badge
    | Digit
    | ChooseAction
    | ChoosePlace
    | ChooseOrder
    | SetQuantity
    | SetWaste
    | AskWitness
    | Commit
    | Cancel
    | Undo
)


def is_code(symbol: Symbol) -> bool:
    """Whether it means to be one of our codes: ``LW.`` in a symbol that is not a GS1 one."""
    return symbol.is_not_gs1 and symbol.body[:3].upper() == "LW."


def parse_code(symbol: Symbol) -> Code:
    """The code in ``symbol``, for which :func:`is_code` is true. Raises ``ScanRejected``."""
    word, dot, name = symbol.body[3:].partition(".")
    make = _CODES.get(word.upper())
    if make is None:
        raise ScanRejected(
            symbol.text,
            at=len(symbol.aim) + 3,
            reason=f"{('LW.' + word)[:40]!r} is not a Lotwarden code",
            hint=f"Valid codes: {_known()}",
        )
    try:
        return make(name if dot else None)
    except ValueError as fault:
        at = len(symbol.aim) + 3 + len(word) + len(dot)
        raise ScanRejected(symbol.text, at=at, reason=str(fault), hint="Print the card or label again") from fault


def _badge(name: str | None) -> Badge:
    return Badge(_lowered("operator", name, r"[a-z0-9][a-z0-9._-]{0,59}"))


def _digit(name: str | None) -> Digit:
    if name is None or not re.fullmatch(r"[0-9]", name):
        raise ValueError("a digit is one of 0 to 9, as in LW.DIGIT.7")
    return Digit(name)


def _place(name: str | None) -> ChoosePlace:
    return ChoosePlace(PlaceName(_lowered("place", name, r"[a-z0-9][a-z0-9._/-]{0,119}")))


def _order(name: str | None) -> ChooseOrder:
    if name is None or not re.fullmatch(r"[!-~]{1,60}", name):
        raise ValueError("an order needs a number of 1 to 60 printable characters, as in LW.ORDER.PO-1001")
    return ChooseOrder(name)


def _action(name: str | None) -> ChooseAction:
    wanted = (name or "").lower().replace("-", "_")
    if wanted not in SCANNED_ACTIONS:
        known = ", ".join(action.upper() for action in SCANNED_ACTIONS)
        raise ValueError(f"{(name or 'nothing')[:40]!r} is not a dock action ({known})")
    return ChooseAction(Action(wanted))


def _quantity(name: str | None) -> SetQuantity:
    if name is None or not re.fullmatch(r"[0-9]{1,5}", name) or int(name) == 0:
        raise ValueError(f"a quantity is a whole number from 1 to {QUANTITY_MAX}, as in LW.QTY.10")
    return SetQuantity(int(name))


def _waste(name: str | None) -> SetWaste:
    if name is None or not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", name) or not float(name):
        raise ValueError(
            "a waste is a number above 0, with a point and six digits after it at most, as in LW.WASTE.4.5"
        )
    return SetWaste(name)


def _without_name(code: Code) -> Callable[[str | None], Code]:
    def make(name: str | None) -> Code:
        if name is not None:
            raise ValueError(f"this code takes no name after it, but has {name[:40]!r}")
        return code

    return make


def _lowered(what: str, name: str | None, pattern: str) -> str:
    lowered = (name or "").lower()
    if not re.fullmatch(pattern, lowered):
        raise ValueError(f"{(name or 'nothing')[:120]!r} cannot be the name of {_article(what)} {what}")
    return lowered


def _known() -> str:
    return ", ".join(f"LW.{word}" for word in _CODES)


_CODES: dict[str, Callable[[str | None], Code]] = {
    "BADGE": _badge,
    "DIGIT": _digit,
    "ACTION": _action,
    "PLACE": _place,
    "ORDER": _order,
    "QTY": _quantity,
    "WASTE": _waste,
    "WITNESS": _without_name(AskWitness()),
    "COMMIT": _without_name(Commit()),
    "CANCEL": _without_name(Cancel()),
    "UNDO": _without_name(Undo()),
}


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"
