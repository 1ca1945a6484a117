"""Commands as processes of their own that need not load Python and all packages each time.

One process for each package has loaded everything and waits; for each command it forks, so that the command has its
own memory, arguments, environment, files and exit status. What is about signals, kills or the start itself starts
``python -m`` instead.
"""

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
import traceback
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from cloud_sync.commands.late_commands import COMMANDS
from cloud_sync.commands.loading import loading

LOADED = {
    "edge_agent": ("edge_agent.cli", "edge_agent.process"),
    "cloud_sync": (
        "cloud_sync.__main__",
        "cloud_sync.commands.serving",
        "alembic.command",
        *sorted({f"cloud_sync.commands.{where.split('.')[0]}" for where in COMMANDS.values()}),
    ),
}
"""What each command loads; modules of ours are loaded by these."""


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def run_command(
    package: str, *arguments: str, typed: str = "", environment: dict[str, str] | None = None, timeout_s: float = 60
) -> Ended:
    """Run the command of ``package`` to its end. Raises ``TimeoutError`` after ``timeout_s``."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        stdin.write(typed.encode())
        stdin.seek(0)
        order = {"argv": [package, *arguments], "env": environment or dict(os.environ), "cwd": os.getcwd()}
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking:
            asking.settimeout(timeout_s)
            asking.connect(_server_of(package))
            socket.send_fds(asking, [json.dumps(order).encode()], [stdin.fileno(), out.fileno(), err.fileno()])
            code = int(asking.recv(16))  # the other side kills the command when this socket is closed
        out.seek(0)
        err.seek(0)
        return Ended(code, out.read().decode(), err.read().decode())


_servers: dict[str, str] = {}
_making = threading.Lock()


def _server_of(package: str) -> str:
    """The address of the process that forks; made with the first command of a process of the tests."""
    with _making:
        if package not in _servers:
            address = f"\0lotwarden-tests-{os.getpid()}-{package}"
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
                listening.bind(address)
                listening.listen(64)
                lifeline, kept = os.pipe()  # ends with this process, however it ends
                process = subprocess.Popen(
                    [sys.executable, "-m", __name__, package, str(listening.fileno()), str(lifeline)],
                    pass_fds=(listening.fileno(), lifeline), stdin=subprocess.DEVNULL,
                )  # fmt: skip
                os.close(lifeline)
            atexit.register(lambda: (os.close(kept), process.wait()))
            _servers[package] = address
        return _servers[package]


def _serve(package: str, listening: socket.socket, lifeline: int) -> None:
    with loading():
        for module in LOADED[package]:
            import_module(module)
    running: dict[int, tuple[int, socket.socket]] = {}  # by pidfd
    while True:
        waited = [listening.fileno(), lifeline, *running, *(asking.fileno() for _, asking in running.values())]
        ready = select.select(waited, [], [])[0]
        if lifeline in ready:
            return
        for pidfd, (pid, asking) in list(running.items()):
            if pidfd in ready:
                _, status = os.waitpid(pid, 0)
                _answer(asking, os.waitstatus_to_exitcode(status))
            elif asking.fileno() in ready:  # nobody waits for it any more
                os.kill(pid, 9)
                os.waitpid(pid, 0)
                asking.close()
            else:
                continue
            os.close(pidfd)
            del running[pidfd]
        if listening.fileno() in ready:
            asking, _ = listening.accept()
            order, files, _, _ = socket.recv_fds(asking, 1 << 20, 3)
            pid = os.fork()
            if pid == 0:
                _be_the_command(json.loads(order), files)
            for file in files:
                os.close(file)
            running[os.pidfd_open(pid)] = (pid, asking)


def _answer(asking: socket.socket, code: int) -> None:
    with asking:
        asking.send(str(code).encode())


def _be_the_command(order: dict[str, Any], files: list[int]) -> None:
    code = 1
    try:
        os.setsid()
        for number, file in enumerate(files):
            os.dup2(file, number)
        os.closerange(3, 256)
        os.environ.clear()
        os.environ.update(order["env"])
        os.chdir(order["cwd"])
        sys.argv = order["argv"]
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in enumerate(("r", "w", "w")))
        sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
        import_module(f"{sys.argv[0]}.entry").main()
        code = 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its end
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])), int(sys.argv[3]))
