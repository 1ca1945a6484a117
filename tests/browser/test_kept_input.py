"""What somebody entered in a real browser is not lost: not by an error, not by a session that is over."""

from playwright.async_api import Page, async_playwright, expect

from cloud_sync.domain.roles import Role
from cloud_sync.storage.database import Database
from tests.browser.console_house import a_house
from tests.browser.looks import shut_out
from tests.browser.test_console import visiting
from tests.support.browsers import ARGUMENTS, program
from tests.support.people import PASSWORD

FORM = "/new-order?kind=requisition"


async def enter(page: Page, quantity: str, note: str) -> None:
    await page.get_by_label("From").select_option("fridge-a")
    await page.get_by_label("To", exact=True).select_option("ward-3")
    await page.get_by_label("Item of line 1").fill("insulin")
    await page.get_by_label("Quantity of line 1").fill(quantity)
    await page.get_by_label("Note").fill(note)
    await page.get_by_role("button", name="Request the order").click()


async def entered(page: Page) -> list[str]:
    names = ("From", "Item of line 1", "Quantity of line 1", "Note")
    return [await page.get_by_label(name).input_value() for name in names]


async def test_what_was_entered_stands_in_its_form_again_with_the_error(database: Database) -> None:
    with a_house(database, Role.OPERATOR) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(house, Role.OPERATOR, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open(FORM)
            await enter(page, "five", "for Monday")
            await expect(page.get_by_role("link", name="Back to the form")).to_be_focused()
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"**{FORM}")
            await expect(page.get_by_role("alert")).to_contain_text("Not saved: The quantity in line 1 is “five”")
            assert await entered(page) == ["fridge-a", "insulin", "five", "for Monday"]
            assert await shut_out(page) == []
            await page.get_by_label("Quantity of line 1").fill("5")
            await page.get_by_role("button", name="Request the order").click()
            await page.wait_for_url("**/orders/*")
            await visit.open(FORM)
            assert await entered(page) == ["", "", "", ""], "what was accepted is not kept"
            assert [fault for fault in visit.faults if "422" not in fault] == []


async def test_whoever_was_signed_out_finds_what_they_sent_after_signing_in(database: Database) -> None:
    with a_house(database, Role.OPERATOR, Role.PHARMACIST) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(house, Role.OPERATOR) as visit:
            page = visit.page
            for person, kept in (
                ("operator-1", ["fridge-a", "insulin", "5", "for Monday"]),
                ("pharmacist-1", [""] * 4),
            ):
                await visit.open(FORM)
                await visit.context.clear_cookies()
                await enter(page, "5", "for Monday")
                await expect(page.get_by_text("what you sent was not saved")).to_be_visible()
                assert await page.locator("p.did.ok").count() == 0
                await page.get_by_label("Name").fill(person)
                await page.get_by_label("Password").fill(PASSWORD)
                await page.keyboard.press("Enter")
                await page.wait_for_url(f"**{FORM}")
                assert await entered(page) == kept, "only its own person sees it"
            assert visit.faults == []


async def test_people_sign_in_from_other_machines_where_the_ledger_is_served_without_tls(database: Database) -> None:
    """Browsers call only their own machine's plain HTTP secure; elsewhere they leave out what tells sites apart."""
    with a_house(database, Role.OPERATOR) as house:
        async with async_playwright() as play:
            browser = await play.chromium.launch(
                executable_path=program(), args=[*ARGUMENTS, "--host-resolver-rules=MAP ledger.test 127.0.0.1"]
            )
            page = await browser.new_page()
            url = house.url.replace("127.0.0.1", "ledger.test")
            await page.goto(f"{url}/login")
            await page.get_by_label("Name").fill("operator-1")
            await page.get_by_label("Password").fill(PASSWORD)
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"{url}/")
            await expect(page.get_by_role("heading", name="Now", exact=True)).to_be_visible()
            await browser.close()
