"""``edge-agent``: the agent itself, or one of the commands for people.

The agent runs for years on a small computer and does not pay for what people need at the command line (typer, rich,
their tables: some 5 MB). So its own start is read here, and everything else by :mod:`edge_agent.cli`.
"""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path


def main() -> None:
    """The command ``edge-agent``."""
    command_of(sys.argv[1:])()


def command_of(arguments: Sequence[str]) -> Callable[[], object]:
    """What ``arguments`` ask for, loaded and ready. Raises ``ModuleNotFoundError`` where a package is missing."""
    options = options_of_run(arguments)
    if options is None:
        from edge_agent.cli import app

        return app
    from edge_agent.process import run_agent

    config, debug = options
    return partial(run_agent, config, debug=debug)


def options_of_run(arguments: Sequence[str]) -> tuple[Path, bool] | None:
    """Configuration and whether every step is logged, of a plain ``run``; None for anything that needs more reading.

    >>> options_of_run(["run", "--config", "gateway.toml"])
    (PosixPath('gateway.toml'), False)
    >>> options_of_run(["run", "--help"]), options_of_run(["run", "--confg=x"]), options_of_run(["check-config"])
    (None, None, None)
    """
    from edge_agent.host.exits import DEFAULT_CONFIG

    if list(arguments[:1]) != ["run"]:
        return None
    config, debug = DEFAULT_CONFIG, False
    rest = iter(arguments[1:])
    for argument in rest:
        if argument == "--debug":
            debug = True
        elif argument.startswith("--config="):
            config = Path(argument.removeprefix("--config="))
        elif argument in ("--config", "-c") and (value := next(rest, None)) is not None:
            config = Path(value)
        else:
            return None
    return config, debug


if __name__ == "__main__":
    main()
