"""The browser of the tests: Chromium without a window."""

import shutil

PROGRAMS = ("chromium-headless-shell", "chromium")
"""Debian's: the same engine, but the first has none of the window around the page, and takes half as long."""
ARGUMENTS = ("--no-sandbox", "--disable-gpu")


def program() -> str:
    """Where it lies. Fails if there is none."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    assert found is not None, f"there is no browser to test with. On Debian: sudo apt install {PROGRAMS[0]}"
    return found
