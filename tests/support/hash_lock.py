"""``./dev lock``: the pinned packages with the SHA-256 of their files, from what pip says that it would install.

The pins of ``constraints.txt`` serve every machine; the hashes are of PyPI's files for 64-bit Linux (x86_64, aarch64).
32-bit Raspberry Pi OS takes wheels that piwheels has built, whose hashes nobody has published beforehand.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

from packaging.utils import canonicalize_name

from tests.support.paths import ROOT

FILE = ROOT / "requirements.txt"
HEAD = """\
# The packages of constraints.txt with the SHA-256 of their files on PyPI, for CPython 3.11 on 64-bit Linux; written by
# ./dev lock. To install nothing else: pip install --require-hashes -r requirements.txt
# Then the project itself: pip install --no-deps --no-build-isolation -e .
"""


def locked(reports: list[Path]) -> str:
    """The lines of the file, from pip's reports (``pip install --dry-run --report``)."""
    hashes: dict[str, set[str]] = defaultdict(set)
    for report in reports:
        for each in json.loads(report.read_text())["install"]:
            archive = each["download_info"].get("archive_info")
            if archive:
                name = f"{canonicalize_name(each['metadata']['name'])}=={each['metadata']['version']}"
                hashes[name].add(archive["hashes"]["sha256"])
    lines = [
        " \\\n    ".join([name, *(f"--hash=sha256:{each}" for each in sorted(hashes[name]))]) for name in sorted(hashes)
    ]
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    FILE.write_text(locked([Path(each) for each in sys.argv[1:]]))
