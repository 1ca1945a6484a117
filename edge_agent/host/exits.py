"""What ``edge-agent run`` and the commands for people have in common: where they look, and how they end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from edge_agent.errors import ConfigError, EdgeError

DEFAULT_CONFIG = Path("/etc/lotwarden/gateway.toml")
EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: systemd does not start the agent again until a person has been there."""


@contextmanager
def errors_told(exit_code: int = 1) -> Iterator[None]:
    """Faults that people can mend end in their words and an exit code, not in a traceback."""
    try:
        yield
    except ConfigError as error:
        count = len(error.faults)
        fail(
            "\n".join([f"the configuration has {count} {'fault' if count == 1 else 'faults'}:", *error.faults]),
            exit_code,
        )
    except EdgeError as error:
        fail(str(error), 1)


def fail(words: str, exit_code: int = 1) -> NoReturn:
    """Say ``words`` on stderr and end."""
    print(words, file=sys.stderr)
    raise SystemExit(exit_code)
