"""The local page in a real browser, served by a real agent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import httpx
import pypdfium2
import pytest
import zxingcpp
from playwright.async_api import Browser, Page, expect

from edge_agent.domain.stock.desk import DeskChannel
from edge_agent.domain.stock.paper_sheets import LINES, SHEETS
from edge_agent.domain.wire.records import Quality
from edge_agent.simulators.scanner import label
from tests.browser.gateway import a_gateway
from tests.support.desk_parts import INSULIN, INSULIN_CASE, SITE

pytestmark = pytest.mark.asyncio(loop_scope="session")
TABLET = {"width": 1280, "height": 800}


class Size(NamedTuple):
    """A screen, and how large what to do next has to be on it."""

    width: int
    height: int
    type_px_min: float


SIZES = (Size(1440, 900, 40), Size(1280, 800, 40), Size(1024, 768, 34), Size(800, 1280, 40), Size(390, 844, 29))
PICK = ("LW.BADGE.amy", "LW.ACTION.PICK", "LW.PLACE.fridge-a", "LW.PLACE.dock-1")


@asynccontextmanager
async def a_tablet(browser: Browser, url: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and the errors its console shows."""
    async with await browser.new_context(viewport=TABLET) as context:  # type: ignore[arg-type]
        page = await context.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        await page.goto(url)
        yield page, faults


