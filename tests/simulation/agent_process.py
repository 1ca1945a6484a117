"""A real ``edge-agent run`` as a process, with a configuration for simulated devices."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from tests.support.faketime import FakeWall

PATIENCE_S = 30.0


def write_config(
    folder: Path,
    *,
    url: str,
    modbus_port: int,
    scanner: Path | None = None,
    poll_s: float = 0.1,
    more: str = "",
    timeout_s: float = 2,
) -> Path:
    """A gateway ``gw-1`` with one probe, and a scanner if there is one. Its clock is taken at its word."""
    path = folder / "gateway.toml"
    dock = f'[[scanner]]\nname = "dock-1/scanner"\nport = "{scanner}"\n' if scanner else ""
    clock = "" if "[clock]" in more else '[clock]\nsource = "trusted"\n'
    path.write_text(
        f'[gateway]\nname = "gw-1"\ndata_dir = "{folder / "data"}"\n'
        f'[uplink]\nurl = "{url}"\ntimeout_s = {timeout_s}\nretry_max_s = 1\n'
        f"[journal]\nreadings_commit_s = 0.2\n[page]\nenabled = false\n{clock}{more}\n"
        f'[[bus]]\nkind = "modbus-tcp"\nname = "bus"\nhost = "127.0.0.1"\nport = {modbus_port}\nretry_max_s = 0.5\n'
        f'[[device]]\nname = "probe-a"\nbus = "bus"\nprofile = "xy-md02"\nunit = 1\npoll_s = {poll_s}\n{dock}'
    )
    return path


class AgentProcess:
    """``edge-agent run``; what it logs is collected."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, config: Path, wall: FakeWall) -> "AgentProcess":
        """Start it and wait until it runs."""
        command = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
        agent = cls(
            await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE, env=wall.environment)
        )
        await agent.until_said("runs with")
        return agent

    def __del__(self) -> None:
        """A test that failed leaves no process behind."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    async def until_said(self, words: str) -> None:
        """Wait for a line of the log."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(
                lambda: any(words in line for line in self.said) or self.process.returncode is not None
            )
        assert any(words in line for line in self.said), "\n".join(self.said)

    async def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        await self._end()

    async def stop(self) -> None:
        """SIGTERM, and a clean end."""
        self.process.terminate()
        await self._end()
        assert self.process.returncode == 0, "\n".join(self.said)

    async def _end(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.process.wait()
            await self._reading

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            async with self._changed:
                self.said.append(line.decode(errors="replace").rstrip())
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()
