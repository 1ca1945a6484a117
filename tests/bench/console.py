"""The console in a real browser, on a million positions: how soon pages are there, and what 200 open ones cost.

Pages are opened with an empty cache, in Chromium without a window: with one, each new tab also builds the window's own
parts beside the page, which cost more than most pages. A page is ready when the browser has it, its styles and its
scripts. With 200 open pages, 199 are streams read by a process of their own and one is Chromium, in which a reading is
waited for.
"""

import atexit
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from time import monotonic, sleep, time

import psycopg
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from cloud_sync.actions.people.accounts import add_account, change_password
from cloud_sync.config import DATABASE_URL
from cloud_sync.console.navigation import GROUPS
from cloud_sync.domain.roles import Role
from cloud_sync.ingest.batches import store_batch
from cloud_sync.ingest.receipts import BatchOutcome
from cloud_sync.storage.database import Database
from tests.bench.figure import Figure
from tests.bench.ledger import LARGE_LOTS, filled, positions_of
from tests.bench.pace import quantile
from tests.bench.processes import await_rest, cpu_s, rss_mb
from tests.support import browsers
from tests.support.builders import GatewayWithKey, Ledger, reading

LOTS = int(os.environ.get("LOTWARDEN_BENCH_LOTS", LARGE_LOTS))
PAGES_OPEN = int(os.environ.get("LOTWARDEN_BENCH_PAGES", "200"))
READINGS = int(os.environ.get("LOTWARDEN_BENCH_READINGS", "40"))
EVERY_S = 0.5
WARM_UP_S = 2.0
VISITS = 3
ROOM, DEVICE, GATEWAY = "cold-room", "console-probe", "gw-console"
PERSON, PASSWORD = "connie", "grey heron over the mill"
AWAITED = """
    key => new Promise((resolve, reject) => {
      const ends = performance.now() + 30000;
      const look = () => {
        const found = window.seen[key];
        if (found) resolve(found);
        else if (performance.now() > ends) reject(new Error(`${key} was never seen`));
        else setTimeout(look, 5);
      };
      look();
    })
"""
"""Waits in the page: what Playwright has for it is text that the page would run, which the page's policy forbids."""
DRAWN = """
    window.seen = {};
    new MutationObserver(() => {
      if (!window.seen.drawnAt && document.querySelector('[data-drawn]')) window.seen.drawnAt = performance.now();
    }).observe(document, { subtree: true, childList: true, attributes: true });
"""
SEEN = """
    window.seen = {};
    new MutationObserver(() => {
      const value = document.querySelector('.tile[href="/rooms/ROOM"] .value')?.firstChild?.textContent;
      if (value && !(value in window.seen)) window.seen[value] = Date.now();
    }).observe(document, { subtree: true, childList: true, characterData: true });
""".replace("ROOM", ROOM)


@dataclass(frozen=True, slots=True)
class Served:
    """A ledger with a million positions, served; and a gateway that measures in one of its rooms."""

    database: Database
    url: str
    process: "subprocess.Popen[str]"
    gateway: GatewayWithKey

    def measure(self, celsius: float) -> float:
        """A reading of now arrives; gives when it was handed over, in seconds since 1970."""
        sent_s = time()
        receipt = store_batch(self.database, self.gateway.batch(reading(datetime.now(UTC), celsius, DEVICE)))
        assert receipt.outcome is BatchOutcome.STORED, receipt.reason
        return sent_s


@cache
def _served() -> Served:
    database = filled(LOTS)
    gateway = GatewayWithKey(GATEWAY)
    gateway.register(database)
    Ledger(database).put_probe(ROOM, DEVICE, GATEWAY)
    now = datetime.now(UTC)
    add_account(database, PERSON, "Connie", [Role.QUALITY, Role.AUDITOR], at=now)
    change_password(database, PERSON, PASSWORD, at=now)
    folder = tempfile.TemporaryDirectory(prefix="lotwarden-bench-")
    atexit.register(folder.cleanup)
    config = Path(folder.name) / "ledger.toml"
    config.write_text(
        '[server]\nhost = "127.0.0.1"\nport = 0\nconnections_per_address_max = 1000\n[database]\n', encoding="utf-8"
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud_sync", "serve", "--config", str(config)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, DATABASE_URL: database.url},
    )  # fmt: skip
    atexit.register(process.terminate)
    assert process.stdout is not None
    url = next(said.split()[4] for said in process.stdout if "listens on" in said)
    return Served(database, url, process, gateway)


