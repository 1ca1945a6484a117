"""How a page looks: for whom it is shut, and pictures of it for people."""

import os
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Page

from tests.support.paths import ROOT

PICTURES = ROOT / "build" / "screens" / "console"
"""Kept after the tests, to be looked at; made only where ``LOTWARDEN_PICTURES=yes``: ``./dev test tests/browser``."""
AXE = (Path(next(iter(axe_playwright_python.__path__))) / "axe.min.js").read_text()
FAULTS = """
    axe.run({ resultTypes: ["violations"] }).then(
      (found) => found.violations.map((rule) => [rule.id, rule.nodes.map((node) => node.target.join(" "))]),
    )
"""
"""All rules of axe on all of the page; what it found right stays in the browser."""


async def shut_out(page: Page) -> list[list[object]]:
    """What on the page keeps somebody out: rules of axe with the elements that break them."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    found: list[list[object]] = await page.evaluate(FAULTS)
    return found


async def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page."""
    if os.environ.get("LOTWARDEN_PICTURES") == "yes":
        PICTURES.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
