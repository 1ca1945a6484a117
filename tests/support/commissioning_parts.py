"""The command line as people use it, and configurations to use it on."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_S = 40


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """Its JSON."""
        return json.loads(self.out)

    @property
    def words(self) -> str:
        """Its text as one line, since terminals break it where they like."""
        return " ".join((self.out + self.err).split())


async def edge_agent(*args: object, typed: str | None = None) -> Said:
    """Run ``edge-agent`` as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_agent", *map(str, args),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate((typed or "").encode())
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), err.decode())


def config_in(folder: Path, more: str = "", url: str = "http://127.0.0.1:9") -> Path:
    """A configuration with comments of its own, and ``more`` at its end."""
    (folder / "data").mkdir(exist_ok=True)
    path = folder / "gateway.toml"
    path.write_text(
        f'''# Ask Maria before changing anything.
[gateway]
name = "gw-1"   # as registered
data_dir = "{folder / "data"}"

[uplink]
url = "{url}"
timeout_s = 1

{more}'''
    )
    return path
