"""What labels need to know of the house: its GS1 company prefix, who makes, and which printers there are."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cloud_sync.labels.printer import Address


@dataclass(frozen=True, slots=True)
class Printer:
    """A label printer that takes ZPL, and the dots it has an inch."""

    address: Address
    dpi: int = 203


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """``company_prefix``: the house's own with GS1; without one totes get no number. ``maker`` stands on containers."""

    company_prefix: str = ""
    extension_digit: int = 0
    maker: str = ""
    printers: Mapping[str, Printer] = field(default_factory=dict)
