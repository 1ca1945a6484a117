"""The first start in a real browser: from an empty ledger to an invited gateway, each step without a fault."""

import pytest
from playwright.async_api import Browser, Page, expect

from cloud_sync.actions.people.first_start import setup_code
from cloud_sync.api.connections import Doorkeeper
from cloud_sync.storage.database import Database
from tests.browser.looks import picture, shut_out
from tests.browser.test_console import SCREENS
from tests.support.builders import minute
from tests.support.people import PASSWORD
from tests.support.served import served

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def look_at(page: Page, name: str) -> None:
    """Pictures at every size; no page wider than its screen, and none that shuts somebody out."""
    for width, height, _ in SCREENS:
        await page.set_viewport_size({"width": width, "height": height})
        await picture(page, f"start-{name}-{width}")
        assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, (name, width)
    assert await shut_out(page) == [], name


async def test_an_empty_ledger_is_set_up_step_by_step(browser: Browser, database: Database) -> None:
    with served(database, Doorkeeper(), clock=lambda: minute(0)) as port:
        async with await browser.new_context() as context:
            page = await context.new_page()
            faults: list[str] = []
            page.on("pageerror", lambda error: faults.append(str(error)))
            page.on("console", lambda line: faults.append(line.text) if line.type in ("error", "warning") else None)
            await page.goto(f"http://127.0.0.1:{port}/")
            await look_at(page, "code")
            await page.get_by_label("Set-up code").fill(setup_code(database))
            await page.get_by_label("Name to sign in with").fill("amy")
            await page.get_by_label("Full name").fill("Amy Miller")
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("one-time secret")).to_be_visible()
            await look_at(page, "secret")
            await page.get_by_label("Choose your password").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/setup")
            await look_at(page, "steps")
            await page.get_by_label("Display name").first.fill("Hospital pharmacy")
            await page.get_by_label("Short name").first.fill("pharmacy")
            await page.get_by_label("Time zone").fill("Europe/Berlin")
            await page.get_by_role("button", name="Add the site").click()
            await page.get_by_role("button", name="Add the ticked rooms").click()
            await expect(page.get_by_role("link", name="Refrigerator 1")).to_be_visible()
            await look_at(page, "rooms")
            await page.get_by_label("Name of the gateway").fill("gw-1")
            await page.get_by_label("Location").select_option("Receiving dock")
            await page.get_by_role("button", name="Invite").click()
            await expect(page.locator("svg.qr")).to_be_visible()
            await look_at(page, "invited")
            assert faults == []
