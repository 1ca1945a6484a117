"""What comes to a page later than the rest, in a real browser: it comes, or the page says why not."""

import re

import pytest
from playwright.async_api import Browser, Route, expect

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.test_console import visiting

pytestmark = pytest.mark.asyncio(loop_scope="session")
LATER = re.compile(r"/finance\?.*waits=true")
NOT_LOADED = "This could not be loaded. Reload the page to try again."


async def test_what_comes_later_comes_or_the_page_says_why_not(
    browser: Browser, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cloud_sync.console.put_off.is_large", lambda _: True)
    with a_house(database, Role.OPERATOR) as house:
        async with visiting(browser, house, Role.OPERATOR) as visit:
            page = visit.page
            await visit.open("/finance?on=2026-03-01")
            await expect(page.get_by_role("link", name="L1").first).to_be_visible()
            assert visit.faults == []

            async def signed_out(route: Route) -> None:
                await visit.context.clear_cookies()
                await route.continue_()

            await page.route(LATER, lambda route: route.abort())
            await visit.open("/finance?on=2026-03-01")
            await expect(page.get_by_text(NOT_LOADED)).to_be_visible()
            await page.unroute(LATER)
            await page.route(LATER, lambda route: route.fulfill(status=503, body=""))
            await visit.open("/finance?on=2026-03-01")
            await expect(page.get_by_text(NOT_LOADED)).to_be_visible()
            await page.unroute(LATER)
            await page.route(LATER, signed_out)
            await page.goto(f"{house.url}/finance?on=2026-03-01")
            await page.wait_for_url("**/login?next=/finance*")
