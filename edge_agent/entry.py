"""What the command ``edge-agent`` starts with: says which packages to install where they were left out."""

import sys

OURS = "edge_agent"


def main() -> None:
    """The command ``edge-agent``."""
    try:
        from edge_agent.__main__ import command_of

        run = command_of(sys.argv[1:])
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith(OURS):
            raise  # a defect of ours, not a package that was left out
        sys.exit(f"The gateway needs the package {missing.name}. Install it: pip install 'lotwarden[edge]'")
    run()
