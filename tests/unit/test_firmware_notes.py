"""Each device family has a page, and each page says what whoever mounts it has to know."""

import re
from pathlib import Path

import pytest

from edge_agent.drivers.modbus.profile import load_profile
from tests.support.paths import ROOT

NOTES = ROOT / "firmware_notes"
ABOUT_MORE = {"README", "commissioning", "ble-adapter", "ble-models", "wired-models"}
"""Pages that are about no single family."""
PAGES = sorted(path for path in NOTES.glob("*.md") if path.stem not in ABOUT_MORE)
HEADINGS = ("## Wiring and settings", "## Traps", "## Frames", "## How to prove it")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_tells_wiring_traps_frames_and_how_to_prove_it_in_this_order(page: Path) -> None:
    lines = page.read_text().splitlines()
    found = [next((at for at, line in enumerate(lines) if line.startswith(heading)), -1) for heading in HEADINGS]
    assert -1 not in found, dict(zip(HEADINGS, found, strict=True))
    assert found == sorted(found)
    for at in found:
        assert any(line and not line.startswith("#") for line in lines[at + 1 : at + 4]), lines[at]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_table_of_pages_has_each_of_them(page: Path) -> None:
    assert f"({page.name})" in (NOTES / "README.md").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "config/devices").glob("*.toml")), ids=lambda path: path.stem)
def test_each_profile_names_a_page_which_names_it_and_its_default_unit(path: Path) -> None:
    profile = load_profile(path.stem)
    page = (ROOT / profile.notes).read_text()
    assert f"`{profile.name}`" in page
    if "UNVERIFIED" not in next(line for line in path.read_text().splitlines() if line.startswith("unit")):
        assert states_unit(page, profile.link.unit)


SET_ON_THE_DEVICE = r"unit id is set on the counter|unit id [\d ]+ to \d+ by DIP switches"


def states_unit(page: str, unit: int) -> bool:
    """Whether the settings name this factory unit id, as "unit 1" or "unit **240**", or say how each device gets its
    own."""
    settings = page.partition("## Wiring and settings")[2].partition("\n## ")[0]
    return bool(re.search(rf"\bunit \**{unit}\b|{SET_ON_THE_DEVICE}", settings))


@pytest.mark.parametrize(
    ("settings", "states"),
    [
        ("Factory settings: unit 1, 9600 baud, 8N1.", True),
        ("Factory settings: unit **1, 9600 baud, 8N2**.", True),
        ("up to 32 units; unit id 1 to 31 by DIP switches.", True),
        ("Factory settings: unit 17, 19200 baud, 8N1.", False),
        ("Factory settings: 9600 baud, 8N1; 10 to 30 V DC.", False),
        ("\n\n## Traps\nIn the example it is unit 1.", False),
    ],
)
def test_another_number_than_the_unit_is_not_taken_for_it(settings: str, states: bool) -> None:
    assert states_unit(f"# A probe\n\n## Wiring and settings\n\n{settings}\n", 1) is states
