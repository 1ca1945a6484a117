"""The published frames that the pages of firmware_notes show, as the tests take them."""

import re
from dataclasses import dataclass, field
from itertools import takewhile

from edge_agent.domain.wire.records import Quality
from edge_agent.drivers.ble.frames import Advertisement
from edge_agent.drivers.ble.hearing import BASE_UUID_END
from edge_agent.drivers.ble.on_air import Advert
from edge_agent.drivers.ble.registry import FORMATS
from tests.support.paths import ROOT

NOTES = ROOT / "firmware_notes"
NOTHING, NO_MODEL = "nothing", "none"
HEADER = "| model | on the air | what the gateway says | published in |"
ADDRESS = "54:48:E6:8F:80:A6"


@dataclass(frozen=True)
class PublishedFrame:
    """One row. ``quality`` is None where nothing must come of it; ``source`` the probe that it is about."""

    page: str
    model: str
    values: dict[str, float]
    quality: Quality | None
    source: str
    published_in: str
    address: str | None = None
    key: bytes | None = None
    name: str = ""
    companies: dict[int, bytes] = field(default_factory=dict)
    services: dict[int, bytes] = field(default_factory=dict)
    offers: tuple[int | str, ...] = ()

    @property
    def formats(self) -> list[str]:
        """The format that reads its model; all of its page for a row that is of none."""
        by_model = [name for name, known in FORMATS.items() if self.model in known.models]
        return by_model or [name for name, known in FORMATS.items() if known.page == self.page]

    def advertisement(self) -> Advertisement:
        """As a decoder sees it."""
        return heard(self.said(self.address or ADDRESS))

    def said(self, address: str) -> Advert:
        """As it goes on the air."""
        return Advert(address, self.companies, self.services, self.name, -61, self.offers)


def heard(said: Advert) -> Advertisement:
    """An advertisement as a decoder sees it when it was just said."""
    offers = tuple(f"0000{one:04x}{BASE_UUID_END}" if isinstance(one, int) else one for one in said.services)
    return Advertisement(said.address, said.manufacturer_data, said.service_data, said.name, offers)


def published_frames() -> list[PublishedFrame]:
    """All rows of all pages, in order."""
    return [
        _row(page.name, line)
        for page in sorted(NOTES.glob("ble-*.md"))
        for line in _table(page.read_text(encoding="utf-8"))
    ]


def _table(text: str) -> list[str]:
    _, _, after = text.partition(HEADER)
    return list(takewhile(lambda line: line.startswith("|"), after.strip().splitlines()[1:]))


def _row(page: str, line: str) -> PublishedFrame:
    model, air, says, published_in = (cell.strip() for cell in line.strip("|").split("|"))
    source, _, said = says.rpartition(": ")
    values, quality = _meaning(said)
    found: dict[str, str] = {}
    companies: dict[int, bytes] = {}
    services: dict[int, bytes] = {}
    for part in air.split("; "):
        kind, rest = part.split(" ", 1)
        if match := re.fullmatch(r"0x([0-9A-F]{4}) `([0-9A-F ]+)`", rest):
            (companies if kind == "company" else services)[int(match[1], 16)] = bytes.fromhex(match[2])
        else:
            found[kind] = rest.strip("`")
    offers = found.get("offers", "")
    return PublishedFrame(
        page, model, values, quality, source, published_in, found.get("address"),
        bytes.fromhex(found["key"]) if "key" in found else None, found.get("name", ""), companies, services,
        (int(offers, 16) if offers.startswith("0x") else offers,) if offers else (),
    )  # fmt: skip


def _meaning(said: str) -> tuple[dict[str, float], Quality | None]:
    if said == NOTHING:
        return {}, None
    if said in set(Quality):
        return {}, Quality(said)
    return {metric: float(value) for metric, value in (one.split() for one in said.split(", "))}, Quality.GOOD


TABLE_START = "| model | format | published frames | simulated sensor | hardware |"


def models_table() -> str:
    """What was proven of every model that is registered, as ``ble-models.md`` shows it."""
    frames = published_frames()
    rows = [TABLE_START, "|---|---|---|---|---|"]
    for name, known in FORMATS.items():
        for model in known.models:
            count = sum(frame.model == model for frame in frames)
            shown = f"{count}" if count else "read over a connection"
            simulated = "yes" if model == (known.simulates or known.models[0]) else "no"
            rows.append(f"| {model} | [`{name}`]({known.page}) | {shown} | {simulated} | none yet |")
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    page = NOTES / "ble-models.md"
    before = page.read_text(encoding="utf-8").partition(TABLE_START)[0]
    page.write_text(before + models_table(), encoding="utf-8")
