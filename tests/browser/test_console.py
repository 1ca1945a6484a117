"""The console in a real browser: every page at every size without a fault, by keyboard, live, and for everybody."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect
from playwright.async_api import TimeoutError as PlaywrightTimeout

from cloud_sync.actions.quality.holds_and_dispositions import place_hold
from cloud_sync.domain.roles import Role
from cloud_sync.domain.trace_view import FOLD_OVER
from cloud_sync.storage.database import Database
from edge_agent.domain.wire.records import Action
from tests.browser.console_fleet import a_fleet
from tests.browser.console_house import House, a_house
from tests.browser.console_quality import quality_control
from tests.browser.console_records import electronic_records
from tests.browser.console_work import EMPTY_PAGES, WORK_PAGES, work
from tests.browser.looks import picture, shut_out
from tests.support.builders import line, minute, reading, scan
from tests.support.people import PASSWORD

pytestmark = pytest.mark.asyncio(loop_scope="session")
SCREENS = ((1440, 900, "light"), (1024, 768, "dark"), (390, 844, "light"))
"""Each size once, and each scheme; curves take its colours when they are drawn."""
WIDEST = 1440
PAGES = {
    "now": "/", "quarantine": "/quarantine", "event": "/quarantine/1", "lots": "/lots", "lot": "/lots/1",
    "exceptions": "/cases", "case": "/cases/1", "account": "/account", "hold": "/holds/1",
    "alerts": "/alerts?all=true", "gateways": "/gateways", "room": "/rooms/fridge-a",
    "empty-room": "/rooms/dock",
    "nothing-found": "/lots?q=none", "error": "/lots/999", **{f"no-{name}": f"/{name}" for name in EMPTY_PAGES},
}  # fmt: skip
KEPT_PAGES = {
    "probes": "/gateways", "gateway": "/gateways/gw-1", "gateway-config": "/gateways/gw-1/config",
    "releases": "/releases", "administration": "/administration",
    "people": "/administration/people", "person": "/administration/people/quality-1", "roles": "/administration/roles",
    "policies": "/administration/policies", "policy": "/administration/policies/cold", "items": "/administration/items",
    "new-item": "/administration/items/new", "item": "/administration/items/insulin",
    "imports": "/administration/imports", "connections": "/connections", "spreadsheets": "/administration/spreadsheets",
    "loggers": "/loggers", "finance": "/finance", "archive": "/administration/archive",
    "audit": "/audit", "first-start": "/setup",
    "expiry": "/expiry?days=3660",
    "reports": "/reports", "papers": "/papers", "report": "/reports/movements", "trace-search": "/trace?lot_number=L1",
    "trace": "/lots/1/trace?graph=true",
    "records": "/records", "changes": "/changes?all=true", "change-control": "/change-control",
    "retention": "/retention", "training": "/training", "sop": "/training/SOP-12/1", "equipment": "/equipment",
    "quality": "/quality", "quality-sample": "/quality/samples/1", "stability": "/quality/stability",
    "study": "/quality/studies/1", "raw-materials": "/quality/materials", "media-fills": "/quality/qualifications",
    "plates": "/quality/environment", "session": "/quality/environment/1", "quality-plans": "/quality/plans",
    "quality-plan": "/quality/plans/plates/1", "product-reports": "/quality/reports",
    "product-report": "/quality/reports/1",
    "agreements": "/agreements", "access-reviews": "/access-reviews", "access-review": "/access-reviews/1",
}  # fmt: skip
"""Pages of whoever keeps the house; theirs have forms that others do not see."""
OF_ROLE = {Role.QUALITY: PAGES, Role.ADMINISTRATOR: KEPT_PAGES, Role.OPERATOR: WORK_PAGES}
WHO_WORKS = {"operator-1": (Role.OPERATOR, Role.QUALITY)}
"""One person with the forms of two, so that each page is looked at once."""
FOLDED_AT = """
    (() => {
      const canvas = document.querySelector(".canvas");
      const box = canvas.getBoundingClientRect();
      const at = canvas._cyreg.cy.nodes("[?folded]")[0].renderedPosition();
      return { x: box.x + at.x, y: box.y + at.y };
    })()
"""
"""Where on the screen the first folded node is drawn."""
DRAWN_NODES = """
    (() => {
      const plot = document.querySelector(".canvas")._cyreg.cy;
      const isSeen = (node) => {
        const { x1, x2, y1, y2 } = node.renderedBoundingBox({ includeOverlays: false });
        return x1 >= 0 && y1 >= 0 && x2 <= plot.width() && y2 <= plot.height();
      };
      return {
        text_px: parseFloat(plot.nodes()[0].style("font-size")) * plot.zoom(),
        own: plot.nodes("[?own]").some(isSeen), all: plot.nodes().every(isSeen),
      };
    })()
"""
"""How large a trace is drawn, and what of it can be seen."""
WATCH_IMPORT = """
    new MutationObserver(() => {
      const text = document.querySelector("[role=status] progress")?.closest("section").innerText;
      if (text) window.tell(text);
    }).observe(document, { subtree: true, childList: true, attributes: true });
