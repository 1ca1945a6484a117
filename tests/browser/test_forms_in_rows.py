"""A form that is opened in a row of a table leaves its columns as they are: seen in a real browser."""

import pytest
from playwright.async_api import Browser, Page, expect

from cloud_sync.actions.quality.holds_and_dispositions import place_hold
from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.console_records import electronic_records
from tests.browser.looks import picture, shut_out
from tests.browser.test_console import visiting
from tests.support.builders import minute

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCREENS = ((1440, 900), (1024, 768), (390, 844))
PHONE = 390
PAGES = ("/quarantine", "/change-control", "/retention")
COLUMNS = "[...document.querySelectorAll('.wide:has(details.inline) thead th')].map((head) => head.offsetWidth)"
FOLD = ".wide td > details.inline > summary"


async def widths(page: Page) -> list[int]:
    found: list[int] = await page.evaluate(COLUMNS)
    return found


@pytest.mark.parametrize(("width", "height"), SCREENS)
async def test_a_form_in_a_row_opens_under_it_and_is_worked_by_keyboard(
    browser: Browser, database: Database, width: int, height: int
) -> None:
    with a_house(database, people={"quality-1": (Role.QUALITY, Role.ADMINISTRATOR)}) as house:
        place_hold(database, lot_id=3, place=None, reason="torn box", at=minute(60), actor="amy")
        electronic_records(database, minute(60))
        async with visiting(browser, house, Role.QUALITY, viewport={"width": width, "height": height}) as visit:
            page = visit.page
            for path in PAGES:
                await visit.open(path)
                before = await widths(page)
                fold = page.locator(FOLD).first
                await fold.focus()
                await page.keyboard.press("Enter")
                opened = page.locator("tr.opened" if width > PHONE else "details.inline[open]")
                await expect(opened.locator("form")).to_be_visible()
                await picture(page, f"form-in-row-{path.strip('/').replace('/', '-')}-{width}")
                if width > PHONE:
                    assert await widths(page) == pytest.approx(before, abs=2), path
                    box, table = await opened.bounding_box(), await page.locator(".wide", has=opened).bounding_box()
                    assert box and table and box["width"] >= table["width"] - 4
                over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
                assert over <= 0, (path, over)
                assert await shut_out(page) == [], path
                await fold.press("Enter")
                await expect(page.locator("tr.opened, details.inline[open]")).to_have_count(0)
                assert await widths(page) == pytest.approx(before, abs=2), "all is as it was"
            await visit.open("/quarantine")
            await page.locator(FOLD).first.press("Enter")
            await page.keyboard.press("Tab")
            await expect(page.get_by_label("Reason")).to_be_focused()
            await page.keyboard.type("the box was only wet")
            await page.keyboard.press("Enter")
            await expect(page.locator("p.did")).to_have_text("Hold lifted.")
            assert visit.faults == []
