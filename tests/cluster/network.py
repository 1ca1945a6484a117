"""Machines on one machine: network namespaces on a bridge, whose cables can be pulled and whose power can be cut.

All of it is made in a network namespace of this process (``enter_own_network``): no address of it is reachable from
outside, and it is gone with the process.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

BRIDGE, OWN_ADDRESS = "hub", "10.231.0.1"
MARK = "LOTWARDEN_OWN_NETWORK"


def enter_own_network(module: str, arguments: Sequence[str]) -> int | None:
    """Run this program again with network, mounts and processes of its own; None in there, else its exit code."""
    if os.environ.get(MARK):
        os.makedirs("/run/netns", exist_ok=True)
        # Names of our own, in mounts of our own.
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run/netns"], check=True)
        _ip("link", "set", "lo", "up")
        _ip("link", "add", BRIDGE, "type", "bridge")
        _ip("address", "add", f"{OWN_ADDRESS}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        return None
    # The shell is the first process in there: it buries whatever loses its parent. With it all others end.
    inside = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-m", module, *arguments]
    command = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", *inside]
    return subprocess.run(command, env={**os.environ, MARK: "1"}, check=False).returncode


@dataclass
class Machine:
    """A namespace with a cable to the bridge. What runs in it is paused and killed all at once."""

    name: str
    number: int
    is_cut: bool = False
    is_paused: bool = False
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @property
    def address(self) -> str:
        """On the bridge."""
        return f"10.231.0.{10 + self.number}"

    def __post_init__(self) -> None:
        _ip("netns", "add", self.name)
        _ip("link", "add", self._cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        _ip("link", "set", self._cable, "master", BRIDGE, "up")
        _ip("-n", self.name, "link", "set", "lo", "up")
        _ip("-n", self.name, "address", "add", f"{self.address}/24", "dev", "eth0")
        _ip("-n", self.name, "link", "set", "eth0", "up")

    @property
    def _cable(self) -> str:
        return f"to-{self.number}"

    def spawn(
        self, program: Sequence[str], log: Path, *, user: str = "", env: dict[str, str] | None = None
    ) -> "subprocess.Popen[bytes]":
        """Start a program here, perhaps as another user."""
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
        with log.open("ab") as into:
            process = subprocess.Popen(
                ["ip", "netns", "exec", self.name, *as_user, *program], stdout=into, stderr=into, env=env, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        self.processes = [*(each for each in self.processes if each.poll() is None), process]
        return process

    def pids(self) -> list[int]:
        """Of everything that runs here."""
        said = subprocess.run(["ip", "netns", "pids", self.name], capture_output=True, text=True, check=True).stdout
        return [int(each) for each in said.split()]

    @property
    def is_running(self) -> bool:
        """Whether all that was started here still runs."""
        return bool(self.processes) and all(each.poll() is None for each in self.processes)

    def signal(self, number: signal.Signals) -> None:
        """To everything that runs here."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def pause(self) -> None:
        """Stop everything, as a machine that swaps or a guest that is moved."""
        self.is_paused = True
        self.signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """After a pause."""
        self.is_paused = False
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Cut its power."""
        while self.pids():
            self.signal(signal.SIGKILL)
            for each in self.processes:
                each.wait()
        self.processes.clear()

    def cut(self) -> None:
        """Pull its cable."""
        self.is_cut = True
        _ip("link", "set", self._cable, "down")

    def mend(self) -> None:
        """Put it in again."""
        self.is_cut = False
        _ip("link", "set", self._cable, "up")

    def cut_from(self, other: "Machine") -> None:
        """Nothing goes between the two; both still reach all others."""
        _ip("-n", self.name, "route", "add", "blackhole", f"{other.address}/32")
        _ip("-n", other.name, "route", "add", "blackhole", f"{self.address}/32")

    def join(self, other: "Machine") -> None:
        """They reach each other again."""
        _ip("-n", self.name, "route", "del", "blackhole", f"{other.address}/32")
        _ip("-n", other.name, "route", "del", "blackhole", f"{self.address}/32")


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ip {' '.join(arguments)}: {done.stderr}"
