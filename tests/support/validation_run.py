"""``./dev validate``: IQ and OQ of this checkout on a ledger made for it, and the protocol in build/validation."""

import shutil
import sys

from cloud_sync.__main__ import app
from tests.support.paths import ROOT

FOLDER = ROOT / "build" / "validation"


def main() -> None:
    """Make the ledger anew, and run ``cloud-sync validate`` on it."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    config = FOLDER / "ledger.toml"
    config.write_text(f'[database]\ndata_dir = "{FOLDER / "postgres"}"\n', encoding="utf-8")
    config.chmod(0o640)
    app(["validate", "--config", str(config), "--out", str(FOLDER / "protocol.pdf"), *sys.argv[1:]])


if __name__ == "__main__":
    main()
