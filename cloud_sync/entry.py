"""What the command ``cloud-sync`` starts with: says which packages to install where they were left out."""

import sys

OURS = "cloud_sync", "edge_agent"


def main() -> None:
    """The command ``cloud-sync``."""
    try:
        from cloud_sync.__main__ import main as run

        run()  # which loads what the command needs
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith(OURS):
            raise  # a defect of ours, not a package that was left out
        sys.exit(f"The ledger needs the package {missing.name}. Install it: pip install 'lotwarden[cloud]'")
