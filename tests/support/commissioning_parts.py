"""The command line as people use it, and configurations to use it on."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.warm_commands import run_command

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
    ended = await asyncio.to_thread(run_command, "edge_agent", *map(str, args), typed=typed or "", timeout_s=PATIENCE_S)
    return Said(ended.returncode, ended.stdout, ended.stderr)


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
