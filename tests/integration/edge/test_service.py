"""The agent as systemd sees it: ready, alive, reloaded, and locked in."""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from edge_agent.buffer.journal_thread import JournalThread
from edge_agent.buffer.recorder import Recorder
from edge_agent.runtime.heartbeat import Progress
from edge_agent.runtime.watchdog import STUCK_S, Watchdog
from edge_agent.simulators.scanner import SimulatedScanner
from edge_agent.timekeeping.clock import ManualClock
from tests.support.journal_parts import START, open_journal
from tests.support.paths import ROOT

UNIT = ROOT / "systemd" / "edge-agent.service"
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze IS MISSING: ./dev test installs it"
)
EXPOSURE_MAX = 2.0


class Manager:
    """systemd's end of the notification socket."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.setblocking(False)
        self.heard: list[str] = []

    async def until(self, word: str) -> None:
        """Wait for a message with ``word``; those before it are used up."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(30):
            while True:
                message = (await loop.sock_recv(self.socket, 4096)).decode()
                self.heard.append(message)
                if word in message:
                    return


@asynccontextmanager
async def an_agent(tmp_path: Path, config: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, Manager]]:
    manager = Manager(tmp_path / "notify")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_agent", "run", "--config", str(config), stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "3000000"},
    )  # fmt: skip
    try:
        yield process, manager
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        manager.socket.close()


def write(path: Path, tmp_path: Path, *scanners: str, more: str = "") -> Path:
    sections = "".join(f'[[scanner]]\nname = "dock/{s}"\nport = "{tmp_path / s}"\n' for s in scanners)
    path.write_text(
        f'[gateway]\nname = "gw-test"\ndata_dir = "{tmp_path / "data"}"\n[page]\nport = 0\n'
        f'[uplink]\nurl = "http://127.0.0.1:9"\n{more}{sections}'
    )
    return path


async def logged(process: asyncio.subprocess.Process, words: str) -> str:
    assert process.stderr
    async with asyncio.timeout(30):
        async for line in process.stderr:
            assert b"Traceback" not in line
            if words in line.decode():
                return line.decode()
    raise AssertionError(f"never said {words}")


async def test_it_says_when_it_is_ready_that_it_lives_and_when_it_stops(tmp_path: Path) -> None:
    async with an_agent(tmp_path, write(tmp_path / "gateway.toml", tmp_path)) as (process, manager):
        await manager.until("READY=1")
        await manager.until("WATCHDOG=1")
        await manager.until("WATCHDOG=1")
        process.send_signal(signal.SIGTERM)
        await manager.until("STOPPING=1")
        assert await process.wait() == 0


async def test_a_reload_swaps_only_what_changed_and_never_the_journal(tmp_path: Path) -> None:
    config = write(tmp_path / "gateway.toml", tmp_path, "one", "two")
    with SimulatedScanner(tmp_path / "one") as one, SimulatedScanner(tmp_path / "two"):
        async with an_agent(tmp_path, config) as (process, manager):
            await manager.until("READY=1")
            await one.scan_until_answered("LW.BADGE.amy", aim="]C0")
            write(config, tmp_path, "one", "three")
            process.send_signal(signal.SIGHUP)
            assert "changed dock/two, dock/three" in await logged(process, "configuration reloaded")
            await manager.until("READY=1")
            assert any("RELOADING=1" in message for message in manager.heard)
            await one.scan("LW.ACTION.RECEIVE", aim="]C0")
            assert await one.hear() == b"\x06", "dock/one is still amy's: it was left alone"
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


