"""``edge-agent run`` as a process of its own, and the ledger that it tells what it hears."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Self

from edge_agent.domain.wire.records import Quality, Reading, Record, ScanTransaction
from edge_agent.domain.wire.wire import decode_record
from edge_agent.uplink.identity import Identity
from tests.support.small_ledger import Ledger

PATIENCE_S = 40.0
LOOK_S = 0.02


class GatewayProcess:
    """An agent on the given sections of its configuration, as an async context manager."""

    def __init__(self, folder: Path, sections: str, environment: Mapping[str, str] | None = None) -> None:
        self._folder = folder
        self._sections = sections
        self._environment = dict(environment or {})

    async def __aenter__(self) -> Self:
        data_dir = self._folder / "data"
        self._ledger = await Ledger(Identity.load_or_make(data_dir).verify).start()
        config = self._folder / "gateway.toml"
        config.write_text(head(data_dir, self._ledger.url) + self._sections)
        self._said = (self._folder / "said.log").open("wb")
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "edge_agent", "run", "--config", str(config),
            stderr=self._said, env={**os.environ, **self._environment},
        )  # fmt: skip
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        async with asyncio.timeout(PATIENCE_S):
            code = await self._process.wait()
        await self._ledger.stop()
        self._said.close()
        assert code == 0, self.said

    @property
    def said(self) -> str:
        """Its log."""
        return (self._folder / "said.log").read_text()

    def readings(self, device: str, quality: Quality | None = None) -> list[Reading]:
        """What the ledger has of a device."""
        return [
            record
            for record in self._records("readings")
            if isinstance(record, Reading) and record.device == device and quality in (None, record.quality)
        ]

    def good(self, device: str) -> list[dict[str, float]]:
        """The values of its good readings."""
        return [reading.values for reading in self.readings(device, Quality.GOOD)]

    def transactions(self) -> list[ScanTransaction]:
        """What was booked at the docks."""
        return [record for record in self._records("scans") if isinstance(record, ScanTransaction)]

    async def until(self, condition: Callable[[Self], bool], what: str = "") -> None:
        """Wait until the ledger has what is wanted; ``what`` names it where it never comes."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition(self):
                    assert self._process.returncode is None, self.said
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{what or 'it'} never came.\n{self.said}") from None

    async def until_good(self, *devices: str) -> None:
        """Wait until each of ``devices`` has a good reading."""
        for device in devices:
            await self.until(partial(type(self)._has_good, device=device), f"a good reading of {device}")

    def _has_good(self, device: str) -> bool:
        return bool(self.good(device))

    def _records(self, lane: str) -> list[Record]:
        return [decode_record(line) for line in self._ledger.lines(lane)]


def head(data_dir: Path, url: str) -> str:
    """The part of a configuration that has nothing to do with devices."""
    return f"""
[gateway]
name = "gw-1"
data_dir = "{data_dir}"
profiles_dir = "{data_dir.parent}"
[uplink]
url = "{url}"
timeout_s = 2
retry_max_s = 1
[journal]
readings_commit_s = 0.2
[clock]
source = "trusted"
[page]
enabled = false
"""


def section(kind: str, /, **keys: object) -> str:
    """One ``[[kind]]`` of a configuration."""
    return "\n".join([f"[[{kind}]]", *(f"{key} = {_toml(value)}" for key, value in keys.items()), "", ""])


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case dict():
            return "{ " + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(_toml(inner) for inner in value) + "]"
        case _:
            return f'"{value}"'
