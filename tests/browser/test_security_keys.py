"""A security key in a real browser: added, used to sign in, and to sign a release by two people."""

import pytest
from playwright.async_api import Browser, Page, expect

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.test_console import visiting
from tests.browser.test_first_start import look_at
from tests.support.people import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True,
}  # fmt: skip


async def plug_in(page: Page) -> None:
    """Chromium's virtual authenticator (WebDriver, WebAuthn level 3, section 11)."""
    wire = await page.context.new_cdp_session(page)
    await wire.send("WebAuthn.enable")
    await wire.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


async def test_a_key_is_added_signs_in_and_signs(browser: Browser, database: Database) -> None:
    with a_house(database, Role.QUALITY) as house:
        house.url = house.url.replace("127.0.0.1", "localhost")  # keys are for names
        async with visiting(browser, house, Role.QUALITY) as visit:
            page = visit.page
            await plug_in(page)
            await page.get_by_role("link", name="quality-1").click()
            await look_at(page, "account")
            await page.get_by_label("Name of the key").fill("blue key")
            await page.get_by_label("Your password").first.fill(PASSWORD)
            await page.get_by_role("button", name="Add the key").click()
            await expect(page.get_by_text("Keep these recovery codes")).to_be_visible()
            await look_at(page, "account-codes")
            await page.get_by_role("button", name="Log out").click()

            await page.get_by_label("Name").fill("quality-1")
            await page.get_by_label("Password").fill(PASSWORD)
            visit.faults.clear()
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("now your security key")).to_be_visible()
            await look_at(page, "login-key")
            visit.faults = [fault for fault in visit.faults if "401" not in fault]
            await page.get_by_role("button", name="Use your security key").click()
            await page.wait_for_url(house.url + "/")

            await visit.open("/quarantine/1")
            await page.get_by_label("Release").check()
            await page.get_by_label("Reason for the decision").fill("stability data of the maker")
            await page.get_by_role("button", name="Decide and sign with your security key").click()
            await expect(page.get_by_text("released by quality-1").first).to_be_visible()
            await expect(page.get_by_text("signed as release").first).to_be_visible()
            await expect(page.get_by_text("does not verify")).to_have_count(0)
            assert visit.faults == []
    with database.transaction() as connection:
        rows = connection.execute("SELECT proof FROM signature").fetchall()
    assert [row["proof"] for row in rows] == ["security key", "security key"]