async def test_an_operator_sees_green_red_and_what_to_scan_next(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        await gateway.scan(*PICK)
        verdict = page.locator(".verdict")
        await expect(page.locator(".next")).to_have_text("Scan an item.")
        await gateway.scan(label(INSULIN, "GOOD", date(2027, 12, 31)))
        await expect(verdict).to_have_class("verdict good")
        await expect(verdict.locator("b")).to_have_text("✓ OK")
        await gateway.scan(label(INSULIN, "HELD", date(2027, 12, 31)))
        await expect(verdict).to_have_class("verdict bad")
        await expect(verdict.locator("b")).to_have_text("✕ STOP")
        await expect(verdict).to_contain_text("outer box torn")
        await expect(page.locator(".next")).to_have_text("Scan the next item, or the COMMIT card.")
        await expect(page.locator("#chips")).to_contain_text("Ledger data from")
        assert faults == []


async def test_rooms_show_their_value_and_a_silent_sensor_is_not_shown_as_good(
    browser: Browser, tmp_path: Path
) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        gateway.measure("fridge-a/probe-1", temp_c=4.24)
        room = page.locator(".room")
        await expect(room.locator(".value")).to_have_text("4.2 °C")
        await expect(room).to_have_class("room good")
        await expect(room).to_contain_text("Allowed 2 to 8 °C")
        gateway.measure("fridge-a/probe-1", temp_c=9.0)
        await expect(room).to_have_class("room outside")
        gateway.measure("fridge-a/probe-1", Quality.TIMEOUT)
        gateway.lose("fridge-a/probe-1")
        await expect(room).to_have_class("room unsure")
        await expect(page.locator("#alarms")).to_contain_text("fridge-a/probe-1 is lost")
        assert faults == []


async def test_text_from_a_label_is_never_read_as_html(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        await gateway.scan(*PICK)
        await gateway.scan(label(INSULIN, "<b>x</b>", date(2027, 12, 31)))
        await expect(page.locator(".verdict span")).to_contain_text("<b>x</b>")
        assert await page.locator(".verdict span b").count() == 0
        assert faults == []


async def test_everything_fits_on_tablet_and_phone_and_type_is_large(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, _):
        gateway.measure("fridge-a/probe-1", temp_c=4.24)
        await gateway.scan(*PICK)
        await expect(page.locator(".next")).to_have_text("Scan an item.")
        for size in SIZES:
            await page.set_viewport_size({"width": size.width, "height": size.height})
            overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            assert await page.evaluate(overflow) == 0, size
            type_px = await page.evaluate("parseFloat(getComputedStyle(document.querySelector('.next')).fontSize)")
            assert type_px >= size.type_px_min, size
            bottom_px = await page.evaluate("document.querySelector('.next').getBoundingClientRect().bottom")
            assert bottom_px <= size.height, "what to do next is seen without scrolling"


async def test_two_probes_of_a_fridge_are_one_tile_and_what_no_rule_judges_is_grey(
    browser: Browser, tmp_path: Path
) -> None:
    site = replace(SITE, channels=(*SITE.channels, DeskChannel("fridge-a/probe-2", "temp_c", "fridge-a")))
    async with a_gateway(tmp_path, site) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        gateway.measure("fridge-a/probe-1", temp_c=4.24)
        gateway.measure("fridge-a/probe-2", temp_c=4.6)
        gateway.measure("tag-7", temp_c=21.0, ended_unix_s=1.7e9)
        fridge = page.locator(".room", has_text="Fridge A")
        await expect(fridge.locator(".probe")).to_have_count(2)
        await expect(fridge).to_have_class("room good")
        strange = page.locator(".room", has_text="tag-7")
        await expect(strange).to_have_class("room unjudged")
        told = "NOT JUDGED temperature: no location is set for it at the ledger"
        await expect(strange.locator(".gap")).to_have_text(told)
        await expect(strange).not_to_contain_text("unix")
        assert faults == []


async def test_the_order_is_a_checklist_in_its_own_units_and_items_have_their_names(
    browser: Browser, tmp_path: Path
) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        await gateway.scan("LW.BADGE.amy", "LW.ACTION.RECEIVE", "LW.PLACE.acme", "LW.PLACE.dock-1", "LW.ORDER.PO-1")
        await expect(page.locator(".order h3")).to_have_text("Order PO-1: 0 of 1 line complete")
        await gateway.scan(label(INSULIN_CASE, "NEW", date(2027, 12, 31)))
        await expect(page.locator(".order li")).to_contain_text("15 of 20 units")
        await expect(page.locator(".verdict")).to_contain_text("Insulin 100 IU/ml, carton of 10, lot NEW")
        await expect(page.locator(".doing")).to_contain_text("10 units scanned, not booked yet")
        assert faults == []


async def test_on_a_phone_the_verdict_stays_in_view_and_a_tablet_sounds_once_it_is_touched(
    browser: Browser, tmp_path: Path
) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        for number in range(4):
            gateway.measure(f"tag-{number}", temp_c=5.0)
        await gateway.scan(*PICK)
        await gateway.scan(label(INSULIN, "HELD", date(2027, 12, 31)))
        await page.set_viewport_size({"width": 390, "height": 844})
        await expect(page.locator(".verdict")).to_have_class("verdict bad")
        box = "document.querySelector('.verdict').getBoundingClientRect()"
        seen = f"(({{top, bottom}}) => top >= 0 && bottom <= innerHeight)({box})"
        assert await page.evaluate(seen)
        await page.evaluate("scrollTo(0, document.querySelector('.dock').offsetTop + 80)")
        assert await page.evaluate(seen)
        await page.get_by_role("button", name="Sound off").click()
        await expect(page.get_by_role("button", name="Sound on")).to_have_attribute("aria-pressed", "true")
        assert await page.evaluate("audio.state") == "running"
        assert faults == []


async def test_the_page_says_when_the_gateway_is_gone(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, _):
        await expect(page.locator(".dock")).to_have_count(1)
        await expect(page.locator("#gone")).to_be_hidden()
        await page.clock.install()
        await page.context.set_offline(True)
        await page.evaluate("events.close()")
        await page.clock.fast_forward(20_000)
        await expect(page.locator("#gone")).to_be_visible()


async def test_what_is_old_is_shown_as_old_and_not_in_the_colours_of_now(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        gateway.measure("fridge-a/probe-1", temp_c=4.24)
        await gateway.scan(*PICK)
        await gateway.scan(label(INSULIN, "GOOD", date(2027, 12, 31)))
        verdict, room = page.locator(".verdict"), page.locator(".room")
        await expect(verdict).to_have_class("verdict good")
        await expect(verdict.locator("small")).to_contain_text("s ago")
        await expect(room).to_contain_text("✓ Allowed 2 to 8 °C")
        await page.evaluate("heardAt -= 60 * 60 * 1000; events.close(); tick()")
        await expect(page.locator("#gone")).to_be_visible()
        await expect(verdict).to_have_class("verdict good old")
        await expect(verdict.locator("small")).to_contain_text("OLD: 60 min ago")
        await expect(room).to_have_class("room unsure")
        await expect(room).to_contain_text("? no word from the gateway")
        await expect(page.locator("#chips li")).to_have_text("! State of 60 min ago")
        assert faults == []


async def test_a_verdict_that_nobody_acted_on_for_two_minutes_is_old(browser: Browser, tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, _):
        await gateway.scan(*PICK)
        await expect(page.locator(".verdict")).to_have_class("verdict good")
        await page.evaluate(
            "model.docks[0].recent[0].at = new Date(Date.parse(model.at) - 121000).toISOString(); draw()"
        )
        await expect(page.locator(".verdict")).to_have_class("verdict good old")
        await expect(page.locator("#gone")).to_be_hidden()


async def test_the_downtime_pack_is_one_click_away_prints_with_codes_that_scan_and_is_kept(
    browser: Browser, tmp_path: Path
) -> None:
    async with a_gateway(tmp_path) as gateway, a_tablet(browser, gateway.url) as (page, faults):
        await page.get_by_role("link", name="Downtime pack").click()
        await expect(page.get_by_role("heading", name="Downtime pack north")).to_be_visible()
        await expect(page.get_by_text("outer box torn").first).to_be_visible()
        printed = pypdfium2.PdfDocument(await page.pdf(prefer_css_page_size=True))
        assert faults == []
    sheet = printed[len(printed) - 1].render(scale=3).to_pil()
    codes = {code.text for code in zxingcpp.read_barcodes(sheet)}
    assert {f"LW.LINE.{line}" for line in range(1, LINES + 1)} < codes
    assert any(code.startswith("LW.SHEET.") and code.endswith(f".{SHEETS}") for code in codes)
    assert kept_packs(tmp_path)


def kept_packs(folder: Path) -> list[Path]:
    return list(folder.rglob("downtime/pack-*.html"))


async def test_the_page_can_only_be_read_and_only_by_a_name_of_this_machine(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
        assert (await client.post("/state")).status_code == 405
        assert (await client.get("/../../etc/passwd")).status_code == 404
        assert (await client.get("/state", headers={"host": "evil.example"})).status_code == 421
        answer = await client.get("/")
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert (await client.head("/")).content == b""


async def test_health_and_metrics_speak_to_machines(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway, httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
        gateway.measure("fridge-a/probe-1", temp_c=4.25)
        async with asyncio.timeout(10):
            while "lotwarden_reading{" not in (text := (await client.get("/metrics")).text):
                await gateway.dock_context.status_model.news(0.1)
        assert 'lotwarden_reading{device="fridge-a/probe-1",metric="temp_c",place="Fridge A"} 4.25' in text
        assert "lotwarden_healthy 1.0" in text
        health = await client.get("/healthz")
        assert (health.status_code, health.json()) == (200, {"ok": True, "faults": []})


async def test_bytes_that_are_no_request_hurt_nobody(tmp_path: Path) -> None:
    async with a_gateway(tmp_path) as gateway:
        port = int(gateway.url.rstrip("/").rpartition(":")[2])
        for junk in (b"\x16\x03\x01\x02\x00", b"GET /" + b"a" * 40_000, b"POST / HTTP/1.1\r\nhost: x\r\n\r\n"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(junk + b"\r\n\r\n")
            async with asyncio.timeout(5):
                assert (await reader.read()).startswith((b"HTTP/1.1 4", b""))
            writer.close()
        async with httpx.AsyncClient(base_url=gateway.url, trust_env=False) as client:
            assert (await client.get("/healthz")).status_code == 200
