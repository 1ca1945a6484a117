"""Each device family has a page, and each page says what whoever mounts it has to know."""

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
        assert str(profile.link.unit) in page or "DIP" in page or "set on the counter" in page or "Any unit id" in page
