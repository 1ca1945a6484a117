"""Telling systemd how it goes: ready, reloading, alive, stopping (sd_notify(3)). Nothing happens elsewhere."""

import logging
import os
import socket
import time

_log = logging.getLogger(__name__)


def notify(*lines: str) -> None:
    """Send ``READY=1``, ``WATCHDOG=1``, ``STATUS=...`` and the like. Never raises."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            # A full queue of systemd must not stop the loop that beeps.
            sender.setblocking(False)
            sender.sendto("\n".join(lines).encode(), "\0" + address[1:] if address.startswith("@") else address)
    except OSError as error:
        _log.debug("systemd did not take %s: %s", lines[0], error)


def notify_reloading() -> None:
    """The configuration is read again; :func:`notify` ``READY=1`` ends it."""
    notify("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")


def watchdog_s() -> float | None:
    """How often systemd wants a sign of life at the latest, None if it does not care."""
    try:
        wanted_us = int(os.environ.get("WATCHDOG_USEC", "0"))
        for_pid = int(os.environ.get("WATCHDOG_PID", str(os.getpid())))
    except ValueError:
        return None
    return wanted_us / 1_000_000 if wanted_us > 0 and for_pid == os.getpid() else None