async def test_the_page_shows_the_docks_of_the_configuration_that_counts_now(tmp_path: Path) -> None:
    config = write(tmp_path / "gateway.toml", tmp_path, "one", "two")
    with SimulatedScanner(tmp_path / "one") as one, SimulatedScanner(tmp_path / "two") as two:
        async with an_agent(tmp_path, config) as (process, manager):
            url = (await logged(process, "the local page is at")).rpartition(" ")[2].strip()
            await manager.until("READY=1")
            await one.scan_until_answered("LW.BADGE.amy", aim="]C0")
            await two.scan_until_answered("LW.BADGE.ben", aim="]C0")
            write(config, tmp_path, "one", "three")
            process.send_signal(signal.SIGHUP)
            await logged(process, "configuration reloaded")
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                state = (await client.get("/state")).json()
    assert [(dock["name"], dock["operator"]) for dock in state["docks"]] == [("dock/one", "amy"), ("dock/three", None)]


async def test_a_reload_with_faults_changes_nothing_and_names_them(tmp_path: Path) -> None:
    config = write(tmp_path / "gateway.toml", tmp_path, "one")
    with SimulatedScanner(tmp_path / "one") as one:
        async with an_agent(tmp_path, config) as (process, manager):
            await manager.until("READY=1")
            await one.scan_until_answered("LW.BADGE.amy", aim="]C0")
            write(config, tmp_path, "one", more="timeout_s = 0\n")
            process.send_signal(signal.SIGHUP)
            assert "timeout_s" in await logged(process, "new configuration rejected")
            write(config, tmp_path, "one", more="timeout_s = 5\n")
            process.send_signal(signal.SIGHUP)
            await logged(process, "[uplink] changed: this counts from the next start on")
            await one.scan("LW.ACTION.RECEIVE", aim="]C0")
            assert await one.hear() == b"\x06"


async def test_a_page_that_cannot_listen_stops_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        config = write(tmp_path / "gateway.toml", tmp_path)
        config.write_text(config.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        async with an_agent(tmp_path, config) as (process, manager):
            await logged(process, "the local page cannot listen")
            await manager.until("READY=1")


def test_progress_names_who_is_late() -> None:
    clock = ManualClock(START)
    progress = Progress(clock)
    progress.expect("bus", 60)
    progress.expect("dock", 30)
    clock.advance(31)
    progress.sign("bus")
    assert progress.late() == ("dock: no progress for 31 s",)
    progress.forget("dock")
    assert progress.late() == ()


async def test_the_watchdog_is_not_fed_while_the_journal_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = Manager(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "60000")  # it looks every 20 ms
    clock, thread = ManualClock(START), JournalThread()
    with open_journal(tmp_path / "journal") as journal:
        pulse = Watchdog(clock, Recorder(journal, thread, clock), thread)
        pulsing = asyncio.create_task(pulse.run())
        await manager.until("WATCHDOG=1")
        disk = asyncio.Event()
        loop = asyncio.get_running_loop()
        hangs = asyncio.create_task(thread.call(lambda: asyncio.run_coroutine_threadsafe(disk.wait(), loop).result()))
        await asyncio.sleep(0)
        clock.advance(STUCK_S + 1)
        assert pulse.faults()[0].startswith("journal: no progress")
        while True:  # what was sent before the clock moved
            try:
                manager.socket.recv(4096)
            except BlockingIOError:
                break
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await manager.until("WATCHDOG=1")
        disk.set()
        await hangs
        await manager.until("WATCHDOG=1")
        pulsing.cancel()
        await asyncio.gather(pulsing, return_exceptions=True)
        thread.close()
    manager.socket.close()


def analyzed(*arguments: str, unit: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments, str(unit)], capture_output=True, text=True, check=False)


@needs_systemd
def test_the_unit_is_one_that_systemd_accepts(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/lotwarden/bin/edge-agent", sys.executable))
    verdict = analyzed("verify", unit=unit)
    assert (verdict.returncode, verdict.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("Type=notify", "Typ=notify"))
    assert "Typ" in analyzed("verify", unit=unit).stderr, "a fault would be seen"


@needs_systemd
def test_the_unit_is_locked_in() -> None:
    verdict = analyzed("security", "--offline=true", f"--threshold={int(EXPOSURE_MAX * 10)}", unit=UNIT)
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", verdict.stdout)
    assert score
    assert float(score[1]) <= EXPOSURE_MAX
    assert verdict.returncode == 0
