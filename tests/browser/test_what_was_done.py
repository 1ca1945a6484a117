"""After a form the console says what was done, in words made of the button's: seen in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

import cloud_sync.console
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.test_console import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")
TEMPLATES = Path(cloud_sync.console.__file__).parent / "templates"
BUTTON = re.compile(
    r"<button(?![^>]*(?:data-done|type=\"button\"))[^>]*>([A-Z][^<{]*)</button>|why\([^)]*?, \"([A-Z][^\"]*)\""
)
NOT_SENT = {"Done", "Log out", "Menu", "Sign in and go on", "What was done"}
"""Buttons that post nothing, or whose page says nothing of it, and a heading."""

SAID = {
    "Add the site": "Site added.",
    "Set it": "Set.",
    "Take it off the list": "Taken off the list.",
    "Put these transfers forward": "Transfers put forward.",
    "Stop the roll-out": "Roll-out stopped.",
    "Cancel this quantity": "Quantity cancelled.",
    "Attach the thermal passport as it is now": "Thermal passport attached as it is.",
    "Make a secret for amy": "Secret made for amy.",
    "Open it and propose shares": "Opened; shares proposed.",
    "Give and charge": "Given and charged.",
    "Approve: make the transfer order": "Approved.",
    "Witness waste 3: morphine A, wasted by bob": "Waste 3 witnessed.",
    "Import it now": "Imported.",
    "Withdraw it": "Withdrawn.",
    "The line is clear": "Recorded: the line is clear.",
    "I have checked it": "Recorded: I have checked it.",
}
READS_WELL = re.compile(r"Recorded: .+\.|[A-Z][\w'’ -]*; [\w'’ -]+\.|[A-Z][\w'’ -]*\.")
PARTICIPLE = re.compile(
    r"(?i)\b(\w+ed|begun|found|given|held|kept|lent|made|overridden|put|sent|set|shown|taken|withdrawn)\b"
)


def buttons() -> set[str]:
    """The words of all buttons that say nothing else when they are done."""
    texts = "".join(path.read_text() for path in TEMPLATES.glob("*.html"))
    return {(one or other).strip() for one, other in BUTTON.findall(texts)} - NOT_SENT


async def test_a_form_that_was_accepted_is_followed_by_what_was_done(browser: Browser, database: Database) -> None:
    with a_house(database, Role.OPERATOR) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(browser, house, Role.OPERATOR) as visit:
            page = visit.page
            await visit.open("/new-order?kind=requisition")
            await page.get_by_label("From").select_option("fridge-a")
            await page.get_by_label("To", exact=True).select_option("ward-3")
            await page.get_by_label("Item of line 1").fill("insulin")
            await page.get_by_label("Quantity of line 1").fill("5")
            await page.get_by_role("button", name="Request the order").click()
            await page.wait_for_url("**/orders/*")
            await expect(page.locator("p.did")).to_have_text("Order requested.")
            assert await page.evaluate("those => those.map(done)", list(SAID)) == list(SAID.values())
            every = sorted(buttons())
            assert len(every) > 90
            for button, said in zip(every, await page.evaluate("those => those.map(done)", every), strict=True):
                assert READS_WELL.fullmatch(said) and (said.startswith("Recorded: ") or PARTICIPLE.search(said)), (
                    button,
                    said,
                )
            assert visit.faults == []