"""
"""Hands on what is told while a file is imported."""

DRAWN = "[data-series], [data-graph][data-now]"
"""What a script draws."""


class Visit:
    """A page of the console, and what went wrong on it: errors, and requests to other hosts."""

    def __init__(self, house: House, context: BrowserContext, page: Page) -> None:
        self.house = house
        self.context = context
        self.page = page
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if line.type in ("error", "warning") else None)
        page.on("request", lambda request: self._asked(request.url))

    def _asked(self, url: str) -> None:
        if not url.startswith((self.house.url, "data:")):
            self.faults.append(f"asked {url}")

    async def open(self, path: str) -> None:
        """Go there, and wait until the curves are drawn."""
        await self.page.goto(self.house.url + path)
        for box in await self.page.locator(DRAWN).all():
            await expect(box).to_have_attribute("data-drawn", "true")


@asynccontextmanager
async def visiting(browser: Browser, house: House, role: Role, **screen: Any) -> AsyncIterator[Visit]:
    async with await browser.new_context(**screen) as context:
        visit = Visit(house, context, await context.new_page())
        await visit.open("/login")
        await visit.page.get_by_label("Name").fill(f"{role}-1")
        await visit.page.get_by_label("Password").fill(PASSWORD)
        await visit.page.keyboard.press("Enter")
        await visit.page.wait_for_url(house.url + "/")
        yield visit


@pytest.mark.parametrize("role", OF_ROLE)
async def test_every_page_is_without_faults_and_for_everybody(browser: Browser, database: Database, role: Role) -> None:
    with a_house(database, Role.QUALITY, Role.ADMINISTRATOR, people=WHO_WORKS) as house:
        if role is Role.QUALITY:
            place_hold(database, lot_id=3, place=None, reason="torn box", at=minute(60), actor="amy")
        if role is Role.OPERATOR:
            work(house.ledger, minute(60))
        if role is Role.ADMINISTRATOR:
            electronic_records(database, minute(60))
            quality_control(database, minute(60), lot_id=2, place="fridge-a", chamber="fridge-b")
            a_fleet(database, minute(60))
        house.say(reading(minute(55), 5.5, "new-probe"))
        async with visiting(browser, house, role) as visit:
            for name, path in OF_ROLE[role].items():
                is_open = False
                for width, height, scheme in SCREENS:
                    await visit.page.set_viewport_size({"width": width, "height": height})
                    await visit.page.emulate_media(color_scheme=scheme)
                    if not is_open or await visit.page.locator(DRAWN).count():  # a drawing is made for its screen
                        visit.faults.clear()
                        await visit.open(path)
                        is_open = True
                    await picture(visit.page, f"{name}-{width}-{scheme}")
                    assert [fault for fault in visit.faults if "404" not in fault] == [], (name, width)
                    over = await visit.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                    assert over <= 0, f"{name} is {over} px wider than a screen of {width}"
                    if width < WIDEST:
                        assert await shut_out(visit.page) == [], (name, width, scheme)


KEYS_MAX = 8
"""For one event, besides the words of the reason."""


async def test_the_whole_queue_is_decided_by_keyboard_alone_in_eight_keys_an_event(
    browser: Browser, database: Database
) -> None:
    with a_house(database, Role.QUALITY, now=lambda: minute(75)) as house:
        house.say(*[reading(minute(60 + step), 9.9 if step < 5 else 5.0, "probe-b") for step in range(10)])
        async with visiting(browser, house, Role.QUALITY) as visit:
            page, pressed = visit.page, []

            async def press(key: str) -> None:
                pressed.append(key)
                await page.keyboard.press(key)

            for left in (1, 0):
                pressed.clear()
                await press("q")
                await page.wait_for_url("**/quarantine")
                await press("j")
                await press("Enter")
                await page.wait_for_url("**/quarantine/*")
                await press("r")
                await expect(page.get_by_label("Reason for the decision")).to_be_focused()
                await page.keyboard.type("stability data of the maker")
                await press("Tab")
                await press("Enter")
                await expect(page.get_by_text("released by quality-1").first).to_be_visible()
                await expect(page.get_by_text("The decision is recorded.")).to_be_focused()
                await press("q")
                await expect(page.locator("table[data-queue] tbody tr")).to_have_count(left)
                assert len(pressed) <= KEYS_MAX
            await expect(page.get_by_text("No exposed stock waits for a decision.")).to_be_visible()
            assert visit.faults == []
    assert house.ledger.held() == set()


async def test_a_reading_reaches_an_open_page_by_itself(browser: Browser, database: Database) -> None:
    at = [minute(60)]
    with a_house(database, Role.AUDITOR, now=lambda: at[0]) as house:
        async with visiting(browser, house, Role.AUDITOR) as visit:
            tile = visit.page.locator(".tile", has_text="fridge-b")
            await expect(tile).to_contain_text("within limits")
            await asyncio.to_thread(house.say, reading(minute(60), 9.9, "probe-b"))
            at[0] = minute(60.5)
            await expect(tile).to_contain_text("9.9")
            await expect(tile).to_contain_text("excursion")
            assert visit.faults == []


async def scanned(page: Page, text: str, found: str) -> None:
    """As a wedge scanner types it; again where a busy machine hands the keys on as slowly as a person types."""
    for patience_ms in (5_000, 5_000, 30_000):
        await page.keyboard.type(text)
        with suppress(PlaywrightTimeout):
            await page.wait_for_url(found, timeout=patience_ms)
            return
    pytest.fail(f"{text!r} was scanned three times, and {page.url} is still there")


async def test_a_scan_on_any_page_finds_the_lot(browser: Browser, database: Database) -> None:
    with a_house(database, Role.OPERATOR) as house:
        async with visiting(browser, house, Role.OPERATOR) as visit:
            await scanned(visit.page, "09501101530003\n", "**/lots?q=09501101530003")
            await expect(visit.page.get_by_role("link", name="L3")).to_be_visible()
            await visit.open("/quarantine/1")
            await scanned(visit.page, "]d201095011015300031727013110L3\n", "**/lots?q=*")  # d alone: to Destruction
            await expect(visit.page.get_by_role("link", name="L3")).to_be_visible()
            await expect(visit.page.get_by_role("link", name="L1")).to_have_count(0)


async def test_what_a_wide_trace_folds_is_opened_by_choosing_it(browser: Browser, database: Database) -> None:
    with a_house(database, Role.AUDITOR) as house:
        for number in range(FOLD_OVER + 4):
            house.ledger.add_place(f"clinic-{number}", "customer")
            house.say(scan(minute(30 + number), Action.SHIP, "fridge-a", f"clinic-{number}", line(1, "L1")))
        async with visiting(browser, house, Role.AUDITOR) as visit:
            await visit.open("/lots/1/trace?graph=true")
            note = visit.page.locator("#graph-note")
            told = (await note.inner_text()).split()
            shown, of = int(told[0]), int(told[2])
            assert shown < of and "Choose a dashed one to open it" in " ".join(told)
            await picture(visit.page, "trace-folded-1440-light")
            at = await visit.page.evaluate(FOLDED_AT)
            await visit.page.mouse.click(at["x"], at["y"])
            await expect(note).to_contain_text(f"{of} of {of} points are drawn")
            assert visit.faults == []


@pytest.mark.parametrize("width", [390, 1440])
async def test_a_trace_is_readable_at_once_and_shown_whole_by_a_button(
    browser: Browser, database: Database, width: int
) -> None:
    with a_house(database, Role.AUDITOR) as house:
        for number in range(FOLD_OVER + 4):
            house.ledger.add_place(f"clinic-{number}", "customer")
            house.say(scan(minute(30 + number), Action.SHIP, "fridge-a", f"clinic-{number}", line(1, "L1")))
        async with visiting(browser, house, Role.AUDITOR, viewport={"width": width, "height": 600}) as visit:
            await visit.open("/lots/1/trace?graph=true")
            seen = await visit.page.evaluate(DRAWN_NODES)
            assert seen["text_px"] >= 11, "texts are of a size that people read"
            assert seen["own"], "the lot that was asked for is in sight"
            assert not seen["all"]
            await expect(visit.page.locator("#graph-note")).to_contain_text("Drag to see more")
            await picture(visit.page, f"trace-first-view-{width}-light")
            await visit.page.get_by_role("button", name="All of it").click()
            assert (await visit.page.evaluate(DRAWN_NODES))["all"]
            assert visit.faults == []


async def test_an_import_tells_how_far_it_is_and_each_fault_as_it_is_found(
    browser: Browser, database: Database
) -> None:
    rows = [f"item-{number},Item {number}" for number in range(300)]
    rows[7] = "no name,Item 7"
    with a_house(database, Role.ADMINISTRATOR) as house:
        async with visiting(browser, house, Role.ADMINISTRATOR) as visit:
            page = visit.page
            await visit.open("/administration/imports")
            told: list[str] = []
            await page.expose_function("tell", lambda text: told.append(text))
            await page.evaluate(WATCH_IMPORT)
            for text, found in (("\n".join(["name,title", *rows]), "1 fault"), ("name,title\nsaline,Saline", "tried")):
                await page.locator("#file").set_input_files(
                    {"name": "items.csv", "mimeType": "text/csv", "buffer": text.encode()}
                )
                await page.get_by_label("Why").fill("first fill")
                await page.get_by_role("button", name="Check the file").click()
                await expect(page.get_by_text(found).first).to_be_visible()
            await page.get_by_role("button", name="Import it now").click()
            await expect(page.get_by_text("1 added").first).to_be_visible()
            assert [fault for fault in visit.faults if "422" not in fault] == []
    shown = "|".join(told)
    assert "of 299 rows" in shown and "Line 9, name" in shown, shown
