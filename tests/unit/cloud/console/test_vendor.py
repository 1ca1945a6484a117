"""Libraries of others are served as they were published."""

import hashlib
import re

from tests.support.paths import ROOT

ROW = r"^\| (\S+) \| \S+ [\d.]+ \| (?:MIT|0BSD) \| ([0-9a-f]{64}) \|$"
VENDOR = ROOT / "cloud_sync" / "console" / "static" / "vendor"


def test_every_file_is_the_published_one_and_each_is_listed() -> None:
    listed = dict(re.findall(ROW, (VENDOR / "README.md").read_text(), re.M))
    files = [path for path in VENDOR.iterdir() if path.name != "README.md"]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert found == listed
