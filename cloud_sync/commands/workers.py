"""Processes that serve side by side: started together, started again if one dies, stopped together."""

import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from threading import Thread
from time import monotonic, sleep

LOOK_EVERY_S = 0.2
AGAIN_AFTER_S = 1.0
"""Between two starts of the same worker at the least: one that cannot start must not take the machine."""
STOP_S = 20
"""After that a worker that does not stop is killed."""

log = logging.getLogger(__name__)


def keep_running(commands: Sequence[list[str]], *, keep_open: int) -> None:
    """Run these commands until ``SystemExit`` or Ctrl-C, each with the file ``keep_open``; then stop them all."""
    running: list[subprocess.Popen[bytes]] = []
    started_at: list[float] = []
    try:
        for command in commands:
            running.append(_started(command, keep_open))
            started_at.append(monotonic())
        while True:
            sleep(LOOK_EVERY_S)
            for number, each in enumerate(running):
                if each.poll() is None or monotonic() - started_at[number] < AGAIN_AFTER_S:
                    continue
                log.warning("worker %d ended with status %d: it is started again", number, each.returncode)
                running[number] = _started(commands[number], keep_open)
                started_at[number] = monotonic()
    finally:
        _stop(running)


def end_with(parent: int) -> None:
    """End this process in order once its parent has died, also if it did while this one started: nobody else would."""

    def watch() -> None:
        while os.getppid() == parent:
            sleep(LOOK_EVERY_S)
        os.kill(os.getpid(), signal.SIGTERM)

    Thread(target=watch, name="parent", daemon=True).start()


def _started(command: list[str], keep_open: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, pass_fds=[keep_open])  # noqa: S603 - our own program


def _stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for each in running:
        if each.poll() is None:
            each.send_signal(signal.SIGTERM)
    until = monotonic() + STOP_S
    for each in running:
        try:
            each.wait(max(0.0, until - monotonic()))
        except subprocess.TimeoutExpired:
            log.warning("worker %d does not stop and is killed", each.pid)
            each.kill()
            each.wait()
