"""What somebody entered in a real browser is not lost: not by an error, not by a session that is over."""

from datetime import datetime
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from cloud_sync.actions.stock import counts
from cloud_sync.api.limits import FILE_BYTES_MAX
from cloud_sync.domain.roles import Role
from cloud_sync.errors import DatabaseDown, StoredOrNot
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.browser.console_house import a_house
from tests.browser.looks import picture, shut_out
from tests.browser.test_console import visiting
from tests.support.browsers import ARGUMENTS, program
from tests.support.builders import line, minute, scan
from tests.support.people import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")
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


async def test_what_was_entered_stands_in_its_form_again_with_the_error(browser: Browser, database: Database) -> None:
    with a_house(database, Role.OPERATOR) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(browser, house, Role.OPERATOR, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open(FORM)
            await enter(page, "five", "for Monday")
            await expect(page.get_by_role("link", name="Back to the form")).to_be_focused()
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"**{FORM}")
            await expect(page.get_by_role("alert")).to_contain_text(
                "Not saved: The quantity in line 1: “five” is not a whole number"
            )
            assert await entered(page) == ["fridge-a", "insulin", "five", "for Monday"]
            assert await shut_out(page) == []
            await page.get_by_label("Quantity of line 1").fill("5")
            await page.get_by_role("button", name="Request the order").click()
            await page.wait_for_url("**/orders/*")
            await visit.open(FORM)
            assert await entered(page) == ["", "", "", ""], "what was accepted is not kept"
            assert [fault for fault in visit.faults if "422" not in fault] == []