@contextmanager
def _browser() -> Iterator[tuple[Served, Browser, BrowserContext]]:
    served = _served()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browsers.program(), args=browsers.ARGUMENTS)
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{served.url}/login")
        page.get_by_label("Name").fill(PERSON)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{served.url}/")
        page.close()
        yield served, browser, context
        browser.close()


# --------------------------------------------------------------------------------------------------- pages


def _paths(database: Database) -> list[str]:
    with database.transaction() as connection:
        row = connection.execute("SELECT min(id) AS id FROM lot").fetchone()
    assert row is not None
    listed = [entry.path for group in GROUPS for entry in group.entries]
    lot = f"/lots/{row['id']}"
    return [
        *listed, lot, f"{lot}/trace", f"/rooms/{ROOM}", "/lots?q=L100", "/lots?sort=-lot_number", "/lots?state=on+hold",
        "/new-order", "/reports/stock", "/reports/movements?sort=occurred_at", "/administration/places", "/login",
    ]  # fmt: skip


@cache
def _first_loads() -> dict[str, tuple[float, float]]:
    """Of each page: milliseconds until it is ready, and kilobytes that came over the wire."""
    loads: dict[str, tuple[float, float]] = {}
    with _browser() as (served, _, context):
        served.measure(5.0)
        await_rest(served.process.pid)  # it counts what lies in the rooms since somebody looks
        for path in _paths(served.database):
            visits = [visit for _ in range(VISITS) if (visit := _first_load(context, served.url + path))]
            if visits:
                loads[path] = sorted(visits)[len(visits) // 2]
    return loads


def _first_load(context: BrowserContext, url: str) -> tuple[float, float] | None:
    """Of a new tab with an empty cache: milliseconds and kilobytes; None for what is no page."""
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came: list[float] = []
    wire.on("Network.loadingFinished", lambda event: came.append(event["encodedDataLength"]))
    answer = page.goto(url, wait_until="domcontentloaded")
    found = None
    if answer is not None and answer.status == 200:
        ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        page.wait_for_load_state("load")
        found = float(ready), sum(came) / 1000
    page.close()
    return found


def console_load_ms() -> Figure:
    """The slowest page."""
    loads = _first_loads()
    path, (ready_ms, _) = max(loads.items(), key=lambda each: each[1][0])
    note = f"the slowest of {len(loads)} pages ({path}), median of {VISITS}, empty cache, {positions_of(LOTS)}"
    return Figure("console_load_ms", ready_ms, "ms", 300.0, note=note)


def console_load_kb() -> Figure:
    """The heaviest page."""
    path, (_, came_kb) = max(_first_loads().items(), key=lambda each: each[1][1])
    return Figure("console_load_kb", came_kb, "kB", 100.0, note=f"over the wire, the heaviest page ({path})")


# --------------------------------------------------------------------------------------------------- chart


def console_year_chart_ms() -> Figure:
    """From the click to the last curve of a year's hours of one channel."""
    with _browser() as (served, _, context):
        served.measure(5.0)
        with psycopg.connect(served.database.url) as connection:
            connection.execute(
                """INSERT INTO reading_hour (channel_id, began_at, readings, lowest, mean, highest, thinned)
                   SELECT c.id, date_trunc('hour', now()) - n * interval '1 hour', 60, 4, 5, 6, true
                   FROM channel c, generate_series(1, 8760) n WHERE c.device = %s ON CONFLICT DO NOTHING""",
                (DEVICE,),
            )
        page = context.new_page()
        page.add_init_script(DRAWN)
        took = []
        for _ in range(5):
            page.goto(f"{served.url}/rooms/{ROOM}?hours=8760")
            took.append(float(page.evaluate(AWAITED, "drawnAt")))
    return Figure("console_year_chart_ms", sorted(took)[2], "ms", 300.0,
                  note="median of 5, from the click until it is drawn, 8760 hours")  # fmt: skip


# ---------------------------------------------------------------------------------------------------- trace


def console_trace_10k_ms() -> Figure:
    """From the click to the drawn trace of ten thousand points: as much of it as can be read, the rest folded."""
    with _browser() as (served, _, context):
        with served.database.transaction() as connection:
            row = connection.execute("SELECT id FROM lot WHERE lot_number = 'ROOT'").fetchone()
        assert row is not None
        page = context.new_page()
        page.add_init_script(DRAWN)
        took = []
        for _ in range(3):
            page.goto(f"{served.url}/lots/{row['id']}/trace?graph=true")
            took.append(float(page.evaluate(AWAITED, "drawnAt")))
        note = page.locator("#graph-note").inner_text()
        (shown, in_all) = (int(number) for number in re.findall(r"\d+", note)[:2])
        assert in_all > 10_000 and shown > 40, note
    return Figure("console_trace_10k_ms", sorted(took)[1], "ms", 2000.0,
                  note=f"median of 3, {shown} of {in_all} points drawn, {positions_of(LOTS)}")  # fmt: skip


# ---------------------------------------------------------------------------------------------- open pages


@dataclass(frozen=True, slots=True)
class _Open:
    """What many open pages cost: milliseconds to the pixel of each reading, megabytes more, and a share of a core."""

    pixel_ms: list[float]
    rss_mb: float
    cpu_share: float


@cache
def _many_open() -> _Open:
    with _browser() as (served, _, context):
        served.measure(5.0)
        cookie = "; ".join(f"{each.get('name')}={each.get('value')}" for each in context.cookies())
        before_mb = rss_mb(served.process.pid)
        page = context.new_page()
        page.add_init_script(SEEN)
        page.goto(f"{served.url}/")
        viewers = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.console_viewers", served.url, cookie, str(PAGES_OPEN - 1)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert viewers.stdout is not None and viewers.stdout.readline() == "open\n"
            sleep(WARM_UP_S)
            began_s, used_s = monotonic(), cpu_s(served.process.pid)
            pixel_ms = [_to_the_pixel_ms(served, page, 2.1 + number % 58 / 10) for number in range(READINGS)]
            share = (cpu_s(served.process.pid) - used_s) / (monotonic() - began_s)
            return _Open(sorted(pixel_ms), rss_mb(served.process.pid) - before_mb, share)
        finally:
            viewers.terminate()
            viewers.wait()


def _to_the_pixel_ms(served: Served, page: Page, celsius: float) -> float:
    shown = f"{celsius:.1f}"
    page.evaluate("for (const key of Object.keys(window.seen)) delete window.seen[key]")
    sent_s = served.measure(celsius)
    took_ms = float(page.evaluate(AWAITED, shown)) - sent_s * 1000
    sleep(EVERY_S)
    return took_ms


def console_pixel_p99_ms() -> Figure:
    """From a batch handed to the ledger to the value on the page."""
    return Figure("console_pixel_p99_ms", quantile(_many_open().pixel_ms, 0.99), "ms", 1000.0,
                  note=f"{READINGS} readings, {PAGES_OPEN} pages open, {positions_of(LOTS)}")  # fmt: skip


def console_rss_mb() -> Figure:
    """Memory that the open pages cost."""
    return Figure("console_rss_mb", _many_open().rss_mb, "MB", 150.0, note=f"for {PAGES_OPEN} open pages")


def console_cpu_share() -> Figure:
    """Of one core, while they are open and a reading comes every second or so."""
    return Figure("console_cpu_share", _many_open().cpu_share, "cores", 0.2, note=f"for {PAGES_OPEN} open pages")


FIGURES = {
    each.__name__: each
    for each in (
        console_load_ms, console_load_kb, console_year_chart_ms, console_trace_10k_ms, console_pixel_p99_ms,
        console_rss_mb, console_cpu_share,
    )
}  # fmt: skip
