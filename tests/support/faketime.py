"""A wall clock that tests step under a real process: libfaketime, with a file that says how far off it is.

Only wall time is faked; the monotonic clock runs on, as it does when a person or NTP sets a real computer's clock.
"""

import os
from pathlib import Path

import pytest

FOLDERS = ("/usr/lib/*/faketime", "/usr/lib/faketime", "/usr/local/lib/faketime")


class FakeWall:
    """A wall clock ``offset_s`` away from the real one, for processes started with ``environment``."""

    def __init__(self, file: Path, offset_s: int = 0) -> None:
        self._file = file
        self.offset_s = offset_s
        self.step_to(offset_s)

    def step_to(self, offset_s: int) -> None:
        """Step it; a process that runs sees the step with its next look at the clock."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(f"{offset_s:+d}")
        fresh.replace(self._file)
        self.offset_s = offset_s

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to see this clock."""
        return {
            **os.environ,
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_NO_CACHE": "1",
            # Or libfaketime takes a wait of Python's interpreter lock, which is monotonic, for one on the wall clock:
            # threads then spin.
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
        }


def _library() -> Path:
    for pattern in FOLDERS:
        for found in sorted(Path("/").glob(f"{pattern[1:]}/libfaketimeMT.so.1")):
            return found
    pytest.fail("libfaketime is missing: sudo apt install faketime (./dev test does it)")