async def test_the_field_that_is_wrong_is_named_as_its_label_and_marked(browser: Browser, database: Database) -> None:
    with a_house(database, Role.ADMINISTRATOR) as house:
        async with visiting(browser, house, Role.ADMINISTRATOR, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open("/new-formulation")
            for label in ("Name", "Product", "For how many base units", "Lowest yield, %"):
                await page.get_by_label(label, exact=True).fill("many")
            await page.locator("main form").evaluate("form => { form.noValidate = true }")
            await page.get_by_role("button", name="Draft it").click()
            await page.get_by_role("link", name="Back to the form").click()
            notice = page.get_by_role("alert")
            await expect(notice).to_contain_text("Not saved: Lowest yield, %: “many” is not a number")
            await expect(notice).to_contain_text("Correct it.")
            await expect(notice).to_be_in_viewport()
            await expect(page.get_by_label("Lowest yield, %")).to_have_attribute("aria-invalid", "true")
            assert await shut_out(page) == []


async def test_the_page_that_says_what_is_wrong_calls_the_field_as_the_form_does(
    browser: Browser, database: Database
) -> None:
    with a_house(database, Role.QUALITY) as house:
        async with visiting(browser, house, Role.QUALITY, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open("/agreements")
            await page.get_by_text("File an agreement").click()
            await page.get_by_label("Supplier").select_option("acme")
            await page.get_by_label("Where the document is").fill("shelf 3")
            await page.get_by_label("Its SHA-256").fill("the first one")
            await page.locator("main form").evaluate("form => { form.noValidate = true }")
            await page.get_by_role("button", name="File it").click()
            await expect(page.get_by_role("alert")).to_have_text(
                "Its SHA-256: “the first one” has signs that are not allowed here."
            )
            await page.get_by_role("link", name="Back to the form").click()
            await expect(page.get_by_role("alert")).to_contain_text("Not saved: Its SHA-256: “the first one” has")
            await expect(page.get_by_label("Its SHA-256")).to_have_attribute("aria-invalid", "true")


async def test_after_an_error_below_a_long_table_a_phone_shows_why(browser: Browser, database: Database) -> None:
    with a_house(database, Role.OPERATOR) as house:
        for number in range(12):
            house.say(scan(minute(30 + number), Action.RECEIVE, "acme", "fridge-b", line(lot=f"M{number}")))
        count = counts.open_count(database, place="fridge-b", number="C-1", actor="amy")["number"]
        found = [counts.CountFinding("insulin", f"M{number}", 9, "fridge-b") for number in range(12)]
        counts.add_findings(
            database, count, found, client_id=uuid4(), counted_at=minute(59), at=minute(60), actor="amy"
        )
        async with visiting(browser, house, Role.OPERATOR, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open(f"/counts/{count}")
            await page.get_by_placeholder("Found").first.fill("many")
            await page.get_by_role("button", name="Save the count").click()
            await page.get_by_role("link", name="Back to the form").click()
            await expect(page.get_by_role("alert")).to_be_in_viewport()


LOST = DatabaseDown("connection to server at 127.0.0.1 failed")


class Outage:
    """The ledger's clock, which fails as everything does while the database is away."""

    fault: Exception | None = None

    def __call__(self) -> datetime:
        if self.fault is not None:
            raise self.fault
        return minute(60)


@pytest.mark.parametrize("width", [390, 1440])
async def test_a_page_that_could_not_be_had_says_when_it_tries_again_and_does(
    browser: Browser, database: Database, width: int
) -> None:
    outage = Outage()
    with a_house(database, Role.OPERATOR, now=outage) as house:
        async with visiting(browser, house, Role.OPERATOR, viewport={"width": width, "height": 844}) as visit:
            page = visit.page
            await page.clock.install(time=minute(60))
            await page.clock.pause_at(minute(61))
            outage.fault = LOST
            await page.goto(f"{house.url}/lots")
            await expect(page.get_by_role("alert")).to_have_text("The ledger's database does not answer.")
            await expect(page.get_by_text("This page tries again in 5 s.")).to_be_visible()
            await expect(page.get_by_text("connection to server at")).to_be_hidden()
            await picture(page, f"error-503-{width}-light")
            outage.fault = None
            await page.clock.run_for(6_000)
            await expect(page.get_by_role("heading", name="Lots")).to_be_visible()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (LOST, "Not saved: The ledger's database does not answer."),
        (StoredOrNot("the connection was lost"), "It is not known whether this was saved."),
        (ZeroDivisionError(), "It is not known whether this was saved. The ledger has a defect."),
    ],
)
async def test_what_was_entered_outlives_an_outage(
    browser: Browser, database: Database, fault: Exception, says: str
) -> None:
    outage = Outage()
    with a_house(database, Role.OPERATOR, now=outage) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(browser, house, Role.OPERATOR, viewport={"width": 390, "height": 844}) as visit:
            page = visit.page
            await visit.open(FORM)
            outage.fault = fault
            await enter(page, "5", "for Monday")
            await expect(page.get_by_role("link", name="Back to the form")).to_be_focused()
            assert await shut_out(page) == []
            outage.fault = None
            if isinstance(fault, DatabaseDown):
                await expect(page.get_by_role("status")).to_have_text("The ledger answers again.", timeout=30_000)
            await page.keyboard.press("Enter")
            await page.wait_for_url(f"**{FORM}")
            await expect(page.get_by_role("alert")).to_contain_text(says)
            assert await entered(page) == ["fridge-a", "insulin", "5", "for Monday"]
            await page.get_by_role("button", name="Request the order").click()
            await page.wait_for_url("**/orders/*")


async def test_a_file_that_is_too_large_is_told_on_a_page_and_leads_back(browser: Browser, database: Database) -> None:
    too_large = {"name": "items.csv", "mimeType": "text/csv", "buffer": b"name,title\n" + b"x" * FILE_BYTES_MAX}
    with a_house(database, Role.ADMINISTRATOR) as house:
        async with visiting(browser, house, Role.ADMINISTRATOR) as visit:
            page = visit.page
            await visit.open("/administration/imports")
            await page.locator("#file").set_input_files(too_large)
            await page.get_by_label("Why").fill("first fill")
            await page.get_by_role("button", name="Check the file").click()
            await expect(page.get_by_role("heading", name="Too large")).to_be_visible()
            await page.get_by_role("link", name="Back to the form").click()
            await expect(page.get_by_role("button", name="Check the file")).to_be_visible()


async def test_whoever_was_signed_out_finds_what_they_sent_after_signing_in(
    browser: Browser, database: Database
) -> None:
    with a_house(database, Role.OPERATOR, Role.PHARMACIST) as house:
        house.ledger.add_place("ward-3", "customer")
        async with visiting(browser, house, Role.OPERATOR) as visit:
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
