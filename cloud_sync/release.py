"""Which release of Lotwarden this is."""

from functools import cache
from importlib.metadata import version


@cache
def lotwarden_version() -> str:
    """Of the installed package. It is read once: that takes milliseconds, and health checks come every few seconds."""
    return version("lotwarden")
